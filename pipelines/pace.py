"""How fast a stage goes, and how long it still takes: from its recent answers, those of the journal left out."""

from collections import deque
from collections.abc import Mapping

from warriorcoder.pipelines.endpoints.progress import Progress

WINDOW_SECONDS = 60.0
FEWEST_ANSWERS = 3
SHORTEST_SECONDS = 3.0
STALLED_SECONDS = 10.0
TIMES_AN_ANSWER = 4.0
"""Slow answers come in bursts: so many answers' times are looked back at, and waited for, at least."""


class Pace:
    """The pace of every stage. All times are seconds of one clock, given by the caller."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[tuple[float, int]]] = {}
        self._moved: dict[str, tuple[float, float, int]] = {}

    def note(self, now: float, progress: Mapping[str, Progress]) -> None:
        """Take note of how far every stage is."""
        for stage, counts in progress.items():
            first, last, done = self._moved.get(stage, (now, now, -1))
            self._moved[stage] = (first, now if counts.done != done else last, counts.done)
            seen = self._seen.setdefault(stage, deque())
            asked = counts.done - counts.replayed
            if not seen or now - seen[-1][0] >= 1.0:
                seen.append((now, asked))
            window = max(WINDOW_SECONDS, TIMES_AN_ANSWER * counts.asked_seconds / max(asked, 1))
            while len(seen) > 1 and now - seen[1][0] >= window:
                seen.popleft()

    def left(self, now: float, counts: Progress) -> float | None:
        """How many seconds the calls of a stage still take that it knows of.

        None while nobody can tell: at the beginning, and where no answer comes any more.
        """
        seen = self._seen.get(counts.stage)
        if not seen:
            return None
        began, before = seen[0]
        asked = counts.done - counts.replayed
        answers = asked - before
        if answers < FEWEST_ANSWERS or now - began < SHORTEST_SECONDS:
            return None
        an_answer = counts.asked_seconds / max(asked, 1)
        if self.still_for(now, counts.stage) > max(STALLED_SECONDS, TIMES_AN_ANSWER * an_answer):
            return None
        return (counts.total - counts.done) * (now - began) / answers

    def took(self, stage: str) -> float:
        """How long a stage has been seen at work, up to its last call."""
        first, last, _ = self._moved.get(stage, (0.0, 0.0, 0))
        return last - first

    def still_for(self, now: float, stage: str) -> float:
        """For how long no call of a stage has ended."""
        return now - self._moved[stage][1] if stage in self._moved else 0.0
