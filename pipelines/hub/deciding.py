"""What is to be done, from what is here and what the Hub has. Pure functions; nothing is asked or written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from warriorcoder.errors import HubError
from warriorcoder.pipelines.hub.contents import CARD, MANIFEST, Digest, Digests
from warriorcoder.pipelines.hub.versions import FIRST, Change, Version, versions_of
from warriorcoder.tables import TABLES

NOT_OURS = (".gitattributes",)
"""What the Hub itself puts into a new repository."""


@dataclass(frozen=True)
class RemoteFile:
    """A file as the Hub lists it: `sha256` of one in LFS, git's blob id of any other."""

    size: int
    blob_id: str
    sha256: str | None

    def has(self, digest: Digest | None) -> bool:
        """Whether its content is that of a local file."""
        if digest is None or self.size != digest.size:
            return False
        return self.sha256 == digest.sha256 if self.sha256 else self.blob_id == digest.blob_id


Tree = Mapping[str, RemoteFile]


@dataclass(frozen=True)
class Remote:
    """A repository as it is now: its head, the tags with their commits, and the trees of both the head and the latest
    version, with that version's manifest."""

    repo_id: str
    private: bool
    head: str
    files: Tree
    tags: Mapping[str, str]
    latest_files: Tree
    latest_manifest: Mapping[str, Any] | None

    @property
    def ours(self) -> frozenset[str]:
        """The arena's own files at the latest version."""
        return files_of(self.latest_manifest)

    @property
    def latest(self) -> Version | None:
        versions = versions_of(self.tags)
        return versions[-1] if versions else None


def files_of(manifest: Mapping[str, Any] | None) -> frozenset[str]:
    """The files of a published version, by its manifest; none where there is none."""
    return frozenset({MANIFEST, *manifest["published"]["files"]}) if manifest else frozenset()


def same(files: Tree, ours: Iterable[str], digests: Digests) -> bool:
    """Whether a tree of which the arena's own files are `ours` has exactly the local ones, beside what is foreign."""
    there = {path: file for path, file in files.items() if not is_foreign(path, digests.keys() | set(ours))}
    return there.keys() == digests.keys() and all(file.has(digests[path]) for path, file in there.items())


def is_foreign(path: str, ours: Iterable[str]) -> bool:
    """Whether a file is of no concern to the arena: not one of its own, and in no table's folder."""
    return path not in ours and path.partition("/")[0] not in TABLES and path not in (MANIFEST, CARD)


def line_of_descent(
    published: Mapping[str, Any] | None, repo_id: str, remote: Remote | None, *, asked: bool
) -> tuple[str | None, Version | None]:
    """The parent of the new version as `user/name@v1.0.0`, and the latest version there, which it must be above.

    `published` is what the folder's manifest says was last prepared of it. Raises HubError where the Hub has a version
    that this folder has not seen, so that nobody's work is lost. `asked`: the user has named the version, which a
    folder that tells of no earlier one needs.
    """
    latest = remote.latest if remote else None
    if remote is None or latest is None:
        if others := sorted(path for path in remote.files if path not in NOT_OURS) if remote else []:
            raise HubError(
                f"{repo_id} exists and holds other content, no version of an arena: {_listed(others)}. Publish under "
                "another name, or delete these files on the Hub first."
            )
        return _from_elsewhere(published, repo_id), None
    if published is None or published["repo_id"] != repo_id:
        if not asked:
            raise HubError(
                f"{repo_id} has versions up to {latest}, and nothing in this folder says that it comes from one of "
                f"them. To publish it after them all the same, give a version: --version {latest.after(Change.MAJOR)}."
            )
    elif (seen := published["version"]) == str(latest):
        theirs = remote.latest_manifest["published"]["files"] if remote.latest_manifest else None
        if theirs != published["files"]:
            raise HubError(
                f"{repo_id} has a {latest} that is not this folder's: somebody else was quicker. "
                f"{_take_over(repo_id, latest)}"
            )
    elif seen in remote.tags or published["parent"] != f"{repo_id}@{latest}":
        origin = f"{repo_id}@{seen}" if seen in remote.tags else published["parent"] or "no version there"
        raise HubError(
            f"{repo_id} has {latest}, and this folder comes from {origin}: somebody has published in between. "
            f"{_take_over(repo_id, latest)}"
        )
    return f"{repo_id}@{latest}", latest


def refuse_conflicts(remote: Remote, digests: Digests) -> None:
    """Raises HubError where somebody has changed files of the arena on the Hub since its latest version.

    A change that this folder has as well, byte for byte, was taken over and is none.
    """
    changed = [
        path
        for path in sorted(remote.files.keys() | remote.latest_files.keys())
        if remote.files.get(path) != remote.latest_files.get(path)
        and not is_foreign(path, digests.keys() | remote.ours)
    ]
    conflicts = [path for path in changed if path in remote.files and not remote.files[path].has(digests.get(path))]
    conflicts += [path for path in changed if path not in remote.files and path in digests]
    if conflicts:
        raise HubError(
            f"{remote.repo_id}: since {remote.latest} somebody has changed {_listed(conflicts)} there, which this "
            "would undo. Put the Hub's files into the arena folder (or take the change back on the Hub), then publish."
        )


def next_version(asked: Version | None, latest: Version | None, change: Change | None) -> Version:
    """The version to publish. Raises HubError for one that is not higher than the latest there."""
    if asked is None:
        return latest.after(change or Change.PATCH) if latest else FIRST
    if latest and asked <= latest:
        raise HubError(
            f"{asked} is not higher than {latest}, which is published already, and a version is never changed. "
            "Leave --version out to have the next one proposed."
        )
    return asked


def changes(remote: Remote | None, digests: Digests) -> tuple[list[str], list[str]]:
    """The files to add or replace, and those of the latest version that are no more."""
    files = remote.files if remote else {}
    added = [path for path, digest in digests.items() if path not in files or not files[path].has(digest)]
    ours = remote.ours if remote else frozenset()
    return added, sorted(path for path in ours if path in files and path not in digests)


def _from_elsewhere(published: Mapping[str, Any] | None, repo_id: str) -> str | None:
    """The parent of the first version in a repository: one of another, where the folder comes from there."""
    if published is None:
        return None
    if published["repo_id"] != repo_id:
        return f"{published['repo_id']}@{published['version']}"
    # Prepared for this one already, but not published: what was its parent then.
    parent: str | None = published["parent"]
    return None if parent is None or parent.startswith(f"{repo_id}@") else parent


def _take_over(repo_id: str, latest: Version) -> str:
    return f"Nothing was published. Take theirs, `warrior pull {repo_id}@{latest}`, and add yours to it."


def _listed(paths: list[str]) -> str:
    return ", ".join(paths[:5]) + (f" and {len(paths) - 5} more" if len(paths) > 5 else "")
