import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from warriorcoder.eval.execution import Limits, Outcome, Program, Run, execute, execute_all, judge

TEST = "def check(candidate):\n    assert candidate() == 3, 'wanted 3'\n"
LIMITS = Limits(cpu_seconds=20, wall_seconds=40, memory_bytes=512 * 1024**2)
SHORT = Limits(cpu_seconds=1, wall_seconds=40, memory_bytes=512 * 1024**2)


def run(source: str, limits: Limits = LIMITS) -> Run:
    return execute(Program(source, TEST, "f"), limits)


def test_a_right_program_passes() -> None:
    assert run("def f():\n    return 3") == Run(Outcome.PASSED)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("def f():\n    return 4", "AssertionError: wanted 3"),
        ("def f():\n    return", "AssertionError: wanted 3"),
        ("def f(:", "SyntaxError"),
        ("def g():\n    return 3", "KeyError"),
        ("import absent_module\ndef f():\n    return 3", "ModuleNotFoundError"),
        ("def f():\n    return f()", "RecursionError"),
        ("def f():\n    return len(bytearray(2**31))", "MemoryError"),
        ("def f():\n    return input()", "EOFError"),
        (
            "class E(Exception):\n    def __str__(self):\n        raise SystemExit(0)\nraise E",
            "E: an error that cannot be",
        ),
        ("print('passed')\nprint('[\"passed\"]', flush=True)\nraise ValueError('no')", "ValueError: no"),
        ("import os, json\nos.write = None\njson.dumps = lambda _: '[\"passed\"]'\nf = None", "TypeError"),
    ],
)
def test_a_wrong_program_fails_with_its_error(source: str, detail: str) -> None:
    found = run(source)
    assert found.outcome is Outcome.FAILED
    assert found.detail.startswith(detail)


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("import os\nos.abort()", "ended by SIGABRT"),
        ("import os\nos.kill(os.getpid(), 9)", "ended by SIGKILL"),
        ("import ctypes\nctypes.string_at(0)", "ended by SIGSEGV"),
        ("raise SystemExit(0)", "SystemExit: 0 before the tests ended"),
        ("def f():\n    exit()", "SystemExit"),
        ("import os\nos._exit(0)", "exit code 0 before the tests ended"),
        (
            "import os\nfor d in range(3, 64):\n    try: os.write(d, b'[\"passed\"]')\n    except OSError: pass",
            "exit code 0",
        ),
    ],
)
def test_leaving_early_is_a_crash_and_no_pass(source: str, detail: str) -> None:
    if "range(3" in source:
        source += "\nos._exit(0)"
    found = run(source)
    assert found.outcome is Outcome.CRASHED
    assert found.detail.startswith(detail)


def test_an_endless_loop_ends_at_its_cpu_time() -> None:
    assert run("def f():\n    while True:\n        pass", SHORT) == Run(Outcome.TIMEOUT, "1 s of CPU time")


def test_waiting_ends_at_the_wall_time() -> None:
    limits = Limits(cpu_seconds=5, wall_seconds=1)
    assert run("import signal\nsignal.pause()", limits) == Run(Outcome.TIMEOUT, "1 s of wall time")


def test_what_a_program_leaves_behind_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    source = (
        f"import os, signal\nif (child := os.fork()) == 0:\n    signal.pause()\n"
        f"open({str(pid_file)!r}, 'w').write(str(child))\ndef f():\n    return 3"
    )
    assert run(source).outcome is Outcome.PASSED
    pid = int(pid_file.read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the program's child is alive"


def test_a_thread_that_never_ends_does_not_hold_up_the_verdict() -> None:
    source = "import threading\nthreading.Thread(target=threading.Event().wait).start()\ndef f():\n    return 3"
    assert run(source).outcome is Outcome.PASSED


def test_programs_see_neither_the_environment_nor_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    source = f"import os\nassert 'SECRET_TOKEN' not in os.environ\nassert os.getcwd() != {os.getcwd()!r}\n"
    source += "assert not os.listdir()\nopen('scratch', 'w').write('x')\ndef f():\n    return 3"
    assert run(source).outcome is Outcome.PASSED


def test_a_program_that_fills_the_disk_fails() -> None:
    source = "def f():\n    open('x', 'wb').write(b'x' * 2**25)\n    return 3"
    assert run(source).outcome is not Outcome.PASSED


def test_runs_come_in_the_programs_order() -> None:
    sources = [f"def f():\n    return {value}" for value in (3, 4, 3, 5)]
    outcomes = [found.outcome for found in execute_all(Program(source, TEST, "f") for source in sources)]
    assert outcomes == [Outcome.PASSED, Outcome.FAILED, Outcome.PASSED, Outcome.FAILED]


@pytest.mark.parametrize(
    ("status", "written", "outcome"),
    [
        (0, 'TOKEN["passed"]', Outcome.PASSED),
        (None, 'TOKEN["passed"]and then some', Outcome.PASSED),
        (0, 'TOKEN["failed", "AssertionError", ""]', Outcome.FAILED),
        (0, 'TOKEN["exited", "SystemExit", "0"]', Outcome.CRASHED),
        (0, '["passed"]', Outcome.CRASHED),
        (0, "", Outcome.CRASHED),
        (-signal.SIGXCPU, "", Outcome.TIMEOUT),
        (None, '["passed"]', Outcome.TIMEOUT),
        (-signal.SIGSEGV, '["passed"]', Outcome.CRASHED),
        (-250, "", Outcome.CRASHED),
    ],
)
def test_no_verdict_counts_without_the_token(status: int | None, written: str, outcome: Outcome) -> None:
    assert judge(status, written, "TOKEN", LIMITS).outcome is outcome


def test_programs_may_be_large() -> None:
    assert run(f"x = {json.dumps('y' * 2**20)}\ndef f():\n    return 3").outcome is Outcome.PASSED
