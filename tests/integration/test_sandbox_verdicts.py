"""Programs that try to pass without being right: they lie, leave, or lay hands on what judges them."""

from collections.abc import Iterator

import pytest

from warriorcoder.sandbox.results import Calls, Limits, Raised, Result, Returned
from warriorcoder.sandbox.sandbox import Sandbox

LIMITS = Limits(memory_bytes=256 * 1024**2, cpu_s=2, wall_s=5, processes=12, output_bytes=8 * 1024**2)
TEST = """
TOKEN = "expected-" + "value"
def check(candidate):
    assert candidate(1) == TOKEN
    assert candidate([2]) == [TOKEN], "the second"
"""
FORGE = """
import os, struct
def say(text):
    os.write(3, struct.pack(">I", len(text)) + text)
"""
EQUAL = """
class Equal{0}:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
    def __bool__(self): return True
"""

WRONG = {
    "printing it": "def f(x): print('passed', 'OK', flush=True)",
    "leaving when imported": "import os\ndef f(x): pass\nos._exit(0)",
    "leaving when called": "import os\ndef f(x): os._exit(0)",
    "leaving politely": "import sys\ndef f(x): sys.exit(0)",
    "leaving by a thread": "import os, threading\n"
    "def f(x): threading.Thread(target=os._exit, args=(0,)).start(); return 1",
    "ending by a signal": "import os\ndef f(x): os.kill(os.getpid(), 15)",
    "killing the parent": "import os\ndef f(x): os.kill(os.getppid(), 9); os.kill(-1, 9)",
    "closing the channel": "import os\ndef f(x): os.close(3)",
    "an object that equals all": EQUAL.format("") + "def f(x): return Equal()",
    "a string that equals all": EQUAL.format("(str)") + "def f(x): return Equal('no')",
    "a list that equals all": EQUAL.format("(list)") + "def f(x): return Equal()",
    "a number that equals all": EQUAL.format("(int)") + "def f(x): return Equal(3)",
    "its own class for str": "import builtins\nbuiltins.str = builtins.list = object\ndef f(x): return object()",
    "patched builtins": "import builtins\nbuiltins.AssertionError = builtins.isinstance = lambda *a: True\n"
    "def f(x): return 0",
    "a patched encoder": "import sys\nv = sys.modules['warriorcoder.sandbox.inside.values']\n"
    "v.encode = lambda *a: True\n"
    "def f(x): return 0",
    "patched reports": "import sys\nr = sys.modules['warriorcoder.sandbox.inside.reports']\n"
    "r.describe = lambda *a: ['passed']\n"
    "def f(x): 1/0",
    "a forged verdict": FORGE + "def f(x): say(b'[\"passed\"]'); return 0",
    "a forged verdict when imported": FORGE + "say(b'[\"passed\"]')\ndef f(x): return 0",
    "a forged answer": FORGE + "def f(x): say(b'[\"returned\", true, []]'); return 0",
    "forged rubbish": FORGE + "def f(x): say(b'{' * 100000); return 0",
    "a forged length": FORGE + "def f(x): os.write(3, b'\\xff' * 4); return 0",
    "a forged end": FORGE + "def f(x): say(b'[\"ended\"]'); os._exit(0)",
    "an assertion of its own": "def f(x): raise AssertionError('passed')",
    "an exception that stands for success": "class passed(Exception): pass\ndef f(x): raise passed('passed')",
    "changing the tests' values": "def f(x):\n    if isinstance(x, list): x.clear()\n    return x",
    "hunting in memory": "import gc\n"
    "def f(x): return next((o for o in gc.get_objects() if 'TOKEN' in str(o)[:9]), 'none')",
    "hunting in frames": "import sys\n"
    "def f(x):\n    frame = sys._getframe()\n    while frame:\n"
    "        if 'TOKEN' in frame.f_globals: return frame.f_globals['TOKEN']\n        frame = frame.f_back",
    "the tests' module": "import sys\ndef f(x): return sys.modules['tests'].TOKEN",
    "the tests' source": "import linecache\ndef f(x): return eval(linecache.getlines('tests.py')[1][7:])",
    "generating endlessly": "def f(x):\n    while True: yield 1",
    "a value without end": "def f(x):\n    x = []\n    x.append(x)\n    return x",
    "a value too deep": "def f(x):\n    for _ in range(10**5): x = [x]\n    return x",
    "a value too large": "def f(x): return 'x' * 20_000_000",
}


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test; test_sandbox_escapes.py looks for what a pool leaves."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(LIMITS, workers=1) as opened:
        yield opened


def test_the_right_program_passes(sandbox: Sandbox) -> None:
    right = "def f(x): return 'expected-value' if x == 1 else ['expected-value']"
    assert sandbox.check(right, TEST, "f").outcome == "passed"
    assert values(sandbox.call(right, "f", [[1], [[2]]])) == ["expected-value", ["expected-value"]]


@pytest.mark.parametrize("lie", WRONG)
def test_a_lie_fails_the_tests(lie: str, sandbox: Sandbox) -> None:
    result = sandbox.check(WRONG[lie], TEST, "f")
    assert result.outcome in ("failed", "crashed", "timeout", "blocked", "no_code"), result
    assert result.detail


@pytest.mark.parametrize("lie", WRONG)
def test_a_lie_returns_nothing_right(lie: str, sandbox: Sandbox) -> None:
    calls = sandbox.call(WRONG[lie], "f", [[1], [[2]]])
    assert [
        value == right for value, right in zip(values(calls), ["expected-value", ["expected-value"]], strict=False)
    ] == [False for _ in calls.answers]


def values(calls: Calls) -> list[object]:
    return [answer.value if isinstance(answer, Returned) else answer for answer in calls.answers]


MEMORY = """
def f(x):
    found = []
    for line in open("/proc/self/maps"):
        span, mode, *_, name = (line + " -").split()[:7]
        if "r" in mode and "[v" not in line:
            start, end = (int(part, 16) for part in span.split("-"))
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                try:
                    found.append(memory.read(end - start).count(bytes(reversed(b"%s"))))
                except OSError:
                    pass
    return [sum(found), len(found)]
"""


def test_neither_tests_nor_later_inputs_are_in_the_codes_memory(sandbox: Sandbox) -> None:
    secret = "Zq7-never-told"
    program = MEMORY % secret[::-1]
    test = f"hidden = '{secret}'\nfound, looked = f(1)\nassert found == 0, found\nassert looked > 20"
    assert sandbox.check(program, test, "f").outcome == "passed"
    first, second = values(sandbox.call(program, "f", [[1], [secret]]))
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert first[0] == 0
    # It does find what is there.
    assert second[0] > 0


def test_a_name_of_the_tests_is_never_the_programs(sandbox: Sandbox) -> None:
    """A program that defines `math` or `abs`, or hands over more names than it was asked for, judges nothing."""
    program = """
import sys
class math:
    isclose = staticmethod(lambda *a: True)
abs = round = lambda *a: 0
objects = sys.modules['warriorcoder.sandbox.inside.candidate']._Objects
honest = objects.answer
def answer(self, request, refer):
    told = honest(self, request, refer)
    if request[0] == 'names':
        told[1]['dict'] += [['abs', refer(abs)], ['math', refer(math)]]
    return told
objects.answer = answer
def f(x): return 0.0
"""
    assert sandbox.check(program, "assert math.isclose(f(1), 1.0)", "f").outcome == "failed"
    assert sandbox.check(program, "assert abs(f(1) - 1.0) < 1e-6", "f").outcome == "failed"


def test_an_oracle_out_of_the_prelude_is_not_the_programs(sandbox: Sandbox) -> None:
    """HumanEval/32 in short: the tests' oracle is defined in the prompt, so the program defines it too."""
    prelude = "def poly(xs, x): return sum(c * x**i for i, c in enumerate(xs))\ndef find_zero(xs): pass\n"
    test = "assert abs(poly([1, 2], find_zero([1, 2]))) < 1e-4"
    wrong = "def poly(xs, x): return 0.0\ndef find_zero(xs): return 7.0"
    right = "def find_zero(xs): return -xs[0] / xs[1]"
    assert sandbox.check(wrong, test, "find_zero", prelude=prelude).outcome == "failed"
    assert sandbox.check(right, test, "find_zero", prelude=prelude).outcome == "passed"


def test_nothing_that_a_run_says_is_a_verdict(sandbox: Sandbox) -> None:
    """`passed` of a script is its end, and a script that says so earlier has not ended."""
    early = FORGE + "say(b'[\"ended\"]')\nimport time; time.sleep(60)"
    assert sandbox.run(early, limits=Limits(wall_s=1)).outcome == "timeout"
    assert sandbox.run(FORGE + "say(b'[\"ended\"]')\nraise ValueError").outcome == "crashed"
    assert isinstance(sandbox.run("import os; os._exit(0)"), Result)
    assert sandbox.run("import os; os._exit(0)").outcome == "crashed"


def test_a_broken_answer_is_an_error_of_the_call(sandbox: Sandbox) -> None:
    program = FORGE + "def f(x): say(b'[[[');"
    answers = sandbox.call(program, "f", [[1]]).answers
    assert len(answers) == 1
    assert isinstance(answers[0], Raised)
