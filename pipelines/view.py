"""The live panel's picture of a run: a row a stage, as many columns as the terminal has room for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.estimating.projection import Projected
from warriorcoder.pipelines.pace import Pace
from warriorcoder.wording import amount, lasting, money

NARROW = 72
"""Below so many columns, one of them parts two cells, and two elsewhere."""

LONGEST_BAR, SHORTEST_BAR = 24, 6
IDLE_SECONDS = 2.0
"""All calls done for so long: the stage works on its tables."""

MOST_NOTES = 4
FEWEST_CENTS = 0.1
"""A run of fewer dollars is told in hundredths of a cent."""


@dataclass(frozen=True)
class State:
    """What a picture shows. Times are in seconds of the pace's clock."""

    stages: Sequence[str]
    progress: Mapping[str, Progress]
    projected: Mapping[str, Projected]
    message: str
    elapsed: float
    now: float
    priced: bool


@dataclass(frozen=True)
class _Column:
    """A column: its cells, and its place in the order in which columns give way on a narrow terminal, 0 never.

    It is `least` wide from the start, so that the others stay where they are while its numbers grow.
    """

    head: str
    cells: list[str]
    gives_way: int = 0
    least: int = 0

    @property
    def width(self) -> int:
        return max(self.least, *map(cell_len, (self.head, *self.cells)))


def picture(state: State, pace: Pace, width: int) -> RenderableType:
    """The panel for a terminal of so many columns. No line of it is longer."""
    parts: list[RenderableType] = [_rows(state, pace, width)] if state.progress else []
    parts += [Text(f"! {note}", style="bold yellow", overflow="fold") for note in notes(state.progress)]
    if now := state.message or _doing(state, pace):
        parts.append(Text(now, style="bold", overflow="fold"))
    parts.append(_footer(state))
    return Group(*parts)


def notes(progress: Mapping[str, Progress]) -> list[str]:
    """What the stage at work has to say of its servers, the first few; those before it have said their last."""
    last = max(progress.values(), key=lambda counts: counts.began, default=Progress(""))
    every = [] if last.done == last.total else last.notes
    more = len(every) - MOST_NOTES
    return every[:MOST_NOTES] + ([f"and {more} more servers are in trouble"] if more > 0 else [])


def _rows(state: State, pace: Pace, width: int) -> Table:
    stages = [stage for stage in state.stages if stage in state.progress or stage in state.projected]
    counts = [state.progress.get(stage, Progress(stage)) for stage in stages]
    gap = 1 if width < NARROW else 2
    columns = _fitting(_columns(state, pace, counts), width, gap)
    taken = sum(column.width for column in columns) + gap * len(columns)
    bar = min(LONGEST_BAR, width - taken)
    table = Table.grid(padding=(0, gap, 0, 0), pad_edge=False)
    shown = [*columns[:1], None, *columns[1:]] if bar >= SHORTEST_BAR else [*columns]
    for column in shown:
        table.add_column(
            justify="left" if column is None or column is columns[0] else "right",
            no_wrap=True,
            overflow="ellipsis",
            width=column.width if column else bar,
        )
    table.add_row(*(Text(column.head if column else "", style="dim") for column in shown))
    running = max((place for place, each in enumerate(counts) if each.began), default=-1)
    for place, each in enumerate(counts):
        style = "bold" if place == running else "dim" if place > running else ""
        most = max(each.total, state.projected[each.stage].calls if each.stage in state.projected else 0, 1)
        table.add_row(
            *(
                Text(column.cells[place], style=style)
                if column
                else ProgressBar(total=most, completed=each.done, width=bar)
                for column in shown
            )
        )
    return table


def _columns(state: State, pace: Pace, counts: list[Progress]) -> list[_Column]:
    projected = [state.projected.get(each.stage) for each in counts]
    columns = [
        _Column("stage", [each.stage for each in counts]),
        _Column("calls", [_of(each.done, each, there) for each, there in zip(counts, projected, strict=True)], 0, 10),
        _Column("in flight", [_some(each.in_flight) for each in counts], 5),
        _Column("journal", [_some(each.replayed) for each in counts], 2),
        _Column("retried", [_some(each.retries) for each in counts], 3),
        _Column("failed", [_some(each.failed) for each in counts], 4),
        _Column("tokens in/out", [_tokens(each) for each in counts], 1),
    ]
    if state.priced:
        said = _cents if sum(there.dollars for there in projected if there) >= FEWEST_CENTS else _hundredths
        dollars = [_dollars(each, there, said) for each, there in zip(counts, projected, strict=True)]
        columns.append(_Column("dollars", dollars, 6, len(_dollars(Progress(""), Projected(1, 10), said))))
    columns.append(_Column("time", [_time(each, state, pace) for each in counts], 7, 11))
    empty = {"journal", "retried", "failed"}
    return [column for column in columns if column.head not in empty or any(column.cells)]


def _fitting(columns: list[_Column], width: int, gap: int) -> list[_Column]:
    """The columns less those that give way, until the rest and a short bar have room."""

    def needed(shown: Iterable[_Column]) -> int:
        return sum(column.width + gap for column in shown) + SHORTEST_BAR

    for weak in sorted((column for column in columns if column.gives_way), key=lambda column: column.gives_way):
        if needed(columns) <= width:
            break
        columns = [column for column in columns if column is not weak]
    return columns


def _of(done: int, counts: Progress, projected: Projected | None) -> str:
    """Calls done of those that are known, or of those that there will likely be."""
    likely = projected.calls if projected else 0.0
    if round(likely) > counts.total:
        return f"{amount(done)}/~{amount(likely)}"
    return f"{amount(done)}/{amount(counts.total)}"


def _dollars(counts: Progress, projected: Projected | None, said: Callable[[float], str]) -> str:
    """What the calls have cost of what they likely will."""
    if projected is None or (counts.began and round(projected.calls) <= counts.done):
        return f"${said(counts.dollars)}"
    return f"${said(counts.dollars)}/~{said(projected.dollars)}"


def _cents(dollars: float) -> str:
    return f"{dollars:,.2f}"


def _hundredths(dollars: float) -> str:
    """Dollars to the hundredth of a cent: a run that costs next to nothing."""
    return f"{dollars:.4f}"


def _time(counts: Progress, state: State, pace: Pace) -> str:
    if not counts.began:
        return ""
    left = pace.left(state.now, counts)
    if counts.done < counts.total:
        return "" if left is None else f"{lasting(left)} left"
    return lasting(pace.took(counts.stage))


def _tokens(counts: Progress) -> str:
    return f"{amount(counts.input_tokens)}/{amount(counts.output_tokens)}" if counts.done else ""


def _some(number: int) -> str:
    return amount(number) if number else ""


def _footer(state: State) -> Text:
    """How long it runs, and what it has cost of what it will cost."""
    parts = [lasting(state.elapsed)]
    if state.projected:
        done = sum(counts.done for counts in state.progress.values())
        calls = sum(each.calls for each in state.projected.values())
        ends = "" if round(calls) <= done else f" of about {amount(calls)}"
        parts.append(f"{amount(done)}{ends} calls")
        if state.priced:
            dollars = sum(counts.dollars for counts in state.progress.values())
            most = sum(each.dollars for each in state.projected.values())
            parts.append(money(dollars) + (f" of about {money(most)}" if ends else ""))
    return Text(" · ".join(parts), style="dim", no_wrap=True, overflow="ellipsis")


def _doing(state: State, pace: Pace) -> str:
    """What a run does while nobody is asked."""
    begun = [counts for counts in state.progress.values() if counts.began]
    if not begun:
        return ""
    last = max(begun, key=lambda counts: counts.began)
    if last.doing:
        return last.doing
    idle = last.done == last.total and not last.in_flight and pace.still_for(state.now, last.stage) > IDLE_SECONDS
    return "working on the tables" if idle else ""
