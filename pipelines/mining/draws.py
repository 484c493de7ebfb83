"""The draws of mining: numbered, seeded, spread evenly over the sampling grid."""

from dataclasses import dataclass
from itertools import product

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.endpoints.calls import Call
from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.recipe import Grid


@dataclass(frozen=True)
class Cell:
    """One configuration of the sampling grid."""

    system: str
    temperature: float
    top_p: float


def cells(grid: Grid) -> list[Cell]:
    """Every system prompt with every temperature and top_p."""
    return [Cell(*each) for each in product(grid.systems, grid.temperatures, grid.top_ps)]


def cell_of(grid: Grid, draw: int) -> Cell:
    """The configuration of a draw: draws go round the grid, so its cells differ by one draw at most."""
    every = cells(grid)
    return every[draw % len(every)]


def mining_call(expert: str, template: Template, grid: Grid, draw: int, seed: int) -> Call:
    """Ask an expert to complete a user's message."""
    cell = cell_of(grid, draw)
    return Call(
        expert=expert,
        prompt=template.open_user_turn(cell.system),
        draw=draw,
        sampling={
            "temperature": cell.temperature,
            "top_p": cell.top_p,
            "max_tokens": grid.max_tokens,
            "stop": list(template.stop),
            "seed": seed_from(seed, "mine", expert, draw),
        },
    )


def next_round(kept: int, drawn: int, wanted: int, cap: int) -> range:
    """The draws to make next: as many as the yield so far says are needed, a quarter more to be safe.

    Empty when enough are kept or the cap is reached.
    """
    missing = wanted - kept
    if missing <= 0 or drawn >= cap:
        return range(drawn, drawn)
    share = max(kept, 1) / drawn if drawn else 1.0
    step = -int(-missing * 1.25 // share)
    return range(drawn, min(cap, drawn + step))
