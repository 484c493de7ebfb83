"""The arena folder: tables in Hub layout, a manifest, the resolved recipe. Complete or absent, never torn."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from warriorcoder.errors import ArenaError
from warriorcoder.tables import STAGES, TABLES

FORMAT = 1
Row = dict[str, Any]


class ArenaFolder:
    """One arena on disk.

    A table is one or more parquet files `<table>/<shard>.parquet`; only `rejected` has a shard per
    stage. Files are written beside their place and renamed into it, so that a reader, a crash or
    a full disk never meets half a file.
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
        elif folder.path.exists() and any(entry.name != ".work" for entry in folder.path.iterdir()):
            raise ArenaError(
                f"{path}: the folder holds files but no arena.json, so it is not an arena. "
                "Name another folder with --into, or move its contents away."
            )
        try:
            folder.work.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArenaError(f"{path}: cannot make the arena folder: {error.strerror}.") from error
        return folder

    # tables

    def write_stage(self, stage: str, tables: Mapping[str, list[Row]]) -> None:
        """Write all tables of a stage; where one of them changed, drop what later stages made of the old ones."""
        changed = [self._write_table(name, rows, shard=stage) for name, rows in tables.items()]
        if any(changed):
            self._drop_after(stage)

    def read_table(self, name: str) -> list[Row]:
        """The rows of a table, in file order. Raises ArenaError where it is absent."""
        if not self.has_table(name):
            stage = TABLES[name].stage
            raise ArenaError(f"{self.path}: the table `{name}` is absent: the stage `{stage}` has not run to its end.")
        return [row for file in self.table_files(name) for row in pq.read_table(file).to_pylist()]

    def has_table(self, name: str) -> bool:
        return bool(self.table_files(name))

    def table_files(self, name: str) -> list[Path]:
        """The parquet files of a table, in the order of the stages that wrote them."""
        files = (self.path / name).glob("*.parquet")
        return sorted(files, key=lambda file: (STAGES.index(file.stem) if file.stem in STAGES else -1, file.stem))

    def table_rows(self, name: str) -> int:
        """The number of rows, from the files' footers."""
        return sum(pq.read_metadata(file).num_rows for file in self.table_files(name))

    def _write_table(self, name: str, rows: list[Row], shard: str) -> bool:
        """Write one shard and say whether its bytes are new."""
        table = TABLES[name]
        expected = set(table.columns)
        for row in rows:
            if row.keys() != expected:
                off = sorted(row.keys() ^ expected)
                raise ValueError(f"table `{name}`: columns missing or unknown: {', '.join(off)}")
        path = self.path / name / (f"{shard}.parquet" if name == "rejected" else "train.parquet")
        arrow = pa.Table.from_pylist(rows, schema=table.features.arrow_schema)
        before = path.read_bytes() if path.exists() else None
        write_atomically(path, lambda file: pq.write_table(arrow, file))
        return before != path.read_bytes()

    def _drop_after(self, stage: str) -> None:
        later = STAGES[STAGES.index(stage) + 1 :]
        for name, table in TABLES.items():
            if name == "rejected":
                for file in self.table_files(name):
                    if file.stem in later:
                        file.unlink()
            elif table.stage in later:
                shutil.rmtree(self.path / name, ignore_errors=True)

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
        """Merge values into arena.json; dictionaries are merged, everything else is replaced."""
        manifest = self.manifest() if self.manifest_path.exists() else {"format": FORMAT}
        _merge(manifest, values)
        text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        self.write_text(self.manifest_path, text)

    def write_text(self, path: Path, text: str) -> None:
        write_atomically(path, lambda file: file.write(text.encode("utf-8")))


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file beside its place, flush it to disk and rename it. Raises ArenaError where the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(beside, 0o644)
            os.replace(beside, path)
        except BaseException:
            Path(beside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ArenaError(
            f"{path}: cannot be written: {error.strerror}. Nothing that was there has changed; "
            "make room or give another place with --into, then run the same command again."
        ) from error


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def count_by(rows: Iterable[Row], column: str) -> dict[str, int]:
    """How many rows have each value of a column, in order of the values."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[str(row[column])] = counts.get(str(row[column]), 0) + 1
    return dict(sorted(counts.items()))
