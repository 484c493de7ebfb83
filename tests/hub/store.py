"""What a Hub keeps: users, dataset repositories, and their files by content. No HTTP.

A commit is a snapshot `{path: File}` that never changes, so every branch, tag and commit id resolves for ever.
"""

import base64
import copy
import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from hub.card_rules import card_errors

LARGE = 10 * 1024 * 1024
LFS_ENDINGS = (".parquet", ".png", ".jpg", ".gz", ".zip", ".bin", ".safetensors", ".npy", ".arrow", ".sqlite")
GITATTRIBUTES = "".join(f"*{ending} filter=lfs diff=lfs merge=lfs -text\n" for ending in LFS_ENDINGS).encode()
MAIN = "main"


class Refusal(Exception):
    """An answer other than success: status, message and the Hub's code for it."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass(frozen=True)
class User:
    """Whom a token stands for, and what it allows."""

    name: str
    orgs: tuple[str, ...] = ()
    role: str = "write"

    def owns(self, repo_id: str) -> bool:
        return repo_id.partition("/")[0] in (self.name, *self.orgs)


@dataclass(frozen=True)
class File:
    """A file of a commit. `oid` is git's blob id, of a file in LFS its pointer's."""

    oid: str
    size: int
    sha256: str
    lfs: bool

    @property
    def pointer_size(self) -> int:
        return len(pointer(self.sha256, self.size))


Tree = dict[str, File]


@dataclass(frozen=True)
class Commit:
    oid: str
    parent: str | None
    tree: Tree
    title: str
    message: str
    author: str
    date: str


@dataclass
class PullRequest:
    number: int
    title: str
    text: str
    author: str
    base: str
    head: str
    status: str = "open"
    merged: str | None = None

    @property
    def ref(self) -> str:
        return f"refs/pr/{self.number}"


@dataclass
class Repository:
    id: str
    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)

    def find(self, revision: str) -> Commit:
        """Raises Refusal for a revision that is no branch, tag, pull request or commit."""
        name = re.sub(r"^refs/(heads|tags)/", "", revision)
        oid = self.branches.get(name) or self.tags.get(name)
        if pull := re.fullmatch(r"refs/pr/(\d+)", revision):
            oid = self.pulls[int(pull[1])].head if int(pull[1]) in self.pulls else None
        if oid is None and re.fullmatch(r"[0-9a-f]{7,40}", revision):
            oid = next((known for known in self.commits if known.startswith(revision)), None)
        if oid is None:
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return self.commits[oid]

    def history(self, commit: Commit) -> list[Commit]:
        """A commit and those before it, newest first."""
        found = [commit]
        while found[-1].parent:
            found.append(self.commits[found[-1].parent])
        return found


class Store:
    """All that the Hub keeps. `lock` is held while anything changes."""

    def __init__(self, users: Mapping[str, User]) -> None:
        self.users = dict(users)
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], bytes] = {}
        self.multipart_from = 50 * 1024 * 1024
        self.part_size = 16 * 1024 * 1024
        self.lock = RLock()
        self._clock = itertools.count()

    def state(self) -> Any:
        """All that the Hub keeps, to come back to."""
        with self.lock:
            return copy.deepcopy((self.repositories, self.parts)), dict(self.objects)

    def come_back_to(self, state: Any) -> None:
        with self.lock:
            (self.repositories, self.parts), self.objects = copy.deepcopy(state[0]), dict(state[1])

    # objects

    def keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.objects[digest] = content
        return digest

    def keep_upload(self, oid: str, content: bytes) -> None:
        if hashlib.sha256(content).hexdigest() != oid:
            raise Refusal(400, "the SHA-256 of what was received is not the oid")
        self.keep(content)

    def file(self, content: bytes) -> File:
        return File(git_blob(content), len(content), self.keep(content), False)

    def lfs_file(self, oid: str) -> File:
        if oid not in self.objects:
            raise Refusal(400, f"LFS object {oid} was not uploaded")
        size = len(self.objects[oid])
        return File(git_blob(pointer(oid, size)), size, oid, True)

    def content(self, file: File) -> bytes:
        return self.objects[file.sha256]

    # repositories

    def repository(self, repo_id: str, user: User | None) -> Repository:
        """A repository that a user may see. Raises Refusal, which does not tell hidden ones from absent ones."""
        found = self.repositories.get(repo_id)
        if found is None or (found.private and not (user and user.owns(repo_id))):
            raise Refusal(404 if user else 401, "Repository not found", "RepoNotFound")
        return found

    def writable(self, repo_id: str, user: User | None) -> Repository:
        found = self.repository(repo_id, user)
        self.require_write(repo_id, user)
        return found

    def require_write(self, repo_id: str, user: User | None) -> User:
        if user is None:
            raise Refusal(401, "Invalid username or password.")
        if user.role == "read" or not user.owns(repo_id):
            raise Refusal(403, f"Forbidden: you don't have the rights to write to {repo_id}")
        return user

    def create(self, repo_id: str, user: User | None, private: bool = False) -> Repository:
        owner = self.require_write(repo_id, user)
        if not re.fullmatch(r"[\w.-]+/\w[\w.-]{0,95}", repo_id) or "--" in repo_id or ".." in repo_id:
            raise Refusal(400, f"Invalid repo name: {repo_id}")
        with self.lock:
            if repo_id in self.repositories:
                raise Refusal(409, "You already created this dataset repo")
            repository = self.repositories[repo_id] = Repository(repo_id, private)
            tree = {".gitattributes": self.file(GITATTRIBUTES)}
            repository.branches[MAIN] = self.add_commit(repository, None, tree, "initial commit", "", owner.name)
            return repository

    # commits

    def add_commit(
        self, repository: Repository, parent: str | None, tree: Tree, title: str, message: str, author: str
    ) -> str:
        moment = next(self._clock)
        oid = hashlib.sha1(f"{repository.id} {moment} {sorted(tree.items())}".encode()).hexdigest()
        date = f"2026-01-01T{moment // 3600 % 24:02}:{moment // 60 % 60:02}:{moment % 60:02}.000Z"
        repository.commits[oid] = Commit(oid, parent, tree, title, message, author, date)
        return oid

    def push(self, repo_id: str, files: Mapping[str, bytes | None], title: str = "by hand", author: str = "web") -> str:
        """Commit to main past all rights, as somebody at the web interface would; None deletes a file."""
        with self.lock:
            repository = self.repositories[repo_id]
            parent = repository.find(MAIN)
            tree = dict(parent.tree)
            for path, content in files.items():
                if content is None:
                    del tree[path]
                else:
                    tree[path] = self.lfs_file(self.keep(content)) if is_lfs(path, content) else self.file(content)
            repository.branches[MAIN] = self.add_commit(repository, parent.oid, tree, title, "", author)
            return repository.branches[MAIN]

    def changed_tree(self, tree: Tree, changes: list[dict[str, Any]]) -> Tree:
        """The tree after the lines of a commit request. Raises Refusal for what the Hub would not take."""
        tree = dict(tree)
        for change in changes:
            kind, value = change["key"], change["value"]
            path = value["path"]
            if not path or path.startswith(("/", ".git/")) or ".." in path.split("/"):
                raise Refusal(400, f"Invalid path in repo: {path}")
            if kind == "file":
                content = base64.b64decode(value["content"])
                if content and is_lfs(path, content):
                    raise Refusal(400, f"Your push was rejected: {path} must be stored with LFS")
                if path == "README.md" and (wrong := card_errors(content.decode("utf-8", "replace"))):
                    raise Refusal(400, "Invalid metadata in README.md: " + "; ".join(wrong))
                tree[path] = self.file(content)
            elif kind == "lfsFile":
                tree[path] = self.lfs_file(value["oid"])
            elif kind == "deletedFile":
                if tree.pop(path, None) is None:
                    raise Refusal(404, f"A file with this name doesn't exist: {path}", "EntryNotFound")
            else:
                raise Refusal(400, f"unknown operation: {kind}")
        return tree


def is_lfs(path: str, content: bytes) -> bool:
    return len(content) > LARGE or path.endswith(LFS_ENDINGS) or b"\0" in content[:512]


def git_blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
