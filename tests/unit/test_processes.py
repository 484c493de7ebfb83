"""Children end with the process that started them, whatever they are doing and wherever orphans go."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from warriorcoder.pipelines.endpoints.processes import child_command

STARTS_A_CHILD = """
import subprocess, sys
from warriorcoder.pipelines.endpoints.processes import child_command
subprocess.Popen(child_command("waiting", "hello")).wait()
"""
FORKS_A_CHILD = """
import os
from warriorcoder.pipelines.endpoints.processes import forks_die_with_parent
forks_die_with_parent()
if os.fork() == 0:
    if os.fork() == 0:
        print(os.getpid(), "hello", flush=True)
    os.read(0, 1)
os.wait()
"""
WAITING = """
import os, sys
print(os.getpid(), *sys.argv[1:], flush=True)
os.read(0, 1)
"""


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that says who it is and waits at its import for ever, before any of its own code could tie it."""
    (tmp_path / "waiting.py").write_text(WAITING)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("script", [STARTS_A_CHILD, FORKS_A_CHILD], ids=["started", "forked twice"])
def test_a_child_ends_with_its_parent_when_that_is_killed(script: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        number, said = parent.stdout.readline().split()
        below = psutil.Process(parent.pid).children(recursive=True)
        assert int(number) in {child.pid for child in below}
        assert said == "hello"
        parent.send_signal(signal.SIGKILL)
        assert not psutil.wait_procs(below, timeout=10)[1]


@pytest.mark.usefixtures("waiting")
def test_a_child_whose_parent_has_ended_already_does_nothing() -> None:
    """Its orphan has another parent by then, which need not be process 1."""
    command = child_command("waiting")
    assert command[3] == str(os.getpid())
    command[3] = str(os.getppid())
    ended = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
