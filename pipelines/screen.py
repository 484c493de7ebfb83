"""The progress of a run: a live panel on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.estimating.projection import Projected, Projection
from warriorcoder.pipelines.lines import Lines
from warriorcoder.pipelines.pace import Pace
from warriorcoder.pipelines.view import State, picture

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
        self._lines = Lines(self._print, self._began)
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
            self._print(message)
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

    def _print(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)
