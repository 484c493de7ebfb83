"""From the tables of an arena to its training tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.outcomes.health import HeldBack, label_findings, split_findings
from warriorcoder.pipelines.battles.outcomes.labelling import (
    DESIRABLE,
    FATES,
    ROUNDED,
    UNDESIRABLE,
    Answers,
    behind_gold,
    fates,
    gold_answers,
    label_weights,
)
from warriorcoder.pipelines.battles.outcomes.mix import in_mix
from warriorcoder.pipelines.battles.outcomes.row_order import spread_out
from warriorcoder.pipelines.battles.outcomes.splits import for_testing
from warriorcoder.pipelines.battles.outcomes.training_tables import Batches, Source, Texts
from warriorcoder.pipelines.battles.scores import final_scores
from warriorcoder.pipelines.mining.duplicates import clusters
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import Outcomes as Settings
from warriorcoder.tables import SPLITS, LeftOut

Places = NDArray[np.int64]

AT_ONCE = 4096
"""Instructions whose final scores are worked out at once."""

READ = {
    "instructions": ["instruction_id", "instruction", "grade", "band", "task", "language"],
    "answers": ["instruction_id", "expert", "answer"],
    "battles": ["instruction_id", "attacker", "defender", "local_a", "local_b"],
}
"""What is read of which table."""


@dataclass(frozen=True)
class Outcomes:
    """The training tables by split, what became of the answers, and what is wrong with the tables.

    `tables`: name -> split -> rows, as batches. `counts` are those of the manifest: answers by label, left out by
    reason; rows of sft and preference, and of kto by split; instructions that the mix left out.
    """

    tables: Mapping[str, Mapping[str, Batches]]
    counts: dict[str, int]
    findings: list[dict[str, Any]]


def build_outcomes(tables: Mapping[str, pa.Table], ratings: list[Row], recipe: Recipe) -> Outcomes:
    """The outcomes of an arena's tables, with the columns of `READ`, whatever the order of their rows.

    First each answer is labelled (`labelling.fates`), then the mix is chosen among the instructions with a gold answer,
    then whole clusters of instructions go to the test split, and the rows of each split are spread out. All rows of an
    instruction are in the same split of all three tables.

    Raises RunFailed for a mix that cannot be had.
    """
    settings, seed = recipe.outcomes, recipe.seed
    instructions = tables["instructions"].sort_by("instruction_id")
    ids = instructions["instruction_id"].to_pylist()
    names = sorted({*pc.unique(tables["answers"]["expert"]).to_pylist(), *(row["model"] for row in ratings)})
    answers, row = _answers(tables, ids, names, ratings, recipe.rating.alpha)
    gold = gold_answers(answers, len(ids))
    gap = behind_gold(answers, gold)
    fate = fates(answers, gold, settings.margin)
    mixed_out = (gold >= 0) & ~_in_mix(instructions, gold >= 0, settings, seed)
    labelled = (fate == FATES.index(DESIRABLE)) | (fate == FATES.index(UNDESIRABLE))
    fate[labelled & mixed_out[answers.instruction]] = FATES.index(LeftOut.MIX)

    cluster = np.arange(len(ids))
    if settings.test:
        cluster = clusters(instructions["instruction"].to_pylist(), settings.cluster_at, seed)
    testing = for_testing(ids, cluster, settings.test, seed)

    source = Source(
        instructions={
            as_: instructions[name].combine_chunks()
            for as_, name in (
                ("instruction_id", "instruction_id"),
                ("instruction_grade", "grade"),
                *((name, name) for name in ("band", "task", "language")),
            )
        },
        prompts=Texts(instructions["instruction"]),
        experts={"expert": pa.array(names, pa.string()), **_of_ratings(names, ratings)},
        completions=Texts(tables["answers"]["answer"]),
        instruction=answers.instruction,
        expert=answers.expert,
        score=answers.score,
        row=row,
    )
    made: dict[str, dict[str, Batches]] = {"kto": {}, "sft": {}, "preference": {}}
    for split, here in zip(SPLITS, (~testing, testing), strict=True):
        kept = np.flatnonzero((fate <= FATES.index(UNDESIRABLE)) & here[answers.instruction])
        order = kept[spread_out(answers.instruction[kept], seed_from(seed, "rows", split))]
        desirable = fate[order] == FATES.index(DESIRABLE)
        losers = order[~desirable]
        weights = label_weights(int(desirable.sum()), len(losers))
        made["kto"][split] = source.kto(order, desirable, weights)
        made["sft"][split] = source.sft(order[desirable])
        made["preference"][split] = source.preference(gold[answers.instruction[losers]], losers)

    number = np.bincount(fate, minlength=len(FATES)).tolist()
    counts = {
        **dict(zip(FATES[:2], number[:2], strict=True)),
        "left_out": sum(number[2:]),
        **{str(reason): count for reason, count in zip(FATES[2:], number[2:], strict=True)},
        **{name: sum(batches.rows for batches in splits.values()) for name, splits in made.items() if name != "kto"},
        **{split: made["kto"][split].rows for split in SPLITS},
        "mixed_out": int(mixed_out.sum()),
    }
    beaten = gap[answers.beaten & ~mixed_out[answers.instruction]]
    held_back = HeldBack(
        instructions=len(ids),
        testing=int(testing.sum()),
        clusters=len(np.unique(cluster)),
        largest=int(np.bincount(cluster).max(initial=0)),
    )
    found = [
        *label_findings(counts, made["preference"]["train"].rows, float(np.nanmax(beaten, initial=0.0)), settings),
        *split_findings(held_back, settings),
    ]
    return Outcomes(made, counts, found)


def _answers(
    tables: Mapping[str, pa.Table], ids: list[str], names: list[str], ratings: list[Row], alpha: float
) -> tuple[Answers, Places]:
    """The answers sorted by instruction and expert, and the row of each in its table."""

    def places(column: pa.ChunkedArray, values: list[str]) -> Places:
        found: Places = pc.index_in(column, pa.array(values, pa.string())).to_numpy().astype(np.int64)
        return found

    battles = tables["battles"]
    fought_on = places(battles["instruction_id"], ids)
    sides = [places(battles[side], names) for side in ("attacker", "defender")]
    local = [battles[name].to_numpy() for name in ("local_a", "local_b")]
    elos = {row["model"]: row["elo"] for row in ratings}

    shape = len(ids), len(names)
    score, fought, beaten = np.full(shape, np.nan), np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    place_of, code_of = ({value: place for place, value in enumerate(values)} for values in (ids, names))
    # An instruction at a time would do as well; all at once take a gigabyte for a million battles.
    order = np.lexsort((*sides, fought_on))
    ends = np.searchsorted(fought_on[order], np.arange(AT_ONCE, len(ids) + AT_ONCE, AT_ONCE))
    for part in np.split(order, ends[:-1]):
        columns = [column[part].tolist() for column in (fought_on, *sides, *local)]
        rows = (
            {
                "instruction_id": ids[place],
                "attacker": names[a],
                "defender": names[b],
                "local_a": None if isnan(local_a) else local_a,
                "local_b": None if isnan(local_b) else local_b,
            }
            for place, a, b, local_a, local_b in zip(*columns, strict=True)
        )
        for (identity, name), value in final_scores(rows, elos, alpha).items():
            score[place_of[identity], code_of[name]] = round(value, ROUNDED)
    for side, own in zip(sides, local, strict=True):
        fought[fought_on, side] = True
        lost = own < 0.5
        beaten[fought_on[lost], side[lost]] = True

    instruction, expert = places(tables["answers"]["instruction_id"], ids), places(tables["answers"]["expert"], names)
    row = np.lexsort((expert, instruction))
    instruction, expert = instruction[row], expert[row]
    at = instruction, expert
    elo = np.array([elos.get(name, np.nan) for name in names])
    return Answers(instruction, expert, score[at], elo[expert], fought[at], beaten[at]), row


def _in_mix(instructions: pa.Table, having_gold: NDArray[np.bool_], settings: Settings, seed: int) -> NDArray[np.bool_]:
    """Which instructions are in the mix, among those with a gold answer."""
    chosen = having_gold.copy()
    if settings.mix or settings.task_mix:
        some = instructions.filter(pa.array(having_gold))
        draws = np.array([seed_from(seed, "mix", identity) for identity in some["instruction_id"].to_pylist()], float)
        bands, tasks = some["band"].to_pylist(), some["task"].to_pylist()
        chosen[having_gold] = in_mix((("mix", bands, settings.mix), ("task_mix", tasks, settings.task_mix)), draws)
    return chosen


def _of_ratings(names: list[str], ratings: list[Row]) -> dict[str, pa.Array]:
    """The Elo of each expert with its interval, null where it is not rated."""
    rated = {row["model"]: row for row in ratings}
    return {
        column: pa.array([rated[name][column] if name in rated else None for name in names], pa.float64())
        for column in ("elo", "elo_low", "elo_high")
    }
