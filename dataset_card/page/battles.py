"""What the battle browser lists and filters by: columns of battles and their instructions, from the tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.tables import BANDS, TASKS

LONGEST = 100_000
"""Characters of a text that the page holds; of a longer one, its beginning."""

UNDECIDED, TIE, ATTACKER, DEFENDER = -1, 0, 1, 2
"""A battle's outcome, as the page codes it."""

JUDGES_DISAGREE, ORDERS_DISAGREE, VERDICT_MISSING = 1, 2, 4
"""What of a battle's votes is odd, as bits."""

PLACE = "place"
"""The column that says where an instruction stands in a selection."""


@dataclass(frozen=True)
class Selection:
    """The battles that a page shows: whole instructions, in the order of the table `instructions`.

    `ids` are theirs; `battles` has the table's columns and `place`, sorted by it; `total` battles are in the arena.
    """

    ids: pa.Array
    battles: pa.Table
    total: int

    @property
    def starts(self) -> list[int]:
        """Where the battles of each instruction begin, and the number of battles."""
        return group_starts(self.battles[PLACE], len(self.ids))


def select(folder: ArenaFolder, limit: int) -> Selection:
    """The battles of as many whole instructions as have `limit` battles at most.

    Where they do not all fit, those with the smallest ids are taken: ids are digests, so that is as good as drawing
    lots, and the same in every version.
    """
    columns = folder.read_columns("battles", [column for column in _columns(folder, "battles") if column != "missing"])
    counted = pc.value_counts(columns["instruction_id"])
    battles = dict(zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True))
    taken, room = set[str](), limit
    for key in sorted(battles):
        if battles[key] > room:
            break
        taken.add(key)
        room -= battles[key]
    ids = pa.array(
        [key for key in folder.read_columns("instructions", ["instruction_id"])[0].to_pylist() if key in taken]
    )
    return Selection(ids, placed(columns, ids.cast(pa.string())), len(columns))


def placed(rows: pa.Table, ids: pa.Array) -> pa.Table:
    """The rows of some instructions with the column `place`, sorted by it and else in their order."""
    found = pc.index_in(rows["instruction_id"].cast(pa.string()), value_set=ids)
    rows = rows.append_column(PLACE, found).filter(pc.is_valid(found))
    return rows.take(pc.sort_indices(rows[PLACE])).combine_chunks()


def read_some(folder: ArenaFolder, name: str, columns: Sequence[str], ids: pa.Array) -> pa.Table:
    """Columns of a table, those of them that the file has, for some instructions; long texts cut to `LONGEST`.

    Read in batches, so that what is not taken never lies in memory. Beside a text column stands `<column>_length`:
    its characters in full.
    """
    there = [column for column in columns if column in _columns(folder, name)]
    kept = []
    for file in folder.table_files(name):
        for batch in pq.ParquetFile(file).iter_batches(batch_size=4096, columns=there):
            rows = pa.Table.from_batches([batch])
            rows = rows.filter(pc.is_in(rows["instruction_id"].cast(pa.string()), value_set=ids))
            kept.append(_cut(rows))
    return placed(pa.concat_tables(kept), ids)


def group_starts(places: pa.ChunkedArray, groups: int) -> list[int]:
    """Where each group of sorted places begins, and the end of the last."""
    import numpy as np

    bounds: list[int] = np.searchsorted(places.to_numpy(), np.arange(groups + 1)).tolist()
    return bounds


def index_of(
    folder: ArenaFolder, selection: Selection, experts: Sequence[str], oddities: Sequence[int]
) -> dict[str, Any]:
    """The columns that the list needs at once: names as numbers, battles in the selection's order.

    `oddities` is a sum of bits a battle (`JUDGES_DISAGREE` and others).
    """
    rows, texts = selection.battles, read_some(folder, "instructions", _INSTRUCTION, selection.ids)
    number = {name: at for at, name in enumerate(experts)}
    languages = sorted({language for language in texts["language"].to_pylist() if language})
    sides = {side: [number[name] for name in rows[side].to_pylist()] for side in ("attacker", "defender")}
    winners = [number.get(name, name) for name in rows["winner"].to_pylist()]
    outcomes = [
        UNDECIDED if winner is None else ATTACKER if winner == a else DEFENDER if winner == b else TIE
        for winner, a, b in zip(winners, sides["attacker"], sides["defender"], strict=True)
    ]
    return {
        "experts": list(experts),
        "tasks": list(TASKS),
        "bands": list(BANDS),
        "languages": languages,
        "instructions": {
            "id": selection.ids.to_pylist(),
            "text": cut_texts(texts, "instruction"),
            "task": _numbers(texts["task"], TASKS),
            "band": _numbers(texts["band"], BANDS),
            "language": _numbers(texts["language"], languages),
            "grade": texts["grade"].to_pylist(),
            "miner": _numbers(texts["miner"], experts),
            "source": texts["source"].to_pylist(),
        },
        "battles": {
            "instruction": rows[PLACE].to_pylist(),
            **sides,
            "outcome": outcomes,
            "odd": list(oddities),
            **{column: rows[column].to_pylist() for column in ("votes_a", "votes_b", "ties")},
            **{column: _rounded(rows[column], 3) for column in ("local_a", "consistency")},
            **{column: _rounded(rows[column], 1) for column in ("elo_a", "elo_b")},
        },
    }


_INSTRUCTION = ("instruction_id", "instruction", "miner", "source", "language", "task", "grade", "band")


def cut_texts(rows: pa.Table, column: str) -> list[Any]:
    """A column of texts as JSON: a text, or where it was cut, [its beginning, its characters in full]."""
    return [
        text if text is None or length <= LONGEST else [text, length]
        for text, length in zip(rows[column].to_pylist(), rows[f"{column}_length"].to_pylist(), strict=True)
    ]


def _columns(folder: ArenaFolder, name: str) -> list[str]:
    columns: list[str] = pq.read_schema(folder.table_files(name)[0]).names
    return columns


def _cut(rows: pa.Table) -> pa.Table:
    for column in [name for name in rows.column_names if name in _TEXTS]:
        # large_string: all texts of a page together may pass 2 GiB, where an array of strings ends.
        text = rows[column].cast(pa.large_string())
        rows = rows.append_column(f"{column}_length", pc.utf8_length(text))
        rows = rows.set_column(rows.column_names.index(column), column, pc.utf8_slice_codeunits(text, 0, LONGEST))
    return rows


_TEXTS = ("instruction", "answer", "reason", "evidence")


def _numbers(column: pa.ChunkedArray, names: Sequence[str]) -> list[int]:
    """Names as their places among `names`, -1 for none of them."""
    places = {name: place for place, name in enumerate(names)}
    return [places.get(name, -1) for name in column.to_pylist()]


def _rounded(column: pa.ChunkedArray, digits: int) -> list[float | None]:
    return [None if value is None else round(value, digits) for value in column.to_pylist()]
