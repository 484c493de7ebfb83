"""`--set key.path=value`: change a recipe's raw mapping before it is validated."""

from typing import Any

import yaml

from warriorcoder.errors import RecipeError


def shown(value: Any) -> str:
    """A value as the user would recognise it, on one short line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def override_key(data: dict[str, Any], override: str) -> None:
    """Set one key in place. A list's entry is given by its number or its `name`. Raises RecipeError."""
    key, equals, written = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"--set {override}: write it as key.path=value, for example mining.per_expert=500.")
    try:
        value = yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise RecipeError(f"--set {override}: the value is not valid YAML.") from error
    at: Any = data
    place: Any
    steps = key.strip().split(".")
    passed: list[str] = []
    while steps:
        if isinstance(at, list):
            place, taken = _position(at, steps, override)
        elif isinstance(at, dict):
            place, taken = steps[0], 1
        else:
            raise RecipeError(f"--set {override}: {'.'.join(passed)} holds {shown(at)}, which has no keys.")
        passed += steps[:taken]
        steps = steps[taken:]
        if not steps:
            at[place] = value
        elif isinstance(at, dict) and at.get(place) is None:
            at[place] = {}
        at = at[place]


def _position(items: list[Any], steps: list[str], override: str) -> tuple[Any, int]:
    """A place in a list, by the `name` of its entry or by number, and how many steps say it: names may hold dots."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    for taken in range(len(steps), 0, -1):
        if (name := ".".join(steps[:taken])) in names:
            return names.index(name), taken
    if steps[0].isdigit() and int(steps[0]) < len(items):
        return int(steps[0]), 1
    known = ", ".join(str(name) for name in names if name) or f"0 to {len(items) - 1}"
    raise RecipeError(f"--set {override}: the list has no entry {steps[0]}; it has {known}.")
