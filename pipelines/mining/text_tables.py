"""Files with texts, read row by row."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from warriorcoder.errors import RecipeError

TASK = "task_id"
"""The column by which a benchmark's rows go."""

_LOOKED_AT = 100
"""Rows of a file that has no schema from which its columns are known."""

Found = tuple[int, Any, Any]
"""A row: its number, its task id (None without such a column), its value in the column read."""


class Table(Protocol):
    """`columns` says of each whether it holds text, `revision` what exactly is read."""

    @property
    def columns(self) -> dict[str, bool]: ...

    @property
    def revision(self) -> str: ...

    def rows(self, column: str) -> Iterator[Found]: ...


def file_digest(path: Path) -> str:
    """sha256: and the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


class _Records:
    """A file of records without a schema. Its columns are those of its first records."""

    def __init__(self, origin: str, path: Path) -> None:
        self._origin, self._path = origin, path
        first = [record for _, record in islice(self._opened(), _LOOKED_AT)]
        if not any(first):
            raise RecipeError(f"{origin}: has no row. {self._wanted}")
        self.columns = {name: _is_text(record.get(name) for record in first) for record in first for name in record}
        self.revision = file_digest(path)

    def rows(self, column: str) -> Iterator[Found]:
        for number, record in self._opened():
            yield number, record.get(TASK), record.get(column)

    def _opened(self) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            yield from self._records()
        except (OSError, EOFError, UnicodeError, csv.Error) as error:
            raise RecipeError(f"{self._origin}: cannot be read: {said(error)}. Make it again, in UTF-8.") from error

    def _object(self, number: int, value: Any) -> tuple[int, dict[str, Any]]:
        if not isinstance(value, dict):
            raise RecipeError(f"{self._origin}: row {number} is {type(value).__name__}. {self._wanted}")
        return number, value

    _wanted: str

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        raise NotImplementedError


class Lines(_Records):
    """A .jsonl or .jsonl.gz file. A row's number is its line, from 1."""

    _wanted = "Give a file with one JSON object a line."

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        opened = gzip.open if self._path.suffix == ".gz" else open
        with opened(self._path, "rt", encoding="utf-8") as file:
            for number, content in enumerate(file, 1):
                if content.strip():
                    try:
                        value = json.loads(content)
                    except ValueError as error:
                        raise RecipeError(
                            f"{self._origin}: line {number} is no JSON: {error}. Mend the line."
                        ) from error
                    yield self._object(number, value)


class Array(_Records):
    """A .json file with a list of objects, as the Alpaca sets have it. Rows are numbered from 0."""

    _wanted = "Give a list of JSON objects, or a .jsonl file with one a line."

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        try:
            values = json.loads(self._path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise RecipeError(f"{self._origin}: no JSON: {error}. {self._wanted}") from error
        if not isinstance(values, list):
            raise RecipeError(f"{self._origin}: holds {type(values).__name__}. {self._wanted}")
        for number, value in enumerate(values):
            yield self._object(number, value)


class Comma(_Records):
    """A .csv file with a line of column names. Rows are numbered from 1, every column holds text."""

    _wanted = "Give a .csv file whose first line names the columns."

    def _records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        # Instructions may be longer than the 128 KiB that csv allows a field.
        before = csv.field_size_limit(2**31 - 1)
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                for number, record in enumerate(csv.DictReader(file, strict=True), 1):
                    if record.pop(None, None) is not None:
                        raise RecipeError(f"{self._origin}: row {number} has more fields than there are columns.")
                    yield number, record
        finally:
            csv.field_size_limit(before)


class Parquet:
    """A .parquet file, read part by part. Rows are numbered from 0."""

    def __init__(self, origin: str, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._origin, self._broken = origin, (OSError, pa.ArrowException)
        try:
            self._file = pq.ParquetFile(path)
        except self._broken as error:
            raise self._refused(error) from error
        self.columns = {
            field.name: pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
            for field in self._file.schema_arrow
        }
        self.revision = file_digest(path)

    def rows(self, column: str) -> Iterator[Found]:
        try:
            parts = self._file.iter_batches(columns=columns_read(column, self.columns))
            for number, row in enumerate(row for part in parts for row in part.to_pylist()):
                yield number, row.get(TASK), row[column]
        except self._broken as error:
            raise self._refused(error) from error

    def _refused(self, error: Exception) -> RecipeError:
        return RecipeError(f"{self._origin}: cannot be read as parquet: {said(error)}. Make it again.")


def said(error: Exception) -> str:
    """The first two lines of a library's message, which are what it has to say."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".") or type(error).__name__


def _is_text(values: Iterable[Any]) -> bool:
    kinds = {type(value) for value in values if value is not None}
    return kinds == {str}


def columns_read(column: str, columns: dict[str, bool]) -> list[str]:
    """The columns to read for one of them."""
    return [column] if TASK not in columns or column == TASK else [TASK, column]
