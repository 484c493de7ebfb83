"""Pull requests: opened by a commit, listed, merged, closed."""

from typing import Any

from hub.app import REPO, Answer, Request, as_json, route
from hub.store import MAIN, PullRequest, Refusal, Repository


def open_pull(repository: Repository, title: str, text: str, author: str, base: str, head: str) -> PullRequest:
    pull = PullRequest(len(repository.pulls) + 1, title, text, author, base, head)
    repository.pulls[pull.number] = pull
    return pull


@route("GET", REPO + "/discussions")
def pulls(request: Request, repo_id: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    rows = [_shown(repository, pull) for pull in reversed(repository.pulls.values())]
    return as_json({"discussions": rows, "count": len(rows), "start": 0})


@route("GET", REPO + r"/discussions/(?P<number>\d+)")
def pull_request(request: Request, repo_id: str, number: str) -> Answer:
    repository = request.store.repository(repo_id, request.user)
    pull = _found(repository, number)
    changes = {"base": f"refs/heads/{MAIN}"} | ({"mergeCommitId": pull.merged} if pull.merged else {})
    more = {"events": [], "filesWithConflicts": [], "diff": "", "changes": changes}
    return as_json(_shown(repository, pull) | more)


@route("POST", REPO + r"/discussions/(?P<number>\d+)/merge")
def merge(request: Request, repo_id: str, number: str) -> Answer:
    store = request.store
    repository = store.writable(repo_id, request.user)
    with store.lock:
        pull = _found(repository, number)
        if pull.status != "open" or request.user is None:
            raise Refusal(400, "This pull request can't be merged")
        main, base, head = (repository.commits[oid].tree for oid in (repository.branches[MAIN], pull.base, pull.head))
        tree = dict(main)
        for path in {path for path in base.keys() | head.keys() if base.get(path) != head.get(path)}:
            if main.get(path) != base.get(path):
                raise Refusal(409, f"Merge conflict in {path}")
            tree.pop(path, None)
            tree |= {path: head[path]} if path in head else {}
        pull.merged = store.add_commit(repository, repository.branches[MAIN], tree, pull.title, "", request.user.name)
        repository.branches[MAIN], pull.status = pull.merged, "merged"
    return as_json({})


@route("POST", REPO + r"/discussions/(?P<number>\d+)/status")
def set_status(request: Request, repo_id: str, number: str) -> Answer:
    pull = _found(request.store.writable(repo_id, request.user), number)
    pull.status = request.json()["status"]
    event = {
        "id": "1",
        "type": "status-change",
        "createdAt": "2026-01-01T00:00:00.000Z",
        "author": {"name": pull.author},
        "data": {"status": pull.status},
    }
    return as_json({"newStatus": event})


def _found(repository: Repository, number: str) -> PullRequest:
    if int(number) not in repository.pulls:
        raise Refusal(404, "Discussion not found")
    return repository.pulls[int(number)]


def _shown(repository: Repository, pull: PullRequest) -> dict[str, Any]:
    return {
        "num": pull.number,
        "title": pull.title,
        "status": pull.status,
        "author": {"name": pull.author},
        "createdAt": "2026-01-01T00:00:00.000Z",
        "isPullRequest": True,
        "repo": {"name": repository.id, "type": "dataset"},
    }
