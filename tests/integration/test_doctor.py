"""The doctor at real models: the demo's, and SmolLM2 behind a gateway that wraps raw prompts into chats."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.doctor.canary import HALF_WORD, ORDER, by_half_word, by_order, by_tokens, raw_call, raw_cell
from warriorcoder.pipelines.doctor.examine import examine
from warriorcoder.pipelines.doctor.findings import CHECKS, Cell, Check, Colour, Report
from warriorcoder.pipelines.doctor.measurements import read_measurements
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.recipe import Recipe, load_recipe

pytestmark = pytest.mark.models

DEMO = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo.yaml"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Address]]:
    """The demo's models, each behind a server."""
    recipe = load_recipe(DEMO)
    with serve(recipe, weights_of(recipe.experts), tmp_path_factory.mktemp("logs")) as addresses:
        yield {address.expert: address for address in addresses}


def gateway(target: str, *, counts: bool) -> web.Application:
    """A gateway in front of a server: it makes a chat of every raw prompt, as some do."""

    async def pass_on(request: web.Request) -> web.StreamResponse:
        body: dict[str, Any] = json.loads(await request.text())
        raw = "prompt" in body
        if raw:
            body["messages"] = [{"role": "user", "content": body.pop("prompt")}]
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{target}/chat/completions", json=body) as response,
        ):
            answer: dict[str, Any] = await response.json()
        for choice in answer["choices"] if raw else []:
            choice["text"] = choice.pop("message")["content"]
        if not counts:
            del answer["usage"]
        return web.json_response(answer)

    app = web.Application()
    app.router.add_post("/v1/completions", pass_on)
    app.router.add_post("/v1/chat/completions", pass_on)
    return app


@contextmanager
def behind(*apps: web.Application) -> Iterator[list[str]]:
    """Serve applications; gives their addresses."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    runners = [web.AppRunner(app) for app in apps]
    urls: list[str] = []

    async def start() -> None:
        for runner in runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}/v1")

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        ready.set()
        loop.run_forever()
        for runner in runners:
            loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(30)
    try:
        yield urls
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def recipe_of(experts: dict[str, tuple[str, Any]]) -> Recipe:
    """Experts at servers, with the template that the recipe says they have; nobody of them judges or grades."""
    return Recipe.model_validate(
        {
            "name": "real",
            "experts": [
                {
                    "name": name,
                    "template": template,
                    "extra": {"min_p": 0.05},
                    "weights": "the same",
                    "endpoint": {"kind": "openai", "base_url": url, "model": "local", "concurrency": 4},
                }
                for name, (url, template) in experts.items()
            ],
            "battles": {"execution_weight": 1},
            "mining": {"max_tokens": 160},
            "answers": {"max_tokens": 32},
        }
    )


def cells(report: Report) -> dict[str, dict[Check, Cell]]:
    return {row.expert: {check: row.cell(check) for check in CHECKS} for row in report.rows}


@pytest.mark.timeout(900)
def test_the_demo_can_run_and_its_models_cannot_judge(tmp_path: Path) -> None:
    report = examine(load_recipe(DEMO), tmp_path / "demo", lambda expert, what: None)
    found = cells(report)
    assert not report.would_fail
    for check in ("reach", "model", "raw", "usage", "speed"):
        assert {name: found[name][check].colour for name in found} == dict.fromkeys(found, Colour.GREEN)
    assert {name: found[name]["judge"].colour for name in found} == dict.fromkeys(found, Colour.YELLOW)
    assert "the text has 47 tokens raw and 77 in chat" in found["smollm2"]["raw"].found
    assert found["gemma3"]["chat"].word == "raw"
    assert all(row.sample for row in report.rows)
    assert report.spending.calls <= 60
    measured = read_measurements(ArenaFolder(tmp_path / "demo"))
    assert {(each.expert, each.stage) for each in measured} == {
        (name, stage) for name in found for stage in ("mine", "answer", "judge")
    }
    assert all(each.seconds > 0 and each.output_tokens for each in measured)


def test_a_gateway_that_wraps_is_found_out_with_and_without_its_counts(
    served: dict[str, Address], tmp_path: Path
) -> None:
    (target,) = served["smollm2"].base_urls
    with behind(gateway(target, counts=True), gateway(target, counts=False)) as (counting, silent):
        experts = {"straight": (target, "chatml"), "counting": (counting, "chatml"), "silent": (silent, "chatml")}
        report = examine(recipe_of(experts), tmp_path / "arena", lambda expert, what: None)
    found = cells(report)
    assert {name: found[name]["raw"].colour for name in found} == {
        "straight": Colour.GREEN,
        "counting": Colour.RED,
        "silent": Colour.RED,
    }
    assert "the text has 77 tokens raw and 77 in chat" in found["counting"]["raw"].found
    assert "raw completion and chat say the same" in found["silent"]["raw"].found
    assert found["counting"]["prefix"].colour is Colour.NONE
    assert report.would_fail


def test_a_template_of_another_family_is_named(served: dict[str, Address], tmp_path: Path) -> None:
    (target,) = served["smollm2"].base_urls
    experts = {"right": (target, "chatml"), "wrong": (target, "llama3")}
    report = examine(recipe_of(experts), tmp_path / "arena", lambda expert, what: None)
    wrong = cells(report)["wrong"]["prefix"]
    assert wrong.colour in (Colour.YELLOW, Colour.RED)
    assert "<|start_header_id|> is no token of this model" in wrong.found
    assert "<|im_start|>" not in cells(report)["right"]["prefix"].found


def test_a_base_model_passes_the_canary_by_words_alone(served: dict[str, Address]) -> None:
    async def ask() -> Cell:
        address = served["gemma3"]
        async with aiohttp.ClientSession() as session:
            client = connect(address, address.base_urls[0], session)
            order, half = [await client.ask(raw_call("gemma3", text)) for text in (ORDER, HALF_WORD)]
        return raw_cell([by_tokens(order, None, None), by_order(order), by_half_word(half)])

    assert asyncio.run(ask()).colour is Colour.GREEN
