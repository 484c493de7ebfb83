"""The sandbox from outside: outcomes told apart, values, limits, several at once, and machines that allow none."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from warriorcoder.errors import SandboxError
from warriorcoder.sandbox.results import Limits, Outcome, Raised, Returned
from warriorcoder.sandbox.sandbox import Sandbox
from warriorcoder.sandbox.workers import Worker

LIMITS = Limits(memory_bytes=256 * 1024**2, cpu_s=1, wall_s=3, processes=8)
ADD = "def add(a, b=1): return a + b"


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; the last one of this file looks for what is left."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with Sandbox(LIMITS, workers=2) as opened:
        yield opened
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.parametrize(
    ("program", "outcome", "detail"),
    [
        ("print(1)", Outcome.PASSED, ""),
        ("import sys; sys.exit()", Outcome.PASSED, ""),
        ("assert 1 == 2, 'not so'", Outcome.FAILED, "AssertionError: not so"),
        ("x = 1\nassert x == 2", Outcome.FAILED, "AssertionError: assert x == 2"),
        ("while True: pass", Outcome.TIMEOUT, "1 s of CPU time"),
        ("import time; time.sleep(9)", Outcome.TIMEOUT, "3 s of wall time"),
        ("1 / 0", Outcome.CRASHED, "ZeroDivisionError: division by zero"),
        ("def f(:", Outcome.CRASHED, "SyntaxError: invalid syntax (program.py, line 1)"),
        ("import sys; sys.exit(3)", Outcome.CRASHED, "SystemExit: 3 before its end"),
        ("import os; os._exit(0)", Outcome.CRASHED, "exit code 0 before its end"),
        ("import ctypes; ctypes.string_at(0)", Outcome.CRASHED, "ended by SIGSEGV"),
        ("import os; os.kill(os.getpid(), 9)", Outcome.CRASHED, "ended by SIGKILL"),
        ("bytearray(1 << 30)", Outcome.OUT_OF_MEMORY, "MemoryError"),
        ("open('/etc/x', 'w')", Outcome.BLOCKED, "OSError: [Errno 30] Read-only file system: '/etc/x'"),
        ("import socket; socket.socket()", Outcome.BLOCKED, "PermissionError: [Errno 1] Operation not permitted"),
        ("import os; os.chroot('.')", Outcome.BLOCKED, "a system call that is forbidden here (SIGSYS)"),
        ("", Outcome.NO_CODE, "there is no code"),
        (" \n# only a remark\n", Outcome.NO_CODE, "there is no code"),
    ],
)
def test_outcomes_of_a_script(program: str, outcome: Outcome, detail: str, sandbox: Sandbox) -> None:
    result = sandbox.run(program)
    assert (result.outcome, result.detail) == (outcome, detail)


def test_a_script_has_input_files_and_output(sandbox: Sandbox) -> None:
    program = """
import sys, numpy
print(input(), sys.stdin.read(), open("data/a.txt").read(), __name__, int(numpy.sum([1, 2])))
print("trouble", file=sys.stderr)
"""
    result = sandbox.run(program, stdin=b"one\ntwo", files={"data/a.txt": b"three"})
    assert (result.outcome, result.stdout, result.stderr) == ("passed", "one two three __main__ 3\n", "trouble\n")
    assert sandbox.run("print(input())").detail == "EOFError: EOF when reading a line"


def test_a_traceback_begins_in_the_program(sandbox: Sandbox) -> None:
    result = sandbox.run("def f():\n    raise ValueError('bad')\nf()")
    assert result.stderr.splitlines() == [
        "Traceback (most recent call last):",
        '  File "program.py", line 3, in <module>',
        "    f()",
        '  File "program.py", line 2, in f',
        "    raise ValueError('bad')",
        "ValueError: bad",
    ]


def test_what_a_run_used_is_told(sandbox: Sandbox) -> None:
    result = sandbox.run("kept = bytearray(b'x') * (100 << 20)\nwhile __import__('time').process_time() < 0.3: pass")
    assert 0.3 <= result.cpu_seconds < 0.9
    assert result.seconds >= result.cpu_seconds * 0.9
    assert 100 << 20 < result.peak_bytes < 150 << 20


def test_ordinary_programs_run(sandbox: Sandbox) -> None:
    """What programs use that a sandbox may break: processes, threads, event loops, classes, shared memory."""
    program = """
import asyncio, dataclasses, multiprocessing, pickle, subprocess, sys, tempfile, threading
from concurrent.futures import ProcessPoolExecutor

@dataclasses.dataclass
class Point:
    x: int

async def later():
    await asyncio.sleep(0)
    return 4

if __name__ == "__main__":
    assert pickle.loads(pickle.dumps(Point(1))) == Point(1)
    with multiprocessing.Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    with ProcessPoolExecutor(1) as pool:
        assert pool.submit(abs, -3).result() == 3
    assert asyncio.run(later()) == 4
    assert subprocess.run([sys.executable, "-c", "print(5)"], capture_output=True).stdout == b"5\\n"
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"6")
    thread = threading.Thread(target=print, args=("threads too",))
    thread.start()
"""
    result = sandbox.run(program)
    assert (result.outcome, result.stdout) == ("passed", "threads too\n"), result


def test_calls_return_data_or_raise(sandbox: Sandbox) -> None:
    calls = sandbox.call(ADD, "add", [[1, 2], [[1], [2]], ["a", {1}], [10**5000]])
    assert calls.result.outcome == "passed"
    first, second, third, fourth = calls.answers
    assert isinstance(first, Returned)
    assert isinstance(second, Returned)
    assert (first.value, second.value) == (3, [1, 2])
    assert isinstance(third, Raised)
    assert (third.error, third.message) == ("TypeError", 'can only concatenate str (not "set") to str')
    assert fourth == Returned(10**5000 + 1, fourth.cpu_seconds)
    assert all(0 < answer.cpu_seconds < 0.1 for answer in calls.answers)


def test_a_call_has_its_own_limit_in_cpu_time(sandbox: Sandbox) -> None:
    program = "import time\ndef spin(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass"
    calls = sandbox.call(program, "spin", [[0.01], [0.02], [0.5], [0.01]], calls_cpu_s=[0.2] * 4)
    assert len(calls.answers) == 2
    assert (calls.result.outcome, calls.result.detail) == ("timeout", "call 3: 0.2 s of CPU time")


@pytest.mark.parametrize(
    ("program", "outcome", "detail"),
    [
        ("def other(): pass", Outcome.NO_CODE, "the program defines no add"),
        ("raise KeyError(1)", Outcome.CRASHED, "KeyError: 1"),
        ("def add(a):\n    import os; os.abort()", Outcome.CRASHED, "ended by SIGABRT"),
        ("def add(a): return bytearray(1 << 30)", Outcome.PASSED, ""),
    ],
)
def test_outcomes_of_calls(program: str, outcome: Outcome, detail: str, sandbox: Sandbox) -> None:
    calls = sandbox.call(program, "add", [[1]])
    assert (calls.result.outcome, calls.result.detail) == (outcome, detail)
    assert sandbox.check(program, "def check(f): assert f(1) is not None", "add").outcome != "passed"


@pytest.mark.parametrize(
    ("test", "outcome", "detail"),
    [
        ("def check(f):\n    assert f(1) == 2\n    assert f([1], b=[2]) == [1, 2]", Outcome.PASSED, ""),
        ("assert add(1, 2) == 3\nassert add('a', 'b') == 'ab'", Outcome.PASSED, ""),
        ("assert add(1) == 3", Outcome.FAILED, "AssertionError: assert add(1) == 3"),
        ("def check(f): assert f(1) == 3, 'wrong'", Outcome.FAILED, "AssertionError: wrong"),
        ("try: add('a', 2)\nexcept TypeError: pass\nelse: assert False", Outcome.PASSED, ""),
        ("add('a', 2)", Outcome.CRASHED, 'TypeError: can only concatenate str (not "int") to str'),
        ("assert math.isclose(add(1.0, 2.0), 3.0)", Outcome.PASSED, ""),
        ("while True: add(1)", Outcome.TIMEOUT, "1 s of CPU time"),
        ("add(lambda: 1)", Outcome.CRASHED, "CannotCross: a test hands over a builtins.function, which is no data"),
        ("def check(f:", Outcome.CRASHED, "SyntaxError: '(' was never closed (tests.py, line 1)"),
        ("raise SystemExit(0)", Outcome.CRASHED, "SystemExit: 0 before its end"),
        ("import os; os._exit(0)", Outcome.CRASHED, "in the tests' own process: exit code 0 before its end"),
    ],
)
def test_outcomes_of_tests(test: str, outcome: Outcome, detail: str, sandbox: Sandbox) -> None:
    result = sandbox.check(ADD, test, "add")
    assert (result.outcome, result.detail) == (outcome, detail)


def test_tests_meet_the_programs_objects(sandbox: Sandbox) -> None:
    """Objects stay in the program's process: the tests call, read and iterate them, and hand them back."""
    program = """
class Stack:
    limit = 3
    def __init__(self, *items): self.items = list(items)
    def push(self, item): self.items.append(item); return self
    def __len__(self): return len(self.items)
    def __repr__(self): return f"Stack({self.items})"
    def __iter__(self): return iter(self.items)
def total(stack): return sum(stack.items)
def counting(n): yield from range(n)
def sort_it(items): items.sort()
"""
    test = """
stack = Stack(1, 2).push(3)
assert len(stack) == 3 and list(stack) == [1, 2, 3] and repr(stack) == "Stack([1, 2, 3])"
assert stack.limit == 3 and stack.items == [1, 2, 3] and 2 in stack
assert total(stack) == 6
assert list(counting(3)) == [0, 1, 2] and sum(counting(4)) == 6
items = [3, 1, 2]
sort_it(items)
assert items == [1, 2, 3]
assert Stack(1) != Stack(1)
"""
    result = sandbox.check(program, test, "Stack")
    assert result.outcome == "passed", result


def test_runs_at_once_do_not_meet(sandbox: Sandbox) -> None:
    def one(number: int) -> str:
        program = f"open('mine', 'x').write('{number}')\nimport os\nprint(open('mine').read(), os.listdir())"
        return sandbox.run(program).stdout

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(one, range(30))) == [f"{number} ['mine']\n" for number in range(30)]


def test_sets_keep_their_order_from_run_to_run(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(2) as pool:
        printed = set(pool.map(lambda _: sandbox.run("print(set('abcdefgh'))").stdout, range(8)))
    assert len(printed) == 1


def test_random_numbers_differ_from_run_to_run() -> None:
    program = "import random, numpy; print(random.random(), numpy.random.rand())"
    with Sandbox(LIMITS, workers=1, preload=["numpy"]) as opened:
        assert len({number for _ in range(4) for number in opened.run(program).stdout.split()}) == 8


def test_a_worker_that_is_killed_is_replaced(sandbox: Sandbox) -> None:
    worker = sandbox._idle.get()
    assert isinstance(worker, Worker)
    os.kill(worker._process.pid, signal.SIGKILL)
    worker._process.wait()
    sandbox._idle.put(worker)
    assert [sandbox.run("print(1)").stdout for _ in range(4)] == ["1\n"] * 4


def test_limits_and_names_that_make_no_sense_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="memory_bytes must be above 0, not 0"):
        Limits(memory_bytes=0)
    for name in ("/etc/x", "../x", "a/../../x"):
        with pytest.raises(ValueError, match="relative to the working folder"):
            sandbox.run("pass", files={name: b""})
    with pytest.raises(ValueError, match="one limit for each call"):
        sandbox.call(ADD, "add", [[1]], calls_cpu_s=[])
    with pytest.raises(SandboxError, match="no_such_package"), Sandbox(workers=1, packages=["no_such_package"]):
        pass


def test_a_program_of_10_mb_is_run(sandbox: Sandbox) -> None:
    assert sandbox.run("x = '" + "y" * 10_000_000 + "'\nprint(len(x))").stdout == "10000000\n"
