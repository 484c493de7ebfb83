"""What of an arena folder is published, and its digests."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import HubError
from warriorcoder.ids import value_digest
from warriorcoder.tables import TABLES

MANIFEST, CARD = "arena.json", "README.md"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Digest:
    """A file's content: its SHA-256, by which the Hub knows it in LFS, and git's blob id, by which elsewhere."""

    size: int
    sha256: str
    blob_id: str


Digests = dict[str, Digest]


class Contents:
    """The files of an arena that are published: all but what begins with a dot (`.work`, unfinished files)."""

    def __init__(self, folder: ArenaFolder) -> None:
        self.folder = folder
        self._known: dict[Path, tuple[tuple[int, int, int], Digest]] = {}

    def files(self) -> dict[str, Path]:
        """The files by their path in the repository, in order. Raises HubError for one that is only a link."""
        found: dict[str, Path] = {}
        for file in sorted(self.folder.path.rglob("*")):
            inside = file.relative_to(self.folder.path)
            if any(part.startswith(".") for part in inside.parts):
                continue
            if file.is_symlink():
                raise HubError(f"{file}: a link, which may lead out of the arena. Put the file itself in its place.")
            if file.is_file():
                found[inside.as_posix()] = file
        return found

    def digests(self) -> Digests:
        """The digests of all files by path. A file that has not been touched is not read again."""
        return {name: self._digest(path) for name, path in self.files().items()}

    def _digest(self, path: Path) -> Digest:
        status = path.stat()
        state = (status.st_size, status.st_mtime_ns, status.st_ino)
        known = self._known.get(path)
        if known is None or known[0] != state:
            known = self._known[path] = state, digest_of(path)
        return known[1]


def digest_of(path: Path) -> Digest:
    size = path.stat().st_size
    sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            sha256.update(chunk)
            blob.update(chunk)
    return Digest(size, sha256.hexdigest(), blob.hexdigest())


def tables_of(folder: ArenaFolder) -> dict[str, Any]:
    """Each table's rows, and a digest of its columns' names and types."""
    found = {}
    for name in TABLES:
        if folder.has_table(name):
            schema = pq.read_schema(folder.table_files(name)[0])
            columns = value_digest([[field.name, str(field.type)] for field in schema])[:16]
            found[name] = {"columns": columns, "rows": folder.table_rows(name)}
    return found
