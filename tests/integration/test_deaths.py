"""Processes of a run that are killed from outside: the run ends at once, says what happened, and can go on."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from running import Gate, asking, below, ended, wait_until, warrior
from scripted_experts import recipe, script
from unit.scripted_server import ScriptedServer, scripted_server

from warriorcoder.arena_folder import ArenaFolder

DEMO = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo.yaml"
SOON_S = 30.0
"""Far less than a recipe's patience of 600 s."""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


def the_one_that_asks(processes: list[psutil.Process], url: str) -> psutil.Process:
    found = asking(processes, url)
    assert found is not None
    return found


def one_that_waits(processes: list[psutil.Process], url: str) -> psutil.Process:
    """A worker without a step: it may hold the lock under which all of them wait for work."""
    runner = next(process for process in processes if process.ppid() == min(each.ppid() for each in processes))
    busy = the_one_that_asks(processes, url)
    return max((child for child in runner.children() if child != busy), key=lambda child: child.pid)


def the_pipelines_own(processes: list[psutil.Process], url: str) -> psutil.Process:
    parent = the_one_that_asks(processes, url).parent()
    assert parent is not None
    return parent


@pytest.mark.parametrize(
    ("victim", "number", "message"),
    [
        (the_one_that_asks, signal.SIGKILL, "stage mine: a process of the pipeline was killed (signal 9, SIGKILL)"),
        (the_one_that_asks, signal.SIGTERM, "stage mine: a process of the pipeline was killed (signal 15, SIGTERM)"),
        (one_that_waits, signal.SIGKILL, "stage mine: a process of the pipeline was killed (signal 9, SIGKILL)"),
        (the_pipelines_own, signal.SIGKILL, "the pipeline's own process was killed (signal 9, SIGKILL)"),
    ],
    ids=["the stage's", "the stage's, terminated", "an idle one", "the pipeline's"],
)
def test_a_killed_process_ends_the_run_and_the_next_one_goes_on(
    tmp_path: Path,
    server: ScriptedServer,
    victim: Callable[[list[psutil.Process], str], psutil.Process],
    number: signal.Signals,
    message: str,
) -> None:
    arena = tmp_path / "scripted"
    (tmp_path / "recipe.yaml").write_text(recipe(server.url).to_yaml())
    server.together = gate = Gate()
    process = warrior("mine", tmp_path / "recipe.yaml", "--into", arena)
    wait_until(lambda: server.most_in_flight, process)
    processes = below(process)
    victim(processes, server.url).send_signal(number)
    code, said = ended(process, SOON_S)
    assert code == 3, said
    last = said.splitlines()[-1]
    assert last.startswith(f"warrior: {message}. Out of memory? ")
    assert last.endswith("the same command goes on from here.")
    assert not psutil.wait_procs(processes, timeout=10)[1]

    gate.shut = False
    code, said = ended(warrior("mine", tmp_path / "recipe.yaml", "--into", arena))
    assert code == 0, said
    assert ArenaFolder.open(arena).has_table("instructions")


@pytest.mark.models
def test_a_local_server_that_dies_is_told_at_once(tmp_path: Path) -> None:
    """Its expert would otherwise be waited for until the recipe's patience ends."""
    process = warrior("mine", DEMO, "--into", tmp_path / "arena", "--set", "mining.per_expert=40")
    progress = tmp_path / "arena" / ".work" / "progress" / "mine.json"
    wait_until(progress.exists, process)
    servers = [child for child in below(process) if "smollm2" in " ".join(child.cmdline()).lower()]
    assert len(servers) == 1
    everyone = below(process)
    servers[0].kill()
    code, said = ended(process, SOON_S)
    assert code == 3
    last = said.splitlines()[-1]
    assert last.startswith("warrior: the local server of smollm2 and smollm2-tutor (")
    assert ") was killed (signal 9, SIGKILL). Out of memory? " in last
    assert "Its last words: " in last
    assert not psutil.wait_procs(everyone, timeout=10)[1]
