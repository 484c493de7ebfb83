"""Publishing: the whole arena folder as one commit, and a tag on exactly that commit.

It goes round: look at the Hub, do the one next step, look again. Whatever fails on the way, an answer that is lost
after its commit, another publisher, a kill, the next look finds what is there and goes on from it; so a repeat never
makes a second commit, and the Hub shows either the old state or the complete new version.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import HubError, HubUnreachable
from warriorcoder.pipelines.hub.checks import refuse_unfit
from warriorcoder.pipelines.hub.contents import CARD, MANIFEST, Contents, tables_of
from warriorcoder.pipelines.hub.deciding import (
    Remote,
    changes,
    files_of,
    line_of_descent,
    next_version,
    refuse_conflicts,
    same,
)
from warriorcoder.pipelines.hub.faults import WAITS, Moved, Passing, Tell, unreachable, waiting
from warriorcoder.pipelines.hub.remote import Repository
from warriorcoder.pipelines.hub.stamping import WriteCard, put_back_when_refused, stamp, stamped_copy
from warriorcoder.pipelines.hub.versions import Version, change_between, read_version
from warriorcoder.wording import size

WORDS = (MANIFEST, CARD)
"""The files that a stamp writes."""


@dataclass(frozen=True)
class Published:
    """The version that the folder is, and its commit; None after a dry run. `changed`: this call changed the Hub."""

    version: str
    commit: str | None
    changed: bool


def publish(
    folder: ArenaFolder,
    repo_id: str,
    write_card: WriteCard,
    tell: Tell,
    *,
    version: str | None = None,
    private: bool = True,
    dry_run: bool = False,
    sleep: Callable[[float], object] = time.sleep,
) -> Published:
    """Publish an arena as a version of a dataset, or find that it is published already.

    `version` is proposed from what has changed where it is None; `dry_run` does everything but write to the Hub, and
    leaves the folder as it was. Raises HubError where it may not be, with nothing published and the folder as it was;
    HubUnreachable where the Hub fails to the end: the same call then goes on from there.
    """
    asked = read_version(version) if version else None
    repository = Repository(repo_id, tell)
    repository.require_writer()
    publisher = _Publisher(Contents(folder), repository, write_card, tell, asked, private, dry_run)
    with put_back_when_refused(folder, always=dry_run):
        waits = iter(WAITS)
        while True:
            try:
                done = publisher.step()
            except Moved as moved:
                _wait(Passing(f"{repo_id} has changed meanwhile ({moved})"), waits, tell, sleep)
            except Passing as fault:
                _wait(fault, waits, tell, sleep)
            else:
                if done:
                    return done
                waits = iter(WAITS)


def _wait(fault: Passing, waits: Iterator[float], tell: Tell, sleep: Callable[[float], object]) -> None:
    wait = next(waits, None)
    if wait is None:
        raise HubUnreachable(unreachable("publishing", fault)) from fault
    tell(waiting("publishing", fault, wait))
    sleep(fault.wait or wait)


@dataclass
class _Publisher:
    contents: Contents
    repository: Repository
    write_card: WriteCard
    tell: Tell
    asked: Version | None
    private: bool
    dry_run: bool
    changed: bool = False
    checked: bool = False
    stamped: tuple[Any, ...] = ()

    def step(self) -> Published | None:
        """Look, and do the next thing; what came of it once nothing is left to do. Raises Moved, Passing, HubError."""
        remote = self.repository.look()
        if remote:
            if unfinished := self._unfinished(remote):
                return self._finish(*unfinished)
            if version := self._published_as(remote):
                return Published(version, remote.tags[version], self.changed)
        version = self._prepare(remote)
        if not self.checked:
            refuse_unfit(self.contents, self.repository.token, self.tell)
            self.checked = True
        if self.dry_run:
            self._say_what_would_be(remote, version)
            return Published(version, None, False)
        if remote is None:
            self._create()
        else:
            self._commit(remote, version)
        return None

    def _unfinished(self, remote: Remote) -> tuple[str, str] | None:
        """The version and the commit of a publishing that ended before its tag, whoever's it was.

        Raises HubError for a commit that is not what its manifest says.
        """
        if MANIFEST not in remote.files or remote.files[MANIFEST] == remote.latest_files.get(MANIFEST):
            return None
        manifest = self.repository.manifest(remote.head)
        if manifest is None or manifest["published"].get("repo_id") != remote.repo_id:
            return None
        version = str(read_version(manifest["published"]["version"]))
        if version in remote.tags:
            return None
        commit = self.repository.brought_by(remote.head)
        if wrong := self.repository.differing(commit, manifest["published"]["files"]):
            raise HubError(
                f"{remote.repo_id}: the commit {commit[:8]} says that it is {version}, but the Hub has not got "
                f"{', '.join(wrong[:5])} as they were sent (a .gitignore there?). It gets no tag; undo it on the Hub."
            )
        return version, commit

    def _finish(self, version: str, commit: str) -> Published | None:
        if self.dry_run:
            self.tell(f"would first set the tag {version}, which is missing on the commit {commit[:8]}")
            return Published(version, None, False)
        self.tell(f"setting the tag {version}")
        self.repository.tag(version, commit)
        self.changed = True
        return None

    def _published_as(self, remote: Remote) -> str | None:
        """The version that the folder is, byte for byte. Raises HubError where the one asked for is something else."""
        recorded = self._record()
        own = recorded["version"] if recorded and recorded["repo_id"] == remote.repo_id else ""
        version = str(self.asked or own)
        if version not in remote.tags:
            return None
        if self._is(remote, version):
            return version
        if remote.latest_manifest and version == str(remote.latest) and self._only_words_differ(remote):
            # Perhaps a run came to the same, and has only dropped the version: then it is that version still.
            latest = version, remote.latest_manifest["parent"]
            if same(remote.latest_files, remote.ours, stamped_copy(*self._as(*latest))):
                self._stamp(*latest)
                return version
        if self.asked:
            raise HubError(
                f"{remote.repo_id} has {version} already, with other content, and a published version is never "
                "changed. Leave --version out to have the next one proposed."
            )
        return None

    def _is(self, remote: Remote, version: str) -> bool:
        if version == str(remote.latest):
            return same(remote.latest_files, remote.ours, self.contents.digests())
        commit = remote.tags[version]
        return same(self.repository.tree(commit), files_of(self.repository.manifest(commit)), self.contents.digests())

    def _only_words_differ(self, remote: Remote) -> bool:
        there = {path: file for path, file in remote.latest_files.items() if path not in WORDS}
        here = {path: digest for path, digest in self.contents.digests().items() if path not in WORDS}
        return same(there, remote.ours, here)

    def _prepare(self, remote: Remote | None) -> str:
        """Stamp the folder with the version that it is to be, and return that. Raises HubError where it may not be."""
        folder = self.contents.folder
        if remote and self.private and not remote.private:
            raise HubError(
                f"{remote.repo_id} is public, and this arena is to be private (publish.private). Give --public, or "
                "make the repository private on the Hub."
            )
        parent, latest = line_of_descent(self._record(), self.repository.id, remote, asked=self.asked is not None)
        change = None
        if remote:
            refuse_conflicts(remote, self.contents.digests())
            if remote.latest_manifest:
                files = {path: digest.sha256 for path, digest in self.contents.digests().items()}
                new = folder.manifest() | {"published": {"tables": tables_of(folder), "files": files}}
                change = change_between(remote.latest_manifest, new)
        version = str(next_version(self.asked, latest, change))
        self._stamp(version, parent)
        return version

    def _create(self) -> None:
        kind = "private" if self.private else "public"
        self.tell(f"making the {kind} dataset {self.repository.id}")
        try:
            self.repository.create(private=self.private)
        except Moved:
            if self.repository.look() is None:
                raise HubError(
                    f"the name {self.repository.id} is taken, by something that your token may not see. Choose another."
                ) from None

    def _commit(self, remote: Remote, version: str) -> None:
        digests = self.contents.digests()
        added, gone = changes(remote, digests)
        files = self.contents.files()
        whole = size(sum(digests[path].size for path in added))
        self.tell(f"{version}: {len(added)} files to add or replace ({whole}), {len(gone)} to delete")
        parent = self.contents.folder.manifest()["parent"]
        text = f"{len(digests)} files. " + (f"Follows {parent}." if parent else "The first version.")
        self.changed = True
        self.repository.commit({path: files[path] for path in added}, gone, remote.head, version, text)

    def _say_what_would_be(self, remote: Remote | None, version: str) -> None:
        digests = self.contents.digests()
        added, gone = changes(remote, digests)
        if remote is None:
            self.tell(f"would make the {'private' if self.private else 'public'} dataset {self.repository.id}")
        self.tell(f"would publish {version}, one commit:")
        for path in added:
            self.tell(f"  + {path}  {size(digests[path].size)}")
        for path in gone:
            self.tell(f"  - {path}")

    def _stamp(self, version: str, parent: str | None) -> None:
        if self.stamped != (version, parent, self.contents.digests()):
            stamp(*self._as(version, parent))
            self.stamped = (version, parent, self.contents.digests())

    def _as(self, version: str, parent: str | None) -> tuple[Contents, str, str, str | None, WriteCard]:
        return self.contents, self.repository.id, version, parent, self.write_card

    def _record(self) -> Mapping[str, Any] | None:
        record: Mapping[str, Any] | None = self.contents.folder.manifest().get("published")
        return record
