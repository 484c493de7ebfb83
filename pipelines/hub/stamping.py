"""Writing a version into the arena folder, so that what is published is final and the folder equals it byte for byte.

The manifest gets `version`, `parent` and `published`: where and as what the folder was last prepared for publishing,
with the SHA-256 of every file but the manifest itself. The card is made anew, since it names the version.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from warriorcoder.arena_folder import ArenaFolder, write_atomically
from warriorcoder.errors import HubUnreachable, WarriorError
from warriorcoder.pipelines.hub.contents import CARD, MANIFEST, Contents, Digests, tables_of
from warriorcoder.recipe import load_recipe

WriteCard = Callable[[ArenaFolder], object]


def stamp(contents: Contents, repo_id: str, version: str, parent: str | None, write_card: WriteCard) -> None:
    """Prepare the folder as this version of this repository. The same state gives the same bytes."""
    folder = contents.folder
    license_ = load_recipe(folder.recipe_path).publish.license
    published = {"repo_id": repo_id, "version": version, "parent": parent, "tables": tables_of(folder), "files": {}}
    values = {"version": version, "parent": parent, "published": published}
    folder.update_manifest(values | ({"license": license_} if license_ else {}))
    write_card(folder)
    files = {path: digest.sha256 for path, digest in contents.digests().items() if path != MANIFEST}
    folder.update_manifest({"published": published | {"files": files}})


def stamped_copy(contents: Contents, repo_id: str, version: str, parent: str | None, write_card: WriteCard) -> Digests:
    """The digests that the folder would have with this stamp. The folder itself is not touched."""
    folder = contents.folder
    with tempfile.TemporaryDirectory(prefix=".", suffix=".stamped", dir=folder.path.parent) as scratch:
        copy = Contents(ArenaFolder(Path(scratch) / folder.name))
        # Links will do: what a stamp writes is renamed into its place.
        shutil.copytree(folder.path, copy.folder.path, copy_function=_link, ignore=shutil.ignore_patterns(".*"))
        stamp(copy, repo_id, version, parent, write_card)
        return copy.digests()


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def put_back_when_refused(folder: ArenaFolder, *, always: bool) -> Iterator[None]:
    """Within it the folder may be stamped. Where publishing is refused, or `always`, it is then as it was before.

    Where the Hub failed it stays as it is, since nobody knows whether the commit was made; the next try finds out.
    """
    before = {path: path.read_bytes() for path in _touched(folder)}
    try:
        yield
    except HubUnreachable:
        raise
    except WarriorError:
        _put_back(folder, before)
        raise
    if always:
        _put_back(folder, before)


def _put_back(folder: ArenaFolder, before: Mapping[Path, bytes]) -> None:
    for path in set(_touched(folder)) - before.keys():
        path.unlink()
    for path, content in before.items():
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)


def _touched(folder: ArenaFolder) -> list[Path]:
    """The manifest, the card and all figures."""
    found = [folder.path / MANIFEST, folder.path / CARD, *(folder.path / "figures").rglob("*")]
    return [path for path in found if path.is_file()]
