"""What an examination finds: a cell a check, a row a server, all of it in one report."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

from warriorcoder.pipelines.doctor.measurements import Measured

Check = Literal["reach", "key", "model", "raw", "prefix", "chat", "usage", "judge", "speed"]
CHECKS: tuple[Check, ...] = get_args(Check)


class Colour(StrEnum):
    """RED: the run would fail here, or make junk. YELLOW: it goes on, the worse for it. NONE: not examined."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    NONE = "none"


@dataclass(frozen=True)
class Cell:
    """The outcome of one check: a short word for the table, what was found, and what to do about it."""

    colour: Colour
    word: str = ""
    found: str = ""
    advice: str = ""


def green(word: str = "", found: str = "") -> Cell:
    return Cell(Colour.GREEN, word, found)


def yellow(word: str, found: str, advice: str) -> Cell:
    return Cell(Colour.YELLOW, word, found, advice)


def red(word: str, found: str, advice: str) -> Cell:
    return Cell(Colour.RED, word, found, advice)


def left_out(word: str = "") -> Cell:
    return Cell(Colour.NONE, word)


@dataclass
class Row:
    """One server of an expert. `sample` is one of its draws, on one line, where it was mined."""

    expert: str
    server: str
    cells: dict[Check, Cell] = field(default_factory=dict)
    sample: str = ""

    def cell(self, check: Check) -> Cell:
        return self.cells.get(check, left_out())

    def worst(self) -> Colour:
        """The colour of the row as a whole."""
        colours = {cell.colour for cell in self.cells.values()}
        return next((colour for colour in (Colour.RED, Colour.YELLOW) if colour in colours), Colour.GREEN)


@dataclass
class Spending:
    """What the examination itself took. `calls` counts every request that asked for a completion.

    `dollars` are those of the experts with a price, None as long as none of them has answered.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    unmetered: int = 0
    dollars: float | None = None
    unpriced: set[str] = field(default_factory=set)
    seconds: float = 0.0


@dataclass
class Report:
    """All rows, what concerns the recipe as a whole, what was measured, and what it took."""

    recipe: str
    rows: list[Row]
    whole: list[Cell]
    measured: list[Measured]
    spending: Spending

    @property
    def would_fail(self) -> bool:
        return any(row.worst() is Colour.RED for row in self.rows) or any(
            cell.colour is Colour.RED for cell in self.whole
        )

    def to_json(self) -> dict[str, Any]:
        """The report for programs: `rows` has a cell for every check, `whole` what concerns the recipe."""
        spent = self.spending
        return {
            "recipe": self.recipe,
            "would_fail": self.would_fail,
            "rows": [
                {
                    "expert": row.expert,
                    "server": row.server,
                    "checks": {check: asdict(row.cell(check)) for check in CHECKS},
                    "sample": row.sample,
                }
                for row in self.rows
            ],
            "whole": [asdict(cell) for cell in self.whole],
            "measured": [asdict(each) for each in self.measured],
            "spent": {**asdict(spent), "unpriced": sorted(spent.unpriced)},
        }
