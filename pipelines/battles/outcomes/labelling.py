"""Which answer is gold, which ones lost, and why the others are left out: arithmetic on arrays of answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warriorcoder.tables import LeftOut

Places = NDArray[np.int64]

DESIRABLE, UNDESIRABLE = "desirable", "undesirable"
FATES = (DESIRABLE, UNDESIRABLE, *LeftOut)
"""What can become of an answer; a fate is a place in this list."""

ROUNDED = 12
"""Decimals of a final score. What is alike to this many is equal, since a sum of floats depends on its order."""


@dataclass(frozen=True)
class Answers:
    """Answers as arrays (answers,), sorted by instruction and expert.

    `instruction` and `expert` are places among the sorted ids and names. `score` is the final score, NaN without a
    decided battle; `elo` the expert's. `fought`: in some battle; `beaten`: with fewer votes than the opponent in one.
    """

    instruction: Places
    expert: Places
    score: NDArray[np.float64]
    elo: NDArray[np.float64]
    fought: NDArray[np.bool_]
    beaten: NDArray[np.bool_]


def gold_answers(answers: Answers, instructions: int) -> Places:
    """The gold answer of each instruction (instructions,): its place among the answers, -1 where none has a score.

    gold(i) = argmax over the answers A to i of e(A), e being the final score (arXiv 2412.17395); among equals the
    higher Elo has it, then the expert whose name comes first.
    """
    scored = np.flatnonzero(~np.isnan(answers.score))
    keys = (answers.expert, -answers.elo, -answers.score, answers.instruction)
    order = scored[np.lexsort([key[scored] for key in keys])]
    first = np.ones(len(order), dtype=bool)
    first[1:] = answers.instruction[order[1:]] != answers.instruction[order[:-1]]
    gold = np.full(instructions, -1, dtype=np.int64)
    gold[answers.instruction[order[first]]] = order[first]
    return gold


def behind_gold(answers: Answers, gold: Places) -> NDArray[np.float64]:
    """How far each answer's final score is below gold's (answers,), NaN where it has none."""
    own = gold[answers.instruction]
    return np.round(np.where(own < 0, np.nan, answers.score[own]) - answers.score, ROUNDED)


def fates(answers: Answers, gold: Places, margin: float) -> Places:
    """What becomes of each answer (answers,), by `FATES`.

    Gold is desirable. Undesirable is an answer that has fewer votes than its opponent in at least one battle, and a
    final score at least `margin` below gold's and not the same: without the first, an answer that nobody found worse
    would be undesirable for its expert's Elo alone. Every other answer is left out.
    """
    gap = behind_gold(answers, gold)
    is_gold = np.zeros(len(gap), dtype=bool)
    is_gold[gold[gold >= 0]] = True
    names = [LeftOut.NOT_FOUGHT, LeftOut.UNDECIDED, DESIRABLE, LeftOut.UNBEATEN, UNDESIRABLE]
    holds = [~answers.fought, np.isnan(answers.score), is_gold, ~answers.beaten, (gap > 0) & (gap >= margin)]
    return np.select(holds, [FATES.index(name) for name in names], FATES.index(LeftOut.WITHIN_MARGIN))


def label_weights(desirable: int, undesirable: int) -> tuple[float, float]:
    """Weights of (desirable, undesirable) rows that make both count alike: the rarer's is raised, the other's is 1."""
    if not desirable or not undesirable:
        return 1.0, 1.0
    return max(1.0, undesirable / desirable), max(1.0, desirable / undesirable)
