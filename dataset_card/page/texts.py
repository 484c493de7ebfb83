"""What an opened battle shows, packed: answers and votes of some instructions a chunk, unpacked only when asked for."""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.dataset_card.page.battles import (
    JUDGES_DISAGREE,
    ORDERS_DISAGREE,
    PLACE,
    VERDICT_MISSING,
    Selection,
    cut_texts,
    group_starts,
    read_some,
)

CHUNK = 256 * 1024
"""Characters of JSON that a chunk has at least, but for the last: small, so that a battle opens at once."""

_ANSWER = ("instruction_id", "expert", "answer", "finish_reason", "input_tokens", "output_tokens")
_VOTE = ("instruction_id", "model_a", "model_b", "judge", "shown_first", "verdict", "missing", "reason", "evidence")
_KTO = ("instruction_id", "expert", "label", "final_score")


def packed(value: Any) -> bytes:
    """A JSON value for a script element: gzip in base64, so that nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # No time of day and one level: the same value gives the same bytes.
    return b64encode(gzip.compress(text.encode("utf-8"), 6, mtime=0))


class Texts:
    """The answers and votes of a selection's instructions."""

    def __init__(self, folder: ArenaFolder, selection: Selection) -> None:
        self._selection = selection
        self._answers = _Groups(read_some(folder, "answers", _ANSWER, selection.ids), len(selection.ids))
        self._votes = _Groups(read_some(folder, "votes", _VOTE, selection.ids), len(selection.ids))
        kto = read_some(folder, "kto", _KTO, selection.ids) if folder.has_table("kto") else None
        self._kto = _Groups(kto, len(selection.ids)) if kto is not None else None

    def oddities(self) -> list[int]:
        """What is odd about the votes of each battle, in the selection's order: a sum of bits."""
        pairs = self._selection.battles.select(["attacker", "defender"]).to_pylist()
        starts, found = self._selection.starts, []
        for place in range(len(self._selection.ids)):
            votes: dict[tuple[str, str], list[Row]] = {}
            for vote in self._votes.rows(place, ("model_a", "model_b", "judge", "verdict")):
                votes.setdefault((vote["model_a"], vote["model_b"]), []).append(vote)
            for pair in pairs[starts[place] : starts[place + 1]]:
                found.append(oddity(votes.get((pair["attacker"], pair["defender"]), [])))
        return found

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """The chunks in order: the place of the first instruction in each, and its packed texts.

        A chunk is a list with an entry an instruction, {"answers": [...], "votes": [...]}, whose rows are lists as
        `_answers_of` and `_votes_of` say.
        """
        first, size, held = 0, 0, []
        for place in range(len(self._selection.ids)):
            texts = {"answers": self._answers_of(place), "votes": self._votes_of(place)}
            held.append(texts)
            size += _size(texts)
            if size >= CHUNK:
                yield first, packed(held)
                first, size, held = place + 1, 0, []
        if held:
            yield first, packed(held)

    def _answers_of(self, place: int) -> list[list[Any]]:
        """expert, answer, finish_reason, tokens in and out, label (null: not trained on), final score."""
        outcomes = (
            {row["expert"]: row for row in self._kto.rows(place, ("expert", "label", "final_score"))}
            if self._kto
            else {}
        )
        rows = self._answers.rows(place, ("expert", "finish_reason", "input_tokens", "output_tokens"))
        listed = []
        for row, text in zip(rows, self._answers.texts(place, "answer"), strict=True):
            outcome = outcomes.get(row["expert"], {"label": None, "final_score": None})
            tokens = row["finish_reason"], row["input_tokens"], row["output_tokens"]
            listed.append([row["expert"], text, *tokens, outcome["label"], outcome["final_score"]])
        return listed

    def _votes_of(self, place: int) -> list[list[Any]]:
        """attacker, defender, judge, whether the attacker was shown first, verdict, missing, reason, evidence."""
        rows = self._votes.rows(place, ("model_a", "model_b", "judge", "shown_first", "verdict", "missing"))
        reasons, evidence = (self._votes.texts(place, column) for column in ("reason", "evidence"))
        return [
            [
                row["model_a"],
                row["model_b"],
                row["judge"],
                row["shown_first"] == row["model_a"],
                row["verdict"],
                row["missing"],
                reason,
                shown,
            ]
            for row, reason, shown in zip(rows, reasons, evidence, strict=True)
        ]


def oddity(votes: Sequence[Mapping[str, Any]]) -> int:
    """The bits of one battle's votes.

    A judge leans to the side that more of its verdicts name. Judges disagree where one leans to one side and another
    to the other; orders disagree where one judge gave two verdicts that are not the same.
    """
    by_judge: dict[str, list[str]] = {}
    for vote in votes:
        if vote["verdict"] is not None:
            by_judge.setdefault(vote["judge"], []).append(vote["verdict"])
    leanings = {_sign(given.count("a") - given.count("b")) for given in by_judge.values()}
    return (
        JUDGES_DISAGREE * (leanings >= {-1, 1})
        + ORDERS_DISAGREE * any(len(set(given)) > 1 for given in by_judge.values())
        + VERDICT_MISSING * any(vote["verdict"] is None for vote in votes)
    )


class _Groups:
    """Rows by the place of their instruction; of a text column that the file has not, None everywhere."""

    def __init__(self, rows: pa.Table, groups: int) -> None:
        self._rows, self._starts = rows, group_starts(rows[PLACE], groups)

    def rows(self, place: int, columns: Sequence[str]) -> list[Row]:
        rows: list[Row] = self._slice(place).select(list(columns)).to_pylist()
        return rows

    def texts(self, place: int, column: str) -> list[Any]:
        rows = self._slice(place)
        return cut_texts(rows, column) if column in rows.column_names else [None] * len(rows)

    def _slice(self, place: int) -> pa.Table:
        start, end = self._starts[place : place + 2]
        return self._rows.slice(start, end - start)


def _size(texts: Mapping[str, list[list[Any]]]) -> int:
    """About the characters of its JSON."""
    return sum(
        len(cell if isinstance(cell, str) else cell[0])
        for rows in texts.values()
        for row in rows
        for cell in row
        if isinstance(cell, (str, list))
    )


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)
