"""Local experts: one llama.cpp server for each file of weights, started before the run and ended with it."""

import hashlib
import json
import os
import queue
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

from warriorcoder.endpoint_kinds import EmbeddedEndpoint, HFInferenceEndpoint
from warriorcoder.errors import ModelError
from warriorcoder.local_models import gguf_path
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.deaths import OUT_OF_MEMORY, how_it_ended
from warriorcoder.pipelines.endpoints.embedded_server import SERVED_MODEL
from warriorcoder.pipelines.endpoints.processes import child_command
from warriorcoder.recipe import Expert, Recipe

READY_WITHIN_SECONDS = 300.0

LOG_SHOWN = 400
"""So many characters of a server's log are shown when it ended too early."""


@dataclass
class ServerSettings:
    """What one server is started with; experts with the same weights share it, at the largest of their wishes."""

    path: Path
    context: int
    slots: int
    threads: int
    port: int

    def widen(self, endpoint: EmbeddedEndpoint) -> None:
        self.context = max(self.context, endpoint.context)
        self.slots = max(self.slots, endpoint.slots)
        self.threads = max(self.threads, endpoint.threads)
        self.port = self.port or endpoint.port or 0

    def to_json(self) -> str:
        return json.dumps({**self.__dict__, "path": str(self.path)})


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, as `sha256:<hexadecimal>`."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def weights_of(experts: Iterable[Expert]) -> dict[str, str]:
    """What names the weights behind each expert: as declared, else a GGUF file's digest, else the served model.

    A file is read once, however many experts share it.
    """
    digest_of = cache(file_digest)

    def name(expert: Expert) -> str:
        if expert.weights:
            return expert.weights
        if isinstance(expert.endpoint, EmbeddedEndpoint):
            return digest_of(gguf_path(expert.endpoint.model).resolve())
        return expert.endpoint.model

    return {expert.name: name(expert) for expert in experts}


def server_settings(recipe: Recipe) -> dict[Path, ServerSettings]:
    """The servers that a recipe's embedded experts need, by GGUF file. Raises ModelError for a port in use."""
    servers = _wished_for(recipe)
    for settings in servers.values():
        if settings.port and not _is_free(settings.port):
            raise ModelError(
                f"port {settings.port}, asked for by the endpoint of {settings.path.name}, is in use. "
                "Give another one, or leave `port` out: a free one is found."
            )
    return servers


def _wished_for(recipe: Recipe) -> dict[Path, ServerSettings]:
    servers: dict[Path, ServerSettings] = {}
    for expert in recipe.experts:
        if isinstance(endpoint := expert.endpoint, EmbeddedEndpoint):
            try:
                path = gguf_path(endpoint.model).resolve()
            except ModelError as error:
                raise ModelError(f"experts.{expert.name}.endpoint.model: {error}") from error
            settings = servers.setdefault(path, ServerSettings(path, 1, 1, 1, 0))
            settings.widen(endpoint)
    return servers


def addresses_at_rest(recipe: Recipe, weights: dict[str, str]) -> dict[str, Address]:
    """Where each expert would be reached, by its name, while no server runs: local ones have no place yet.

    It is enough for a call's key in the journal. Raises ModelError for a local model that is not there.
    """
    local = {path: ("", settings.slots) for path, settings in _wished_for(recipe).items()}
    return {expert.name: _address(expert, weights[expert.name], local) for expert in recipe.experts}


@contextmanager
def serve(
    recipe: Recipe, weights: dict[str, str], logs: Path, died: Callable[[str], object] | None = None
) -> Iterator[list[Address]]:
    """Start the embedded servers, wait until they answer, and give the address of every expert.

    `weights` is the identity of each expert's weights. The servers end with the block; where one
    ends before it, `died` is called with what happened, in a thread of its own. Raises ModelError
    with the end of its log where a server does not start.
    """
    settings = server_settings(recipe)
    with ExitStack() as running:
        starting = {path: _Server(each, logs / f"server-{path.stem}.log") for path, each in settings.items()}
        for server in starting.values():
            running.callback(server.stop)
        urls = {path: server.wait() for path, server in starting.items()}
        if died:
            for path, server in starting.items():
                server.watch(_served_by(recipe, path), died)
        addresses = [
            _address(expert, weights[expert.name], {path: (urls[path], settings[path].slots) for path in settings})
            for expert in recipe.experts
        ]
        yield addresses


def _served_by(recipe: Recipe, path: Path) -> list[str]:
    """The names of the experts whose weights are in a file."""
    return [
        expert.name
        for expert in recipe.experts
        if isinstance(expert.endpoint, EmbeddedEndpoint) and gguf_path(expert.endpoint.model).resolve() == path
    ]


def _address(expert: Expert, weights: str, local: dict[Path, tuple[str, int]]) -> Address:
    """Where an expert is reached; `local` has the address and the slots of each file's server."""
    endpoint = expert.endpoint
    extra = dict(expert.extra)
    if isinstance(endpoint, EmbeddedEndpoint):
        url, slots = local[gguf_path(endpoint.model).resolve()]
        return Address(
            expert.name,
            "openai",
            (url,),
            SERVED_MODEL,
            weights,
            slots,
            structured=endpoint.structured,
            tokenizer=expert.tokenizer,
            extra=extra,
        )
    return Address(
        expert.name,
        endpoint.kind,
        # A provider of the Hub has no address of its own.
        endpoint.urls or ("",),
        endpoint.model,
        weights,
        endpoint.concurrency,
        endpoint.api_key_env,
        endpoint.timeout,
        endpoint.structured,
        endpoint.provider if isinstance(endpoint, HFInferenceEndpoint) else None,
        expert.tokenizer,
        extra,
    )


class _Server:
    """One server process, in a session of its own so that Ctrl-C in the terminal does not reach it."""

    def __init__(self, settings: ServerSettings, log: Path) -> None:
        self._name = settings.path.name
        self._log = log
        self._stopped = False
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stderr:
            self._process = subprocess.Popen(
                child_command("warriorcoder.pipelines.endpoints.embedded_server", settings.to_json()),
                stdout=subprocess.PIPE,
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                text=True,
                env=_without_secrets(),
            )

    def wait(self) -> str:
        """The server's /v1 address, once it has loaded its model."""
        assert self._process.stdout is not None
        try:
            line = _first_line(self._process.stdout)
        except queue.Empty:
            raise ModelError(f"{self._name}: its server was not ready within {READY_WITHIN_SECONDS:.0f} s.") from None
        if not line:
            self._process.wait()
            raise ModelError(f"{self._name}: its server did not start: {_first_error(self._log)} (log: {self._log})")
        return str(json.loads(line)["listening"]) + "/v1"

    def watch(self, experts: list[str], died: Callable[[str], object]) -> None:
        """Say so, once, where the server ends before it is stopped."""

        def wait() -> None:
            code = self._process.wait()
            if not self._stopped:
                lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
                end = " | ".join(line.strip() for line in lines if line.strip())[-LOG_SHOWN:]
                died(
                    f"the local server of {' and '.join(experts)} ({self._name}) {how_it_ended(code)}. {OUT_OF_MEMORY} "
                    f"Its last words: {end} (log: {self._log})"
                )

        threading.Thread(target=wait, name=f"watch {self._name}", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()


def _first_line(stream: IO[str]) -> str:
    """The first line that is an address; llama.cpp may print others before it. Empty at the end of the stream."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        lines.put(next((line for line in stream if line.startswith('{"listening"')), ""))

    threading.Thread(target=read, daemon=True).start()
    return lines.get(timeout=READY_WITHIN_SECONDS)


def _first_error(log: Path) -> str:
    """What llama.cpp said first of what went wrong; later errors follow from it."""
    errors = re.findall(r"^[\d.]+ E (.+)$", log.read_text(encoding="utf-8", errors="replace"), re.M)
    return " ".join(errors[0].split()) if errors else "no reason was logged"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _without_secrets() -> dict[str, str]:
    """The environment less keys and tokens: a model server needs none."""
    return {name: value for name, value in os.environ.items() if not name.endswith(("_TOKEN", "_KEY", "_SECRET"))}
