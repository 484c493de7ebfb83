"""What is wrong with an arena, by name: findings for the manifest, the card and the screen."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.recount import RECORD

ALWAYS_FIRST = 0.9
FEWEST_VERDICTS = 8
FEWEST_CONSISTENT = 0.6
MOST_MISSING = 0.5
FEWEST_BATTLES = 30


def judge_counts(votes: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Per judge: votes, missing, ties, first (verdicts for the answer shown first), battles_judged, consistent.

    A battle is judged where both orders have a verdict, and consistent where those agree.
    """
    counts: dict[str, dict[str, int]] = {}
    verdicts: dict[tuple[str, str, str, str], list[str | None]] = {}
    for vote in votes:
        judge = counts.setdefault(vote["judge"], dict.fromkeys(RECORD, 0))
        if vote["verdict"] is None:
            judge["missing"] += 1
        else:
            judge["votes"] += 1
            winner = {"a": vote["model_a"], "b": vote["model_b"]}.get(vote["verdict"])
            judge["ties"] += winner is None
            judge["first"] += winner == vote["shown_first"]
        battle = (vote["judge"], vote["instruction_id"], vote["model_a"], vote["model_b"])
        verdicts.setdefault(battle, []).append(vote["verdict"])
    for (judge_name, *_), both in verdicts.items():
        if len(both) == 2 and None not in both:
            counts[judge_name]["battles_judged"] += 1
            counts[judge_name]["consistent"] += both[0] == both[1]
    return dict(sorted(counts.items()))


def findings(judges: Mapping[str, Mapping[str, int]], ratings: Sequence[Row]) -> list[dict[str, Any]]:
    """The findings on judges and ratings: `name`, `subject` and `message`, a plain sentence."""
    found = []
    for name, counts in judges.items():
        if name != EXECUTION_JUDGE:
            found += [{"subject": name, **finding} for finding in _judge_findings(counts)]
    few = [row["model"] for row in ratings if row["battles"] < FEWEST_BATTLES]
    if few:
        message = f"fewer than {FEWEST_BATTLES} decided battles: {', '.join(few)}; their ratings say little"
        found.append({"name": "few_battles", "subject": "ratings", "message": message})
    if len(ratings) > 1 and all(upper["elo_low"] <= lower["elo_high"] for upper, lower in pairwise(ratings)):
        message = "the Elo intervals of all neighbours overlap: the order of the experts is not established"
        found.append({"name": "ratings_overlap", "subject": "ratings", "message": message})
    if not ratings:
        message = "no battle has a verdict, so nobody is rated and there is nothing to train on"
        found.append({"name": "no_decided_battle", "subject": "ratings", "message": message})
    return found


def _judge_findings(counts: Mapping[str, int]) -> list[dict[str, str]]:
    found = []
    asked = counts["votes"] + counts["missing"]
    if asked and counts["missing"] / asked > MOST_MISSING:
        message = f"gave no readable verdict in {counts['missing']} of {asked} votes"
        found.append({"name": "judge_unreadable", "message": message})
    decided = counts["votes"] - counts["ties"]
    first, last = counts["first"], decided - counts["first"]
    where, most = ("first", first) if first >= last else ("second", last)
    if decided >= FEWEST_VERDICTS and most / decided >= ALWAYS_FIRST:
        message = (
            f"chose the answer shown {where} in {most} of {decided} verdicts for one side: "
            "it does not read the answers, and its votes are worth no more than a coin's"
        )
        found.append({"name": f"judge_always_{where}", "message": message})
    elif (
        counts["battles_judged"] >= FEWEST_VERDICTS
        and counts["consistent"] / counts["battles_judged"] < FEWEST_CONSISTENT
    ):
        message = (
            f"kept its verdict in {counts['consistent']} of {counts['battles_judged']} battles "
            "when the order of the answers was swapped"
        )
        found.append({"name": "judge_inconsistent", "message": message})
    return found
