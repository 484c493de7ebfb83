"""What is wrong with an arena, by name: findings for the manifest, the card and the screen.

A finding is `name`, `subject` and `message`, a plain sentence that ends in what to do.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.audit.floor import FEWEST_VERDICTS, Breach, Standing, breaches
from warriorcoder.pipelines.battles.ratings.connected import why_not_connected
from warriorcoder.pipelines.battles.ratings.games import Game, Games
from warriorcoder.recipe_battles import EXECUTION_JUDGE, Battles
from warriorcoder.recount import judge_records

FOUGHT = ["instruction_id", "attacker", "defender", "winner"]
"""What is read of the table `battles`."""

FEWEST_BATTLES = 30
OTHERS = "name other judges in battles.judges"
REMEDY = f"set battles.below_floor: down_weight or leave_out and `warrior rate`, or {OTHERS}"


def judge_counts(votes: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Per judge: votes, missing, ties, first (verdicts for the answer shown first), battles_judged, consistent.

    A battle is judged where both orders have a verdict, and consistent where those agree.
    """
    return dict(sorted(judge_records(list(votes)).items()))


def findings(
    judges: Mapping[str, Standing],
    weights: Mapping[str, float],
    battles: Sequence[Row],
    ratings: Sequence[Row],
    recipe: Battles,
) -> list[dict[str, Any]]:
    """The findings on judges and ratings.

    `weights` are those of the judges whose votes count less (`judge_weights`); `battles` and
    `ratings` are rows of these tables, of `battles` the columns `FOUGHT`.
    """
    found = []
    for standing in judges.values():
        if standing.judge != EXECUTION_JUDGE:
            below = breaches(standing, recipe.floor)
            weight = weights.get(standing.judge)
            told = [*_judge_findings(standing, below, weight), *_below_floor(standing, below, weight)]
            found += [{"name": name, "subject": standing.judge, "message": message} for name, message in told]
    every = _rating_findings(battles, ratings)
    return found + [{"name": name, "subject": "ratings", "message": message} for name, message in every]


def _judge_findings(standing: Standing, below: Sequence[Breach], weight: float | None) -> Iterator[tuple[str, str]]:
    """What the judge cannot do, the plainest sign first; one finding on its verdicts is enough.

    `weight` is None where its votes count in full.
    """
    keys = {breach.key for breach in below}
    remedy = REMEDY if weight is None else OTHERS
    if "missing" in keys:
        yield (
            "judge_unreadable",
            f"gave no readable verdict in {standing.missing} of {standing.asked} votes; look at their `reason`, set "
            "battles.constrained: true for a local judge, or raise battles.max_tokens where it was cut off",
        )
    steady, decided = standing.consistency, standing.first.of
    same = round(steady.of * steady.value) if steady.value is not None else 0
    if "same_place" in keys:
        yield (
            f"judge_always_{standing.place}",
            f"chose the answer shown {standing.place} in {round(decided * (standing.same_place or 0))} of {decided} "
            "verdicts for one side: it does not read the answers, and its votes are worth no more than a coin's; "
            + remedy,
        )
    elif "consistency" in keys and _may_be_a_coin(standing):
        yield (
            "judge_coin",
            f"kept its verdict in {same} of {steady.of} battles when the order of the answers was swapped, which "
            f"verdicts drawn at random do in {steady.chance:.0%}: nothing shows that it reads the answers; {remedy}",
        )
    elif "consistency" in keys:
        yield (
            "judge_inconsistent",
            f"kept its verdict in {same} of {steady.of} battles when the order of the answers was swapped; {remedy}",
        )


def _may_be_a_coin(standing: Standing) -> bool:
    """Whether its two orders agree no more often than its verdicts at random would."""
    steady = standing.consistency
    return steady.low is not None and steady.chance is not None and steady.low <= steady.chance


def _below_floor(standing: Standing, below: Sequence[Breach], weight: float | None) -> Iterator[tuple[str, str]]:
    if below:
        told = ", ".join(f"{breach.key} {breach.value:.2f} against {breach.floor:g}" for breach in below)
        count = "count in full" if weight is None else f"count {weight:.2f} each" if weight else "do not count"
        yield "judge_below_floor", f"is below battles.floor in {told}; its votes {count} (`warrior audit` shows more)"


def _rating_findings(battles: Sequence[Row], ratings: Sequence[Row]) -> Iterator[tuple[str, str]]:
    if not ratings:
        yield (
            "no_decided_battle",
            "no battle has a verdict that counts, so nobody is rated and there is nothing to train on; name judges "
            "that can judge in battles.judges, or set battles.execution_weight: 1",
        )
        return
    models = [row["model"] for row in ratings]
    games = Games.of(_games(battles), models)
    if why := why_not_connected(games.wins(), models):
        yield "not_connected", why
    few = [row["model"] for row in ratings if row["battles"] < FEWEST_BATTLES]
    if few:
        yield (
            "few_battles",
            f"fewer than {FEWEST_BATTLES} decided battles: {', '.join(few)}; their ratings say little: raise "
            "curation.size or mining.per_expert",
        )
    if ratings and all(row["battles"] == row["ties"] for row in ratings):
        yield (
            "all_ties",
            f"all {len(games)} decided battles are ties: the judges tell no two experts apart; name stronger "
            "judges, or bring harder instructions",
        )
        return
    for row in ratings:
        if row["battles"] >= FEWEST_VERDICTS and row["wins"] == row["battles"]:
            yield (
                "one_wins_all",
                f"{row['model']} won every one of its {row['battles']} decided battles: how far ahead it is, no rating "
                "can say, and its answers are all gold; add an expert of its strength",
            )
    if off := [row["model"] for row in ratings if not row["elo_low"] <= row["bradley_terry"] <= row["elo_high"]]:
        yield (
            "ratings_not_converged",
            f"the Elo of {', '.join(off)} is still on its way: Bradley-Terry, which the same battles give at once, "
            "lies outside its 95 % interval; fight more battles, or raise rating.k",
        )
    yield from _order(ratings)


def _games(battles: Sequence[Row]) -> Iterator[Game]:
    for row in battles:
        if row["winner"] is not None:
            score = {row["attacker"]: 1.0, row["defender"]: 0.0}.get(row["winner"], 0.5)
            yield Game(row["instruction_id"], row["attacker"], row["defender"], score)


def _order(ratings: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Whether the experts' order is established: neighbours by Bradley-Terry whose intervals do not overlap.

    By Bradley-Terry, since its intervals shrink with the battles. Those of Elo's one pass do not: at a fixed K it
    follows the last battles for ever.
    """
    rows = sorted(ratings, key=lambda row: (-row["bradley_terry"], row["model"]))
    neighbours = list(pairwise(rows))
    open_ = [pair for pair in neighbours if _overlap(*pair, "bradley_terry")]
    if neighbours and len(open_) == len(neighbours):
        yield (
            "ratings_overlap",
            "the Bradley-Terry intervals of all neighbours overlap: the order of the experts is not established; "
            f"{_battles_needed(*open_[0])}",
        )
    elif open_:
        yield (
            "order_open",
            f"the Bradley-Terry intervals of neighbours overlap, so who is better is open between {_named(open_)}; "
            f"{_battles_needed(*open_[0])}",
        )
    swinging = [pair for pair in neighbours if pair not in open_ and _overlap(*pair, "elo")]
    if swinging:
        points = max(row["elo_high"] - row["elo_low"] for row in rows) / 2
        yield (
            "elo_swings",
            f"Bradley-Terry parts {_named(swinging)}, Elo does not: one pass with this K swings by some {points:.0f} "
            "points however many battles are fought; lower rating.k, or rank by Bradley-Terry or the mean Elo",
        )


def _overlap(upper: Row, lower: Row, rating: str) -> bool:
    return bool(upper[f"{rating}_low"] <= lower[f"{rating}_high"])


def _named(pairs: Sequence[tuple[Row, Row]]) -> str:
    return ", ".join(f"{upper['model']} and {lower['model']}" for upper, lower in pairs)


def _battles_needed(upper: Row, lower: Row) -> str:
    """How many battles would part two neighbours, if they stay where they are: intervals shrink with the root of it."""
    apart = upper["bradley_terry"] - lower["bradley_terry"]
    wide = upper["bradley_terry"] - upper["bradley_terry_low"] + lower["bradley_terry_high"] - lower["bradley_terry"]
    fought = max(upper["battles"], lower["battles"])
    factor = (wide / apart) ** 2 if apart > 0 else math.inf
    if factor > 100 or not fought:
        return f"{upper['model']} and {lower['model']} are as good as equal, or judged by a coin"
    return f"about {math.ceil(fought * max(factor, 1)):,} battles each would part {upper['model']} and {lower['model']}"
