"""An evaluation's questions to a TGI server, in its own protocol: chat, and completion with every stop string."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from unit.wire_servers import Model, serving, tgi, tokens_of

from warriorcoder.cli_expert_answers import expert_answers
from warriorcoder.code_extraction import Style
from warriorcoder.eval.questions import Answer, Sampling, questions
from warriorcoder.eval.tasks import load
from warriorcoder.recipe import Recipe


@contextmanager
def served(app: web.Application) -> Iterator[str]:
    """Serve in a thread of its own: an evaluation is the main thread's."""
    loop = asyncio.new_event_loop()
    place: list[str] = []
    ready, over = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(app) as url:
            place.append(url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(30)
    try:
        yield place[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def answer(model: Model, style: Style, folder: Path, sampling: Sampling) -> Answer:
    with served(tgi(model)) as url:
        endpoint = {"kind": "tgi", "base_url": url, "model": "org/tiny"}
        experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in ("one", "two")]
        recipe = Recipe.model_validate({"name": "wired", "experts": experts})
        wanted = questions(load("humaneval").tasks[2:3], style, sampling)
        with expert_answers(recipe, "one", folder, print) as answerer:
            ((given,),) = answerer.answers(wanted, sampling)
    return given


@pytest.mark.parametrize(("limit", "finish"), [(9, "stop"), (2, "length")])
def test_chat(tmp_path: Path, limit: int, finish: str) -> None:
    model = Model(says=tokens_of("a fine answer"), context=4096)
    given = answer(model, "chat", tmp_path, Sampling(max_tokens=limit))
    assert (given.completion, given.finish) == ("a fine answer" if finish == "stop" else "a fine", finish)
    assert model.last.path == "/v1/chat/completions"
    assert model.last.body["temperature"] == 0.0
    assert isinstance(given.prompt, list)
    assert model.last.body["messages"] == given.prompt


def test_a_completion_ends_at_the_first_of_all_stop_strings(tmp_path: Path) -> None:
    """The eleventh of them, which TGI is not even told."""
    model = Model(says=tokens_of("    return number % 1\n<done> and on it goes for ever"), context=4096)
    given = answer(model, "completion", tmp_path, Sampling(max_tokens=64))
    assert (given.completion, given.finish) == ("    return number % 1", "stop")
    asked = model.asked[0]
    assert asked.path == "/generate_stream"
    assert asked.body["inputs"] == given.prompt
    assert len(asked.body["parameters"]["stop"]) == 4
