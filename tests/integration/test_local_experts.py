"""Local experts on real models: servers that are shared, that answer, and that never outlive the run."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import psutil
import pytest
from running import stop

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.endpoints.calls import Address, Call, Constraint, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.progress import read_progress
from warriorcoder.recipe import Recipe, load_recipe

pytestmark = pytest.mark.models

DEMO = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo.yaml"
SMALL = ("mining.per_expert=2", "mining.max_draws=6")


def ask(address: Address, call: Call) -> Reply:
    async def once() -> Reply:
        async with aiohttp.ClientSession() as session:
            return await connect(address, address.base_urls[0], session).ask(call)

    return asyncio.run(once())


def weights(recipe: Recipe) -> dict[str, str]:
    return weights_of(recipe.experts)


def test_twins_share_a_server_and_everybody_answers(tmp_path: Path) -> None:
    recipe = load_recipe(DEMO)
    with serve(recipe, weights(recipe), tmp_path) as addresses:
        by_name = {address.expert: address for address in addresses}
        assert by_name["smollm2"].base_urls == by_name["smollm2-tutor"].base_urls != by_name["gemma3"].base_urls
        assert by_name["smollm2"].weights == by_name["smollm2-tutor"].weights != by_name["gemma3"].weights
        greedy = {"temperature": 0.0, "max_tokens": 8, "seed": 1}
        chat = Call("smollm2", greedy, messages=[{"role": "user", "content": "Say hello."}])
        raw = Call("gemma3", greedy, prompt="def add(a, b):\n    return")
        for call in (chat, raw):
            reply = ask(by_name[call.expert], call)
            assert reply.error is None
            assert reply.text.strip()
            assert reply.input_tokens
            assert reply.output_tokens
            assert reply.output_tokens <= 8
        servers = [child for child in psutil.Process().children() if "embedded_server" in " ".join(child.cmdline())]
        assert len(servers) == 2
    assert not any(server.is_running() for server in servers)


def test_a_grammar_binds_a_local_judge(tmp_path: Path) -> None:
    recipe = load_recipe(DEMO)
    form = Constraint(gbnf='root ::= "[[" ("A" | "B") "]]"', regex=r"\[\[(A|B)\]\]")
    with serve(recipe, weights(recipe), tmp_path) as addresses:
        call = Call("gemma3", {"temperature": 1.0, "max_tokens": 20, "seed": 1}, prompt="Verdict:", constraint=form)
        assert ask(addresses[1], call).text in ("[[A]]", "[[B]]")


def test_a_file_that_is_no_model_is_told_in_llama_cpps_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(range(256)))
    overrides = [f"experts.gemma3.endpoint.model={broken}", "experts.gemma3.template=base"]
    recipe = load_recipe(DEMO, overrides)
    with pytest.raises(ModelError, match=r"broken\.gguf: its server did not start: .*GGUF"):
        serve(recipe, weights(recipe), tmp_path / "logs").__enter__()


def mining(arena: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "warriorcoder.cli", "mine", str(DEMO), "--into", str(arena)]
    command += [part for override in SMALL for part in ("--set", override)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def answered(arena: Path) -> int:
    """How many answers the journal holds."""
    journal = arena / ".work" / "journal.sqlite"
    if not journal.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def wait_for_an_answer(process: subprocess.Popen[str], arena: Path) -> None:
    deadline = time.monotonic() + 120
    while not answered(arena):
        assert time.monotonic() < deadline, "no call was answered"
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the run ended before it was stopped: {process.communicate()[1]}")


@pytest.mark.parametrize(
    ("number", "times", "code"),
    [
        (signal.SIGINT, 1, 130),
        (signal.SIGINT, 2, 130),
        (signal.SIGTERM, 1, 143),
        (signal.SIGHUP, 1, 129),
        (signal.SIGKILL, 1, -9),
    ],
    ids=["ctrl-c", "ctrl-c twice", "sigterm", "sighup", "kill -9"],
)
def test_a_stopped_run_leaves_no_process_and_loses_no_answer(
    tmp_path: Path, number: signal.Signals, times: int, code: int
) -> None:
    arena = tmp_path / "arena"
    process = mining(arena)
    wait_for_an_answer(process, arena)
    children = psutil.Process(process.pid).children(recursive=True)
    assert sum("embedded_server" in " ".join(child.cmdline()) for child in children) == 2
    before = answered(arena)
    stop(process, arena, number, times)
    _, said = process.communicate(timeout=120)
    assert process.returncode == code
    if number != signal.SIGKILL:
        assert "the same command goes on from here" in said
        assert "Traceback" not in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    kept = answered(arena)
    assert kept >= before
    again = mining(arena)
    _, said = again.communicate(timeout=240)
    assert again.returncode == 0, said
    assert "not finished" in (arena / "README.md").read_text(encoding="utf-8")
    progress = read_progress(arena / ".work" / "progress")
    # An answer may be in the log and not yet in the log's index when its writer is killed: the next one finds it there.
    assert kept <= sum(stage.replayed for stage in progress.values()) <= kept + 1
    assert sum(stage.done for stage in progress.values()) == answered(arena)
