"""What is wrong with a recipe, in one line a mistake."""

from typing import Any, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from warriorcoder.endpoint_kinds import KINDS, Section
from warriorcoder.overrides import shown


def mistakes(error: ValidationError, data: dict[str, Any], root: type[Section]) -> list[str]:
    """One line a mistake: where, what was found, what is allowed."""
    found: dict[str, list[str]] = {}
    for mistake in error.errors():
        place = _place(mistake["loc"], data, absent=mistake["type"] in ("missing", "extra_forbidden"))
        where = ".".join(map(str, place))
        match mistake["type"]:
            case "missing":
                message = "missing; it must be given"
            case "extra_forbidden":
                message = f"unknown key; allowed here: {', '.join(_allowed_keys(place[:-1], data, root))}"
            case "union_tag_invalid":
                message = f"found kind {shown(mistake['ctx']['tag'])}; allowed: {mistake['ctx']['expected_tags']}"
            case "union_tag_not_found":
                message = f"the key kind is missing; allowed: {', '.join(map(repr, KINDS))}"
            case "value_error":
                message = mistake["msg"].removeprefix("Value error, ")
            case "too_short" if isinstance(mistake["input"], list):
                least = mistake["ctx"]["min_length"]
                needed = "1 is" if least == 1 else f"{least} are"
                message = f"found {len(mistake['input'])} of them; at least {needed} needed"
            case _:
                message = f"found {shown(mistake['input'])}; {mistake['msg'][:1].lower()}{mistake['msg'][1:]}"
        found.setdefault(where, []).append(message)
    # A union reports each of its members: one line for the place, none where a deeper place says more.
    deepest = [where for where in found if not any(where and other.startswith(where + ".") for other in found)]
    return [(f"{where}: " if where else "") + _joined(found[where]) + "." for where in deepest]


def _joined(messages: list[str]) -> str:
    first, *others = dict.fromkeys(messages)
    return " or ".join([first, *(other.partition("; ")[2] or other for other in others)])


def _place(loc: tuple[int | str, ...], data: Any, *, absent: bool) -> list[int | str]:
    """The place as the user wrote it: without the union members that pydantic puts between the keys."""
    place: list[int | str] = []
    at = data
    for depth, step in enumerate(loc):
        if _holds(at, step):
            at = at[step]
            place.append(step)
        elif absent and depth == len(loc) - 1:
            place.append(step)
    return place


def _holds(at: Any, step: int | str) -> bool:
    return step in at if isinstance(at, dict) else isinstance(at, list) and isinstance(step, int) and step < len(at)


def _allowed_keys(place: list[int | str], data: dict[str, Any], root: type[Section]) -> list[str]:
    """The keys of the section at a place."""
    annotation: Any = root
    at: Any = data
    for step in place:
        at = at[step]
        if isinstance(step, str):
            annotation = _fields(annotation)[step].annotation
        annotation = _section(annotation, at)
    return list(_fields(annotation))


def _fields(section: type[Section]) -> dict[str, FieldInfo]:
    """A section's fields by the keys that a recipe has for them."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _section(annotation: Any, value: Any) -> Any:
    """The Section inside an annotation such as list[Expert] or A | B.

    Of two, the one whose kind the value names, or that has most of the value's keys.
    """
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    sections = [_section(member, value) for member in get_args(annotation)]
    sections = [section for section in sections if section is not None]
    kind = value.get("kind") if isinstance(value, dict) else None
    named = [section for section in sections if kind in get_args(getattr(section, "__annotations__", {}).get("kind"))]
    keys = set(value) if isinstance(value, dict) else set()
    return max(named or sections, key=lambda section: len(keys & set(section.model_fields)), default=None)
