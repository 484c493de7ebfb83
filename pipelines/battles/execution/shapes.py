"""Shapes of values: what annotations, words and example values say about a parameter or a result."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

NUMBERS = frozenset({"int", "float", "number"})
TEXTS = frozenset({"str", "char", "word", "sentence"})
SERIES = frozenset({"list", "set", "tuple_of"})

_ATOMS = {"int": "int", "float": "float", "str": "str", "bool": "bool", "complex": "complex", "bytes": "bytes"}
_CONTAINERS = {
    "list": "list",
    "List": "list",
    "Sequence": "list",
    "Iterable": "list",
    "Collection": "list",
    "set": "set",
    "Set": "set",
    "frozenset": "set",
    "FrozenSet": "set",
    "dict": "dict",
    "Dict": "dict",
    "Mapping": "dict",
}


@dataclass(frozen=True)
class Shape:
    """A kind of value, with the shapes of what it holds.

    Kinds: int, float, number, bool, str, char, word, sentence, complex, bytes, none; list, set, tuple_of (one item
    shape), dict (key, value), tuple (one shape for each place), optional (one); unknown (a type
    that nothing here can make). A container without items says
    nothing about what it holds. Flags narrow it: positive, nonnegative, nonempty, sorted, distinct.
    """

    kind: str
    items: tuple["Shape", ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def complete(self) -> bool:
        """Whether values can be made from it: every container says what it holds."""
        if self.kind in SERIES | {"optional"}:
            return len(self.items) == 1 and self.items[0].complete
        if self.kind == "dict":
            return len(self.items) == 2 and all(item.complete for item in self.items)
        return self.kind not in ("none", "complex", "bytes", "unknown") and all(item.complete for item in self.items)

    def flagged(self, flags: Iterable[str]) -> "Shape":
        return replace(self, flags=self.flags | frozenset(flags))


def of_annotation(node: ast.expr | None) -> Shape | None:
    """The shape that an annotation names; None where it names none (Any, a class of the program, nothing)."""
    match node:
        case ast.Constant(value=None):
            return Shape("none")
        case ast.Constant(value=str(text)):
            try:
                return of_annotation(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return None
        case ast.Attribute(attr=name) | ast.Name(id=name):
            if name in _ATOMS:
                return Shape(_ATOMS[name])
            if name in ("tuple", "Tuple"):
                return Shape("tuple_of")
            return Shape(_CONTAINERS[name]) if name in _CONTAINERS else None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _either([left, right])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
            return _subscript(name, parts)
    return None


def _subscript(name: str, parts: list[ast.expr]) -> Shape | None:
    if name == "Optional":
        return _either([*parts, ast.Constant(None)])
    if name == "Union":
        return _either(parts)
    if name in ("tuple", "Tuple"):
        if len(parts) == 2 and isinstance(parts[1], ast.Constant) and parts[1].value is Ellipsis:
            held = of_annotation(parts[0])
            return Shape("tuple_of", (held,) if held else ())
        places = [of_annotation(part) for part in parts]
        return Shape("tuple", tuple(known)) if len(known := [p for p in places if p]) == len(places) else None
    if name in _CONTAINERS:
        held_by = [of_annotation(part) for part in parts]
        return Shape(_CONTAINERS[name], tuple(known) if len(known := [h for h in held_by if h]) == len(held_by) else ())
    return None


def _either(nodes: list[ast.expr]) -> Shape | None:
    shapes = [of_annotation(node) for node in nodes]
    known = [shape for shape in shapes if shape is not None and shape.kind != "none"]
    if len(known) < sum(shape is None or shape.kind != "none" for shape in shapes):
        return None
    merged = merge(known)
    empty = any(shape is not None and shape.kind == "none" for shape in shapes)
    return Shape("optional", (merged,)) if merged and empty else merged


def of_value(value: Any) -> Shape | None:
    """The shape of a value that is data; None where its parts have no shape in common."""
    if value is None:
        return Shape("none")
    for kind in (bool, int, float, str):
        if type(value) is kind:
            return Shape(kind.__name__)
    if isinstance(value, tuple):
        places = [of_value(item) for item in value]
        return Shape("tuple", tuple(known)) if len(known := [p for p in places if p]) == len(places) else None
    if isinstance(value, list | set | frozenset):
        return _holding("list" if isinstance(value, list) else "set", [value])
    if isinstance(value, dict):
        return _holding("dict", [value.keys(), value.values()])
    return None


def _holding(kind: str, parts: list[Any]) -> Shape | None:
    if not any(parts):
        return Shape(kind)
    held = [merge([of_value(item) for item in part]) for part in parts]
    return Shape(kind, tuple(known)) if len(known := [h for h in held if h]) == len(held) else None


def merge(shapes: Iterable[Shape | None]) -> Shape | None:
    """The one shape that all of these have in common, the narrower words winning; None where there is none."""
    merged: Shape | None = None
    for position, shape in enumerate(shapes):
        merged = shape if position == 0 else _merge_two(merged, shape)
        if merged is None:
            return None
    return merged


def _merge_two(first: Shape | None, second: Shape | None) -> Shape | None:
    if first is None or second is None:
        return None
    flags = first.flags | second.flags
    if first.kind in NUMBERS and second.kind in NUMBERS:
        kinds = {first.kind, second.kind} - {"number"}
        return Shape("float" if "float" in kinds else kinds.pop() if kinds else "number", (), flags)
    if first.kind in TEXTS and second.kind in TEXTS:
        kinds = {first.kind, second.kind} - {"str"}
        return Shape(kinds.pop() if len(kinds) == 1 else "str", (), flags)
    if {first.kind, second.kind} == {"tuple", "tuple_of"}:
        fixed, series = (first, second) if first.kind == "tuple" else (second, first)
        held = merge([*fixed.items, *series.items])
        return Shape("tuple_of", (held,), flags) if held else None
    if first.kind != second.kind:
        return None
    if first.kind == "tuple" and len(first.items) != len(second.items):
        held = merge([*first.items, *second.items])
        return Shape("tuple_of", (held,), flags) if held else None
    if not first.items or not second.items:
        return replace(first, items=first.items or second.items, flags=flags)
    both = [_merge_two(one, other) for one, other in zip(first.items, second.items, strict=True)]
    return Shape(first.kind, tuple(known), flags) if len(known := [b for b in both if b]) == len(both) else None


def fits(value: Any, shape: Shape) -> bool:
    """Whether a value is of a shape, read kindly: lists, tuples and sets stand for each other, as numbers do."""
    if shape.kind == "optional":
        return value is None or fits(value, shape.items[0])
    if shape.kind == "none":
        return value is None
    if shape.kind in NUMBERS:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if shape.kind == "bool":
        return isinstance(value, bool) or (type(value) is int and value in (0, 1))
    if shape.kind in TEXTS:
        return isinstance(value, str)
    if shape.kind in SERIES | {"tuple"}:
        return isinstance(value, list | tuple | set | frozenset)
    return isinstance(value, dict) if shape.kind == "dict" else True


def inner(shape: Shape) -> Iterator[Shape]:
    """A shape and all that it holds."""
    yield shape
    for item in shape.items:
        yield from inner(item)
