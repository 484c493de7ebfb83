"""Inputs for cross-checks: made from shapes and example values, seeded, small, inert."""

import math
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from warriorcoder.pipelines.battles.execution import shapes
from warriorcoder.pipelines.battles.execution.comparing import text_of
from warriorcoder.pipelines.battles.execution.shapes import NUMBERS, SERIES, TEXTS, Shape

LONGEST_TEXT, MOST_ITEMS, LARGE = 20, 7, 1000
_WORDS = ["sun", "river", "apple", "stone", "bird", "night", "level", "cloud", "green", "paper", "noon", "table"]
_PLAIN = string.ascii_lowercase + "  " + string.ascii_uppercase
_UNICODE = ("naïve café", "日本語", "ß")


@dataclass(frozen=True)
class Input:
    """The arguments of one call. `edge`: a case that the instruction may not have meant (empty, negative, large)."""

    arguments: tuple[Any, ...]
    edge: bool


def inputs_of(
    wanted: Sequence[Shape], given: Sequence[tuple[Any, ...]], seed: int, plain: int = 16, edge: int = 8
) -> list[Input]:
    """Inputs for parameters of these shapes: at most `plain` usual ones, then at most `edge` edge cases.

    `given` are inputs known to be meant (of examples): they come first, what is made keeps to their alphabet, their
    range of numbers and their lengths, and half of it is a mutation of one. Equal inputs come once. [] where a
    shape is not complete.
    """
    if not wanted or not all(shape.complete for shape in wanted):
        return []
    draw = random.Random(seed)
    fitting = [a for a in given if len(a) == len(wanted) and all(map(shapes.fits, a, wanted))]
    makers = [_Maker(draw, [a[place] for a in fitting], _has_series(wanted)) for place in range(len(wanted))]
    found = {text_of(a): Input(a, False) for a in fitting[:plain]}
    for _ in range(4 * plain):
        if len(found) >= plain:
            break
        made = _related(tuple(maker.value(shape) for maker, shape in zip(makers, wanted, strict=True)), fitting)
        found.setdefault(text_of(made), Input(made, False))
    edges: list[Input] = []
    by_place = [maker.edges(shape) for maker, shape in zip(makers, wanted, strict=True)]
    for row in range(max(map(len, by_place))):
        for place, cases in enumerate(by_place):
            if row >= len(cases):
                continue
            made = tuple(
                cases[row] if place == other else maker.value(shape)
                for other, (maker, shape) in enumerate(zip(makers, wanted, strict=True))
            )
            if text_of(made) not in found and text_of(made) not in {text_of(e.arguments) for e in edges}:
                edges.append(Input(made, True))
    return [*found.values(), *edges[:edge]]


def _related(made: tuple[Any, ...], fitting: Sequence[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Relations that hold in all inputs that are meant, kept: lists of one length, a number that is a list's length
    ("an array and its size") or lies within it."""
    held = list(made)
    sized = [place for place, value in enumerate(made) if isinstance(value, list)]
    if len(sized) > 1 and fitting and all(len({len(row[place]) for place in sized}) == 1 for row in fitting):
        shortest = min(len(made[place]) for place in sized)
        for place in sized:
            held[place] = made[place][:shortest]
    made = tuple(held)
    for place, number in enumerate(made):
        for other, series in enumerate(made):
            if type(number) is not int or not isinstance(series, list | str | tuple) or not fitting:
                continue
            pairs = [(row[place], len(row[other])) for row in fitting if isinstance(row[other], list | str | tuple)]
            if all(count == length for count, length in pairs):
                held[place] = len(series)
            elif all(0 <= count <= length for count, length in pairs):
                held[place] = min(number, len(series))
    return tuple(held)


def _has_series(wanted: Sequence[Shape]) -> bool:
    return any(shape.kind in SERIES | TEXTS for shape in wanted)


class _Maker:
    """Values for one parameter, like those that examples have."""

    def __init__(self, draw: random.Random, known: Sequence[Any], beside_series: bool) -> None:
        self._draw = draw
        self._known = known
        leaves = [leaf for value in known for leaf in _leaves(value)]
        numbers = [n for n in leaves if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < math.inf]
        texts = [leaf for leaf in leaves if isinstance(leaf, str)]
        # A number beside a list or a text is mostly a count or a place in it.
        self._low, self._high = (1, 3) if beside_series else (1, 20)
        if numbers:
            self._low = int(max(min(numbers), -LARGE))
            self._high = int(max(self._low, min(max(numbers), LARGE))) + (0 if beside_series else 5)
        # "o| .| o o": such texts are made of words, and changed by words.
        self._tokens = [token for text in texts if " " in text for token in text.split()]
        self._negative = any(number < 0 for number in numbers)
        self._letters = "".join(sorted(set("".join(texts)))) or _PLAIN
        self._texts = texts
        self._inner_low = None if numbers else -5
        lengths = [len(value) for value in known if isinstance(value, list | tuple | set | dict | str)]
        shortest, longest = (min(lengths), max(lengths)) if any(lengths) else (2, MOST_ITEMS - 1)
        most = min(longest + 1, MOST_ITEMS)
        self._length = (max(1, min(shortest, most)), most)
        self._no_negative = bool(numbers) and not self._negative

    def value(self, shape: Shape) -> Any:
        """A usual value."""
        if self._known and self._draw.random() < 0.5:
            return _narrowed(self._mutated(self._draw.choice(self._known), shape), shape)
        return self._made(shape, outer=True)

    def _made(self, shape: Shape, outer: bool = False) -> Any:
        draw = self._draw
        if shape.kind in NUMBERS:
            low = self._low if outer or self._inner_low is None else self._inner_low
            high = self._high if outer or self._inner_low is None else 20
            low = max(low, 1) if "positive" in shape.flags else max(low, 0) if "nonnegative" in shape.flags else low
            whole = draw.randint(low, max(low, high))
            return whole + draw.choice((0.0, 0.25, 0.5)) if shape.kind == "float" else whole
        if shape.kind == "bool":
            return draw.random() < 0.5
        if shape.kind in TEXTS:
            return self._text(shape.kind)
        if shape.kind == "optional":
            return self._made(shape.items[0], outer)
        if shape.kind == "tuple":
            return tuple(self._made(item) for item in shape.items)
        count = draw.randint(*self._length) if outer else draw.randint(2, 4)
        if shape.kind == "dict":
            return {self._made(shape.items[0]): self._made(shape.items[1]) for _ in range(count)}
        if shape.items[0].kind in SERIES:
            # Rows of one length: a table is a list of lists as well.
            columns = draw.randint(2, 4)
            rows = [[self._made(shape.items[0].items[0]) for _ in range(columns)] for _ in range(count)]
            return _as_kind(shape.kind, [_as_kind(shape.items[0].kind, row) for row in rows])
        items = [self._made(shape.items[0]) for _ in range(count)]
        if draw.random() < 0.4 and "distinct" not in shape.flags:
            items[-1] = items[0]
        return _narrowed(_as_kind(shape.kind, items), shape)

    def _text(self, kind: str) -> str:
        draw = self._draw
        if self._texts and self._letters is not _PLAIN:
            longest = min(max(map(len, self._texts)) + 2, LONGEST_TEXT)
            if self._tokens:
                return " ".join(draw.choice(self._tokens) for _ in range(draw.randint(2, 6)))
            shortest = min(longest, *map(len, self._texts))
            return "".join(draw.choice(self._letters) for _ in range(draw.randint(max(1, shortest), max(1, longest))))
        if kind == "char":
            return draw.choice(string.ascii_letters)
        if kind == "sentence" or (kind == "str" and draw.random() < 0.4):
            return " ".join(draw.choice(_WORDS) for _ in range(draw.randint(2, 3)))[:LONGEST_TEXT].capitalize()
        if kind == "word" or draw.random() < 0.5:
            word = draw.choice(_WORDS)
            return word + word[-2::-1] if draw.random() < 0.2 else word
        return "".join(draw.choice(_PLAIN) for _ in range(draw.randint(1, 10))).strip() or "a"

    def _mutated(self, value: Any, shape: Shape) -> Any:
        """An example's value, changed in one place."""
        draw = self._draw
        if isinstance(value, bool):
            return not value
        if isinstance(value, int | float):
            moved = value + draw.choice((-2, -1, 1, 2, 3))
            return moved if moved >= 0 or self._negative else value + 1
        if isinstance(value, str):
            if not value:
                return value
            if " " in value.strip():
                tokens = value.split()
                how = draw.randrange(3)
                if how == 0 and len(tokens) > 2:
                    del tokens[draw.randrange(len(tokens))]
                elif how == 1:
                    draw.shuffle(tokens)
                else:
                    tokens[draw.randrange(len(tokens))] = draw.choice(self._tokens)
                return " ".join(tokens)
            place = draw.randrange(len(value))
            return draw.choice(
                (
                    value[:place] + value[place + 1 :],
                    value[:place] + draw.choice(self._letters) + value[place:],
                    value[::-1],
                )
            )
        if isinstance(value, list) and value:
            place = draw.randrange(len(value))
            how = draw.randrange(4)
            if how == 0:
                return value[:place] + value[place + 1 :] if len(value) > 1 else value
            if how == 1:
                return draw.sample(value, len(value))
            inner_shape = shape.items[0] if shape.items else shape
            changed = self._mutated(value[place], inner_shape)
            return [*value[:place], changed, *value[place + (how == 2) :]]
        if isinstance(value, tuple) and value:
            place = draw.randrange(len(value))
            return (*value[:place], self._mutated(value[place], shape), *value[place + 1 :])
        if isinstance(value, dict) and value:
            key = draw.choice(sorted(value, key=repr))
            return {**value, key: self._mutated(value[key], shape)}
        return self._made(shape, outer=True) if isinstance(value, set | frozenset) else value

    def edges(self, shape: Shape) -> list[Any]:
        """Edge cases of a shape, flags kept."""
        positive, nonnegative = "positive" in shape.flags, "nonnegative" in shape.flags
        if shape.kind in NUMBERS:
            whole = [1, LARGE] if positive else [0, 1, LARGE] if nonnegative or self._no_negative else [0, -1, 1, LARGE]
            return [float(number) for number in whole] + [0.1] if shape.kind == "float" else whole
        if shape.kind == "bool":
            return [True, False]
        if shape.kind == "char":
            return ["Z", "é", " "]
        empty = [] if "nonempty" in shape.flags else [_as_kind(shape.kind, []) if shape.kind != "dict" else {}]
        if shape.kind in TEXTS:
            empty = [""] if empty else []
            if self._letters is not _PLAIN:
                return [*empty, self._letters[0], self._letters[0] * LONGEST_TEXT]
            return [*empty, "a", "aA", " a  b ", *_UNICODE, "x" * LONGEST_TEXT]
        if shape.kind == "optional":
            return [None]
        if shape.kind in ("tuple", "dict"):
            return empty if shape.kind == "dict" else []
        one = self._made(shape.items[0])
        cases = [*empty, _as_kind(shape.kind, [one])]
        if "distinct" not in shape.flags and shape.kind != "set":
            cases.append(_as_kind(shape.kind, [one] * 4))
        no_negative = self._no_negative or bool({"positive", "nonnegative"} & shape.items[0].flags)
        if shape.items[0].kind in NUMBERS and not no_negative:
            cases.append(_narrowed(_as_kind(shape.kind, [-3, 0, 2, -LARGE]), shape))
        return cases


def _as_kind(kind: str, items: list[Any]) -> Any:
    if kind == "set":
        return {item if not isinstance(item, list | set | dict) else repr(item) for item in items}
    return tuple(items) if kind in ("tuple", "tuple_of") else items


def _narrowed(value: Any, shape: Shape) -> Any:
    """What the flags of a shape ask for: sorted, distinct, positive."""
    if isinstance(value, list):
        if "distinct" in shape.flags:
            value = list({repr(item): item for item in value}.values())
        if "sorted" in shape.flags:
            value = sorted(
                value, key=lambda item: (str(type(item)), item) if isinstance(item, int | float | str) else ("", 0)
            )
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = max(value, 1) if "positive" in shape.flags else max(value, 0) if "nonnegative" in shape.flags else value
    return value


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for pair in value.items() for part in pair for leaf in _leaves(part)]
    if isinstance(value, set | frozenset):
        value = sorted(value, key=text_of)
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list | tuple) else [value]
