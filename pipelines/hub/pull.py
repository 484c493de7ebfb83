"""Pulling: a version of a dataset as an arena folder, complete or not there at all."""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path, PurePosixPath

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError, HubError
from warriorcoder.pipelines.hub.contents import MANIFEST, Contents, digest_of
from warriorcoder.pipelines.hub.deciding import RemoteFile, Tree
from warriorcoder.pipelines.hub.remote import AT_ONCE, Repository
from warriorcoder.wording import size


def read_address(address: str) -> tuple[str, str]:
    """The repository and the revision of `user/name@v1.2.0`. Raises HubError."""
    repo_id, at, revision = address.partition("@")
    if not (at and revision and repo_id.count("/") == 1):
        raise HubError(f"{address!r} names no version; give it as user/name@v1.2.0 (a branch or a commit works, too).")
    return repo_id, revision


def pull(address: str, into: Path | None, tell: Callable[[str], object]) -> ArenaFolder:
    """The arena folder with a version's files, byte for byte; `arenas/NAME` where `into` is None.

    They are fetched into a folder beside it, which a repeat goes on from, checked against the Hub's digests, and
    renamed. Raises HubError, and ArenaError where something else is in the way.
    """
    repo_id, revision = read_address(address)
    repository = Repository(repo_id, tell)
    commit = repository.commit_of(revision)
    files = _wanted(repository.tree(commit), address)
    target = into or Path("arenas") / repo_id.partition("/")[2]
    if target.exists():
        return _there_already(target, files, address)
    beside = target.parent / f".{target.name}.{commit[:12]}.pulled"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        _fetch(repository, commit, files, beside, tell)
        _check(beside, files, address)
        shutil.rmtree(beside / ".cache", ignore_errors=True)
        beside.rename(target)
    except OSError as error:
        raise ArenaError(
            f"{target}: cannot be written: {error.strerror or error}. What was fetched is in {beside}; make room (or "
            "name another place with --into), then run the same command again."
        ) from error
    return ArenaFolder.open(target)


def _wanted(tree: Tree, address: str) -> dict[str, RemoteFile]:
    """The files to fetch: all but those that begin with a dot. Raises HubError for what is no arena."""
    if MANIFEST not in tree:
        raise HubError(f"{address} is no arena: it has no {MANIFEST}. `datasets.load_dataset` loads other datasets.")
    for path in tree:
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts or "\\" in path:
            raise HubError(f"{address} has a file of the name {path!r}, which would lie outside the folder.")
    return {path: file for path, file in tree.items() if not any(part.startswith(".") for part in path.split("/"))}


def _there_already(target: Path, files: Mapping[str, RemoteFile], address: str) -> ArenaFolder:
    """The folder that is in the place, where it is that very version."""
    if not target.is_dir() or not (target / MANIFEST).exists():
        raise ArenaError(f"{target} is there already and is no arena. Move it away, or name another place with --into.")
    folder = ArenaFolder.open(target)
    digests = Contents(folder).digests()
    if digests.keys() != files.keys() or not all(file.has(digests[path]) for path, file in files.items()):
        raise ArenaError(
            f"{target} is there already and is not {address}. Move it away, or name another place with --into."
        )
    return folder


def _fetch(
    repository: Repository,
    commit: str,
    files: Mapping[str, RemoteFile],
    beside: Path,
    tell: Callable[[str], object],
) -> None:
    missing = [path for path, file in files.items() if not _has(beside / path, file)]
    whole, arrived = sum(files[path].size for path in missing), 0
    tell(f"fetching {len(missing)} of {len(files)} files, {size(whole)}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        coming = {pool.submit(repository.fetch, path, commit, beside): path for path in missing}
        try:
            for future in as_completed(coming):
                future.result()
                arrived += files[coming[future]].size
                tell(f"  {coming[future]}: {size(arrived)} of {size(whole)} are here")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check(beside: Path, files: Mapping[str, RemoteFile], address: str) -> None:
    """Raises HubError where a file is not what the Hub says it is, and drops it."""
    wrong = [path for path, file in files.items() if not _has(beside / path, file)]
    for path in wrong:
        (beside / path).unlink(missing_ok=True)
    if wrong:
        raise HubError(f"{address}: {', '.join(wrong[:5])} did not arrive as the Hub has them. Pull again.")


def _has(path: Path, file: RemoteFile) -> bool:
    return path.is_file() and file.has(digest_of(path))
