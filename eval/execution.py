"""Run models' programs against a benchmark's tests, in the sandbox."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from warriorcoder.sandbox.results import Limits, Result
from warriorcoder.sandbox.sandbox import Sandbox

LIMITS = Limits(memory_bytes=2 * 1024**3)


@dataclass(frozen=True)
class Program:
    """Source code, test code that defines `check(candidate)`, and the name of the candidate.

    `prelude` is the task's own code, such as helpers that its prompt defines: the tests take those from there, whatever
    the program has put in their places.
    """

    source: str
    test: str
    entry_point: str
    prelude: str = ""


def execute_all(sandbox: Sandbox, programs: Iterable[Program]) -> Iterator[Result]:
    """Run programs, as many at once as the sandbox has workers; the results come in the programs' order."""

    def execute(program: Program) -> Result:
        return sandbox.check(program.source, program.test, program.entry_point, prelude=program.prelude)

    with ThreadPoolExecutor(sandbox.workers) as pool:
        yield from pool.map(execute, programs)
