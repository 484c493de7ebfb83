"""Cases judged by running them: in one sandbox for all of a stage, each case once in an arena's life."""

from collections.abc import Sequence
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import Self

from warriorcoder.pipelines.battles.execution.cases import RULES, Case, Ruling, rule
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.working import Work
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.sandbox.sandbox import Sandbox
from warriorcoder.sandbox.workers import processors


class ExecutionJudge:
    """Rules on cases. A context manager; its sandbox starts with the first case that was never run before.

    Rulings are kept in the panel's journal before they are given out: what code did once, by chance or by the clock,
    is what it did. `unsafe` runs code without a sandbox, with limits alone.
    """

    def __init__(self, panel: ExpertPanel, *, unsafe: bool) -> None:
        self._panel = panel
        self._unsafe = unsafe
        self._open = ExitStack()
        self._opening = Lock()
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def rule(self, cases: Sequence[Case]) -> list[Ruling]:
        """The rulings on cases, in their order. Raises SandboxError where no sandbox can be had, or it is lost."""

        def do(place: int) -> str:
            return rule(cases[place], self._runner()).to_text()

        work = Work(do, processors(), EXECUTION_JUDGE, RULES, "running the code of two answers each, pairs")
        texts = self._panel.work_out([case.key for case in cases], work)
        return [Ruling.of_text(text) for text in texts]

    def _runner(self) -> Sandbox:
        with self._opening:
            if self._sandbox is None:
                self._sandbox = self._open.enter_context(Sandbox(unsafe=self._unsafe))
            return self._sandbox
