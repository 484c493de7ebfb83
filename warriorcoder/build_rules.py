"""What the training tables must obey: plain arithmetic on the answers, the battles and the tables made of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from warriorcoder.arena_folder import Row
from warriorcoder.recount import Answer, final_scores
from warriorcoder.tables import SPLITS, LeftOut

TOLERANCE = 1e-9
"""For final scores, which are means of floats."""

SIDES = {
    "kto": (("completion", "expert"),),
    "sft": (("completion", "expert"),),
    "preference": (("chosen", "chosen_expert"), ("rejected", "rejected_expert")),
}
"""The answers of a training row: (column, the column that names its expert)."""

Rule = tuple[str, str, Iterable[str], int]
"""A rule's name, what it wants, the rows that break it, and how many there are."""

Sum = tuple[str, Any, Any]
"""A number's name, what it must be, and what it is."""


def sums(
    answers: int, counts: Mapping[str, int], tables: Mapping[str, list[Row]], splits: Mapping[str, Mapping[str, int]]
) -> Iterator[Sum]:
    """Every answer is labelled or left out for a reason, and every row that is counted is there, in its split."""
    labelled = counts["desirable"] + counts["undesirable"]
    yield "answers = labelled + left out", answers, labelled + counts["left_out"]
    yield "left out = sum of its reasons", counts["left_out"], sum(counts.get(reason, 0) for reason in LeftOut)
    yield "rows of kto", labelled, len(tables["kto"])
    yield "desirable rows of kto", counts["desirable"], sum(row["label"] for row in tables["kto"])
    yield "rows of sft", counts["sft"], len(tables["sft"])
    yield "gold answers of kto = rows of sft", counts["desirable"], counts["sft"]
    yield "rows of preference", counts["preference"], len(tables["preference"])
    yield "pairs of preference = undesirable answers", counts["undesirable"], counts["preference"]
    counted = {split: counts.get(split, 0) for split in SPLITS}
    yield "rows of kto by split", counted, {split: splits["kto"].get(split, 0) for split in SPLITS}
    fought = {row["instruction_id"] for row in tables["battles"] if row["winner"] is not None}
    yield "instructions decided = rows of sft + out of the mix", len(fought), counts["sft"] + counts.get("mixed_out", 0)
    strangers = sorted({f"{name}/{split}" for name in SIDES for split in splits[name] if split not in SPLITS})
    yield "files of the training tables that are no split", [], strangers


def rules(
    tables: Mapping[str, list[Row]], splits: Mapping[str, Mapping[str, int]], alpha: float, margin: float
) -> Iterator[Rule]:
    """A training row is an instruction and an answer of the arena, and one answer is gold."""
    prompts = {row["instruction_id"]: row["instruction"] for row in tables["instructions"]}
    said = {(row["instruction_id"], row["expert"]): row["answer"] for row in tables["answers"]}
    for name, sides in SIDES.items():
        rows = tables[name]
        other = (_id(row) for row in rows if row["prompt"] != _message("user", prompts.get(_id(row))))
        yield f"prompts of {name}", "the instruction as one user message", other, len(rows)
        unlike = (
            f"{row[expert]} to {_id(row)}"
            for row in rows
            for column, expert in sides
            if row[column] != _message("assistant", said.get((_id(row), row[expert])))
        )
        yield f"answers of {name}", "the expert's answer as one assistant message", unlike, len(rows)
    yield from _labels(tables)
    yield from _scores(tables, alpha, margin)
    yield from _splits(tables, splits)


def _labels(tables: Mapping[str, list[Row]]) -> Iterator[Rule]:
    times = Counter(_id(row) for row in tables["sft"])
    twice = (key for key in times if times[key] > 1)
    yield "one gold answer", "one row of sft an instruction", twice, len(times)
    gold = {_id(row): row["expert"] for row in tables["sft"]}
    mislabelled = (
        f"{row['expert']} to {_id(row)}"
        for row in tables["kto"]
        if row["label"] != (gold.get(_id(row)) == row["expert"])
    )
    yield "labels", "true for the gold answer of sft, false for others", mislabelled, len(tables["kto"])
    unchosen = (
        _id(row)
        for row in tables["preference"]
        if row["chosen_expert"] != gold.get(_id(row)) or row["rejected_expert"] == row["chosen_expert"]
    )
    yield "gold is chosen", "the gold answer chosen over another", unchosen, len(tables["preference"])
    lost = Counter((_id(row), row["expert"]) for row in tables["kto"] if not row["label"])
    paired = Counter((_id(row), row["rejected_expert"]) for row in tables["preference"])
    odd = (f"{expert} to {key}" for key, expert in (lost - paired) + (paired - lost))
    yield "losers are rejected", "each undesirable answer of kto rejected once in preference", odd, len(lost)


def _scores(tables: Mapping[str, list[Row]], alpha: float, margin: float) -> Iterator[Rule]:
    """The final scores, the gold answers and the losers are what the battles and the ratings give."""
    elo = {row["model"]: row["elo"] for row in tables["ratings"]}
    scores, beaten = final_scores(tables["battles"], elo, alpha)
    best: dict[str, float] = defaultdict(float)
    for (key, _), score in scores.items():
        best[key] = max(best[key], score)

    def off(row: Row, expert: str, score: str) -> bool:
        difference: float = scores.get((_id(row), row[expert]), -1.0) - row[score]
        return abs(difference) > TOLERANCE

    sides = (
        ("kto", "expert", "final_score"),
        ("sft", "expert", "final_score"),
        ("preference", "chosen_expert", "score_chosen"),
        ("preference", "rejected_expert", "score_rejected"),
    )
    wrong = (
        f"{row[expert]} to {_id(row)}"
        for name, expert, score in sides
        for row in tables[name]
        if off(row, expert, score)
    )
    yield "final scores", "final scores as battles, ratings and alpha give", wrong, len(tables["kto"])
    beneath = (
        f"{row['expert']} to {_id(row)}" for row in tables["sft"] if row["final_score"] < best[_id(row)] - TOLERANCE
    )
    yield "gold is best", "the highest final score of its instruction", beneath, len(tables["sft"])
    near = (
        f"{row['expert']} to {_id(row)}"
        for row in tables["kto"]
        if not row["label"] and not _lost(row, best[_id(row)], beaten, margin)
    )
    yield "losers lost", f"a lost battle, and a final score {margin:g} below gold's", near, len(tables["kto"])


def _lost(row: Row, best: float, beaten: set[Answer], margin: float) -> bool:
    gap: float = best - row["final_score"]
    is_beaten = (_id(row), row["expert"]) in beaten
    return is_beaten and gap > 0 and gap >= margin - TOLERANCE


def _splits(tables: Mapping[str, list[Row]], splits: Mapping[str, Mapping[str, int]]) -> Iterator[Rule]:
    """No instruction is both trained on and tested with."""
    seen: dict[str, set[str]] = defaultdict(set)
    for name in SIDES:
        rows = iter(tables[name])
        for split, number in splits[name].items():
            for row in islice(rows, number):
                seen[_id(row)].add(split)
    both = (key for key, found in seen.items() if len(found) > 1)
    yield "no instruction in two splits", "instructions in one split of all tables", both, len(seen)


def _id(row: Row) -> str:
    key: str = row["instruction_id"]
    return key


def _message(role: str, text: str | None) -> list[dict[str, str | None]]:
    return [{"role": role, "content": text}]
