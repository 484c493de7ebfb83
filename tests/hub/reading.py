"""What is read: who am I, repositories, references, trees, files."""

import hashlib
import json
import re
from typing import Any
from urllib.parse import quote

import yaml

from hub.app import REPO, Answer, Request, as_json, paged, route
from hub.card_rules import card_errors, front_of
from hub.store import MAIN, Commit, File, Refusal, Repository, Tree


@route("GET", "/api/whoami-v2")
def who_am_i(request: Request) -> Answer:
    user = request.user
    if user is None:
        raise Refusal(401, "Invalid username or password.")
    orgs = [{"type": "org", "name": org, "roleInOrg": "write"} for org in user.orgs]
    token = {"type": "access_token", "accessToken": {"displayName": "test", "role": user.role}}
    return as_json({"type": "user", "name": user.name, "fullname": user.name, "orgs": orgs, "auth": token})


@route("POST", "/api/validate-yaml")
def validate_yaml(request: Request) -> Answer:
    errors = card_errors(request.json()["content"])
    shown = {"errors": [{"message": error} for error in errors], "warnings": []}
    return as_json(shown, 400 if errors else 200)


@route("GET", REPO + r"(?:/revision/(?P<revision>[^/]+))?")
def repository_info(request: Request, repo_id: str, revision: str | None) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    commit = repository.find(revision or MAIN)
    siblings: list[dict[str, Any]] = [{"rfilename": path} for path in sorted(commit.tree)]
    if request.flag("blobs"):
        siblings = [{"rfilename": path} | _blob(file) for path, file in sorted(commit.tree.items())]
    return as_json(
        {
            "_id": hashlib.md5(repo_id.encode()).hexdigest()[:24],
            "id": repo_id,
            "author": repo_id.partition("/")[0],
            "sha": commit.oid,
            "private": repository.private,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "lastModified": commit.date,
            "createdAt": commit.date,
            "cardData": _card_data(request, commit.tree),
            "siblings": siblings,
        }
    )


@route("GET", REPO + "/auth-check")
def auth_check(request: Request, repo_id: str) -> Answer:
    request.store.repository(repo_id, request.user)
    return as_json({})


@route("GET", REPO + "/refs")
def references(request: Request, repo_id: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)

    def listed(kind: str, names: dict[str, str]) -> list[dict[str, str]]:
        return [{"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": oid} for name, oid in names.items()]

    found: dict[str, Any] = {
        "branches": listed("heads", repository.branches),
        "tags": listed("tags", repository.tags),
        "converts": [],
    }
    if request.flag("include_prs"):
        found["pullRequests"] = [
            {"name": pull.ref, "ref": pull.ref, "targetCommit": pull.head} for pull in repository.pulls.values()
        ]
    return as_json(found)


@route("GET", REPO + r"/commits/(?P<revision>[^/]+)")
def commits(request: Request, repo_id: str, revision: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    shown = [
        {
            "id": commit.oid,
            "title": commit.title,
            "message": commit.message,
            "date": commit.date,
            "authors": [{"user": commit.author}],
        }
        for commit in repository.history(repository.find(revision))
    ]
    return paged(request, shown, 50)


@route("GET HEAD", REPO + r"/tree/(?P<revision>[^/]+)(?:/(?P<folder>.*))?")
def tree(request: Request, repo_id: str, revision: str, folder: str | None) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    commit = repository.find(revision)
    prefix = f"{folder.strip('/')}/" if folder and folder.strip("/") else ""
    inside = {path: file for path, file in sorted(commit.tree.items()) if path.startswith(prefix)}
    if prefix and not inside:
        raise Refusal(404, f"{folder} does not exist on {revision}", "EntryNotFound")
    recursive = request.flag("recursive")
    rows, folders = [], set()
    for path, file in inside.items():
        parts = path.removeprefix(prefix).split("/")
        deep = len(parts) if recursive else min(len(parts), 2)
        folders |= {prefix + "/".join(parts[:depth]) for depth in range(1, deep)}
        if recursive or len(parts) == 1:
            rows.append(_entry(path, file) | _last_commit(request, repository, commit, path))
    for path in folders:
        rows.append(_folder(path) | _last_commit(request, repository, commit, path))
    return paged(request, sorted(rows, key=lambda row: str(row["path"])), 1000)


@route("POST", REPO + r"/paths-info/(?P<revision>[^/]+)")
def paths_info(request: Request, repo_id: str, revision: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    commit = repository.find(revision)
    rows = []
    for path in request.form().get("paths", []):
        if path in commit.tree:
            rows.append(_entry(path, commit.tree[path]))
        elif any(other.startswith(f"{path}/") for other in commit.tree):
            rows.append(_folder(path))
    return as_json(rows)


@route("GET HEAD", r"/datasets/(?P<repo_id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
def resolve(request: Request, repo_id: str, revision: str, path: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    commit = repository.find(revision)
    if path not in commit.tree:
        raise Refusal(404, "Entry not found", "EntryNotFound")
    file = commit.tree[path]
    headers = {
        "X-Repo-Commit": commit.oid,
        "ETag": f'"{file.oid}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(path.rpartition('/')[2])}",
    }
    if not file.lfs:
        return _content(request, request.store.content(file), headers)
    linked = {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(file.size)}
    return Answer(302, headers={**headers, **linked, "Location": f"{request.storage}/objects/{file.sha256}"})


@route("GET HEAD", r"/objects/(?P<sha256>[0-9a-f]{64})")
def stored_object(request: Request, sha256: str) -> Answer:
    if sha256 not in request.store.objects:
        raise Refusal(404, "no such object")
    return _content(request, request.store.objects[sha256], {"ETag": f'"{sha256}"', "Accept-Ranges": "bytes"})


def _content(request: Request, content: bytes, headers: dict[str, str]) -> Answer:
    headers = {"Content-Type": "application/octet-stream", **headers}
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("Range", ""))
    if asked is None:
        return Answer(200, content, headers)
    first, last = asked.groups()
    start = int(first) if first else max(0, len(content) - int(last))
    end = min(int(last), len(content) - 1) if first and last else len(content) - 1
    if start >= len(content):
        return Answer(416, headers={"Content-Range": f"bytes */{len(content)}"})
    part = content[start : end + 1]
    return Answer(206, part, {**headers, "Content-Range": f"bytes {start}-{end}/{len(content)}"})


def _blob(file: File) -> dict[str, Any]:
    lfs = {"sha256": file.sha256, "size": file.size, "pointerSize": file.pointer_size} if file.lfs else None
    return {"size": file.size, "blobId": file.oid, "lfs": lfs}


def _entry(path: str, file: File) -> dict[str, Any]:
    lfs = {"lfs": {"oid": file.sha256, "size": file.size, "pointerSize": file.pointer_size}} if file.lfs else {}
    return {"type": "file", "path": path, "size": file.size, "oid": file.oid, **lfs}


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": hashlib.sha1(path.encode()).hexdigest()}


def _last_commit(request: Request, repository: Repository, commit: Commit, path: str) -> dict[str, Any]:
    """With expand: the commit that last changed a path, or anything under it."""
    if not request.flag("expand"):
        return {}

    def under(tree: Tree) -> dict[str, File]:
        return {other: file for other, file in tree.items() if other == path or other.startswith(f"{path}/")}

    while commit.parent and under(repository.commits[commit.parent].tree) == under(commit.tree):
        commit = repository.commits[commit.parent]
    return {"lastCommit": {"id": commit.oid, "title": commit.title, "date": commit.date}, "securityFileStatus": None}


def _card_data(request: Request, tree: Tree) -> Any:
    if "README.md" not in tree:
        return {}
    try:
        front = front_of(request.store.content(tree["README.md"]).decode("utf-8", "replace"))
    except yaml.YAMLError:
        return {}
    return json.loads(json.dumps(front or {}, default=str))
