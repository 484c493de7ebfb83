"""The live panel as its reader sees it, at every width: nothing wraps, nothing overflows, nothing is markup."""

from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.estimating.projection import Projected
from warriorcoder.pipelines.pace import Pace
from warriorcoder.pipelines.view import State, picture

STAGES = ("mine", "curate", "answer", "judge")


def lines(state: State, width: int, pace: Pace | None = None) -> list[str]:
    screen = StringIO()
    Console(file=screen, width=width).print(picture(state, pace or Pace(), width))
    return screen.getvalue().splitlines()


def state(*stages: Progress, message: str = "", priced: bool = True, **projected: tuple[float, float]) -> State:
    return State(
        STAGES,
        {counts.stage: counts for counts in stages},
        {stage: Projected(*amounts) for stage, amounts in projected.items()},
        message,
        elapsed=75.0,
        now=100.0,
        priced=priced,
    )


RUNNING = state(
    Progress("mine", 1.0, 91, 91, 40, 0, 5, 0, 3458, 1166, 0.0099),
    Progress("curate", 2.0, 145, 94, 0, 6, 5, 2, 22_000, 598, 0.04, notes=["http://a/v1 is down for 5 s"]),
    mine=(91, 0.0099),
    curate=(145, 0.06),
    answer=(60, 0.03),
    judge=(120, 0.08),
)


def test_every_stage_has_a_row_and_the_numbers_it_should() -> None:
    head, mine, curate, answer, judge, note, footer = (
        line.replace("━", "").replace("╸", "") for line in lines(RUNNING, 120)
    )
    assert " ".join(head.split()) == "stage calls in flight journal retried failed tokens in/out dollars time"
    assert mine.split()[1:] == ["91/91", "40", "5", "3,458/1,166", "$0.01", "0", "s"]
    assert curate.split()[1:] == ["94/145", "6", "5", "2", "22k/598", "$0.04/~0.06"]
    assert answer.split()[1:] == ["0/~60", "$0.00/~0.03"]
    assert judge.split()[1:] == ["0/~120", "$0.00/~0.08"]
    assert note == "! http://a/v1 is down for 5 s"
    assert footer == "75 s · 185 of about 416 calls · $0.05 of about $0.18"


def test_a_narrow_terminal_keeps_what_matters_most() -> None:
    shown = lines(RUNNING, 60)
    assert shown[0].split() == ["stage", "calls", "in", "flight", "dollars", "time"]
    assert lines(RUNNING, 20)[0].split() == ["stage", "calls"]


def test_without_prices_there_are_no_dollars() -> None:
    assert not any("$" in line or "dollars" in line for line in lines(replace(RUNNING, priced=False), 120))


def test_before_the_first_stage_asks_the_message_says_what_is_done() -> None:
    assert lines(state(message="starting local models"), 60) == ["starting local models", "75 s"]


def test_how_long_it_still_takes_and_what_is_done_between_the_calls() -> None:
    pace = Pace()
    for second in range(40, 101):
        counts = Progress("answer", 1.0, 100, min(50, second - 40))
        pace.note(float(second), {"answer": counts})
    assert lines(state(counts), 100, pace)[1].endswith("60 s left")
    ended = Progress("answer", 1.0, 50, 50)
    assert "working on the tables" in lines(state(ended), 100, pace)
    assert "working on the tables" not in lines(state(replace(ended, in_flight=1)), 100, pace)


def test_notes_of_a_stage_that_is_over_are_gone() -> None:
    over = Progress("mine", 1.0, 5, 5, notes=["x is down for 9 s"])
    assert not [line for line in lines(state(over, Progress("curate", 2.0, 5, 2)), 80) if line.startswith("!")]
    many = Progress("mine", 1.0, 5, 3, notes=[f"server {number} is down" for number in range(9)])
    told = [line for line in lines(state(many), 80) if line.startswith("!")]
    assert [told[0], told[-1]] == ["! server 0 is down", "! and 5 more servers are in trouble"]


counts_of = st.integers(0, 10**7)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=90) | st.just("[bold]m[/] [/red]")


@st.composite
def progresses(draw: st.DrawFn, stage: str) -> Progress:
    done = draw(counts_of)
    return Progress(
        stage,
        1.0 + STAGES.index(stage),
        done + draw(counts_of),
        done,
        *(draw(counts_of) for _ in range(6)),
        draw(st.floats(0, 1e6)),
        notes=draw(st.lists(texts, max_size=6)),
    )


@given(data=st.data(), width=st.integers(20, 160), message=texts)
def test_no_line_is_longer_than_the_terminal_and_no_name_is_markup(
    data: st.DataObject, width: int, message: str
) -> None:
    begun = STAGES[: data.draw(st.integers(0, 4))]
    made = state(*(data.draw(progresses(stage)) for stage in begun), message=message)
    projected = {stage: Projected(data.draw(st.floats(0, 1e8)), data.draw(st.floats(0, 1e6))) for stage in STAGES}
    shown = lines(replace(made, projected=projected if begun else {}), width)
    assert all(cell_len(line) <= width for line in shown)
    if "[/red]" in message and width > 30:
        assert message in shown


@pytest.mark.parametrize("width", [60, 80, 100])
def test_columns_stay_where_they_are_while_numbers_grow(width: int) -> None:
    def places(done: int) -> list[int]:
        counts = Progress("mine", 1.0, 900, done, 0, 16, 0, 0, 30 * done, 20 * done, 0.0001 * done)
        head = lines(state(counts, mine=(900, 0.3)), width)[0]
        return [head.index(word) for word in ("calls", "in flight", "dollars", "time")]

    assert places(1) == places(88) == places(899)
