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
    *path, last = key.strip().split(".")
    at: Any = data
    for step in path:
        at = _descend(at, step, override)
    if isinstance(at, list):
        at[_position(at, last, override)] = value
    elif isinstance(at, dict):
        at[last] = value
    else:
        raise RecipeError(f"--set {override}: {'.'.join(path)} holds {shown(at)}, which has no keys.")


def _descend(at: Any, step: str, override: str) -> Any:
    if isinstance(at, list):
        return at[_position(at, step, override)]
    if isinstance(at, dict):
        if at.get(step) is None:
            at[step] = {}
        return at[step]
    raise RecipeError(f"--set {override}: there are no keys below {step}.")


def _position(items: list[Any], step: str, override: str) -> int:
    """A place in a list, by number or by the `name` of its entry."""
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if step in names:
        return names.index(step)
    if step.isdigit() and int(step) < len(items):
        return int(step)
    known = ", ".join(str(name) for name in names if name) or f"0 to {len(items) - 1}"
    raise RecipeError(f"--set {override}: the list has no entry {step}; it has {known}.")
