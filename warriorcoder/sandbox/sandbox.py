"""The sandbox: programs go in, outcomes and inert data come out. `warriorcoder.sandbox` says what it holds."""

import functools
import os
import queue
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from warriorcoder.errors import SandboxError
from warriorcoder.sandbox import bubblewrap
from warriorcoder.sandbox.inside import seccomp, values
from warriorcoder.sandbox.results import Answers, Calls, Limits, Outcome, Result
from warriorcoder.sandbox.workers import Worker, WorkerLost, processors

DEFAULT_LIMITS = Limits()


class UnsafeSandboxWarning(UserWarning):
    """Code was run without a sandbox."""


class Sandbox:
    """A pool of warm workers. A context manager; its methods may be called from several threads.

    `workers` runs go on at once (default: one per processor); a call waits for one that is free. `packages` are
    what programs may import besides the standard library, `preload` what is imported before any run.
    `unsafe`: no sandbox, only limits; it warns at each run. Raises SandboxError where the machine allows none.
    """

    def __init__(
        self,
        limits: Limits = DEFAULT_LIMITS,
        workers: int | None = None,
        *,
        packages: Sequence[str] = ("numpy",),
        preload: Sequence[str] = (),
        unsafe: bool = False,
    ) -> None:
        self.limits = limits
        self.workers = workers or processors()
        self._packages = tuple(packages)
        self._preload = tuple(preload)
        self._unsafe = unsafe
        self._binary: str | None = None
        self._namespace: int | None = None
        # bubblewrap ends with the thread that starts it.
        self._starter = ThreadPoolExecutor(1, "sandbox")
        self._idle: queue.SimpleQueue[Worker | int] = queue.SimpleQueue()

    def __enter__(self) -> Self:
        try:
            if not self._unsafe:
                self._binary = usable_binary()
                self._namespace = bubblewrap.make_users()
            for number in range(self.workers):
                self._idle.put(self._start(number))
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while not self._idle.empty():
            if isinstance(worker := self._idle.get(), Worker):
                worker.close()
        self._starter.shutdown()
        if self._namespace is not None:
            os.close(self._namespace)
            self._namespace = None

    def run(
        self,
        program: str,
        *,
        stdin: bytes = b"",
        files: Mapping[str, bytes] | None = None,
        limits: Limits | None = None,
    ) -> Result:
        """Run a program as a script, with an input and files in its working folder.

        `passed` says that it came to its end, or left with exit code 0 by sys.exit: a program that does nothing
        also does. `failed` is an AssertionError that nobody caught.
        """
        return _result(self._do("run", program, "", limits, stdin=stdin.hex(), files=_as_text(files)))

    def check(
        self, program: str, test: str, entry_point: str, *, prelude: str = "", limits: Limits | None = None
    ) -> Result:
        """Run tests against what a program defines; they run in a process of their own.

        `test` has assertions at its top or defines `check(candidate)`, or both. Its names are its own, then the
        `prelude`'s (trusted code, e.g. a task's prompt with helpers), then the standard library's modules, and
        last the program's; `entry_point` is always the program's.
        """
        return _result(self._do("check", program, entry_point, limits, test=test, prelude=prelude))

    def call(
        self,
        program: str,
        entry_point: str,
        inputs: Sequence[Sequence[Any]],
        *,
        calls_cpu_s: Sequence[float] | None = None,
        limits: Limits | None = None,
    ) -> Calls:
        """Call a function of a program once for each list of arguments (data only), in one process.

        `calls_cpu_s` bounds each call's CPU seconds, besides the limits of the whole.
        """
        if calls_cpu_s is not None and len(calls_cpu_s) != len(inputs):
            raise ValueError("one limit for each call")
        requests = [values.dump(["call_name", entry_point, list(arguments), {}]) for arguments in inputs]
        allowed = None if calls_cpu_s is None else list(calls_cpu_s)
        reply = self._do("call", program, entry_point, limits, inputs=requests, calls_cpu_s=allowed)
        return Calls(Answers(reply.pop("answers", [])), _result(reply))

    def _do(self, mode: str, program: str, entry_point: str, limits: Limits | None, **more: Any) -> dict[str, Any]:
        if all(not line.strip() or line.lstrip().startswith("#") for line in program.splitlines()):
            return {"outcome": Outcome.NO_CODE, "detail": "there is no code"}
        if self._unsafe:
            warnings.warn("code is run without a sandbox, with limits alone", UnsafeSandboxWarning, stacklevel=3)
        job = {
            "mode": mode,
            "program": program,
            "entry_point": entry_point,
            "limits": asdict(limits or self.limits),
            "stdin": "",
            "files": {},
            **more,
        }
        worker = self._idle.get()
        try:
            if isinstance(worker, int):
                worker = self._start(worker)
            try:
                return worker.run(job)
            except WorkerLost:
                # Something on the machine ended it, not the code: nothing of a run can reach its worker.
                number = worker.number
                worker.close()
                worker = number
                worker = self._start(number)
                return worker.run(job)
        except WorkerLost as error:
            raise SandboxError(
                f"The sandbox's processes are ended from outside ({error}); is the memory used up?"
            ) from None
        except BaseException:
            if isinstance(worker, Worker):
                number = worker.number
                worker.close()
                worker = number
            raise
        finally:
            self._idle.put(worker)

    def _start(self, number: int) -> Worker:
        make = functools.partial(Worker, self._binary, self._packages, self._preload, self._namespace, number)
        return self._starter.submit(make).result()


@functools.cache
def usable_binary() -> str:
    """The bubblewrap that works here, found out once. SandboxError, with the reason, where none does."""
    found = bubblewrap.binaries()
    errors = []
    for binary in found if seccomp.supported() else ():
        namespace = bubblewrap.make_users()
        with ThreadPoolExecutor(1) as thread:
            try:
                reply = thread.submit(_try, binary, namespace).result()
            except WorkerLost as error:
                errors.append(str(error))
                continue
            finally:
                if namespace is not None:
                    os.close(namespace)
        if reply["outcome"] == Outcome.PASSED:
            return binary
        errors.append(f"{reply['outcome']}: {reply['detail']}")
    raise bubblewrap.why_not(found, errors)


def _try(binary: str, namespace: int | None) -> dict[str, Any]:
    worker = Worker(binary, (), (), namespace, 0)
    try:
        job = {"mode": "run", "program": "import json", "entry_point": "", "stdin": "", "files": {}}
        return worker.run({**job, "limits": asdict(DEFAULT_LIMITS)})
    finally:
        worker.close()


def _result(reply: dict[str, Any]) -> Result:
    reply.pop("answers", None)
    return Result(**{**reply, "outcome": Outcome(reply["outcome"])})


def _as_text(files: Mapping[str, bytes] | None) -> dict[str, str]:
    for name in files or {}:
        if os.path.isabs(name) or ".." in name.split("/"):
            raise ValueError(f"{name}: a file's name is relative to the working folder")
    return {name: content.hex() for name, content in (files or {}).items()}
