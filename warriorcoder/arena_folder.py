"""The arena folder: tables in Hub layout, a manifest, the resolved recipe. Complete or absent, never torn."""

import filecmp
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from warriorcoder.errors import ArenaError
from warriorcoder.tables import SPLITS, STAGES, TABLES

FORMAT = 2

BY_STAGE = ("counts", "cost", "effects", "findings", "private", "sets")
"""What of the manifest holds a record a stage, which goes when the stage runs again."""

REPORTS = {
    "curate": ("mining.md",),
    "rate": ("audit.md", "audit.json", "figures/audit.png"),
    "build": ("ablation.json", "figures/ablation.png"),
}
"""What commands write into the folder beside the tables, by the last stage that it speaks of: it goes with them."""

Row = dict[str, Any]


class Batches(Iterable[pa.RecordBatch], Protocol):
    """Rows of a table that are made while they are written, a row group at a time; `rows` of them."""

    @property
    def rows(self) -> int:
        """How many."""


Write = Callable[[IO[bytes]], object]

Contents: TypeAlias = list[Row] | pa.Table | Mapping[str, Batches]
"""What is written of a table: its rows, as such or as arrays, or those of each split."""

_BESIDE = ".part"
"""The end of the names of files that are being written, before they are renamed into their place."""


class ArenaFolder:
    """One arena on disk.

    A table is one or more parquet files `<table>/<shard>.parquet`: a shard is a split, `train` where there are none;
    only `rejected` has a shard per stage. Files are written beside their place and renamed into it, so that a reader,
    a crash or a full disk never meets half a file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def work(self) -> Path:
        """The journal and the logs: local only, never published."""
        return self.path / ".work"

    @property
    def journal_path(self) -> Path:
        return self.work / "journal.sqlite"

    @property
    def recipe_path(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def manifest_path(self) -> Path:
        return self.path / "arena.json"

    @classmethod
    def open(cls, path: Path | str) -> "ArenaFolder":
        """An arena that exists. Raises ArenaError where it does not or is of another format."""
        folder = cls(path)
        if not folder.path.exists():
            raise ArenaError(f"{path}: there is no such folder. `warrior run RECIPE` makes an arena.")
        if not folder.manifest_path.exists():
            raise ArenaError(f"{path}: not an arena, it has no arena.json. Give the folder that `warrior run` made.")
        folder.manifest()
        return folder

    @classmethod
    def prepare(cls, path: Path | str) -> "ArenaFolder":
        """An arena to write to: made where it is absent; an existing one must be of this format."""
        folder = cls(path)
        if folder.path.exists() and not folder.path.is_dir():
            raise ArenaError(f"{path}: a file is in the way of the arena folder. Move it or name the arena otherwise.")
        if folder.manifest_path.exists():
            folder.manifest()
        elif folder.path.exists() and any(
            entry.name != ".work" and not entry.name.endswith(_BESIDE) for entry in folder.path.iterdir()
        ):
            raise ArenaError(
                f"{path}: the folder holds files but no arena.json, so it is not an arena. "
                "Name another folder with --into, or move its contents away."
            )
        try:
            folder.work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArenaError(f"{path}: cannot make the arena folder: {error.strerror}.") from error
        return folder

    def clear_broken_writes(self) -> None:
        """Remove what a process that was killed had half written. Only for a run, which has the arena to itself."""
        for file in self.path.rglob(f".*{_BESIDE}"):
            file.unlink(missing_ok=True)

    # tables

    def write_stage(self, stage: str, tables: Mapping[str, Contents]) -> None:
        """Write all tables of a stage; a split without rows has no file, but for `train`.

        Where a byte of them changes, everything that later stages made of the old ones is dropped
        first, so that the folder never holds tables that do not belong together. Where there is no
        room for the new ones, the old ones all stay. Raises ArenaError.
        """
        beside: dict[Path, Path] = {}
        try:
            for path, write in self._files(stage, tables):
                beside[path] = _write_beside(path, write)
            stale = self._stale(tables, beside)
            if not stale and all(_same(path, complete) for path, complete in beside.items()):
                return
            self._drop_from(stage)
            for path in stale:
                path.unlink()
            for path, complete in beside.items():
                _rename(complete, path)
        finally:
            for complete in beside.values():
                complete.unlink(missing_ok=True)

    def read_table(self, name: str) -> list[Row]:
        """The rows of a table, in file order. Raises ArenaError where it is absent."""
        self._require(name)
        return [row for file in self.table_files(name) for row in pq.read_table(file).to_pylist()]

    def read_columns(self, name: str, columns: list[str]) -> pa.Table:
        """Some columns of a table, in file order: what takes too much memory as rows. Raises ArenaError."""
        self._require(name)
        return pa.concat_tables([pq.read_table(file, columns=columns) for file in self.table_files(name)])

    def rows_by_split(self, name: str) -> dict[str, int]:
        """The rows of each file of a table, by its name, which is a split's; in file order, from the footers."""
        return {file.stem: pq.read_metadata(file).num_rows for file in self.table_files(name)}

    def _require(self, name: str) -> None:
        if not self.has_table(name):
            stage = TABLES[name].stage
            raise ArenaError(f"{self.path}: the table `{name}` is absent: the stage `{stage}` has not run to its end.")

    def has_table(self, name: str) -> bool:
        return bool(self.table_files(name))

    def table_files(self, name: str) -> list[Path]:
        """The parquet files of a table, in the order of the stages that wrote them, or of the splits."""
        order = (*STAGES, *SPLITS)
        files = (self.path / name).glob("*.parquet")
        return sorted(files, key=lambda file: (order.index(file.stem) if file.stem in order else -1, file.stem))

    def table_rows(self, name: str) -> int:
        """The number of rows, from the files' footers."""
        return sum(self.rows_by_split(name).values())

    def _shard(self, name: str, shard: str) -> Path:
        return self.path / name / f"{shard}.parquet"

    def _files(self, stage: str, tables: Mapping[str, Contents]) -> Iterator[tuple[Path, Write]]:
        """The files of a stage's tables, and what writes each."""
        for name, contents in tables.items():
            if isinstance(contents, (list, pa.Table)):
                shard = stage if name == "rejected" else SPLITS[0]
                yield self._shard(name, shard), partial(_write_table, name, contents)
            else:
                for split, batches in contents.items():
                    if batches.rows or split == SPLITS[0]:
                        yield self._shard(name, split), partial(_write_batches, name, batches)

    def _stale(self, tables: Mapping[str, Contents], new: Mapping[Path, Path]) -> list[Path]:
        """The files of splits that these tables had, and have no more."""
        return [file for name in tables if name != "rejected" for file in self.table_files(name) if file not in new]

    def _drop_from(self, stage: str) -> None:
        """Drop a stage's record in the manifest, and the records and tables of all stages after it."""
        later = STAGES[STAGES.index(stage) + 1 :]
        if self.manifest_path.exists():
            manifest = self.manifest()
            for record in (manifest.get(name, {}) for name in BY_STAGE):
                for dropped in (stage, *later):
                    record.pop(dropped, None)
            self._write_manifest(manifest)
        for name, table in TABLES.items():
            if table.stage in later:
                shutil.rmtree(self.path / name, ignore_errors=True)
        for dropped in later:
            self._shard("rejected", dropped).unlink(missing_ok=True)
        for report in (name for dropped in (stage, *later) for name in REPORTS.get(dropped, ())):
            (self.path / report).unlink(missing_ok=True)

    # the manifest and the recipe

    def manifest(self) -> dict[str, Any]:
        """The contents of arena.json. Raises ArenaError for another format or a damaged file."""
        try:
            manifest: dict[str, Any] = json.loads(self.manifest_path.read_text(encoding="utf-8"))
            found = manifest["format"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArenaError(f"{self.manifest_path}: cannot be read as a manifest ({error}).") from error
        if found != FORMAT:
            raise ArenaError(
                f"{self.path}: the arena has format {found}, this version of warriorcoder reads format {FORMAT}. "
                "Use the version that made it, or name another folder with --into."
            )
        return manifest

    def update_manifest(self, values: Mapping[str, Any]) -> None:
        """Put values into arena.json. What holds a record a stage (`BY_STAGE`) is merged; others are replaced."""
        manifest: dict[str, Any] = self.manifest() if self.manifest_path.exists() else {"format": FORMAT}
        for key, value in values.items():
            manifest[key] = {**manifest.get(key, {}), **value} if key in BY_STAGE else value
        self._write_manifest(manifest)

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        self.write_text(self.manifest_path, json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n")

    def write_text(self, path: Path, text: str) -> None:
        write_atomically(path, text.encode("utf-8"))


def write_atomically(path: Path, contents: bytes) -> None:
    """Write a file beside its place, flush it to disk and rename it. Raises ArenaError where the disk refuses."""
    _rename(_write_beside(path, lambda file: file.write(contents)), path)


def _write_beside(path: Path, write: Write) -> Path:
    """A complete file in the folder of `path`, to be renamed to it. Raises ArenaError and leaves none behind."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_BESIDE, dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _refused(path, error) from error
    return Path(name)


def _same(path: Path, other: Path) -> bool:
    return path.exists() and filecmp.cmp(path, other, shallow=False)


def _rename(complete: Path, path: Path) -> None:
    try:
        complete.replace(path)
    except OSError as error:
        complete.unlink()
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> ArenaError:
    return ArenaError(
        f"{path}: cannot be written: {error.strerror}. Nothing that was there has changed; "
        "make room, then run the same command again."
    )


def _write_table(name: str, rows: list[Row] | pa.Table, file: IO[bytes]) -> None:
    """Raises ValueError for a row with other columns than the table's."""
    table = TABLES[name]
    for columns in [rows.column_names] if isinstance(rows, pa.Table) else rows:
        if off := sorted(table.columns.keys() ^ columns):
            raise ValueError(f"table `{name}`: columns missing or unknown: {', '.join(off)}")
    schema = table.features.arrow_schema
    whole = rows.cast(schema) if isinstance(rows, pa.Table) else pa.Table.from_pylist(rows, schema=schema)
    pq.write_table(whole, file)


def _write_batches(name: str, batches: Batches, file: IO[bytes]) -> None:
    with pq.ParquetWriter(file, TABLES[name].features.arrow_schema) as writer:
        for batch in batches:
            writer.write_batch(batch)


def count_by(rows: Iterable[Row], column: str) -> dict[str, int]:
    """How many rows have each value of a column, in order of the values."""
    return dict(sorted(Counter(str(row[column]) for row in rows).items()))
