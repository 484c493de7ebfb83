"""Progress on the screen: plain lines in a pipe, a live panel on a terminal."""

from io import StringIO

import pytest
from rich.console import Console

from warriorcoder.pipelines import screen as screen_module
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.screen import Screen


class Clock:
    """time.monotonic, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(screen_module, "time", made)
    return made


def lines(output: StringIO) -> list[str]:
    return output.getvalue().splitlines()


MINE = Progress("mine", total=10, done=10, input_tokens=1500, output_tokens=20)


def test_a_message_is_printed_once_with_its_time(clock: Clock) -> None:
    output = StringIO()
    with Screen(Console(file=output)) as screen:
        screen.show({}, "starting local models")
        clock.now += 3
        screen.show({}, "starting local models")
        screen.show({}, "starting [the] pipeline")
    assert lines(output) == ["[   0 s] starting local models", "[   3 s] starting [the] pipeline"]


def test_a_stage_is_told_when_the_next_one_begins_and_now_and_then(clock: Clock) -> None:
    output = StringIO()
    screen = Screen(Console(file=output, width=40))
    clock.now += 11
    screen.show({"mine": Progress("mine", total=10, done=4, in_flight=3)}, "")
    clock.now += 5
    screen.show({"mine": MINE}, "")
    screen.show({"curate": Progress("curate", total=2), "mine": MINE}, "")
    screen.show({"curate": Progress("curate", total=2), "mine": MINE}, "")
    assert lines(output) == [
        "[  11 s] mine: 4 of 10 calls, 3 in flight, 0 tokens in, 0 out",
        "[  16 s] mine: 10 of 10 calls, 1,500 tokens in, 20 out",
    ]


def test_what_is_worth_knowing_is_told_only_where_it_is_so(clock: Clock) -> None:
    output = StringIO()
    screen = Screen(Console(file=output))
    clock.now += 11
    screen.show({"judge": Progress("judge", 9, 8, 7, 1, 2, 3, 4, 5, 0.12345)}, "")
    assert lines(output) == [
        "[  11 s] judge: 8 of 9 calls, 7 from the journal, 1 in flight, 2 retried, 3 failed, "
        "4 tokens in, 5 out, $0.1235"
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_shows_nothing(terminal: bool) -> None:
    output = StringIO()
    with Screen(Console(file=output, force_terminal=terminal), quiet=True) as screen:
        screen.show({"mine": MINE}, "a message")
    assert output.getvalue().strip() == ""


def test_a_terminal_shows_a_line_a_stage_in_their_order() -> None:
    output = StringIO()
    screen = Screen(Console(file=output, force_terminal=True, width=120))
    plain = Console(file=(shown := StringIO()), width=120)
    plain.print(screen._table({"judge": Progress("judge", 4, 2), "answer": Progress("answer", 3, 3)}, "[soon] done"))
    text = shown.getvalue()
    assert text.index("answer") < text.index("judge") < text.index("[soon] done")
    assert "3 of 3 calls" in text
    with screen:
        screen.show({"mine": MINE}, "")
