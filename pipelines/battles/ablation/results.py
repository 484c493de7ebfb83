"""What an arena leads to, and how far two results are apart: plain functions on plain data."""

from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.pipelines.battles.audit.report import ranks

Answer = tuple[str, str]
"""(instruction_id, expert)."""


@dataclass(frozen=True)
class Result:
    """The rating of every expert, the gold answer's expert by instruction, and the labels of the rows of kto."""

    ratings: Mapping[str, float]
    gold: Mapping[str, str]
    labels: Mapping[Answer, bool]


@dataclass(frozen=True)
class Change:
    """How far a result is from the recipe's.

    `tau`: Kendall's tau-b of the two ratings, None where all experts are rated alike. `moved`: experts
    whose rank is another, with both ranks. `gold`: share of the instructions, those with a gold answer in
    either, whose gold answer is another or in one of the two only. `flipped`, `new`, `gone`: rows of kto
    with the other label, only in this result, only in the recipe's, as shares of the recipe's rows. Shares
    are None where there is nothing to divide by.
    """

    tau: float | None
    moved: Mapping[str, tuple[int, int]]
    gold: float | None
    flipped: float | None
    new: float | None
    gone: float | None


def change(recipes: Result, other: Result) -> Change:
    """From the recipe's result to another of the same experts."""
    models = sorted(recipes.ratings)
    before, after = ranks(recipes.ratings), ranks(other.ratings)
    answered = recipes.gold.keys() | other.gold.keys()
    otherwise = sum(recipes.gold.get(key) != other.gold.get(key) for key in answered)
    both = recipes.labels.keys() & other.labels.keys()
    flipped = sum(recipes.labels[key] != other.labels[key] for key in both)
    rows = len(recipes.labels)
    return Change(
        tau=kendall([recipes.ratings[name] for name in models], [other.ratings[name] for name in models]),
        moved={name: (before[name], after[name]) for name in models if before[name] != after[name]},
        gold=otherwise / len(answered) if answered else None,
        flipped=flipped / rows if rows else None,
        new=(len(other.labels) - len(both)) / rows if rows else None,
        gone=(rows - len(both)) / rows if rows else None,
    )


def kendall(one: list[float], other: list[float]) -> float | None:
    """Kendall's tau-b of two ratings of the same models; None where either has all of them alike."""
    from scipy.stats import kendalltau

    if len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return float(kendalltau(one, other).statistic)
