"""What conftest.py promises every test: a home of its own, no network, no process left behind."""

import os
import pwd
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

TESTS = Path(__file__).resolve().parent.parent


def test_the_home_is_fresh_and_holds_the_caches(own_home: Path) -> None:
    assert Path.home() == own_home
    assert list(own_home.iterdir()) == []
    assert Path(os.environ["HF_HOME"]).is_relative_to(own_home)
    assert not [name for name in os.environ if name.endswith(("_TOKEN", "_API_KEY"))]


def test_the_hubs_folders_are_not_the_users() -> None:
    from huggingface_hub import constants

    assert not Path(constants.HF_HOME).is_relative_to(pwd.getpwuid(os.getuid()).pw_dir)
    assert constants.HF_HUB_OFFLINE


# 203.0.113.0/24 is kept for documentation: no machine has these addresses.
@pytest.mark.parametrize("host", ["203.0.113.7", "example.org"])
def test_other_machines_are_out_of_reach(host: str) -> None:
    with pytest.raises(PermissionError, match=host):
        socket.create_connection((host, 80), timeout=1)


def test_other_machines_are_out_of_reach_of_child_processes() -> None:
    code = "import socket; socket.create_connection(('203.0.113.7', 80), timeout=1)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert "NetworkBlocked" in child.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_can_be_reached(host: str) -> None:
    with socket.create_server((host, 0)) as server, socket.create_connection(server.getsockname()[:2], timeout=5):
        pass


LEAVES_A_CHILD = """
import pathlib, subprocess, sys
def test_leaves_a_child():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    pathlib.Path("pid").write_text(str(child.pid))
"""
LEAVES_AN_ORPHAN = """
import pathlib, subprocess, sys
CHILD = '''
import subprocess, sys
orphan = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], start_new_session=True)
print(orphan.pid)
'''
def test_leaves_an_orphan():
    with open("pid", "w") as file:
        subprocess.run([sys.executable, "-c", CHILD], stdout=file, check=True)
"""
ENDS_ITS_CHILD = """
import subprocess, sys
def test_ends_its_child():
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    child.terminate()
"""


def outcome_of(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    """The outcome of a test under this conftest.py, its patience cut to a second."""
    conftest = (TESTS / "conftest.py").read_text(encoding="utf-8")
    assert "GRACE_S = 10.0" in conftest
    pytester.makeconftest(conftest.replace("GRACE_S = 10.0", "GRACE_S = 1.0"))
    guard = pytester.mkdir("network_guard") / "sitecustomize.py"
    guard.write_text((TESTS / "network_guard" / "sitecustomize.py").read_text(encoding="utf-8"), encoding="utf-8")
    pytester.makeini("[pytest]\nmarkers = models")
    pytester.makepyfile(test)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider")


@pytest.mark.parametrize("test", [LEAVES_A_CHILD, LEAVES_AN_ORPHAN], ids=["child", "orphan"])
def test_a_process_left_behind_fails_the_test_and_is_ended(pytester: pytest.Pytester, test: str) -> None:
    result = outcome_of(pytester, test)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the test left processes running: *"])
    pid = int((pytester.path / "pid").read_text())
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_process_that_is_just_ending_is_waited_for(pytester: pytest.Pytester) -> None:
    outcome_of(pytester, ENDS_ITS_CHILD).assert_outcomes(passed=1)
