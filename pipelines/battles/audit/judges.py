"""The audit: every judge's figures, and the panel's. A pure function of the votes and the answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.audit import leanings
from warriorcoder.pipelines.battles.audit.agreement import Agreement, agreement, panel_alpha
from warriorcoder.pipelines.battles.audit.floor import Standing, standings
from warriorcoder.pipelines.battles.audit.measures import Measure, Reals, Resampling
from warriorcoder.pipelines.battles.audit.rulings import Rulings
from warriorcoder.recipe_battles import EXECUTION_JUDGE


@dataclass(frozen=True)
class JudgeAudit:
    """One judge. `ties` of its verdicts are for neither side; `missing` counts its votes without a verdict by reason.

    `majority` compares it with the majority of the other models that judged, `execution` with the
    execution judge where that names a winner, `others` with each other judge. `alpha_without` is the
    panel's alpha when it is left out.
    """

    standing: Standing
    ties: int
    missing: Mapping[str, int]
    majority: Agreement
    execution: Agreement
    others: Mapping[str, Agreement]
    alpha_without: Measure
    self_preference: Measure
    length: leanings.Length

    @property
    def judge(self) -> str:
        return self.standing.judge

    @property
    def given(self) -> int:
        """Its votes with a verdict."""
        return self.standing.asked - self.standing.missing


@dataclass(frozen=True)
class Audit:
    """The judges in order of their names, and Krippendorff's alpha over all of them."""

    judges: tuple[JudgeAudit, ...]
    alpha: Measure
    battles: int
    instructions: int


def audit(
    votes: Sequence[Row], answers: Sequence[Row], kin: Mapping[str, frozenset[str]], draws: int, seed: int
) -> Audit:
    """Audit the judges of some votes, at least one.

    `kin` names for each judge the contestants of its family; `draws` is the number of bootstrap draws
    over instructions. The same votes give the same audit, in whatever order they come.
    """
    rulings = Rulings.of(votes)
    resampling = Resampling(rulings.instructions, draws, seed)
    lengths = leanings.longer_side(rulings, answers)
    ties = Counter(vote["judge"] for vote in votes if vote["verdict"] == "tie")
    missing = Counter((vote["judge"], vote["missing"]) for vote in votes if vote["verdict"] is None)
    standing = standings(votes)
    sides = rulings.sides
    pairs = _pairs(rulings, sides, resampling)
    judges = []
    for seat, name in enumerate(rulings.judges):
        others = {other: found for (one, other), found in pairs.items() if one == name}
        judges.append(
            JudgeAudit(
                standing=standing[name],
                ties=ties[name],
                missing={reason: count for (who, reason), count in sorted(missing.items()) if who == name},
                majority=agreement(
                    sides[:, seat],
                    _majority_of_others(rulings, sides, seat),
                    rulings,
                    resampling,
                    "no other model judged its battles",
                ),
                execution=_with_execution(rulings, sides, seat, resampling),
                others=others,
                alpha_without=panel_alpha(
                    rulings, [other for other in range(len(rulings.judges)) if other != seat], resampling
                ),
                self_preference=leanings.self_preference(rulings, seat, kin, resampling),
                length=leanings.length(rulings, seat, lengths, resampling),
            )
        )
    alpha = panel_alpha(rulings, list(range(len(rulings.judges))), resampling)
    return Audit(tuple(judges), alpha, len(rulings.battles), rulings.instructions)


def _pairs(rulings: Rulings, sides: Reals, draws: Resampling) -> dict[tuple[str, str], Agreement]:
    """The agreement of every two judges, under both orders of their names."""
    found = {}
    for seat, name in enumerate(rulings.judges):
        for place, other in enumerate(rulings.judges[:seat]):
            both = agreement(sides[:, seat], sides[:, place], rulings, draws, "no battle in common")
            found[name, other] = found[other, name] = both
    return dict(sorted(found.items()))


def _majority_of_others(rulings: Rulings, sides: Reals, seat: int) -> Reals:
    """The side that more of the other models are on, 0 where as many are on either; NaN where none ruled."""
    models = [place for place, name in enumerate(rulings.judges) if place != seat and name != EXECUTION_JUDGE]
    theirs = sides[:, models]
    return np.where((~np.isnan(theirs)).any(axis=1), np.sign(np.nansum(theirs, axis=1)), np.nan)


def _with_execution(rulings: Rulings, sides: Reals, seat: int, draws: Resampling) -> Agreement:
    """Against the execution judge where it names a winner: its ties only say that it cannot tell."""
    if EXECUTION_JUDGE in rulings.judges and rulings.judges[seat] != EXECUTION_JUDGE:
        column = sides[:, rulings.judge(EXECUTION_JUDGE)]
        why = "the execution judge names no winner in its battles"
    else:
        column = np.full(len(sides), np.nan)
        why = "it is the execution judge" if rulings.judges[seat] == EXECUTION_JUDGE else "there is no execution judge"
    return agreement(sides[:, seat], np.where(column == 0, np.nan, column), rulings, draws, why)
