"""The Hub's sockets: two origins on loopback, faults, and what was asked."""

import socket
import struct
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from hub import pulls, reading, writing  # noqa: F401, they declare their routes
from hub.app import Request, answer
from hub.faults import Fault, Faults
from hub.store import Store, User


class HubServer:
    """A Hub for the length of a with-block. `asked` is what came, in order, as "METHOD path".

    Raises AssertionError at the end where it could not answer a request.
    """

    def __init__(self, users: Mapping[str, User] | None = None) -> None:
        self.store = Store(users or {})
        self.faults = Faults()
        self.asked: list[str] = []
        self.broken: list[str] = []
        handler = type("Handler", (_Handler,), {"hub": self})
        # Two origins, as on the Hub: clients follow a redirect that stays on its host, and would miss X-Repo-Commit.
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for _ in range(2)]
        self.url, self.storage = (
            f"http://{name}:{server.server_port}"
            for name, server in zip(("127.0.0.1", "localhost"), self._servers, strict=True)
        )
        self._threads = [Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in self._servers]

    def __enter__(self) -> "HubServer":
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.daemon_threads = True
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
        assert self.broken == []

    def files(self, repo_id: str, revision: str = "main") -> dict[str, bytes]:
        """What the Hub has at a revision, by path."""
        tree = self.store.repositories[repo_id].find(revision).tree
        return {path: self.store.content(file) for path, file in tree.items()}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub: HubServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _handle(self) -> None:
        line = f"{self.command} {self.path}"
        self.hub.asked.append(line)
        fault = self.hub.faults.take(line)
        if fault and fault.before:
            fault.before()
        if fault and fault.reset_after is not None:
            self.rfile.read(min(fault.reset_after, self._length))
            return self._reset()
        body = self._body()
        try:
            if fault and fault.status:
                return self._send(fault.status, b'{"error": "a fault, as ordered"}', fault.headers)
            found = answer(Request(self.command, self.path, self.headers, body, self.hub.store, self.hub.storage))
            if fault and fault.lost:
                return self._reset()
            self._send(found.status, found.body, found.headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:
            self.hub.broken.append(f"{line}: {error!r}")
            self._send(500, b"", {})
        return None

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle

    @property
    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(self._length)
        chunks = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        """End the connection as a crash would."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True


__all__ = ["Fault", "HubServer", "User"]
