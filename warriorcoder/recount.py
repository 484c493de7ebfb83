"""What the votes and the battles give when they are counted again: pure functions on rows."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import isclose

from warriorcoder.arena_folder import Row

TOLERANCE = 1e-9
"""For quotients of small counts."""

Battle = tuple[str, str, str]
"""(instruction_id, attacker, defender)."""

Answer = tuple[str, str]
"""(instruction_id, expert)."""

RECORD = ("votes", "missing", "ties", "first", "battles_judged", "consistent")
"""The keys of a judge's record in the manifest."""


def fought(vote: Row) -> Battle:
    return vote["instruction_id"], vote["model_a"], vote["model_b"]


def battle_of(row: Row) -> Battle:
    return row["instruction_id"], row["attacker"], row["defender"]


def tally(battle: Row) -> tuple[int, ...]:
    return battle["votes_a"], battle["votes_b"], battle["ties"], battle["missing"]


def that_count(votes: Iterable[Row], weights: Mapping[str, float]) -> list[Row]:
    """The votes of judges whose weight is above 0; it is 1 where it is not named."""
    return [vote for vote in votes if weights.get(vote["judge"], 1.0) > 0]


def recount(votes: list[Row]) -> tuple[int, ...]:
    verdicts = Counter(vote["verdict"] for vote in votes)
    return verdicts["a"], verdicts["b"], verdicts["tie"], verdicts[None]


def winner_of(battle: Row) -> str | None:
    """The side with the greater local score, tie where both have a half; None without a vote that counts."""
    if battle["local_a"] is None:
        return None
    if _same(battle["local_a"], 0.5):
        return "tie"
    winner: str = battle["attacker"] if battle["local_a"] > 0.5 else battle["defender"]
    return winner


def both_orders(votes: Iterable[Row]) -> list[bool]:
    """For each judge and battle with two verdicts: are they the same?"""
    verdicts: dict[tuple[Battle, str], list[str]] = defaultdict(list)
    for vote in votes:
        if vote["verdict"] is not None:
            verdicts[fought(vote), vote["judge"]].append(vote["verdict"])
    return [pair[0] == pair[1] for pair in verdicts.values() if len(pair) == 2]


def scores_fit(battle: Row, votes: list[Row], weights: Mapping[str, float]) -> bool:
    """Whether the local scores (a tie counts half) and the consistency follow from the votes that count.

    `weights` are what a vote of a judge counts in the local scores, 1 where it is not named.
    """
    counted: dict[str | None, float] = defaultdict(float)
    for vote in votes:
        counted[vote["verdict"]] += weights.get(vote["judge"], 1.0)
    given = counted["a"] + counted["b"] + counted["tie"]
    agree = both_orders(that_count(votes, weights))
    expected = (
        (counted["a"] + counted["tie"] / 2) / given if given else None,
        (counted["b"] + counted["tie"] / 2) / given if given else None,
        sum(agree) / len(agree) if agree else None,
    )
    found = battle["local_a"], battle["local_b"], battle["consistency"]
    return all(_same(one, other) for one, other in zip(expected, found, strict=True))


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, abs_tol=TOLERANCE)


def judge_records(votes: list[Row]) -> dict[str, dict[str, int]]:
    """Each judge's record as the manifest keeps it."""
    by_judge: dict[str, list[Row]] = defaultdict(list)
    for vote in votes:
        by_judge[vote["judge"]].append(vote)
    records = {}
    for judge, own in by_judge.items():
        for_a, for_b, ties, missing = recount(own)
        agree = both_orders(own)
        first = sum(vote["verdict"] == ("a" if vote["shown_first"] == vote["model_a"] else "b") for vote in own)
        records[judge] = {
            "votes": for_a + for_b + ties,
            "missing": missing,
            "ties": ties,
            "first": first,
            "battles_judged": len(agree),
            "consistent": sum(agree),
        }
    return records


def result_of(rating: Row) -> tuple[int, ...]:
    return rating["battles"], rating["wins"], rating["ties"], rating["losses"]


def record_of(model: str, battles: list[Row]) -> tuple[int, ...]:
    winners = [row["winner"] for row in battles if model in (row["attacker"], row["defender"]) and row["winner"]]
    wins, ties = winners.count(model), winners.count("tie")
    return len(winners), wins, ties, len(winners) - wins - ties


def final_scores(
    battles: Iterable[Row], elo: Mapping[str, float], alpha: float
) -> tuple[dict[Answer, float], set[Answer]]:
    """The final score of each answer with a decided battle of rated experts, and the answers that lost one of theirs.

    e(A) = mean over A's battles of alpha / (1 + 10^((R_B - R_A) / 400)) + (1 - alpha) * x(A>B) (arXiv 2412.17395).
    """
    parts: dict[Answer, list[float]] = defaultdict(list)
    beaten = set()
    for row in battles:
        sides = ("attacker", "defender", "local_a"), ("defender", "attacker", "local_b")
        rated = row["local_a"] is not None and row["attacker"] in elo and row["defender"] in elo
        for own, other, local in sides if rated else ():
            answer = row["instruction_id"], row[own]
            expected = 1 / (1 + 10 ** ((elo[row[other]] - elo[row[own]]) / 400))
            parts[answer].append(alpha * expected + (1 - alpha) * row[local])
            if row[local] < row["local_a" if local == "local_b" else "local_b"]:
                beaten.add(answer)
    return {answer: sum(its) / len(its) for answer, its in parts.items()}, beaten
