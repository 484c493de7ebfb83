"""The progress of a run: a live panel on a terminal, plain lines elsewhere."""

import re
import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.estimating.projection import Projected, Projection
from warriorcoder.pipelines.pace import Pace
from warriorcoder.pipelines.view import State, notes, picture
from warriorcoder.wording import amount, lasting, money

LINE_EVERY_SECONDS = 10.0
NOTE_EVERY_SECONDS = 60.0
PROJECT_EVERY_SECONDS = 1.0
REFRESHES_A_SECOND = 4


class Screen:
    """Shows what `run_part` tells it; `projection` says what it will come to. `quiet` shows nothing."""

    def __init__(self, console: Console, projection: Projection, *, quiet: bool = False) -> None:
        self._console = console
        self._projection = projection
        self._quiet = quiet
        self._pace = Pace()
        self._began = time.monotonic()
        self._progress: dict[str, Progress] = {}
        self._message = ""
        self._projected: dict[str, Projected] = {}
        self._projected_at = float("-inf")
        self._lines = _Lines(console, self._began)
        self._live: Live | None = None
        # A colour that is forced in a pipe makes no terminal of it.
        if not quiet and console.is_terminal and not console.is_dumb_terminal and console.file.isatty():
            self._live = Live(
                console=console,
                get_renderable=self._picture,
                transient=True,
                refresh_per_second=REFRESHES_A_SECOND,
                vertical_overflow="crop",
            )

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()
        elif not self._quiet:
            self._lines.finish(time.monotonic())

    def show(self, progress: dict[str, Progress], message: str, *, stays: bool = False) -> None:
        """Take the state of every stage that has begun, and a message, or "" for none.

        A message that `stays` is not overwritten by the next one.
        """
        if self._quiet:
            return
        now = time.monotonic()
        if stays and self._live:
            self._console.print(message, highlight=False, markup=False, soft_wrap=True)
            return
        asking = {stage: counts for stage, counts in progress.items() if counts.began}
        self._pace.note(now, asking)
        if now - self._projected_at >= PROJECT_EVERY_SECONDS:
            self._projected = self._projection.project(asking)
            self._projected_at = now
        # Until the first stage asks, the last message says what is being done.
        self._message = message or ("" if asking else self._message)
        self._progress = asking
        if not self._live:
            self._lines.show(now, asking, message, self._pace)

    def _picture(self) -> RenderableType:
        now = time.monotonic()
        stages, priced = self._projection.stages, self._projection.priced
        state = State(stages, self._progress, self._projected, self._message, now - self._began, now, priced)
        return picture(state, self._pace, self._console.width)


class _Lines:
    """The progress as plain lines: what has changed, and how far the stage is every ten seconds."""

    def __init__(self, console: Console, began: float) -> None:
        self._console = console
        self._began = began
        self._told = began
        self._message = ""
        self._ended: set[str] = set()
        self._noted: dict[str, float] = {}
        self._last: Progress | None = None

    def show(self, now: float, progress: dict[str, Progress], message: str, pace: Pace) -> None:
        if message and message != self._message:
            self._print(now, message)
        self._message = message
        self._tell_notes(now, progress)
        in_order = sorted(progress.values(), key=lambda counts: counts.began)
        for counts in in_order[:-1]:
            self._tell_end(now, counts)
        if not in_order:
            return
        self._last = last = in_order[-1]
        if now - self._told >= LINE_EVERY_SECONDS:
            left = pace.left(now, last) if last.done < last.total else None
            cells = _cells(last) + ([f"{lasting(left)} left"] if left is not None else [])
            self._print(now, f"{last.stage}: {', '.join(cells)}")

    def finish(self, now: float) -> None:
        """Tell how far the last stage came."""
        if self._last:
            self._tell_end(now, self._last)

    def _tell_end(self, now: float, counts: Progress) -> None:
        if counts.stage not in self._ended:
            self._ended.add(counts.stage)
            self._print(now, f"{counts.stage}: {', '.join(_cells(counts))}")

    def _tell_notes(self, now: float, progress: dict[str, Progress]) -> None:
        """Print a note when it comes, and once a minute while it stays; numbers within it do not make it another."""
        for note in notes(progress):
            kind = re.sub(r"\d+", "#", note)
            if now - self._noted.get(kind, float("-inf")) >= NOTE_EVERY_SECONDS:
                self._noted[kind] = now
                self._print(now, f"! {note}")

    def _print(self, now: float, line: str) -> None:
        self._told = now
        self._console.print(f"[{now - self._began:4.0f} s] {line}", highlight=False, markup=False, soft_wrap=True)


def _cells(counts: Progress) -> list[str]:
    """A stage in words: calls, from the journal, in flight, faults, tokens, dollars."""
    cells = [f"{counts.done:,} of {counts.total:,} calls"]
    if counts.replayed:
        cells.append(f"{counts.replayed:,} from the journal")
    if counts.in_flight:
        cells.append(f"{counts.in_flight} in flight")
    if counts.retries or counts.failed:
        cells.append(f"{counts.retries:,} retried, {counts.failed:,} failed")
    cells.append(f"{amount(counts.input_tokens)} tokens in, {amount(counts.output_tokens)} out")
    if counts.dollars:
        cells.append(money(counts.dollars))
    return cells
