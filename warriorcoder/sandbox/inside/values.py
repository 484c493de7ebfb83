"""Python values as inert data: what comes out of the sandbox can be compared, and can do nothing else.

In JSON, None, booleans, numbers, strings and lists stand for themselves; all else is an object with
one key that names the type. A subclass of a built-in type crosses as the built-in: its own `__eq__`
stays behind. What is no data becomes `Opaque`, which equals nothing but itself.
"""

import json
from collections.abc import Callable
from typing import Any

_AS_IT_IS = {type(None), bool, float, str}
# Python refuses to write or read longer decimal numbers; hexadecimal ones have no bound.
_SHORT = 1 << 64
# Whoever compares a range item by item should come to its end.
_LONGEST_RANGE = 1 << 16


class Opaque:
    """A value that is no data: only the name of its type came out."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<{self.type_name}>"


def encode(value: object, refer: Callable[[object], Any] | None = None) -> Any:
    """A value as JSON data. `refer` writes what is no data; without it such a value is opaque."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is int:
        assert isinstance(value, int)
        return value if -_SHORT < value < _SHORT else {"int": hex(value)}
    if kind is list:
        assert isinstance(value, list)
        return value if set(map(type, value)) <= _AS_IT_IS else [encode(item, refer) for item in value]
    return _encode_tagged(value, refer)


def _encode_tagged(value: object, refer: Callable[[object], Any] | None) -> Any:
    def all_of(items: Any) -> list[Any]:
        return [encode(item, refer) for item in items]

    # The base class's own methods: a subclass may have put others in their place.
    if isinstance(value, int):
        return encode(int.__add__(value, 0), refer)
    if isinstance(value, float):
        return float.__add__(value, 0.0)
    if isinstance(value, str):
        return "".join(str.__iter__(value))
    if isinstance(value, tuple):
        return {"tuple": all_of(tuple.__iter__(value))}
    if isinstance(value, list):
        return all_of(list.__iter__(value))
    if isinstance(value, dict):
        return {"dict": [all_of(pair) for pair in dict.items(value)]}
    if isinstance(value, set):
        return {"set": all_of(set.__iter__(value))}
    if isinstance(value, frozenset):
        return {"frozenset": all_of(frozenset.__iter__(value))}
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, bytes | bytearray):
        return {type(value).__name__ if type(value) in (bytes, bytearray) else "bytes": bytes(value).hex()}
    if isinstance(value, range) and len(value) <= _LONGEST_RANGE:
        return {"range": all_of((value.start, value.stop, value.step))}
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return encode(value.tolist(), refer)
    return refer(value) if refer else {"opaque": type_name(value)}


def type_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"


def dump(value: object) -> str:
    """The JSON text of a value."""
    return json.dumps(encode(value), separators=(",", ":"))


def shown(value: object, longest: int = 200) -> str:
    """A decoded value for a message: cut, and never an error (a long number has no decimal text)."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        text = f"<{type(value).__name__} too large to show>"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _range(bounds: Any) -> range:
    if len(decoded := range(*bounds)) > _LONGEST_RANGE:
        raise ValueError("a range too long")
    return decoded


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "int": lambda text: int(text, 16),
    "tuple": tuple,
    "dict": dict,
    "set": set,
    "frozenset": frozenset,
    "complex": lambda parts: complex(*parts),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "range": _range,
    "opaque": lambda name: Opaque(str(name)),
}


def decode(text: str | bytes | bytearray, resolve: Callable[[Any], Any] | None = None) -> Any:
    """The value of a JSON text, which may be hostile: ValueError where it is not one of `encode`'s.

    `resolve` reads what `refer` wrote, as {"reference": ...}.
    """

    def untag(tagged: dict[str, Any]) -> Any:
        if len(tagged) != 1:
            raise ValueError("not an encoded value")
        ((tag, content),) = tagged.items()
        if tag == "reference" and resolve is not None:
            return resolve(content)
        return _DECODERS[tag](content)

    try:
        return json.loads(text, object_hook=untag)
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise ValueError(f"not an encoded value: {error}") from None
