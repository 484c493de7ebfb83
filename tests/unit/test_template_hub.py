"""A tokenizer's files from a Hub on this machine, by the real client."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from unit.tokenizer_files import CONFIG, TURNS, expert, files

from warriorcoder.errors import RecipeError
from warriorcoder.ids import text_digest
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.endpoints.templates.sources import NO_TEMPLATE

REPOSITORIES = {
    "owner/model/main": files(CONFIG, generation_config__json={"eos_token_id": 5}),
    "owner/model/v1": files({**CONFIG, "chat_template": TURNS.replace("<|end|>", "<|stop|>")}),
    "owner/base/main": files({"eos_token": "</s>"}),
}


class _Hub(BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for: repositories, their revisions, and how it refuses."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        owner, name, resolve, revision, file = self.path.removeprefix("/").split("/", 4)
        assert resolve == "resolve"
        stored = REPOSITORIES.get(f"{owner}/{name}/{revision}")
        known = any(key.startswith(f"{owner}/{name}/") for key in REPOSITORIES)
        code = "GatedRepo" if owner == "gated" else "RepoNotFound"
        if stored is not None and file in stored:
            body = stored[file].encode()
            self.send_response(200)
            self.send_header("X-Repo-Commit", text_digest(revision)[:40])
            self.send_header("ETag", f'"{text_digest(stored[file])[:40]}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)
            return
        if known:
            code = "EntryNotFound" if stored is not None else "RevisionNotFound"
        self.send_response(403 if code == "GatedRepo" else 404)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


READ = """
import json, sys
from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates.derivation import derive
from warriorcoder.pipelines.endpoints.templates.sources import read_tokenizer
said = []
for source in sys.argv[1:]:
    try:
        template = derive(read_tokenizer(source))
        said.append([template.open_user_turn("S"), list(template.stop)])
    except RecipeError as error:
        said.append(str(error))
print(json.dumps(said))
"""


def from_hub(hub: str, monkeypatch: pytest.MonkeyPatch, *sources: str) -> list[Any]:
    """What a fresh process, which reads HF_ENDPOINT as it starts, makes of Hub ids."""
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    done = subprocess.run(
        [sys.executable, "-c", READ, *sources], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_a_hub_id_brings_the_files_of_its_revision(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = ("owner/model", "owner/model@v1", "owner/base", "owner/model@v2", "nobody/nothing", "gated/model")
    main, pinned, base, no_revision, nothing, gated = from_hub(hub, monkeypatch, *sources)
    assert main == ["<|system|>S<|end|><|user|>", ["<|end|>", "</s>"]]
    assert pinned == ["<|system|>S<|stop|><|user|>", ["<|stop|>", "</s>"]]
    assert base == f"owner/base: {NO_TEMPLATE}"
    assert no_revision == "owner/model: there is no revision v2 of it on the Hub."
    assert nothing == (
        "nobody/nothing: there is no such folder here and no such repository on the Hub. A private one needs HF_TOKEN."
    )
    assert gated == "gated/model: gated on the Hub. Accept its terms there, and set HF_TOKEN."


def test_a_hub_that_cannot_be_reached() -> None:
    with pytest.raises(RecipeError) as error:
        template_of(expert("owner/model"))
    assert str(error.value) == (
        "experts.one.template.tokenizer: owner/model: tokenizer_config.json is not in the local Hub cache, and the Hub "
        "cannot be reached. Give the tokenizer's folder, or run once with a connection."
    )
