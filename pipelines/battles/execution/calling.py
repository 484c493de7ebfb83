"""Running programs and calling their functions, for evidence: what came of it, and whose fault it was."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from warriorcoder.pipelines.battles.execution import programs
from warriorcoder.pipelines.battles.execution.comparing import text_of
from warriorcoder.pipelines.battles.execution.evidence import Stage
from warriorcoder.sandbox.results import Answer, Calls, Limits, Outcome, Result, Returned

LIMITS = Limits(memory_bytes=512 * 1024**2, cpu_s=5.0, wall_s=30.0, processes=8, output_bytes=1024**2)
CALL_CPU_S = 0.5
MOST_LOST_CALLS = 3
LONGEST_SHOWN = 1000
"""Characters of a value. More than is kept of it, so that what is masked there is seen as a whole before."""


class Runner(Protocol):
    """What of `warriorcoder.sandbox.sandbox.Sandbox` is used."""

    def run(self, program: str, *, limits: Limits | None = None) -> Result: ...

    def call(
        self,
        program: str,
        entry_point: str,
        inputs: Sequence[Sequence[Any]],
        *,
        calls_cpu_s: Sequence[float] | None = None,
        limits: Limits | None = None,
    ) -> Calls: ...


@dataclass(frozen=True)
class Came:
    """What came of one call: a value, a refusal (an error raised on purpose), a crash, or what tells nothing."""

    kind: Literal["value", "refused", "crashed", "unknown"]
    value: Any = None
    detail: str = ""

    def __str__(self) -> str:
        return (text_of(self.value) if self.kind == "value" else f"{self.kind}: {self.detail}")[:LONGEST_SHOWN]


@dataclass(frozen=True)
class Loaded:
    """A program as far as it comes. `callable` is the form of it whose functions can be called, or None."""

    stage: Stage
    detail: str = ""
    tree: ast.Module | None = None
    callable: str | None = None
    source: str = ""


def load(program: str | None, runner: Runner) -> Loaded:
    """Parse and run a program. A program that stops at its own assertion, or that wants what is not here (input, a
    file, a package), is no faulty one; its definitions can be called if they alone load."""
    if program is None or not program.strip():
        return Loaded(Stage.NO_CODE)
    tree = programs.parsed(program)
    if tree is None:
        return Loaded(Stage.BROKEN)
    if not tree.body:
        return Loaded(Stage.NO_CODE)
    if programs.idle(tree):
        return Loaded(Stage.IDLE, tree=tree)
    result = runner.run(program, limits=LIMITS)
    stage = _stage(tree, result)
    if result.outcome == Outcome.PASSED:
        return Loaded(stage, "", tree, program, program)
    bare = programs.definitions(tree)
    loads = bool(bare) and runner.run(bare, limits=LIMITS).outcome == Outcome.PASSED
    return Loaded(stage, result.detail, tree, bare if loads else None, program)


def _stage(tree: ast.Module, result: Result) -> Stage:
    if result.outcome in (Outcome.PASSED, Outcome.FAILED):
        # An assertion of its own that fails is counted among its claims.
        return Stage.CLEAN
    if result.outcome == Outcome.BLOCKED or (result.outcome == Outcome.TIMEOUT and "CPU" not in result.detail):
        return Stage.WANTING
    return Stage.WANTING if programs.wants_from_outside(tree, result.detail) else Stage.FAULTY


def answers_to(loaded: Loaded, entry_point: str, inputs: Sequence[tuple[Any, ...]], runner: Runner) -> list[Came]:
    """What comes of each call. After a call that does not come back the rest is asked anew, MOST_LOST_CALLS times."""
    came: list[Came] = []
    if loaded.callable is None or loaded.tree is None:
        return [Came("unknown", detail="it cannot be loaded")] * len(inputs)
    on_purpose = programs.raises(loaded.tree)
    lost = 0
    while len(came) < len(inputs):
        rest = inputs[len(came) :]
        if lost > MOST_LOST_CALLS:
            # Where nothing ever came back, nothing more will.
            none_came = all(one.kind == "crashed" for one in came) and len(came) == lost
            return [*came, *[Came("crashed" if none_came else "unknown", detail="not asked")] * len(rest)]
        calls = runner.call(loaded.callable, entry_point, rest, calls_cpu_s=[CALL_CPU_S] * len(rest), limits=LIMITS)
        came += [_read(answer, loaded.tree, on_purpose) for answer in calls.answers]
        if len(came) < len(inputs):
            known = calls.result.outcome != Outcome.BLOCKED and (
                calls.result.outcome != Outcome.TIMEOUT or "CPU" in calls.result.detail
            )
            came.append(
                Came("crashed" if known else "unknown", detail=f"{calls.result.outcome}: {calls.result.detail}")
            )
            lost += 1
    return came


def _read(answer: Answer, tree: ast.Module, on_purpose: frozenset[str]) -> Came:
    if isinstance(answer, Returned):
        return Came("value", answer.value)
    detail = f"{answer.error}: {answer.message}"
    if answer.error in on_purpose:
        return Came("refused", detail=detail)
    if not answer.error or programs.wants_from_outside(tree, detail):
        return Came("unknown", detail=detail)
    return Came("crashed", detail=detail)
