"""Runs on a real Ray cluster of two nodes: the same tables, one journal, no key anywhere, nobody left behind."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from ray_cluster import RunningCluster, two_nodes
from running import Gate, asking, ended, stop, wait_until, warrior
from scripted_experts import KEY, recipe, script
from unit.scripted_server import ScriptedServer, scripted_server

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).resolve().parents[2]
ENDED_WITHIN_S = 20.0
"""Ray takes a moment to end the actors of a run whose process was killed."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCluster]:
    with two_nodes(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


@pytest.fixture
def recipe_file(tmp_path: Path, server: ScriptedServer) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe(server.url).to_yaml())
    return path


def tables(arena: Path) -> dict[str, bytes]:
    return {str(file.relative_to(arena)): file.read_bytes() for file in arena.rglob("*.parquet")}


def answers(arena: Path) -> set[tuple[bytes, bytes]]:
    """What the journal holds, by the call's key."""
    with sqlite3.connect(arena / ".work" / "journal.sqlite") as connection:
        return set(connection.execute("SELECT key, text FROM answers"))


def command_lines() -> set[str]:
    """What every process of this machine shows of itself."""
    lines = set()
    for process in psutil.process_iter():
        try:
            lines.add(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return lines


def files_with(secret: str, folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()]


def mine_until_held(
    cluster: RunningCluster, server: ScriptedServer, recipe: Path, arena: Path
) -> subprocess.Popen[str]:
    """Start to mine on the cluster; the calls that are in flight then do not end before the gate opens."""
    server.together = Gate()
    process = warrior("mine", recipe, "--into", arena, "--ray", cluster.address, **cluster.environment)
    wait_until(lambda: server.most_in_flight, process)
    return process


def nobody_is_left(cluster: RunningCluster) -> bool:
    """Whether no actor is left on the cluster, after a moment."""
    deadline = time.monotonic() + ENDED_WITHIN_S
    while cluster.actors() and time.monotonic() < deadline:
        time.sleep(0.1)
    return not cluster.actors()


def test_two_nodes_make_the_same_tables_and_hold_no_key(
    cluster: RunningCluster, server: ScriptedServer, recipe_file: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here" / "scripted", tmp_path / "there" / "scripted"
    code, said = ended(warrior("run", recipe_file, "--into", here))
    assert code == 0, said
    asked = len(server.asked)
    server.forget()

    lines: set[str] = set()
    machines: dict[str, set[int]] = {}
    for _ in range(2):
        process = warrior("run", recipe_file, "--into", there, "--ray", cluster.address, **cluster.environment)
        while process.poll() is None:
            lines |= command_lines()
            for actor in cluster.actors():
                try:
                    machines.setdefault(actor.cmdline()[0].partition(".")[0], set()).add(actor.ppid())
                except psutil.Error:
                    continue
            try:
                process.wait(timeout=0.5)
            except subprocess.TimeoutExpired:
                continue
        code, said = ended(process)
        assert code == 0, said
        assert KEY not in said
        # The second run asks nobody: the first one's answers are in the journal.
        assert len(server.asked) == asked
    assert tables(there) == tables(here)
    assert len(tables(there)) > 9
    assert [finding for finding in check(ArenaFolder.open(there)) if not finding.ok] == []
    assert {each.headers["Authorization"] for each in server.asked} == {f"Bearer {KEY}"}

    # A node's processes are its raylet's children. The steps were on both, the journal where `warrior` was.
    assert len(machines["ray::_StepWrapperRay"]) == 2
    assert len(machines["ray::Desk"]) == 1
    assert answers(there) == answers(here)

    assert any("ray::_StepWrapperRay" in line for line in lines)
    assert [line for line in lines if KEY in line] == []
    assert len(list(cluster.folder.rglob("*"))) > 50
    assert files_with(KEY, cluster.folder) == []
    assert files_with(KEY, there) == []
    assert nobody_is_left(cluster)


@pytest.mark.parametrize(
    ("number", "times", "code"),
    [(signal.SIGINT, 1, 130), (signal.SIGINT, 2, 130), (signal.SIGKILL, 1, -9)],
    ids=["ctrl-c", "ctrl-c twice", "kill -9"],
)
def test_a_stopped_run_leaves_the_cluster_as_it_was(
    cluster: RunningCluster,
    server: ScriptedServer,
    recipe_file: Path,
    tmp_path: Path,
    number: signal.Signals,
    times: int,
    code: int,
) -> None:
    arena = tmp_path / "scripted"
    daemons = {process for process in cluster.processes() if process not in cluster.actors()}
    process = mine_until_held(cluster, server, recipe_file, arena)
    in_flight = server.most_in_flight
    stop(process, arena, number, times)
    finishing = number == signal.SIGINT and times == 1
    if finishing:
        wait_until((arena / ".work" / "stop").exists, process)
        server.together.shut = False  # type: ignore[attr-defined]
    ended_with, said = ended(process)
    assert ended_with == code, said
    if number == signal.SIGINT:
        assert "the same command goes on from here" in said
    assert nobody_is_left(cluster)
    assert all(daemon.is_running() for daemon in daemons if "IDLE" not in " ".join(daemon.cmdline()))
    kept = len(answers(arena))
    # Once: what was in flight was answered and kept.
    assert kept == (len(server.asked) if finishing else 0)
    assert not finishing or kept >= in_flight


def test_a_step_that_is_killed_ends_the_run_and_the_next_one_goes_on(
    cluster: RunningCluster, server: ScriptedServer, recipe_file: Path, tmp_path: Path
) -> None:
    arena = tmp_path / "scripted"
    process = mine_until_held(cluster, server, recipe_file, arena)
    step = asking(cluster.actors(), server.url)
    assert step is not None
    step.kill()
    code, said = ended(process, 60)
    assert code == 3
    last = said.splitlines()[-1]
    assert last.startswith("warrior: stage mine: the process of the step mine on the cluster has ended: ")
    assert "(machine 127.0.0.1). Out of memory? " in last
    assert last.endswith("the same command goes on from here.")
    assert nobody_is_left(cluster)
    server.together.shut = False  # type: ignore[attr-defined]
    again = warrior("mine", recipe_file, "--into", arena, "--ray", "auto", **cluster.environment)
    code, said = ended(again)
    assert code == 0, said
    assert ArenaFolder.open(arena).has_table("instructions")


def test_the_desk_keeps_answers_in_few_messages_and_says_what_went_wrong(
    cluster: RunningCluster, tmp_path: Path
) -> None:
    command = [sys.executable, str(ROOT / "tests" / "ray_keeping.py"), cluster.address, str(tmp_path)]
    env = {**os.environ, **cluster.environment}
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    found = json.loads(shown.splitlines()[-1])
    assert found["found"] == 2000
    assert found["alike"]
    assert found["on disk"]
    # 64 in flight: a message takes what came while the one before was on its way.
    assert 2000 / 64 <= found["messages"] < 500
    assert 0 < found["busy"][0] <= found["seconds"]
    assert found["busy"][1] == 0
    assert found["keys"] == {"A_KEY": "k"}
    assert len(found["too much"]) == 3
    for end in found["too much"]:
        assert end.startswith("ArenaError: ")
        assert "database or disk is full" in end
        assert "\n" not in end
    spent = {"calls": 2000, "input_tokens": 1999000, "output_tokens": 4000, "unmetered": 1000, "seconds": 1000.0}
    assert found["spent"] == {"mine/one": spent}
    assert found["ended"].startswith("RunFailed: the process that keeps the journal on the cluster has ended: ")


def refused(cluster: RunningCluster, *arguments: str | Path, within: float = 60) -> str:
    """The message of a command that does not begin."""
    begun = time.monotonic()
    code, said = ended(warrior(*arguments, **cluster.environment))
    assert code == 2, said
    assert time.monotonic() - begun < within
    assert "Traceback" not in said
    return said.splitlines()[-1].removeprefix("warrior: ")


def test_local_experts_are_refused_where_other_machines_would_ask_them(cluster: RunningCluster, tmp_path: Path) -> None:
    demo = ROOT / "pipelines" / "recipes" / "demo.yaml"
    arena = tmp_path / "arena"
    said = refused(cluster, "mine", demo, "--into", arena, "--ray", cluster.address)
    assert said.startswith(
        "experts.smollm2.endpoint: kind embedded answers on this machine alone, and the cluster has 1"
    )
    assert "--ray alone" in said
    assert not arena.exists()


def namespaces_work() -> bool:
    unshare = shutil.which("unshare")
    return unshare is not None and subprocess.run([unshare, "-Urm", "true"], check=False).returncode == 0


@pytest.mark.skipif(not namespaces_work(), reason="needs a mount namespace of its own")
def test_an_arena_that_not_every_machine_sees_is_refused(
    cluster: RunningCluster, recipe_file: Path, tmp_path: Path
) -> None:
    """`warrior` sees a file system of its own where the cluster's nodes see an empty folder."""
    private = tmp_path / "private"
    private.mkdir()
    script = f'mount -t tmpfs none {private} && exec "$@"'
    command = [sys.executable, "-m", "warriorcoder.cli", "mine", recipe_file, "--into", private / "arena"]
    ended = subprocess.run(
        ["unshare", "-Urm", "--propagation", "private", "sh", "-c", script, "sh", *command, "--ray", cluster.address],
        env={**os.environ, **cluster.environment, "SCRIPTED_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2, ended.stderr
    said = ended.stderr.splitlines()[-1]
    assert "the arena must be in a folder that all machines of the cluster share" in said
    assert said.count("(127.0.0.1)") == 2
    assert said.endswith("Give such a folder with --into.")
    assert list(private.iterdir()) == []


def test_an_address_where_nobody_is_or_somebody_else(
    cluster: RunningCluster, recipe_file: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        said = refused(cluster, "mine", recipe_file, "--into", tmp_path / "a", "--ray", f"127.0.0.1:{port}")
        assert "what listens there did not answer as Ray does within 20 s" in said
    said = refused(cluster, "mine", recipe_file, "--into", tmp_path / "a", "--ray", f"127.0.0.1:{port}", within=15)
    assert said.startswith(f"--ray 127.0.0.1:{port}: nobody answers there: Connection refused. Is the cluster up?")
    assert not (tmp_path / "a").exists()
