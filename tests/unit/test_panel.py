"""The panel against a real HTTP server: every call has its own fate, and every answer is asked for once."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.scripted_server import Asked, Fault, ScriptedServer, completion, scripted_server

from warriorcoder.arena_folder import ArenaFolder
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
    addresses = [Address(name, "openai", (url,), f"m-{name}", f"m-{name}", 4, **fields) for name in ("one", "two")]
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
    twins = [Address(name, "openai", (server.url,), f"m-{name}", "sha256:same", 4) for name in ("one", "two")]
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
        "one": {
            "calls": 1,
            "input_tokens": 3,
            "output_tokens": 5,
            "unmetered": 0,
            "dollars": (3 * 1.0 + 5 * 2.0) / 1e6,
        },
        "two": {"calls": 1, "input_tokens": 1, "output_tokens": 3, "unmetered": 0, "dollars": None},
    }


def test_no_more_calls_are_in_flight_than_the_endpoint_takes(tmp_path: Path, server: ScriptedServer) -> None:
    """Four places at a model's server, shared by its twins: all four are used, and the fifth call waits."""
    folder = arena(tmp_path / "a", server.url)
    write_addresses(folder, [Address(name, "openai", (server.url,), "m", f"w-{name}", 4) for name in ("one", "two")])
    server.together = asyncio.Barrier(4)
    panel(folder).ask([chat(f"call {number}", "one" if number % 2 else "two") for number in range(32)])
    assert len(server.asked) == 32
    assert server.most_in_flight == 4


@pytest.mark.parametrize("written", [KEY, f"{KEY}\n"], ids=["plain", "with a line end"])
def test_the_key_is_sent_and_written_nowhere(
    tmp_path: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", written)
    folder = arena(tmp_path / "a", server.url, api_key_env="SCRIPTED_KEY")

    def script(asked: Asked) -> str | Fault:
        # Some endpoints say in their refusal which key they were given.
        return Fault(400, f"bad key: {KEY}".encode()) if asked.text == "refuse" else echo(asked)

    server.script = script
    replies = ask(folder, chat("hello"), chat("refuse"))
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert replies[0].error is None
    assert KEY not in str(replies[1].error)
    assert "HTTP 400: bad key: " in str(replies[1].error)
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
