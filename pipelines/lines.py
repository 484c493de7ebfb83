"""The progress as plain lines, where there is no terminal for a panel."""

import re
from collections.abc import Callable

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.pace import Pace
from warriorcoder.pipelines.view import notes
from warriorcoder.wording import amount, lasting, money

LINE_EVERY_SECONDS = 10.0
NOTE_EVERY_SECONDS = 60.0


class Lines:
    """What has changed, and how far the stage is every ten seconds. `began` is a time of the clock that `now` is of."""

    def __init__(self, say: Callable[[str], None], began: float) -> None:
        self._say = say
        self._began = began
        self._told = began
        self._message = ""
        self._ended: set[str] = set()
        self._noted: dict[str, float] = {}
        self._last: Progress | None = None

    def show(self, now: float, progress: dict[str, Progress], message: str, pace: Pace) -> None:
        """Take the state of every stage that asks, and a message, "" for none."""
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
            if last.doing:
                self._print(now, f"{last.stage}: {last.doing}")
                return
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
        self._say(f"[{now - self._began:4.0f} s] {line}")


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
