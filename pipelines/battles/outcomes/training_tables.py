"""The rows of kto, sft and preference as batches of columns: a large arena's texts are never copied all at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warriorcoder.tables import TABLES

Places = NDArray[np.int64]
Columns = dict[str, pa.Array]

BATCH = 8192
"""Rows of a batch, which is a row group of the file."""


@dataclass(frozen=True)
class Batches:
    """Some rows of a table, made as often as they are gone through."""

    name: str
    rows: int
    columns: Callable[[slice], Columns]

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        schema = TABLES[self.name].features.arrow_schema
        for start in range(0, self.rows, BATCH):
            made = self.columns(slice(start, min(start + BATCH, self.rows)))
            arrays = [made[field.name].cast(field.type) for field in schema]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


class Texts:
    """A column of texts, taken from chunk by chunk: pyarrow 26 joins all chunks whenever it takes from some."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._chunks = [chunk for chunk in column.chunks if len(chunk)]
        self._begins = np.cumsum([0, *(len(chunk) for chunk in self._chunks)])

    def take(self, places: Places) -> pa.Array:
        order = np.argsort(places, kind="stable")
        ends = np.searchsorted(places[order], self._begins)
        parts = [
            chunk.take(pa.array(places[order[low:high]] - begin))
            for chunk, begin, low, high in zip(self._chunks, self._begins[:-1], ends[:-1], ends[1:], strict=True)
            if high > low
        ]
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        joined = pa.concat_arrays(parts) if parts else pa.array([], pa.string())
        return joined.take(pa.array(back))


@dataclass(frozen=True)
class Source:
    """What the rows are made of: columns of the instructions and of the answers, by place.

    An answer is a place in `instruction`, `expert` (places in `instructions` and `experts`), `score` and `row`, its
    place among the completions.
    """

    instructions: dict[str, pa.Array]
    prompts: Texts
    experts: dict[str, pa.Array]
    completions: Texts
    instruction: Places
    expert: Places
    score: NDArray[np.float64]
    row: Places

    def kto(self, answers: Places, labels: NDArray[np.bool_], weights: tuple[float, float]) -> Batches:
        """A row for each of the answers; `weights` are those of desirable and undesirable rows."""

        def columns(part: slice) -> Columns:
            label = labels[part]
            return {
                **self._shared(answers[part]),
                "label": pa.array(label),
                "weight": pa.array(np.where(label, *weights)),
            }

        return Batches("kto", len(answers), columns)

    def sft(self, answers: Places) -> Batches:
        """A row for each of the answers."""
        return Batches("sft", len(answers), lambda part: self._shared(answers[part]))

    def preference(self, chosen: Places, rejected: Places) -> Batches:
        """A row for each pair of answers to one instruction."""

        def columns(part: slice) -> Columns:
            made = self._origin(self.instruction[chosen[part]])
            for side, answers in (("chosen", chosen[part]), ("rejected", rejected[part])):
                rated = {name: column.take(pa.array(self.expert[answers])) for name, column in self.experts.items()}
                made |= {
                    side: self._said(answers),
                    f"score_{side}": pa.array(self.score[answers]),
                    f"{side}_expert": rated["expert"],
                    f"elo_{side}": rated["elo"],
                    f"elo_{side}_low": rated["elo_low"],
                    f"elo_{side}_high": rated["elo_high"],
                }
            return made

        return Batches("preference", len(chosen), columns)

    def _shared(self, answers: Places) -> Columns:
        """The columns that kto and sft share."""
        return {
            **self._origin(self.instruction[answers]),
            "completion": self._said(answers),
            "final_score": pa.array(self.score[answers]),
            **{name: column.take(pa.array(self.expert[answers])) for name, column in self.experts.items()},
        }

    def _said(self, answers: Places) -> pa.Array:
        return _messages("assistant", self.completions.take(self.row[answers]))

    def _origin(self, instructions: Places) -> Columns:
        return {
            "prompt": _messages("user", self.prompts.take(instructions)),
            **{name: column.take(pa.array(instructions)) for name, column in self.instructions.items()},
        }


def _messages(role: str, texts: pa.Array) -> pa.Array:
    """Each text as a list of one message."""
    said = pa.StructArray.from_arrays([pa.repeat(pa.scalar(role), len(texts)), texts], names=["role", "content"])
    return pa.ListArray.from_arrays(pa.array(np.arange(len(texts) + 1, dtype=np.int32)), said)
