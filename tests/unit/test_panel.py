"""The panel against a real HTTP server: every call has its own fate, and every answer is asked for once."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.scripted_server import Asked, Fault, ScriptedServer, completion, scripted_server

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints import openai_client
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.progress import read_progress
from warriorcoder.pipelines.endpoints.traces import progress_folder, write_addresses
from warriorcoder.recipe import Recipe

KEY = "k3y-that-must-never-be-written-down"


def echo(asked: Asked) -> str:
    return f"{asked.model} heard {asked.text}"


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(echo) as running:
        yield running


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that the client would have made."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)

    class _NoPause:
        """asyncio as the client sees it, without the waiting."""

        def __getattr__(self, name: str) -> Any:
            return sleep if name == "sleep" else getattr(asyncio, name)

    monkeypatch.setattr(openai_client, "asyncio", _NoPause())
    return made


def arena(path: Path, url: str, **fields: Any) -> ArenaFolder:
    """An arena with two experts at a server."""
    endpoints = [
        {"name": name, "template": "chatml", "endpoint": {"kind": "openai", "base_url": url, "model": f"m-{name}"}}
        for name in ("one", "two")
    ]
    endpoints[0]["price"] = {"input": 1.0, "output": 2.0}
    folder = ArenaFolder.prepare(path)
    folder.update_manifest({})
    folder.write_text(folder.recipe_path, Recipe.model_validate({"name": "demo", "experts": endpoints}).to_yaml())
    addresses = [Address(name, "openai", url, f"m-{name}", f"m-{name}", 4, **fields) for name in ("one", "two")]
    write_addresses(folder, addresses)
    return folder


def panel(folder: ArenaFolder) -> ExpertPanel:
    made = ExpertPanel(arena=str(folder.path), stage="answer")
    made.load()
    return made


def ask(folder: ArenaFolder, *calls: Call) -> list[Reply]:
    return panel(folder).ask(calls)


def chat(text: str, expert: str = "one", **sampling: Any) -> Call:
    return Call(expert, sampling, messages=[{"role": "user", "content": text}])


def raw(text: str, expert: str = "one", **sampling: Any) -> Call:
    return Call(expert, sampling, prompt=text)


def test_replies_keep_the_order_of_the_calls_over_both_forms_and_experts(
    tmp_path: Path, server: ScriptedServer
) -> None:
    folder = arena(tmp_path / "a", server.url)
    calls = [
        (chat if number % 3 else raw)(f"call {number}", "one" if number % 2 else "two", seed=number)
        for number in range(40)
    ]
    replies = ask(folder, *calls)
    assert [reply.text for reply in replies] == [f"m-{call.expert} heard call {n}" for n, call in enumerate(calls)]
    assert {reply.finish_reason for reply in replies} == {"stop"}
    assert replies[0].input_tokens == 2
    assert replies[0].output_tokens == 4
    assert {asked.path for asked in server.asked} == {"/v1/completions", "/v1/chat/completions"}


def test_the_request_is_the_sampling_and_the_extra_of_the_endpoint(tmp_path: Path, server: ScriptedServer) -> None:
    folder = arena(tmp_path / "a", server.url, extra={"min_p": 0.05, "top_p": 0.5})
    ask(folder, raw("hello", temperature=1.0, top_p=0.9, stop=["\n"]))
    assert server.asked[0].body == {
        "model": "m-one",
        "min_p": 0.05,
        "temperature": 1.0,
        "top_p": 0.9,
        "stop": ["\n"],
        "prompt": "hello",
    }


def test_one_failing_call_touches_no_other(tmp_path: Path, server: ScriptedServer) -> None:
    def script(asked: Asked) -> str | Fault:
        return Fault(500) if asked.text == "call 3" else echo(asked)

    server.script = script
    replies = ask(arena(tmp_path / "a", server.url), *(chat(f"call {number}") for number in range(8)))
    assert [number for number, reply in enumerate(replies) if reply.error] == [3]
    assert replies[3].text == ""
    assert "HTTP 500" in str(replies[3].error)
    assert [reply.text for number, reply in enumerate(replies) if number != 3] == [
        f"m-one heard call {number}" for number in range(8) if number != 3
    ]


def _body(**choice: Any) -> bytes:
    return json.dumps({"choices": [{"finish_reason": "stop", **choice}]}).encode()


PASSING = {
    "429 with Retry-After": Fault(429, headers={"Retry-After": "7"}),
    "429 with a date": Fault(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    "500": Fault(500),
    "503": Fault(503),
    "reset": Fault(reset=True),
    "not JSON": Fault(200, b"<html>gateway</html>"),
    "empty body": Fault(200, b""),
    "no choices": Fault(200, b'{"choices": []}'),
    "null": Fault(200, b"null"),
    "not UTF-8": Fault(200, b'{"choices": [{"message": {"content": "\xff\xfe"', {"Content-Type": "application/json"}),
    "content is a list": Fault(200, _body(message={"content": [{"type": "text", "text": "hi"}]})),
    "finish_reason is an object": Fault(200, _body(message={"content": "hi"}).replace(b'"stop"', b"{}")),
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_is_retried(tmp_path: Path, server: ScriptedServer, pauses: list[float], fault: Fault) -> None:
    server.script = lambda asked: fault if asked.number < 2 else echo(asked)
    folder = arena(tmp_path / "a", server.url)
    assert ask(folder, chat("hello")) == [Reply("m-one heard hello", "stop", 1, 3)]
    assert len(server.asked) == 3
    assert len(pauses) == 2
    progress = read_progress(progress_folder(folder))["answer"]
    assert (progress.done, progress.retries, progress.failed, progress.in_flight) == (1, 2, 0, 0)


def test_retry_after_is_the_least_that_is_waited(tmp_path: Path, server: ScriptedServer, pauses: list[float]) -> None:
    server.script = lambda asked: (
        Fault(429, headers={"Retry-After": "7"}) if asked.number == 0 else Fault(500) if asked.number < 3 else "fine"
    )
    assert ask(arena(tmp_path / "a", server.url), chat("hello"))[0].text == "fine"
    assert pauses[0] == 7.0
    assert 1.0 <= pauses[1] <= 2.0
    assert 2.0 <= pauses[2] <= 4.0


@pytest.mark.parametrize("asked", ["86400", "inf", "nan", "-3"])
def test_no_endpoint_makes_us_wait_for_ever(
    tmp_path: Path, server: ScriptedServer, pauses: list[float], asked: str
) -> None:
    server.script = lambda request: Fault(429, headers={"Retry-After": asked}) if request.number == 0 else "fine"
    assert ask(arena(tmp_path / "a", server.url), chat("hello"))[0].text == "fine"
    assert 0.5 <= pauses[0] <= openai_client.LONGEST_WAIT_SECONDS


def test_attempts_end(tmp_path: Path, server: ScriptedServer) -> None:
    server.script = lambda asked: Fault(503, b"overloaded")
    reply = ask(arena(tmp_path / "a", server.url), chat("hello"))[0]
    assert len(server.asked) == openai_client.ATTEMPTS
    assert "HTTP 503: overloaded" in str(reply.error)
    assert f"{openai_client.ATTEMPTS} attempts" in str(reply.error)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_not_asked_again(tmp_path: Path, server: ScriptedServer, status: int) -> None:
    server.script = lambda asked: Fault(status, b"no such thing")
    reply = ask(arena(tmp_path / "a", server.url), chat("hello"))[0]
    assert len(server.asked) == 1
    assert f"HTTP {status}: no such thing" in str(reply.error)


def test_an_endpoint_that_is_not_there_is_an_error_of_the_call(tmp_path: Path, server: ScriptedServer) -> None:
    replies = ask(arena(tmp_path / "a", "http://127.0.0.1:9/v1"), chat("hello"))
    assert "127.0.0.1:9" in str(replies[0].error)


def test_half_a_character_becomes_a_replacement_mark(tmp_path: Path, server: ScriptedServer) -> None:
    """A server that cuts an emoji in two sends a lone surrogate, which no file of ours could hold."""
    server.script = lambda asked: Fault(200, rb'{"choices": [{"message": {"content": "ok \ud83d!"}}]}')
    assert ask(arena(tmp_path / "a", server.url), chat("hello"))[0].text == "ok ?!"


def test_a_reply_without_content_is_empty(tmp_path: Path, server: ScriptedServer) -> None:
    server.script = lambda asked: {"choices": [{"message": {"content": None}}], "usage": None}
    assert ask(arena(tmp_path / "a", server.url), chat("hello")) == [Reply()]


def test_a_second_panel_on_the_same_journal_asks_nothing(tmp_path: Path, server: ScriptedServer) -> None:
    folder = arena(tmp_path / "a", server.url)
    calls = [chat(f"call {number}", "one" if number % 2 else "two") for number in range(10)]
    first = ask(folder, *calls)
    asked = len(server.asked)
    second = panel(folder)
    assert second.ask(calls) == first
    assert len(server.asked) == asked == 10
    progress = read_progress(progress_folder(folder))["answer"]
    assert (progress.total, progress.done, progress.replayed) == (10, 10, 10)
    assert second.cost()["one"]["calls"] == 5


def test_what_changes_the_answer_is_asked_anew(tmp_path: Path, server: ScriptedServer) -> None:
    folder = arena(tmp_path / "a", server.url)
    ask(folder, chat("hello", temperature=0.5))
    others = [
        chat("hello", temperature=0.6),
        chat("hello", temperature=0.5, seed=1),
        chat("hello!", temperature=0.5),
        chat("hello", "two", temperature=0.5),
        raw("hello", temperature=0.5),
        Call("one", {"temperature": 0.5}, messages=[{"role": "user", "content": "hello"}], draw=1),
    ]
    ask(folder, *others)
    assert len(server.asked) == 1 + len(others)
    ask(arena(folder.path, server.url, extra={"top_k": 5}), chat("hello", temperature=0.5))
    assert len(server.asked) == 2 + len(others)


def test_experts_with_the_same_weights_share_their_answers(tmp_path: Path, server: ScriptedServer) -> None:
    folder = arena(tmp_path / "a", server.url)
    twins = [Address(name, "openai", server.url, f"m-{name}", "sha256:same", 4) for name in ("one", "two")]
    write_addresses(folder, twins)
    ask(folder, chat("hello", "one"))
    assert ask(folder, chat("hello", "two"))[0].text == "m-one heard hello"
    assert len(server.asked) == 1


def test_an_error_is_asked_again_by_the_next_run(tmp_path: Path, server: ScriptedServer) -> None:
    server.script = lambda asked: Fault(400)
    folder = arena(tmp_path / "a", server.url)
    assert ask(folder, chat("hello"))[0].error
    server.script = echo
    assert ask(folder, chat("hello"))[0].text == "m-one heard hello"


def test_the_cost_is_that_of_the_answers(tmp_path: Path, server: ScriptedServer) -> None:
    server.script = lambda asked: Fault(400) if asked.text == "bad" else echo(asked)
    made = panel(arena(tmp_path / "a", server.url))
    made.ask([chat("a b c"), chat("bad"), chat("x", "two")])
    assert made.cost() == {
        "one": {"calls": 1, "input_tokens": 3, "output_tokens": 5, "dollars": (3 * 1.0 + 5 * 2.0) / 1e6},
        "two": {"calls": 1, "input_tokens": 1, "output_tokens": 3, "dollars": None},
    }


def test_no_more_calls_are_in_flight_than_the_endpoint_takes(tmp_path: Path, server: ScriptedServer) -> None:
    """Four places at the server, shared by both experts: all four are used, and the fifth call waits."""
    server.together = asyncio.Barrier(4)
    made = panel(arena(tmp_path / "a", server.url))
    made.ask([chat(f"call {number}", "one" if number % 2 else "two") for number in range(32)])
    assert len(server.asked) == 32
    assert server.most_in_flight == 4
    assert made._places["one"] is made._places["two"]


@pytest.mark.parametrize("written", [KEY, f"{KEY}\n"], ids=["plain", "with a line end"])
def test_the_key_is_sent_and_written_nowhere(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", written)
    folder = arena(tmp_path / "a", server.url, api_key_env="SCRIPTED_KEY")

    def script(asked: Asked) -> str | Fault:
        # Some endpoints say in their refusal which key they were given.
        return Fault(401, f"bad key: {KEY}".encode()) if asked.text == "refuse" else echo(asked)

    server.script = script
    replies = ask(folder, chat("hello"), chat("refuse"))
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert replies[0].error is None
    assert KEY not in str(replies[1].error)
    assert "HTTP 401: bad key: " in str(replies[1].error)
    files = [file for file in folder.path.rglob("*") if file.is_file()]
    assert files
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []


def test_no_key_is_sent_where_none_is_named(tmp_path: Path, server: ScriptedServer) -> None:
    ask(arena(tmp_path / "a", server.url), chat("hello"))
    assert "Authorization" not in server.asked[0].headers


def test_the_scripted_server_cuts_like_a_real_one() -> None:
    asked = Asked("/v1/completions", {"prompt": "p", "stop": ["!"], "max_tokens": 2}, {}, 0)
    assert completion(asked, "a b c")["choices"][0] == {"index": 0, "finish_reason": "length", "text": "a b"}
    assert completion(asked, "a! b c")["choices"][0]["finish_reason"] == "stop"
