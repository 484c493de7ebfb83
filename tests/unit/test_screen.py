"""Progress on the screen: plain lines in a pipe, a live panel on a terminal, nothing when quiet."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines import screen as screen_module
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.estimating.projection import Projection
from warriorcoder.pipelines.screen import Screen
from warriorcoder.recipe import Recipe


class Clock:
    """time.monotonic, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


class Terminal(StringIO):
    """A file that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(screen_module, "time", made)
    return made


@pytest.fixture
def projection(tmp_path: Path) -> Projection:
    experts: list[dict[str, Any]] = [
        {
            "name": name,
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": f"m-{name}"},
            "price": {"input": 1.0, "output": 1.0},
        }
        for name in ("one", "two", "three")
    ]
    recipe = Recipe.model_validate({"name": "shown", "experts": experts, "mining": {"per_expert": 10}})
    return Projection(recipe, tmp_path / "arena", "run")


def lines(output: StringIO) -> list[str]:
    return output.getvalue().splitlines()


MINE = Progress("mine", 1.0, 10, 10, input_tokens=1500, output_tokens=20)


def test_a_message_is_printed_once_with_its_time(clock: Clock, projection: Projection) -> None:
    output = StringIO()
    with Screen(Console(file=output), projection) as screen:
        screen.show({}, "starting local models")
        clock.now += 3
        screen.show({}, "starting local models")
        screen.show({}, "starting [the] pipeline")
        screen.show({}, "")
    assert lines(output) == ["[   0 s] starting local models", "[   3 s] starting [the] pipeline"]


def test_a_stage_is_told_at_its_end_and_every_ten_seconds(clock: Clock, projection: Projection) -> None:
    output = StringIO()
    screen = Screen(Console(file=output, width=40), projection).__enter__()
    clock.now += 11
    for done in range(4, 8):
        screen.show({"mine": Progress("mine", 1.0, 10, done, in_flight=3)}, "")
    clock.now += 5
    screen.show({"mine": MINE}, "")
    screen.show({"curate": Progress("curate", 2.0, 2), "mine": MINE}, "")
    screen.show({"curate": Progress("curate", 2.0, 2), "mine": MINE}, "")
    clock.now += 10
    screen.show({"curate": Progress("curate", 2.0, 2, 1), "mine": MINE}, "")
    screen.show({"curate": Progress("curate", 2.0, 2, 2), "mine": MINE}, "")
    screen.__exit__(None, None, None)
    assert lines(output) == [
        "[  11 s] mine: 4 of 10 calls, 3 in flight, 0 tokens in, 0 out",
        "[  16 s] mine: 10 of 10 calls, 1,500 tokens in, 20 out",
        "[  26 s] curate: 1 of 2 calls, 0 tokens in, 0 out",
        "[  26 s] curate: 2 of 2 calls, 0 tokens in, 0 out",
    ]


def test_what_is_worth_knowing_is_told_only_where_it_is_so(clock: Clock, projection: Projection) -> None:
    output = StringIO()
    screen = Screen(Console(file=output), projection)
    clock.now += 11
    screen.show({"judge": Progress("judge", 1.0, 9, 8, 7, 1, 2, 3, 14_000, 5, 0.12345)}, "")
    assert lines(output) == [
        "[  11 s] judge: 8 of 9 calls, 7 from the journal, 1 in flight, 2 retried, 3 failed, "
        "14k tokens in, 5 out, $0.12"
    ]


def test_a_server_in_trouble_is_told_once_a_minute(clock: Clock, projection: Projection) -> None:
    output = StringIO()
    screen = Screen(Console(file=output), projection)

    def show(*notes: str) -> None:
        clock.now += 1
        # A line that was just told is none of these.
        screen.show({"mine": Progress("mine", 1.0, 9, 1, notes=list(notes))}, f"at {clock.now}")

    for seconds in range(4, 70):
        show(f"http://a[/b]:1/v1 is down for {seconds} s; tried again until 600 s")
    show()
    show("http://a[/b]:2/v1 wants fewer calls: 4 at once now")
    assert [line for line in lines(output) if "!" in line] == [
        "[   1 s] ! http://a[/b]:1/v1 is down for 4 s; tried again until 600 s",
        "[  61 s] ! http://a[/b]:1/v1 is down for 64 s; tried again until 600 s",
        "[  68 s] ! http://a[/b]:2/v1 wants fewer calls: 4 at once now",
    ]


@pytest.mark.parametrize("terminal", [True, False])
def test_quiet_shows_nothing(terminal: bool, projection: Projection) -> None:
    output = Terminal() if terminal else StringIO()
    with Screen(Console(file=output, force_terminal=terminal), projection, quiet=True) as screen:
        screen.show({"mine": MINE}, "a message")
    assert output.getvalue() == ""


def test_a_terminal_shows_the_panel_and_leaves_nothing_of_it(projection: Projection) -> None:
    output = Terminal()
    with Screen(Console(file=output, force_terminal=True, width=100), projection) as screen:
        screen.show({"mine": Progress("mine", 1.0, 38, 3)}, "[soon] done")
    text = output.getvalue()
    assert "3/~60" in text
    assert "[soon] done" in text
    # At its end the panel goes up over its lines and erases each of them.
    assert text.rindex("\x1b[2K") > text.rindex("[soon] done")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_message_that_stays_is_there_at_the_end(terminal: bool, projection: Projection) -> None:
    output = Terminal() if terminal else StringIO()
    with Screen(Console(file=output, force_terminal=terminal, width=100), projection) as screen:
        screen.show({}, "the journal was damaged", stays=True)
        screen.show({}, "starting")
    text = output.getvalue()
    assert "the journal was damaged" in text
    if terminal:
        # Above the panel, which alone is erased.
        assert "starting" not in text.partition("the journal was damaged")[0]
        assert "\x1b[2K" not in text.partition("the journal was damaged")[2].partition("\n")[0]


def test_colours_forced_in_a_pipe_make_no_terminal_of_it(clock: Clock, projection: Projection) -> None:
    output = StringIO()
    with Screen(Console(file=output, force_terminal=True), projection) as screen:
        screen.show({}, "starting")
    assert lines(output) == ["[   0 s] starting"]


def test_a_run_is_projected_from_what_it_has_counted(projection: Projection, tmp_path: Path) -> None:
    """Three experts bring ten instructions each, half of which pass; each takes three answers and six votes."""
    assert projection.project({}) == {}
    share = {"calls": 20, "input_tokens": 400, "output_tokens": 600, "unmetered": 0}
    mine = Progress("mine", 1.0, 39, 20, dollars=0.02, experts={"one": share})
    found = projection.project({"mine": mine})
    assert {stage: each.calls for stage, each in found.items()} == {"mine": 60, "curate": 60, "answer": 45, "judge": 90}
    assert found["mine"].dollars == pytest.approx(0.06)
    folder = ArenaFolder.prepare(tmp_path / "arena")
    folder.update_manifest({"counts": {"mine": {"draws": 40, "kept": 20, "rejected": 20}}})
    curate = Progress("curate", 2.0, 40, 10, dollars=0.01)
    found = projection.project({"mine": mine, "curate": curate})
    assert {stage: each.calls for stage, each in found.items()} == {"mine": 20, "curate": 40, "answer": 30, "judge": 60}
    answer = Progress("answer", 3.0, 12, 12, dollars=0.5)
    found = projection.project({"mine": mine, "curate": curate, "answer": answer})
    assert (found["answer"].calls, found["answer"].dollars, found["judge"].calls) == (12, 0.5, 24)
