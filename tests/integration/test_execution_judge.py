"""The execution judge as users meet it: where no sandbox can be had, without one on purpose, killed on its way."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import ended, wait_until, warrior
from scripted_experts import KEY, KEY_VARIABLE, is_judging, recipe, script
from unit.scripted_server import Asked, ScriptedServer, scripted_server
from unit.test_sandbox_machines import FORBID

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.execution.cases import Ruling
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.journal.upkeep import Upkeep

SLOW_AND_FICKLE = """```python
import random, time

def solve(value):
    return time.time_ns() + {number}

time.sleep(0.2)
assert random.random() < 0.5
print(solve(1))
```"""


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


@pytest.fixture
def file(server: ScriptedServer, tmp_path: Path) -> Path:
    path = tmp_path / "scripted.yaml"
    path.write_text(recipe(server.url).to_yaml())
    return path


def where_namespaces_are_forbidden(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`warrior` in a process that may make no namespace, and whose children may not either."""
    code = f"{FORBID}\nfrom warriorcoder.cli import main\nmain()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    env = {**os.environ, KEY_VARIABLE: KEY}
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize("part", ["run", "battle"])
def test_without_a_sandbox_a_run_refuses_before_anybody_is_asked(
    server: ScriptedServer, file: Path, tmp_path: Path, part: str
) -> None:
    arena = tmp_path / "arena"
    if part == "battle":
        assert ended(warrior("mine", file, "--into", arena, "-q"))[0] == 0
        server.forget()
    before = {path: path.read_bytes() for path in arena.rglob("*") if path.is_file()}
    refused = where_namespaces_are_forbidden(*(("run", file, "--into", arena) if part == "run" else ("battle", arena)))
    assert refused.returncode == 2, refused.stderr
    assert "warrior: battles.execution_weight: the execution judge runs code that models wrote." in refused.stderr
    assert "(bubblewrap: " in refused.stderr
    assert "--unsafe-no-sandbox runs the code with limits alone" in refused.stderr
    assert "battles.execution_weight: null leaves the execution judge out." in refused.stderr
    assert "Traceback" not in refused.stderr
    assert server.asked == []
    assert {path: path.read_bytes() for path in arena.rglob("*") if path.is_file()} == before


def test_the_doctor_shows_it_red(file: Path, tmp_path: Path) -> None:
    found = where_namespaces_are_forbidden("doctor", file, "--into", tmp_path / "arena", "--json", "-q")
    assert found.returncode == 1, found.stderr
    cells = {cell["word"]: cell for cell in json.loads(found.stdout)["whole"]}
    assert cells["no sandbox"]["colour"] == "red"
    assert "the execution judge runs code" in cells["no sandbox"]["found"]
    assert "--unsafe-no-sandbox" in cells["no sandbox"]["advice"]


def test_without_the_execution_judge_no_sandbox_is_wanted(file: Path, tmp_path: Path) -> None:
    arena = tmp_path / "arena"
    left_out = ("--set", "battles.execution_weight=null")
    ran = where_namespaces_are_forbidden("run", file, "--into", arena, "-q", *left_out)
    assert ran.returncode == 0, ran.stderr
    assert {vote["judge"] for vote in ArenaFolder(arena).read_table("votes")} == {"one", "two", "three"}


def test_with_limits_alone_it_judges_alike_and_warns(file: Path, tmp_path: Path) -> None:
    unsafe, safe = tmp_path / "unsafe", tmp_path / "safe"
    ran = where_namespaces_are_forbidden("run", file, "--into", unsafe, "-q", "--unsafe-no-sandbox")
    assert ran.returncode == 0, ran.stderr
    assert "code that models wrote is run without a sandbox" in ran.stderr
    assert ended(warrior("run", file, "--into", safe, "-q"))[0] == 0
    assert ArenaFolder(unsafe).read_table("votes") == ArenaFolder(safe).read_table("votes")
    assert "unsafe" not in (unsafe / "recipe.yaml").read_text()
    assert all(finding.ok for finding in check(ArenaFolder(unsafe)))


def rulings(arena: Path) -> dict[str, Ruling]:
    """What the execution judge found so far, by key."""
    with Upkeep(ArenaFolder(arena).journal_path) as journal:
        entries = [entry for entry, _ in journal.entries() if entry.expert == "execution"]
    return {entry.key: Ruling.of_text(entry.reply.text) for entry in entries}


def test_a_judging_that_is_killed_loses_nothing_and_changes_nothing(
    server: ScriptedServer, file: Path, tmp_path: Path
) -> None:
    def fickle(asked: Asked) -> str:
        number = seed_from(asked.model, asked.text) % 100
        said = script(asked)
        return SLOW_AND_FICKLE.format(number=number) if asked.chat and not is_judging(asked) else str(said)

    arena = tmp_path / "arena"
    assert ended(warrior("mine", file, "--into", arena, "-q"))[0] == 0
    server.script = fickle
    first = warrior("battle", arena, "-q")
    wait_until(lambda: (arena / ".work" / "progress" / "judge.json").exists() and len(rulings(arena)) > 2, first)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    kept = rulings(arena)
    assert ended(warrior("battle", arena, "-q"))[0] == 0
    folder = ArenaFolder(arena)
    after, votes = rulings(arena), folder.read_table("votes")
    assert len(kept) > 2
    assert len(after) > len(kept)
    assert {key: after[key] for key in kept} == kept
    cast = {(vote["verdict"], vote["evidence"]) for vote in votes if vote["judge"] == "execution"}
    assert cast <= {(ruling.verdict, ruling.evidence) for ruling in after.values()}
    assert ended(warrior("battle", arena, "-q"))[0] == 0
    assert folder.read_table("votes") == votes
    with Journal(folder.journal_path) as journal:
        assert all(expert != "execution" for _, expert in journal.spent())
