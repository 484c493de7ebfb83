"""The rules that an arena obeys, as plain arithmetic on its tables and its manifest. No disk, no model.

A rule is a generator of findings. One whose tables or counts are not there yet is left out.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from typing import Any

from warriorcoder import build_rules
from warriorcoder.arena_folder import Row
from warriorcoder.cost_rules import cost_rules
from warriorcoder.ids import instruction_id
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.recount import (
    RECORD,
    Battle,
    battle_of,
    fought,
    judge_records,
    record_of,
    recount,
    result_of,
    scores_fit,
    tally,
    that_count,
    winner_of,
)
from warriorcoder.tables import MINED, STAGES, TABLES, Reason
from warriorcoder.vote_rules import vote_rules

REPEATS = (Reason.NEAR_DUPLICATE, Reason.SEMANTIC_DUPLICATE)

TOLERANCE = 1e-6
"""For the sum of all ratings: updates are exact opposites, but floats round."""


@dataclass(frozen=True)
class Finding:
    """One check's result: its name, what it expected and what it found."""

    name: str
    ok: bool
    expected: str
    found: str


@dataclass(frozen=True)
class Arena:
    """What the rules read: the manifest, the recipe, and the rows of the tables that are there.

    `splits` are the rows of each file of a table, by its name and in its order.
    """

    manifest: Mapping[str, Any]
    recipe: Recipe
    tables: Mapping[str, list[Row]]
    splits: Mapping[str, Mapping[str, int]]

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        counts: Mapping[str, Mapping[str, int]] = self.manifest.get("counts", {})
        return counts


def check_tables(arena: Arena) -> list[Finding]:
    """The findings of every rule whose stages have run."""
    findings = list(_stages(arena))
    there = {
        stage
        for stage in arena.counts
        if all(name in arena.tables for name, table in TABLES.items() if table.stage == stage)
    }
    for needs, rule in RULES:
        if needs <= there:
            findings += rule(arena)
    return findings


def _equal(name: str, expected: Any, found: Any) -> Finding:
    return Finding(name, expected == found, str(expected), str(found))


def _none(name: str, wanted: str, offenders: Iterable[str], of: int) -> Finding:
    """A finding on what must not be there: how many of the rows, and the first of them."""
    bad = list(offenders)
    return Finding(name, not bad, wanted, f"{len(bad)} of {of} do not, first: {bad[0]}" if bad else f"{of} rows")


def _stages(arena: Arena) -> Iterator[Finding]:
    """A stage has its counts and its tables, or neither, and none ran without those before it."""
    counted = [stage for stage in STAGES if stage in arena.counts]
    yield _equal("stages in order", ", ".join(STAGES[: len(counted)]), ", ".join(counted))
    for stage in STAGES:
        due = [name for name, table in TABLES.items() if table.stage == stage]
        there = [name for name in due if name in arena.tables]
        if stage in counted or there:
            whole = stage in counted and there == due
            expected = f"counts in arena.json and {', '.join(due)}"
            found = f"{'counts' if stage in counted else 'no counts'} and {', '.join(there) or 'no table'}"
            yield Finding(f"{stage} is complete", whole, expected, found)


def _mine(arena: Arena) -> Iterator[Finding]:
    yield from _kept_and_rejected(arena, "mine", ("draws", "brought"), "kept")


def _curate(arena: Arena) -> Iterator[Finding]:
    yield from _kept_and_rejected(arena, "curate", ("entered",), "kept")
    counts, rows = arena.counts, arena.tables["instructions"]
    yield _equal("entered = mined", counts["mine"]["kept"], counts["curate"]["entered"])
    yield _equal("rows of instructions", counts["curate"]["kept"], len(rows))
    wrong = (row["instruction_id"] for row in rows if row["instruction_id"] != instruction_id(row["instruction"]))
    yield _none("ids are digests", "ids that are their instruction's digest", wrong, len(rows))
    strangers = (row["instruction_id"] for row in rows if (row["miner"] is None) != (row["source"] != MINED))
    yield _none("sources", "mined by an expert, or brought from a set", strangers, len(rows))
    repeats = (row["detail"] for row in arena.tables["rejected"] if row["reason"] in REPEATS)
    near = Counter(detail.partition(",")[0].removeprefix("of ") for detail in repeats)
    off = (row["instruction_id"] for row in rows if row["repeats"] != near[row["instruction_id"]])
    yield _none("repeats", "as many as were rejected as near-duplicates of it", off, len(rows))
    times = Counter(row["instruction_id"] for row in rows)
    yield _none("ids are unique", "ids that occur once", (key for key in times if times[key] > 1), len(rows))


def _answer(arena: Arena) -> Iterator[Finding]:
    yield from _kept_and_rejected(arena, "answer", ("asked",), "answers")
    counts, rows, experts = arena.counts, arena.tables["answers"], arena.manifest["experts"]
    yield _equal("asked = instructions x experts", counts["curate"]["kept"] * len(experts), counts["answer"]["asked"])
    yield _equal("rows of answers", counts["answer"]["answers"], len(rows))
    yield _known_ids(arena, "answers")
    strangers = (row["expert"] for row in rows if row["expert"] not in experts)
    yield _none("answers by experts", "experts that arena.json names", strangers, len(rows))
    times = Counter((row["instruction_id"], row["expert"]) for row in rows)
    twice = (f"{expert} to {key}" for key, expert in times if times[key, expert] > 1)
    yield _none("answers are unique", "one answer of an expert to an instruction", twice, len(rows))


def _judge(arena: Arena) -> Iterator[Finding]:
    """Every judge saw both orders, a vote has a verdict or a reason, and nobody judged in its own cause."""
    rows, counts, experts = arena.tables["votes"], arena.counts["judge"], arena.manifest["experts"]
    asked = {(fought(row), row["judge"]) for row in rows}
    given = sum(row["verdict"] is not None for row in rows)
    yield _equal("2 x judges = votes + missing", 2 * counts["judges"], counts["votes"] + counts["missing"])
    yield _equal("rows of votes", counts["votes"] + counts["missing"], len(rows))
    yield _equal("votes with a verdict", counts["votes"], given)
    yield _equal("judges of all battles", counts["judges"], len(asked))
    yield _known_ids(arena, "votes")
    for rule in vote_rules(rows, arena.tables["answers"], experts):
        yield _none(*rule)


def _rate(arena: Arena) -> Iterator[Finding]:
    """Battles and judges' records are what the votes say, and ratings what the battles say."""
    counts, rows, ratings = arena.counts["rate"], arena.tables["battles"], arena.tables["ratings"]
    yield _equal("battles = decided + undecided", counts["battles"], counts["decided"] + counts["undecided"])
    yield _equal("battles rated = judged", arena.counts["judge"]["battles"], counts["battles"])
    yield _equal("rows of battles", counts["battles"], len(rows))
    yield _equal("battles with a winner", counts["decided"], sum(row["winner"] is not None for row in rows))
    yield _known_ids(arena, "battles")
    votes: dict[Battle, list[Row]] = defaultdict(list)
    for vote in arena.tables["votes"]:
        votes[fought(vote)].append(vote)
    keys = Counter(battle_of(row) for row in rows)
    lost = (str(key) for key in keys.keys() | votes.keys() if keys[key] != 1)
    yield _none("battles are unique", "one row for a battle that was judged", lost, len(rows))
    recorded, counted = arena.manifest.get("judges", {}), judge_records(arena.tables["votes"])
    weights = {name: record.get("weight", 1.0) for name, record in recorded.items()}
    again = {battle: recount(that_count(votes[battle], weights)) for battle in keys}
    miscounted = (
        f"{battle_of(row)} has {tally(row)}, counted {again[battle_of(row)]}"
        for row in rows
        if tally(row) != again[battle_of(row)]
    )
    yield _none("votes of the battles", "votes_a, votes_b, ties, missing as the votes give", miscounted, len(rows))
    wrong = (f"{battle_of(row)} has {row['winner']}" for row in rows if row["winner"] != winner_of(row))
    yield _none("winners", "the side with the greater local score, else tie, null without one", wrong, len(rows))
    unlike = (str(battle_of(row)) for row in rows if not scores_fit(row, votes[battle_of(row)], weights))
    yield _none("local scores", "local_a, local_b and consistency as the votes give", unlike, len(rows))
    allowed = {"flag": (1.0, 1.0), "leave_out": (0.0, 0.0), "down_weight": (0.0, 1.0)}[arena.recipe.battles.below_floor]
    of_execution = arena.recipe.battles.execution_weight or 0.0
    heavy = (
        f"{name} has {weight}"
        for name, weight in weights.items()
        if (weight != of_execution if name == EXECUTION_JUDGE else weight != 1 and not _within(weight, allowed))
    )
    wanted = "1, or what battles.below_floor allows; of the execution judge battles.execution_weight"
    yield _none("weights of the judges", wanted, heavy, len(weights))
    nothing = dict.fromkeys(RECORD, 0)
    names = sorted(recorded.keys() | counted.keys())
    off = (
        f"{name} has {recorded.get(name, nothing)}, counted {counted.get(name, nothing)}"
        for name in names
        if any(recorded.get(name, nothing)[key] != counted.get(name, nothing)[key] for key in RECORD)
    )
    yield _none("records of the judges", "records in arena.json as the votes give", off, len(names))
    start = arena.recipe.rating.start * len(ratings)
    total = sum(row["elo"] for row in ratings)
    fits = isclose(total, start, rel_tol=0, abs_tol=TOLERANCE)
    yield Finding("Elo is zero-sum", fits, f"{start:.6f} over {len(ratings)} models", f"{total:.6f}")
    times = Counter(row["model"] for row in ratings)
    # Without a decided battle nobody is rated.
    rated = any(row["winner"] is not None for row in rows)
    fighters = {row[side] for row in rows for side in ("attacker", "defender")} if rated else set()
    astray = (
        name for name in sorted(times.keys() | fighters) if times[name] != 1 or name not in arena.manifest["experts"]
    )
    yield _none("rated models", "experts, each that fought rated once", astray, len(ratings))
    results = (
        f"{row['model']} has {result_of(row)}, counted {record_of(row['model'], rows)}"
        for row in ratings
        if result_of(row) != record_of(row["model"], rows)
    )
    yield _none("records of the models", "battles, wins, ties, losses as the battles give", results, len(ratings))


def _build(arena: Arena) -> Iterator[Finding]:
    counts, tables, recipe = arena.counts, arena.tables, arena.recipe
    for name, expected, found in build_rules.sums(counts["answer"]["answers"], counts["build"], tables, arena.splits):
        yield _equal(name, expected, found)
    for name in build_rules.SIDES:
        yield _known_ids(arena, name)
    for rule in build_rules.rules(tables, arena.splits, recipe.rating.alpha, recipe.outcomes.margin):
        yield _none(*rule)


def _costs(arena: Arena) -> Iterator[Finding]:
    for rule in cost_rules(arena.manifest.get("cost", {}), arena.counts, arena.tables, arena.recipe.battles.attempts):
        yield _none(*rule)


RULES: tuple[tuple[set[str], Callable[[Arena], Iterator[Finding]]], ...] = (
    ({"mine"}, _mine),
    ({"mine", "curate"}, _curate),
    ({"mine", "curate", "answer"}, _answer),
    ({"curate", "answer", "judge"}, _judge),
    ({"curate", "judge", "rate"}, _rate),
    ({"curate", "answer", "rate", "build"}, _build),
    ({"mine"}, _costs),
)


def _kept_and_rejected(arena: Arena, stage: str, entered: tuple[str, ...], kept: str) -> Iterator[Finding]:
    at = arena.counts[stage]
    came = sum(at[name] for name in entered)
    yield _equal(f"{' + '.join(entered)} = {kept} + rejected ({stage})", came, at[kept] + at["rejected"])
    dropped = sum(row["stage"] == stage for row in arena.tables["rejected"])
    yield _equal(f"rows of rejected ({stage})", at["rejected"], dropped)


def _known_ids(arena: Arena, name: str) -> Finding:
    known = {row["instruction_id"] for row in arena.tables["instructions"]}
    rows = arena.tables[name]
    unknown = (str(row["instruction_id"]) for row in rows if row["instruction_id"] not in known)
    return _none(f"ids of {name}", "ids that instructions has", unknown, len(rows))


def _within(value: float, ends: tuple[float, float]) -> bool:
    return ends[0] <= value <= ends[1]
