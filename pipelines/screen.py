"""The progress of a run: a live panel on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.tables import STAGES

LINE_EVERY_SECONDS = 10.0


class Screen:
    """Shows what `run_part` tells it. `quiet` shows nothing."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._live = Live(console=console, transient=True, refresh_per_second=4) if console.is_terminal else None
        self._began = time.monotonic()
        self._told = 0.0
        self._message = ""
        self._ended: set[str] = set()

    def __enter__(self) -> Self:
        if self._live and not self._quiet:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, progress: dict[str, Progress], message: str) -> None:
        """Take the state of every stage that has begun, and a message, or "" for none."""
        if self._quiet:
            return
        if self._live:
            self._live.update(self._table(progress, message))
        else:
            self._print_lines(progress, message)

    def _table(self, progress: dict[str, Progress], message: str) -> Table:
        table = Table.grid(padding=(0, 2))
        for stage in STAGES:
            if stage in progress:
                counts = progress[stage]
                bar = ProgressBar(total=max(counts.total, 1), completed=counts.done, width=24)
                table.add_row(Text(stage, style="bold"), bar, ", ".join(_cells(counts)))
        table.add_row("", Text(f"{self._elapsed():.0f} s", style="dim"), Text(message))
        return table

    def _print_lines(self, progress: dict[str, Progress], message: str) -> None:
        if message and message != self._message:
            self._print(message)
        self._message = message
        for stage, counts in progress.items():
            later = [name for name in progress if STAGES.index(name) > STAGES.index(stage)]
            if later and stage not in self._ended:
                self._ended.add(stage)
                self._print(f"{stage}: " + ", ".join(_cells(counts)))
        if progress and time.monotonic() - self._told >= LINE_EVERY_SECONDS:
            current = max(progress, key=STAGES.index)
            self._print(f"{current}: " + ", ".join(_cells(progress[current])))

    def _print(self, line: str) -> None:
        self._told = time.monotonic()
        self._console.print(f"[{self._elapsed():4.0f} s] {line}", highlight=False, markup=False, soft_wrap=True)

    def _elapsed(self) -> float:
        return time.monotonic() - self._began


def _cells(counts: Progress) -> list[str]:
    """A stage in words: calls, from the journal, in flight, faults, tokens, dollars."""
    cells = [f"{counts.done} of {counts.total} calls"]
    if counts.replayed:
        cells.append(f"{counts.replayed} from the journal")
    if counts.in_flight:
        cells.append(f"{counts.in_flight} in flight")
    if counts.retries or counts.failed:
        cells.append(f"{counts.retries} retried, {counts.failed} failed")
    cells.append(f"{counts.input_tokens:,} tokens in, {counts.output_tokens:,} out")
    if counts.dollars:
        cells.append(f"${counts.dollars:.4f}")
    return cells
