"""Whether two values that came out of programs are the same."""

import math
from typing import Any

from warriorcoder.sandbox.inside.values import Opaque

_RELATIVE, _ABSOLUTE = 1e-6, 1e-9


def comparable(value: Any) -> bool:
    """Whether a value is data all through: what is not (a generator, an object) equals nothing."""
    if isinstance(value, Opaque):
        return False
    if isinstance(value, dict):
        return all(comparable(key) and comparable(held) for key, held in value.items())
    return all(map(comparable, value)) if isinstance(value, list | tuple | set | frozenset) else True


def text_of(value: Any) -> str:
    """repr, but the same on every machine: sets in the order of their items' text."""
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(text_of, value)))}}}" if value else "set()"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{text_of(key)}: {text_of(held)}' for key, held in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(text_of, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(text_of, value))}{',' if len(value) == 1 else ''})"
    try:
        return repr(value)
    except ValueError:
        # A number too long to be written in decimals.
        return hex(value)


def same(first: Any, second: Any) -> bool:
    """Equality as Python has it, but floats within a relative 1e-6, NaN equal to itself, and a list is no tuple."""
    if isinstance(first, float) or isinstance(second, float):
        numbers = isinstance(first, int | float) and isinstance(second, int | float)
        if not numbers:
            return False
        try:
            return (first != first and second != second) or math.isclose(
                first, second, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE
            )
        except OverflowError:
            return False
    if isinstance(first, list | tuple) and type(first) is type(second):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    return bool(first == second)


def shows(value: Any, text: str) -> bool:
    """Whether print shows a value as this text, spaces and a final full stop aside."""
    try:
        printed = str(value)
    except (ValueError, RecursionError):
        return False
    wanted = " ".join(text.split()).rstrip(".")
    return " ".join(printed.split()).rstrip(".") in {wanted, wanted.strip("'\"")}
