"""The rules that an arena's votes obey: both orders, a verdict or a reason, nobody in its own cause, evidence."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.cost_rules import Rule
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.recount import Battle, fought
from warriorcoder.tables import Missing


def vote_rules(votes: list[Row], answers: list[Row], experts: Mapping[str, Mapping[str, Any]]) -> Iterator[Rule]:
    """Every judge saw both orders, a vote has a verdict or a reason, and nobody judged in its own cause.

    `experts` are the manifest's, by name.
    """
    asked: dict[tuple[Battle, str], list[str]] = defaultdict(list)
    for row in votes:
        asked[fought(row), row["judge"]].append(row["shown_first"])
    half = (_said(judge, battle) for (battle, judge), first in asked.items() if sorted(first) != sorted(battle[1:]))
    yield "both orders", "judges that saw each answer first once", half, len(asked)
    odd = (_said(row["judge"], fought(row)) for row in votes if not _verdict_or_reason(row))
    yield "verdict or reason", "a verdict (a, b, tie), or why it is missing", odd, len(votes)
    yield from _execution_rules(votes)
    answered = {(row["instruction_id"], row["expert"]) for row in answers}
    silent = (
        f"{expert} to {row['instruction_id']}"
        for row in votes
        for expert in (row["model_a"], row["model_b"])
        if (row["instruction_id"], expert) not in answered
    )
    yield "votes on answers", "contestants that answered", silent, len(votes)
    strangers = (row["judge"] for row in votes if row["judge"] not in experts and row["judge"] != EXECUTION_JUDGE)
    yield "judges are known", f"experts that arena.json names, or {EXECUTION_JUDGE}", strangers, len(votes)
    own = (_said(judge, battle) for battle, judge in asked if judge in battle[1:])
    yield "no contestant judges", "judges that do not fight", own, len(asked)
    weights = {name: expert["weights"] for name, expert in experts.items() if expert["weights"] is not None}
    twins = (
        _said(judge, battle)
        for battle, judge in asked
        if judge in weights and weights[judge] in (weights.get(battle[1]), weights.get(battle[2]))
    )
    yield "no twin judges", "judges with other weights than both contestants", twins, len(asked)


def _execution_rules(votes: list[Row]) -> Iterator[Rule]:
    executed: dict[Battle, set[tuple[str | None, ...]]] = defaultdict(set)
    for row in votes:
        if row["judge"] == EXECUTION_JUDGE:
            executed[fought(row)].add((row["verdict"], row["reason"], row["evidence"]))
    twofold = (_said(EXECUTION_JUDGE, battle) for battle, found in executed.items() if len(found) > 1)
    yield "executed once", "the same vote of the execution judge in both orders", twofold, len(executed)
    bare = (_said(row["judge"], fought(row)) for row in votes if not _evidence_or_model(row))
    yield "evidence", "JSON evidence of the execution judge, and none of a model", bare, len(votes)


def _evidence_or_model(vote: Row) -> bool:
    """Only the execution judge has evidence, and only it can lack evidence for a verdict."""
    if vote["judge"] != EXECUTION_JUDGE:
        return vote["evidence"] is None and vote["missing"] != Missing.NO_EVIDENCE
    try:
        return isinstance(json.loads(vote["evidence"] or ""), dict) and vote["missing"] in (None, Missing.NO_EVIDENCE)
    except ValueError:
        return False


def _verdict_or_reason(vote: Row) -> bool:
    return vote["verdict"] in ("a", "b", "tie", None) and (vote["verdict"] is None) != (vote["missing"] is None)


def _said(judge: str, battle: Battle) -> str:
    return f"{judge} on {battle[1]} against {battle[2]}, {battle[0]}"
