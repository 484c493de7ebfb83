"""One run: a warden per run starts the cells, watches their limits, ends them, and tells how it went.

It is forked before the job is known, and so is the code's process: the inputs and tests of a job were
never in its memory. No process of a cell can name the warden: it is outside their PID namespaces.
"""

import os
import shutil
import socket
import stat
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from warriorcoder.sandbox.inside import candidate, frames, reports, tester, tree
from warriorcoder.sandbox.inside.cells import Cell, open_cell, readable
from warriorcoder.sandbox.inside.reports import Outcome
from warriorcoder.sandbox.inside.walls import Walls

PARENT_GONE = 3
"""The exit code that says that nobody is left to work for."""

WORK = "/tmp/work"
TICK_S = 0.02
"""Seconds between two looks at what the processes use."""

# A call that sleeps or waits uses no CPU time: how much longer than its CPU limit it may take, and how much more.
_CALL_WALL_FACTOR, _CALL_WALL_MORE_S = 10.0, 5.0
_PIECE = 1 << 16
_PIECES = 16
"""Pieces read in a row: more than a socket holds, so that what a process said before its end is read."""


def main(control: socket.socket, walls: Walls, stdin: int) -> NoReturn:
    """Do one run and end. Exit code 0: the next can come."""
    first = open_cell(walls, partial(candidate.main, walls), stdin)
    try:
        job = frames.receive(control)
    except (EOFError, OSError):
        first.destroy()
        os._exit(PARENT_GONE)
    folder = WORK if walls.apart else os.path.join(walls.folder, str(os.getpid()))
    try:
        run = _Run(job, walls, control, first, stdin, folder)
        reply = run.to_the_end()
    finally:
        if not walls.apart:
            shutil.rmtree(folder, ignore_errors=True)
    frames.send(control, reply)
    os._exit(0)


class _ParentGone(Exception):
    pass


class _Run:
    def __init__(
        self, job: dict[str, Any], walls: Walls, control: socket.socket, first: Cell, stdin: int, folder: str
    ) -> None:
        self._job = job
        self._limits = job["limits"]
        self._control = control
        self._cells = [first]
        self._code = first
        self._outcome: tuple[Outcome, str] | None = None
        self._texts = {first.stdout: bytearray(), first.stderr: bytearray()}
        self._left = self._limits["output_bytes"]
        most = "answers_bytes" if job["mode"] == "call" else "output_bytes"
        self._unpacker = frames.Unpacker(self._limits["output_bytes"], self._limits[most])
        self._said: Any = None
        self._unsent = bytearray()
        self._answers: list[tuple[str, float]] = []
        self._peak = 0
        self._cpu = 0.0
        self._pid = tree.only_child(first.init)
        self._call_began: tuple[float, float] | None = None
        self._open = {control.fileno(), first.stdout, first.stderr, first.status}
        self._began = time.monotonic()
        if not walls.apart:
            _make_folders(folder, job["mode"])
        told = {name: job[name] for name in ("mode", "limits", "program", "entry_point", "files", "stdin")}
        self._say({**told, "folder": folder if walls.apart else f"{folder}/code"})
        if job["mode"] == "check":
            # All that the code's process was to hear first is on its way before the tests' process speaks to it.
            self._say_all()
            main = partial(tester.main, walls, job, folder if walls.apart else f"{folder}/tests")
            tests = open_cell(walls, main, stdin, peer=first.channel.fileno())
            self._cells.append(tests)
            self._texts |= {tests.stdout: bytearray(), tests.stderr: bytearray()}
            self._open |= {tests.stdout, tests.stderr, tests.status, tests.channel.fileno()}
            first.channel.close()
            tests.channel.setblocking(False)
        else:
            first.channel.setblocking(False)
            self._open.add(first.channel.fileno())

    def to_the_end(self) -> dict[str, Any]:
        """Watch until an outcome is known, end everything, and tell."""
        look_at = time.monotonic() + TICK_S
        try:
            while self._outcome is None:
                self._send_more()
                full = self._code.channel.fileno() if self._unsent else None
                for descriptor in readable(sorted(self._open), look_at - time.monotonic(), full):
                    # What one of them told may have closed another.
                    if descriptor in self._open:
                        self._read(descriptor)
                if self._outcome is None and time.monotonic() >= look_at:
                    self._look()
                    look_at = time.monotonic() + TICK_S
            self._measure()
        except _ParentGone:
            self._end_all()
            os._exit(PARENT_GONE)
        seconds = time.monotonic() - self._began
        self._end_all()
        for descriptor, text in self._texts.items():
            self._read_rest(descriptor, text)
        outcome, detail = self._outcome
        stdout, stderr = (bytes(self._texts[descriptor]) for descriptor in (self._code.stdout, self._code.stderr))
        return {
            "outcome": outcome,
            "detail": detail,
            "stdout": stdout.decode("utf-8", "replace"),
            "stderr": stderr.decode("utf-8", "replace"),
            "seconds": seconds,
            "cpu_seconds": self._cpu,
            "peak_bytes": self._peak,
            "answers": self._answers,
        }

    def _read(self, descriptor: int) -> None:
        if descriptor == self._control.fileno():
            raise _ParentGone
        if descriptor in self._texts:
            self._read_text(descriptor)
        elif descriptor == self._code.status:
            self._code_ended()
        elif self._job["mode"] == "check":
            self._read_tests(descriptor)
        else:
            self._read_code()

    def _read_text(self, descriptor: int) -> None:
        if not (piece := os.read(descriptor, _PIECE)):
            self._open.discard(descriptor)
        self._texts[descriptor] += piece[: max(0, self._left)]
        self._left -= len(piece)
        if self._left < 0:
            self._set(Outcome.CRASHED, self._too_much())

    def _too_much(self) -> str:
        return f"more than {self._limits['output_bytes']} bytes of output"

    def _read_code(self) -> None:
        """What the code's process says: its report, or that it is ready, or an answer."""
        for message in self._read_messages(self._code.channel):
            self._hear(message)

    def _read_messages(self, channel: socket.socket) -> list[bytes]:
        """The messages that are there, perhaps none: whoever writes them may stop in the middle, or never stop."""
        messages = []
        with suppress(BlockingIOError):
            for _ in range(_PIECES):
                try:
                    piece = channel.recv(_PIECE)
                except ConnectionError:
                    piece = b""
                if not piece:
                    self._open.discard(channel.fileno())
                    break
                try:
                    messages += self._unpacker.feed(piece)
                except frames.TooLong as error:
                    self._set(Outcome.CRASHED, f"more output than is allowed: {error}")
                    break
        return messages

    def _hear(self, message: bytes) -> None:
        if self._job["mode"] == "call" and self._said == ["ready", True]:
            self._take_answer(message)
            return
        self._said = frames.parse(message)
        match self._said:
            case ["ready", True] if self._job["mode"] == "call":
                self._call_next()
            case ["ready", False]:
                self._set(Outcome.NO_CODE, f"the program defines no {self._job['entry_point']}")

    def _call_next(self) -> None:
        if len(self._answers) == len(self._job["inputs"]):
            self._set(Outcome.PASSED, "")
            return
        self._call_began = (time.monotonic(), self._clock())
        self._unsent += frames.frame(self._job["inputs"][len(self._answers)].encode())

    def _take_answer(self, message: bytes) -> None:
        # An answer that nobody asked for is dropped: the code's process writes what it wants.
        if self._call_began is not None:
            self._answers.append((message.decode("utf-8", "replace"), self._clock() - self._call_began[1]))
            self._call_began = None
            self._call_next()

    def _clock(self) -> float:
        """CPU seconds of the code's process so far, exactly (clock_getcpuclockid's clock)."""
        with suppress(OSError):
            if self._pid is not None:
                return time.clock_gettime((~self._pid << 3) | 2)
        return self._cpu

    def _code_ended(self) -> None:
        self._open.discard(self._code.status)
        self._code.read_end()
        if self._job["mode"] == "check":
            return
        self._read_code()
        assert self._code.end is not None
        self._peak, self._cpu = max(self._peak, self._code.end.peak_bytes), max(self._cpu, self._code.end.cpu_s)
        if self._outcome is None:
            self._set(*self._outcome_of_end())

    def _outcome_of_end(self) -> tuple[Outcome, str]:
        """How the code's process ended, after which nothing is to come."""
        assert self._code.end is not None
        match self._said:
            case ["ended"] if self._job["mode"] == "run":
                return Outcome.PASSED, ""
            case ["raised", *description]:
                return reports.outcome_of(description)
        if self._code.end.cpu_s >= self._limits["cpu_s"]:
            return Outcome.TIMEOUT, f"{self._limits['cpu_s']:g} s of CPU time"
        return reports.outcome_of_status(self._code.end.status)

    def _read_tests(self, descriptor: int) -> None:
        """The tests' verdict, or their process's end without one."""
        tests = self._cells[1]
        for message in self._read_messages(tests.channel):
            self._hear_verdict(frames.parse(message))
        if descriptor == tests.status:
            tests.read_end()
            assert tests.end is not None
            outcome, detail = reports.outcome_of_status(tests.end.status)
            self._set(outcome, f"in the tests' own process: {detail}")

    def _hear_verdict(self, verdict: Any) -> None:
        match verdict:
            case ["passed"]:
                self._set(Outcome.PASSED, "")
            case ["no_entry"]:
                self._set(Outcome.NO_CODE, f"the program defines no {self._job['entry_point']}")
            case ["raised", *description]:
                self._set(*reports.outcome_of(description))
            case ["ended"]:
                # The code's process hung up: it is about to end, or it closed what it was asked over.
                if self._code.end is None and readable([self._code.status], 1.0):
                    self._code_ended()
                if self._code.end is None:
                    self._set(Outcome.CRASHED, "the program stopped answering before its tests ended")
                else:
                    self._set(*self._outcome_of_end())

    def _look(self) -> None:
        """Hold what the processes use against the limits."""
        limits = self._limits
        use = tree.use_below([cell.init for cell in self._cells], limits["memory_bytes"] // 4)
        self._peak = max(self._peak, use.memory_bytes)
        self._cpu = max(self._cpu, use.cpu_s)
        now = time.monotonic()
        if use.memory_bytes > limits["memory_bytes"]:
            self._set(Outcome.OUT_OF_MEMORY, f"more than {limits['memory_bytes']} bytes of memory")
        elif use.threads > limits["processes"] + len(self._cells):
            self._set(Outcome.CRASHED, f"more than {limits['processes']} processes and threads")
        elif self._cpu > limits["cpu_s"]:
            self._set(Outcome.TIMEOUT, f"{limits['cpu_s']:g} s of CPU time")
        elif now - self._began > limits["wall_s"]:
            self._set(Outcome.TIMEOUT, f"{limits['wall_s']:g} s of wall time")
        elif self._call_began is not None and self._job["calls_cpu_s"] is not None:
            place = len(self._answers)
            allowed = self._job["calls_cpu_s"][place]
            if self._clock() - self._call_began[1] > allowed:
                self._set(Outcome.TIMEOUT, f"call {place + 1}: {allowed:g} s of CPU time")
            elif now - self._call_began[0] > (longest := _CALL_WALL_FACTOR * allowed + _CALL_WALL_MORE_S):
                self._set(Outcome.TIMEOUT, f"call {place + 1}: {longest:g} s of wall time")

    def _measure(self) -> None:
        """What the code's process used, where it is still there to be asked."""
        self._cpu = max(self._cpu, self._clock())
        with suppress(OSError), open(f"/proc/{self._pid}/status", encoding="utf-8", errors="replace") as file:
            peak = next((int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:")), 0)
            self._peak = max(self._peak, peak)

    def _set(self, outcome: Outcome, detail: str) -> None:
        if self._outcome is None:
            self._outcome = outcome, detail

    def _say(self, message: object) -> None:
        self._unsent += frames.pack(message)

    def _say_all(self) -> None:
        with suppress(ConnectionError):
            self._code.channel.sendall(self._unsent)
        self._unsent.clear()

    def _send_more(self) -> None:
        """What the code's process is to hear, as much of it as it takes now: it may have stopped reading."""
        try:
            while self._unsent:
                del self._unsent[: self._code.channel.send(self._unsent)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent.clear()

    def _end_all(self) -> None:
        for cell in self._cells:
            cell.destroy()

    def _read_rest(self, descriptor: int, text: bytearray) -> None:
        """What was written before the end."""
        os.set_blocking(descriptor, False)
        with suppress(BlockingIOError):
            while descriptor in self._open and self._left > 0 and (piece := os.read(descriptor, _PIECE)):
                text += piece[: self._left]
                self._left -= len(piece)


def _make_folders(folder: str, mode: str) -> None:
    for name in ("code", "tests") if mode == "check" else ("code",):
        Path(folder, name).mkdir(parents=True)
        Path(folder, name).chmod(stat.S_IRWXU)
