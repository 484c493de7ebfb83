"""How far a budget reaches: to which stage, at best, likely and at worst."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from warriorcoder.pipelines.estimating.spans import NOTHING, Span
from warriorcoder.recipe import Budget

Key = Literal["dollars", "calls", "tokens"]
KEYS: tuple[Key, ...] = ("dollars", "calls", "tokens")


@dataclass(frozen=True)
class Reach:
    """Where a budget of `limit`, of which `spent` is gone, ends: a stage each, None where it reaches to the end.

    `best` is where it ends if the run costs as little as it can.
    """

    key: Key
    limit: float
    spent: float
    best: str | None
    likely: str | None
    worst: str | None


def reaches(budget: Budget, spent: dict[Key, float], stages: Sequence[tuple[str, dict[Key, Span]]]) -> list[Reach]:
    """How far each limit of the budget reaches over the stages, given what each is yet to take."""
    found = []
    for key in KEYS:
        limit = getattr(budget, key)
        if limit is None:
            continue
        so_far, ends = NOTHING, dict[str, str | None](low=None, likely=None, high=None)
        for stage, takes in stages:
            so_far += takes[key]
            for at in ends:
                if ends[at] is None and takes[key].high and spent[key] + getattr(so_far, at) > limit:
                    ends[at] = stage
        found.append(Reach(key, limit, spent[key], ends["low"], ends["likely"], ends["high"]))
    return found
