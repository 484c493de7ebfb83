"""Amounts that are not known yet: the least, the likely, the most."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar

Part = TypeVar("Part", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Span:
    """An amount of at least `low` and at most `high`, none of them negative; `likely` lies between."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.likely <= self.high:
            raise ValueError(f"not in order: {self.low}, {self.likely}, {self.high}")

    @classmethod
    def exactly(cls, amount: float) -> Self:
        return cls(amount, amount, amount)

    @classmethod
    def around(cls, low: float, likely: float, high: float) -> Self:
        """A span whose likely amount is brought between its bounds."""
        return cls(low, min(max(likely, low), high), high)

    @property
    def is_exact(self) -> bool:
        return self.low == self.high

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __mul__(self, other: "Span | float") -> "Span":
        by = other if isinstance(other, Span) else Span.exactly(other)
        return Span(self.low * by.low, self.likely * by.likely, self.high * by.high)

    def at_most(self, cap: float) -> "Span":
        return Span(min(self.low, cap), min(self.likely, cap), min(self.high, cap))


NOTHING = Span.exactly(0)
ONE = Span.exactly(1)


def total(spans: Iterable[Span]) -> Span:
    """The sum; nothing for none."""
    result = NOTHING
    for span in spans:
        result += span
    return result


def longest(spans: Iterable[Span]) -> Span:
    """What takes place at once lasts as long as the longest."""
    result = NOTHING
    for span in spans:
        result = Span(max(result.low, span.low), max(result.likely, span.likely), max(result.high, span.high))
    return result


def hull(spans: Iterable[Span]) -> Span:
    """One of these amounts, nobody knows which; likely their mean. Nothing for none."""
    every = list(spans)
    if not every:
        return NOTHING
    likely = sum(span.likely for span in every) / len(every)
    return Span.around(min(span.low for span in every), likely, max(span.high for span in every))


def shared(number: Span, parts: Mapping[Part, Span], weights: Mapping[Part, float]) -> Span:
    """What `number` things weigh that come from `parts`, of each part at most as many as it has.

    The bounds take the lightest and the heaviest things first; the likely amount takes of each part its share.
    """

    def taken(amount: float, order: list[Part]) -> float:
        weight = 0.0
        for name in order:
            some = min(amount, parts[name].high)
            weight += some * weights[name]
            amount -= some
        return weight

    light_first = sorted(parts, key=lambda name: weights[name])
    all_likely = sum(part.likely for part in parts.values())
    likely = sum(part.likely * weights[name] for name, part in parts.items()) * number.likely / (all_likely or 1.0)
    return Span.around(taken(number.low, light_first), likely, taken(number.high, light_first[::-1]))
