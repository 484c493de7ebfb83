"""The rules that an arena's cost obeys: what was paid for is what the tables hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.tables import STAGES, TABLES, Missing, Reason

Shares = Mapping[str, Mapping[str, Any]]
"""A stage's cost by expert: calls, input_tokens, output_tokens, unmetered, dollars."""


Rule = tuple[str, str, Iterable[str], int]
"""A rule's name, what it wants, those that offend against it, and how many it looked at."""


def cost_rules(
    costs: Mapping[str, Shares],
    counts: Mapping[str, Mapping[str, int]],
    tables: Mapping[str, list[Row]],
    attempts: int,
) -> Iterator[Rule]:
    """What was paid for is what the tables hold, stage by stage.

    `costs` and `counts` are the manifest's, by stage; `attempts` is how often a vote may be asked.
    An arena whose makers kept no cost has none to prove.
    """
    whole = [
        stage
        for stage in STAGES
        if stage in counts and all(name in tables for name, table in TABLES.items() if table.stage == stage)
    ]
    known = {stage: costs[stage] for stage in whole if stage in costs}
    odd = (f"{stage}: {line}" for stage, shares in known.items() for line in _odd_shares(shares))
    yield "costs", "answers and tokens from 0 on, uncounted ones among them", odd, sum(map(len, known.values()))
    if "mine" in known:
        draws = counts["mine"]["draws"]
        unpaid = _unpaid_draws(known["mine"], draws, tables["rejected"])
        yield "calls of mine", "a call for every draw that was answered", unpaid, draws
    if "answer" in known:
        unpaid = _unpaid_answers(known["answer"], tables["answers"], tables["rejected"])
        yield "calls of answer", "calls and tokens as the answers have them", unpaid, len(known["answer"])
    if "judge" in known:
        unpaid = _unpaid_votes(known["judge"], tables["votes"], attempts)
        yield "calls of judge", "a call for every vote, more where it was asked again", unpaid, len(known["judge"])


def _odd_shares(shares: Shares) -> Iterator[str]:
    """Experts with more answers uncounted than they gave, or with an amount below zero."""
    for expert, share in shares.items():
        amounts = {
            key: share.get(key) or 0 for key in ("calls", "input_tokens", "output_tokens", "unmetered", "dollars")
        }
        if min(amounts.values()) < 0 or amounts["unmetered"] > amounts["calls"]:
            yield f"{expert} has {dict(share)}"


def _unpaid_draws(shares: Shares, draws: int, rejected: list[Row]) -> Iterator[str]:
    answered = draws - sum(row["stage"] == "mine" and row["reason"] == Reason.ENDPOINT_ERROR for row in rejected)
    paid = sum(share["calls"] for share in shares.values())
    if paid != answered:
        yield f"{answered} draws were answered, {paid} calls were paid for"


def _unpaid_answers(shares: Shares, answers: list[Row], rejected: list[Row]) -> Iterator[str]:
    """Experts whose answers are not as many, or have not as many tokens, as were paid for."""
    given, empty, uncounted = Counter[str](), Counter[str](), Counter[str]()
    tokens = {"input_tokens": Counter[str](), "output_tokens": Counter[str]()}
    for row in answers:
        given[row["expert"]] += 1
        uncounted[row["expert"]] += row["input_tokens"] is None or row["output_tokens"] is None
        for key, counter in tokens.items():
            counter[row["expert"]] += row[key] or 0
    for row in rejected:
        empty[row["origin"]] += row["stage"] == "answer" and row["reason"] != Reason.ENDPOINT_ERROR
    nothing = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "unmetered": 0}
    for expert in sorted(given.keys() | shares.keys()):
        paid = {**nothing, **shares.get(expert, {})}
        found = {key: counter[expert] for key, counter in tokens.items()}
        # An empty answer has cost its tokens, too, and is in no table.
        fits = all(paid[key] >= found[key] if empty[expert] else paid[key] == found[key] for key in found)
        if paid["calls"] != given[expert] + empty[expert] or uncounted[expert] > paid["unmetered"] or not fits:
            yield f"{expert} gave {given[expert]} and {empty[expert]} empty ones with {found}, paid were {paid}"


def _unpaid_votes(shares: Shares, votes: list[Row], attempts: int) -> Iterator[str]:
    """Judges whose calls are fewer than their votes, or more than `attempts` for each."""
    cast, asked = Counter[str](), Counter[str]()
    for vote in votes:
        if vote["judge"] != EXECUTION_JUDGE:
            cast[vote["judge"]] += 1
            asked[vote["judge"]] += vote["missing"] != Missing.ENDPOINT_ERROR
    for judge in sorted(cast.keys() | shares.keys()):
        calls = shares.get(judge, {"calls": 0})["calls"]
        if not asked[judge] <= calls <= attempts * cast[judge]:
            yield f"{judge} has {calls} calls for {cast[judge]} votes"
