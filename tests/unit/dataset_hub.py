"""A Hub on this machine with datasets to read: as much of its HTTP API as `datasets` asks for."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


def commit_of(revision: str) -> str:
    return hashlib.sha1(revision.encode()).hexdigest()


class DatasetHub(BaseHTTPRequestHandler):
    """`repositories` has the files by id and revision; `asked` the requests, in order; `gated` ids are refused."""

    repositories: dict[str, dict[str, Files]]
    gated: frozenset[str]
    asked: list[str]

    def do_HEAD(self) -> None:
        self._dispatch()

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def _dispatch(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        self.asked.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        api = parts[:2] == ["api", "datasets"]
        if not (api and len(parts) >= 4) and not (parts[0] == "datasets" and len(parts) > 4):
            return self._refuse(404, "EntryNotFound")
        start = 2 if api else 1
        identity, rest = "/".join(parts[start : start + 2]), parts[start + 2 :]
        if identity in self.gated:
            return self._refuse(403, "GatedRepo")
        if identity not in self.repositories:
            return self._refuse(404, "RepoNotFound")
        revision = rest[1] if len(rest) > 1 else "main"
        known = self.repositories[identity]
        files = next((files for name, files in known.items() if revision in (name, commit_of(name))), None)
        if files is None:
            return self._refuse(404, "RevisionNotFound")
        commit = next(commit_of(name) for name in known if revision in (name, commit_of(name)))
        match rest[:1]:
            case [] | ["revision"]:
                siblings = [{"rfilename": name} for name in files]
                self._json({"id": identity, "sha": commit, "siblings": siblings, "private": False, "tags": []})
            case ["tree"]:
                folder = "/".join(rest[2:])
                if folder and not any(name.startswith(f"{folder}/") for name in files):
                    return self._refuse(404, "EntryNotFound")
                folders = {name.rpartition("/")[0] for name in files} - {"", folder}
                within = [name for name in files if not folder or name.startswith(f"{folder}/")]
                directories = [{"type": "directory", "path": name, "size": 0, "oid": commit} for name in folders]
                self._json([_entry(name, files[name]) for name in within] + directories)
            case ["paths-info"]:
                wanted = json.loads(body)["paths"]
                self._json([_entry(name, files[name]) for name in wanted if name in files])
            case ["resolve"]:
                self._file(files, "/".join(rest[2:]), commit)
            case _:
                self._refuse(404, "EntryNotFound")
        return None

    def _file(self, files: Files, name: str, commit: str) -> None:
        if name not in files:
            return self._refuse(404, "EntryNotFound")
        content = files[name]
        first, last = 0, len(content) - 1
        asked_range = self.headers.get("Range")
        if asked_range:
            low, high = asked_range.removeprefix("bytes=").split("-")
            first, last = int(low), min(last, int(high or last))
        self.send_response(206 if asked_range else 200)
        self.send_header("X-Repo-Commit", commit)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked_range:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content[first : last + 1])
        return None

    def _json(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _entry(name: str, content: bytes) -> dict[str, Any]:
    return {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}


@contextmanager
def serving(
    repositories: dict[str, dict[str, Files]], gated: frozenset[str] = frozenset()
) -> Iterator[tuple[str, list[str]]]:
    """The Hub's address, and what it is asked."""
    asked: list[str] = []
    handler = type("Hub", (DatasetHub,), {"repositories": repositories, "gated": gated, "asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
