"""How long a stage still takes: by its own clock, from what was asked and not from what the journal had."""

import pytest

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.pace import Pace


def progress(done: int, total: int = 1000, replayed: int = 0, seconds: float = 0.5) -> Progress:
    return Progress("answer", 1.0, total, done, replayed, asked_seconds=seconds * (done - replayed))


def paced(course: list[tuple[float, Progress]]) -> tuple[Pace, float, Progress]:
    pace = Pace()
    for now, counts in course:
        pace.note(now, {"answer": counts})
    return pace, *course[-1]


def left(course: list[tuple[float, Progress]]) -> float | None:
    pace, now, last = paced(course)
    return pace.left(now, last)


def test_a_steady_pace_goes_on() -> None:
    # Two answers a second, of 1000.
    assert left([(now, progress(2 * now)) for now in range(101)]) == pytest.approx((1000 - 200) / 2)


def test_nobody_can_tell_at_the_beginning() -> None:
    assert Pace().left(0.0, progress(0)) is None
    assert left([(0.0, progress(0)), (2.0, progress(50))]) is None
    assert left([(0.0, progress(0)), (50.0, progress(2))]) is None
    assert left([(0.0, progress(0)), (50.0, progress(3))]) == pytest.approx(997 * 50 / 3)


def test_what_the_journal_had_makes_nothing_faster() -> None:
    """500 calls come out of the journal at once, then one answer a second."""
    course = [(0.0, progress(0))]
    course += [(1.0 + second, progress(500 + second, replayed=500)) for second in range(30)]
    seconds = left(course)
    assert seconds is not None
    assert seconds == pytest.approx(1000 - 529, rel=0.05)


def test_an_old_pace_is_forgotten() -> None:
    fast = [(second, progress(10 * second)) for second in range(31)]
    slow = [(30 + second, progress(300 + second)) for second in range(1, 121)]
    seconds = left([*fast, *slow])
    assert seconds == pytest.approx(1000 - 420, rel=0.02)


def test_slow_answers_are_looked_back_at_for_longer() -> None:
    """Every answer takes 100 s, and 16 come at once: one burst is no pace."""
    course = [(second, progress(16 * (second // 100), seconds=100.0)) for second in range(0, 401, 5)]
    assert left(course) == pytest.approx((1000 - 64) * 100 / 16, rel=0.3)


def test_where_no_answer_comes_any_more_nobody_can_tell() -> None:
    going = [(second, progress(second)) for second in range(20)]
    assert left([*going, (28, progress(19))]) is not None
    assert left([*going, (31, progress(19))]) is None
    # Answers of 20 s are waited for longer.
    slow = [(second, progress(second // 4, seconds=20.0)) for second in range(40)]
    assert left([*slow, (80, progress(9, seconds=20.0))]) is not None


def test_a_stage_took_as_long_as_calls_ended_in_it() -> None:
    pace, _, _ = paced([(5.0, progress(0)), (9.0, progress(10, 10)), (30.0, progress(10, 10))])
    assert pace.took("answer") == 4.0
    assert pace.still_for(30.0, "answer") == 21.0
    assert pace.took("judge") == pace.still_for(30.0, "judge") == 0.0
