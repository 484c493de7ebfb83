"""What is written: repositories, branches, tags, commits and the uploads before them."""

import base64
import fnmatch
import hashlib
import json
from typing import Any

from hub.app import REPO, Answer, Request, as_json, route
from hub.pulls import open_pull
from hub.store import LARGE, LFS_ENDINGS, MAIN, Refusal, Repository


@route("POST", "/api/repos/create")
def create(request: Request) -> Answer:
    asked = request.json()
    if asked.get("type") != "dataset":
        raise Refusal(400, "this Hub keeps datasets alone")
    owner = asked.get("organization") or (request.user.name if request.user else "")
    repo_id = f"{owner}/{asked['name']}"
    request.store.create(repo_id, request.user, bool(asked.get("private")))
    return as_json({"url": f"{request.base}/datasets/{repo_id}", "name": repo_id, "id": repo_id})


@route("DELETE", "/api/repos/delete")
def delete(request: Request) -> Answer:
    asked = request.json()
    repo_id = f"{asked.get('organization') or (request.user.name if request.user else '')}/{asked['name']}"
    request.store.writable(repo_id, request.user)
    del request.store.repositories[repo_id]
    return as_json({})


@route("PUT", REPO + "/settings")
def settings(request: Request, repo_id: str) -> Answer:
    repository = request.store.writable(repo_id, request.user)
    repository.private = bool(request.json().get("private", repository.private))
    return as_json({"private": repository.private})


@route("POST DELETE", REPO + r"/branch/(?P<name>.+)")
def branch(request: Request, repo_id: str, name: str) -> Answer:
    repository = request.store.writable(repo_id, request.user)
    start = request.json().get("startingPoint") or MAIN if request.method == "POST" else None
    return _reference(request, repository.branches, "heads", name, start and repository.find(start).oid)


@route("POST DELETE", REPO + r"/tag/(?P<name>.+)")
def tag(request: Request, repo_id: str, name: str) -> Answer:
    """POST names the revision and has the tag in its body, DELETE names the tag."""
    repository = request.store.writable(repo_id, request.user)
    if request.method == "DELETE":
        return _reference(request, repository.tags, "tags", name, None)
    return _reference(request, repository.tags, "tags", request.json()["tag"], repository.find(name).oid)


def _reference(request: Request, names: dict[str, str], kind: str, name: str, oid: str | None) -> Answer:
    with request.store.lock:
        if oid is None:
            if names.pop(name, None) is None:
                raise Refusal(404, f"Reference does not exist: refs/{kind}/{name}", "RevisionNotFound")
        elif name in names:
            raise Refusal(409, f"Reference already exists: refs/{kind}/{name}")
        else:
            names[name] = oid
    return as_json({})


@route("POST", REPO + r"/preupload/(?P<revision>.+)")
def preupload(request: Request, repo_id: str, revision: str) -> Answer:
    """How each file is to be sent, and what is there in its place."""
    find = request.store.repository if request.flag("create_pr") else request.store.writable
    tree = find(repo_id, request.user).find(revision).tree
    ignored = request.json().get("gitIgnore") or ""
    if ".gitignore" in tree and not ignored:
        ignored = request.store.content(tree[".gitignore"]).decode()
    globs = [line.strip().rstrip("/") for line in ignored.splitlines() if line.strip() and line[0] != "#"]
    rows = []
    for file in request.json()["files"]:
        path, sample = file["path"], base64.b64decode(file["sample"])
        large = file["size"] > LARGE or b"\0" in sample or path.endswith(LFS_ENDINGS)
        parts = [path, *path.split("/")]
        row: dict[str, Any] = {
            "path": path,
            "uploadMode": "lfs" if large and file["size"] else "regular",
            "shouldIgnore": any(fnmatch.fnmatch(part, glob) for part in parts for glob in globs),
        }
        if old := tree.get(path):
            row["oid"] = old.sha256 if old.lfs else old.oid
        rows.append(row)
    return as_json({"files": rows})


@route("POST", REPO + r"/commit/(?P<revision>.+)")
def commit(request: Request, repo_id: str, revision: str) -> Answer:
    store = request.store
    lines = [json.loads(line) for line in request.body.splitlines() if line.strip()]
    head = next(line["value"] for line in lines if line["key"] == "header")
    changes = [line for line in lines if line["key"] != "header"]
    repository = store.repository(repo_id, request.user)
    as_pull = request.flag("create_pr")
    if not as_pull:
        store.require_write(repo_id, request.user)
    if request.user is None:
        raise Refusal(401, "Invalid username or password.")
    with store.lock:
        if not (revision in repository.branches or revision.startswith("refs/pr/")):
            raise Refusal(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        parent = repository.find(revision)
        if head.get("parentCommit") not in (None, parent.oid):
            raise Refusal(412, "A commit has happened since. Please refresh and try again.")
        if not head.get("summary"):
            raise Refusal(400, "A commit summary is required")
        tree = store.changed_tree(parent.tree, changes)
        text = head.get("description", "")
        oid = store.add_commit(repository, parent.oid, tree, head["summary"], text, request.user.name)
        page = f"{request.base}/datasets/{repo_id}"
        done = {"success": True, "commitOid": oid, "commitUrl": f"{page}/commit/{oid}", "hookOutput": ""}
        if as_pull:
            pull = open_pull(repository, head["summary"], text, request.user.name, parent.oid, oid)
            done["pullRequestUrl"] = f"{page}/discussions/{pull.number}"
        else:
            _move(repository, revision, oid)
    return as_json(done)


def _move(repository: Repository, revision: str, oid: str) -> None:
    if revision.startswith("refs/pr/"):
        repository.pulls[int(revision.rpartition("/")[2])].head = oid
    else:
        repository.branches[revision] = oid


@route("POST", r"/datasets/(?P<repo_id>[^/]+/[^/]+?)\.git/info/lfs/objects/batch")
def lfs_batch(request: Request, repo_id: str) -> Answer:
    """Where each large object is to be sent; one that is here already is not sent again."""
    store, asked = request.store, request.json()
    store.repository(repo_id, request.user)
    if request.user is None:
        raise Refusal(401, "Invalid username or password.")
    in_parts = "multipart" in asked.get("transfers", [])
    rows = []
    for wanted in asked["objects"]:
        oid, size = wanted["oid"], wanted["size"]
        row: dict[str, Any] = {"oid": oid, "size": size, "authenticated": True}
        if oid not in store.objects:
            upload: dict[str, Any] = {"href": f"{request.storage}/upload/{oid}"}
            if in_parts and size >= store.multipart_from:
                numbers = range(1, -(-size // store.part_size) + 1)
                parts = {f"{number:05d}": f"{request.storage}/upload/{oid}/{number}" for number in numbers}
                upload = {
                    "href": f"{request.storage}/complete/{oid}",
                    "header": {"chunk_size": str(store.part_size), **parts},
                }
            verify = {"href": f"{request.storage}/verify/{oid}", "header": {}}
            row["actions"] = {"upload": upload, "verify": verify}
        rows.append(row)
    kind = "application/vnd.git-lfs+json"
    return as_json({"transfer": "multipart" if in_parts else "basic", "objects": rows}, headers={"Content-Type": kind})


@route("PUT", r"/upload/(?P<oid>[0-9a-f]{64})(?:/(?P<part>\d+))?")
def upload(request: Request, oid: str, part: str | None) -> Answer:
    if part is None:
        request.store.keep_upload(oid, request.body)
    else:
        request.store.parts[oid, int(part)] = request.body
    return Answer(200, headers={"ETag": f'"{hashlib.md5(request.body).hexdigest()}"'})


@route("POST", r"/complete/(?P<oid>[0-9a-f]{64})")
def complete(request: Request, oid: str) -> Answer:
    numbers = [part["partNumber"] for part in request.json()["parts"]]
    request.store.keep_upload(oid, b"".join(request.store.parts.pop((oid, number)) for number in numbers))
    return as_json({})


@route("POST", r"/verify/(?P<oid>[0-9a-f]{64})")
def verify(request: Request, oid: str) -> Answer:
    if len(request.store.objects.get(oid, b"")) != request.json()["size"]:
        raise Refusal(404, "LFS object missing or of another size")
    return as_json({})
