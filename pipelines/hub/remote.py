"""The Hub as publishing and pulling need it: a thin edge around huggingface_hub, patient where that is harmless."""

import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warriorcoder.errors import HubError
from warriorcoder.pipelines.hub.contents import MANIFEST
from warriorcoder.pipelines.hub.deciding import Remote, RemoteFile, Tree
from warriorcoder.pipelines.hub.faults import Result, Tell, once, patiently
from warriorcoder.pipelines.hub.versions import versions_of
from warriorcoder.wording import size

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd

MAIN = "main"
AT_ONCE = 4
"""Files that are sent or fetched at the same time."""


class Repository:
    """A dataset repository on the Hub, which may not exist yet. Its calls raise HubError."""

    def __init__(self, repo_id: str, tell: Tell) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if repo_id.count("/") != 1:
            raise HubError(f"{repo_id!r} names no repository; it is user/name, or organisation/name.")
        disable_progress_bars()
        # It warns of every try that it makes again; we tell of those that matter.
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
        self.id = repo_id
        self._tell = tell
        self._api: HfApi = HfApi()
        self._at: dict[str, Any] = {"repo_id": repo_id, "repo_type": "dataset"}

    @property
    def token(self) -> str | None:
        """The token that is used; never to be shown."""
        from huggingface_hub import get_token

        return get_token()

    def require_writer(self) -> None:
        """Raises HubError where nobody is logged in, or with a token that may only read."""
        if not self.token:
            raise HubError(
                "publishing needs a token, and there is none. Log in with `hf auth login`, or set HF_TOKEN to a token "
                "with the right to write; tokens are made in the Hub's settings."
            )
        me = self._patiently(self._api.whoami, "asking whose token this is")
        role = me.get("auth", {}).get("accessToken", {}).get("role")
        if role == "read":
            raise HubError(f"the token of {me['name']} may only read. Publishing needs one with the right to write.")

    # reading

    def look(self) -> Remote | None:
        """What the repository is now; None where there is none that this user can see."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            info = self._patiently(lambda: self._api.repo_info(**self._at), f"looking at {self.id}")
            # The head is taken from here as well: head and tags of two moments would not fit together.
            refs = self._patiently(lambda: self._api.list_repo_refs(**self._at), "reading the versions")
        except RepositoryNotFoundError:
            return None
        head = next(branch.target_commit for branch in refs.branches if branch.name == MAIN)
        tags = {tag.name: tag.target_commit for tag in refs.tags}
        latest = versions_of(tags)
        at_latest = tags[str(latest[-1])] if latest else None
        return Remote(
            repo_id=self.id,
            private=bool(info.private),
            head=head,
            files=self.tree(head),
            tags=tags,
            latest_files=self.tree(at_latest) if at_latest else {},
            latest_manifest=self.manifest(at_latest) if at_latest else None,
        )

    def commit_of(self, revision: str) -> str:
        """The commit of a tag, a branch or itself. Raises HubError where there is none."""
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        try:
            info = self._patiently(
                lambda: self._api.repo_info(revision=revision, **self._at), f"looking for {revision}"
            )
        except RepositoryNotFoundError:
            raise HubError(
                f"{self.id}: the Hub has no such dataset, or it is private and you are not logged in as somebody who "
                "may see it (`hf auth login`, or HF_TOKEN)."
            ) from None
        except RevisionNotFoundError:
            refs = self._patiently(lambda: self._api.list_repo_refs(**self._at), "reading the versions")
            there = ", ".join(map(str, versions_of(tag.name for tag in refs.tags))) or "none"
            raise HubError(f"{self.id} has no {revision}; its versions: {there}.") from None
        return str(info.sha)

    def tree(self, commit: str) -> Tree:
        """The files of a commit."""
        from huggingface_hub.hf_api import RepoFile

        listed = self._patiently(
            lambda: list(self._api.list_repo_tree(recursive=True, revision=commit, **self._at)), "listing the files"
        )
        return {
            item.path: RemoteFile(item.size, item.blob_id, item.lfs.sha256 if item.lfs else None)
            for item in listed
            if isinstance(item, RepoFile)
        }

    def manifest(self, commit: str) -> Mapping[str, Any] | None:
        """arena.json of a commit; None where it has none, or one that was not published by this program."""
        if not any(item.path == MANIFEST for item in self._paths([MANIFEST], commit)):
            return None
        with tempfile.TemporaryDirectory() as scratch:
            path = self.fetch(MANIFEST, commit, Path(scratch))
            try:
                manifest = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                return None
        published = manifest.get("published") if isinstance(manifest, dict) else None
        return manifest if isinstance(published, dict) and {"files", "tables", "version"} <= published.keys() else None

    def fetch(self, name: str, commit: str, into: Path) -> Path:
        """A file of a commit, as a file under a folder. A fetch that was broken off goes on where it was."""
        from huggingface_hub import hf_hub_download

        return Path(
            self._patiently(
                lambda: hf_hub_download(filename=name, revision=commit, local_dir=into, **self._at), f"fetching {name}"
            )
        )

    def differing(self, commit: str, files: Mapping[str, str]) -> list[str]:
        """Those of the files (path -> SHA-256) that a commit does not have just so. Small ones are fetched for it."""
        tree = self.tree(commit)
        wrong = [path for path in files if path not in tree or tree[path].sha256 not in (None, files[path])]
        plain = [path for path in files if path in tree and tree[path].sha256 is None]
        with tempfile.TemporaryDirectory() as scratch:
            for path in plain:
                content = self.fetch(path, commit, Path(scratch)).read_bytes()
                if hashlib.sha256(content).hexdigest() != files[path]:
                    wrong.append(path)
        return sorted(wrong)

    def brought_by(self, head: str) -> str:
        """The commit that brought arena.json as it is at `head`: not a later one that touched other files."""
        commits = self._patiently(lambda: self._api.list_repo_commits(revision=head, **self._at), "reading the commits")
        [here] = self._paths([MANIFEST], head)
        found = head
        for commit in commits[1:]:
            if [item.blob_id for item in self._paths([MANIFEST], commit.commit_id)] != [here.blob_id]:
                break
            found = commit.commit_id
        return found

    def _paths(self, names: list[str], commit: str) -> list[Any]:
        return self._patiently(
            lambda: self._api.get_paths_info(paths=names, revision=commit, **self._at), "looking at files"
        )

    def _patiently(self, call: Callable[[], Result], doing: str) -> Result:
        return patiently(call, doing, self._tell)

    # writing: the caller looks again before anything here is repeated

    def create(self, *, private: bool) -> None:
        """Make the repository. Raises Moved where its name is taken, Passing."""
        once(lambda: self._api.create_repo(private=private, **self._at), f"making {self.id}")

    def tag(self, name: str, commit: str) -> None:
        """Raises Moved where there is such a tag, Passing."""
        once(lambda: self._api.create_tag(tag=name, revision=commit, **self._at), f"setting the tag {name}")

    def commit(self, added: Mapping[str, Path], gone: Sequence[str], parent: str, title: str, text: str) -> None:
        """One commit with all files. Raises Moved where `parent` is not the head any more, Passing."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        additions = [CommitOperationAdd(path_in_repo=name, path_or_fileobj=path) for name, path in added.items()]
        self._upload(additions)
        deletions = [CommitOperationDelete(path_in_repo=name, is_folder=False) for name in gone]
        once(
            lambda: self._api.create_commit(
                operations=[*additions, *deletions],
                commit_message=title,
                commit_description=text,
                revision=MAIN,
                parent_commit=parent,
                **self._at,
            ),
            "committing",
        )

    def _upload(self, additions: "list[CommitOperationAdd]") -> None:
        """Send the large files, some at a time, with a line for each: what has arrived is not sent again."""
        large = [each for each in additions if each.upload_info.size and each.path_in_repo.endswith(".parquet")]
        if not large:
            return
        whole = sum(each.upload_info.size for each in large)
        from huggingface_hub.utils.tqdm import tqdm

        # The bars' lock is made for the first and taken away after it, under other threads' feet, unless it was set.
        tqdm.set_lock(tqdm.get_lock())
        self._tell(f"sending {len(large)} tables, {size(whole)}")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sent = {
                pool.submit(self._patiently, partial(self._send, each), f"sending {each.path_in_repo}"): each
                for each in large
            }
            arrived = 0
            try:
                for future in as_completed(sent):
                    future.result()
                    arrived += sent[future].upload_info.size
                    self._tell(f"  {sent[future].path_in_repo}: {size(arrived)} of {size(whole)} are there")
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _send(self, addition: "CommitOperationAdd") -> None:
        self._api.preupload_lfs_files(additions=[addition], revision=MAIN, free_memory=False, **self._at)
