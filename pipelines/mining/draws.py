"""The draws of mining: numbered, seeded, spread evenly over the sampling grid."""

import heapq
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.endpoints.calls import Call
from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.recipe_mining import Grid, WeightedSystem


@dataclass(frozen=True)
class Cell:
    """One configuration of the sampling grid."""

    system: str
    temperature: float
    top_p: float


def cells(grid: Grid) -> list[Cell]:
    """Every system prompt with every temperature and top_p."""
    texts = [text for text, _ in _systems(grid)]
    return [Cell(*each) for each in product(texts, grid.temperatures, grid.top_ps)]


def cell_of(grid: Grid, draw: int) -> Cell:
    """The configuration of a draw.

    System prompts take turns by their weights, and the draws of each go round its temperatures and
    top_ps. So after any number of draws each cell of a system prompt has had the same number, or one more.
    """
    systems = _systems(grid)
    place, turn = _turns(tuple(weight for _, weight in systems)).of(draw)
    temperature, top_p = divmod(turn % (len(grid.temperatures) * len(grid.top_ps)), len(grid.top_ps))
    return Cell(systems[place][0], grid.temperatures[temperature], grid.top_ps[top_p])


def _systems(grid: Grid) -> list[tuple[str, float]]:
    return [(each.text, each.weight) if isinstance(each, WeightedSystem) else (each, 1.0) for each in grid.systems]


class _Turns:
    """Whose turn it is, where turns are in proportion to weights and each one's are evenly spread.

    The n-th turn (from 0) of weight w is due at (2n + 1) / w, the divisors of Webster and Sainte-Laguë;
    of two that are due at once the first listed goes first.
    """

    def __init__(self, weights: tuple[float, ...]) -> None:
        self._weights = weights
        self._due = [(1 / weight, place, 0) for place, weight in enumerate(weights)]
        heapq.heapify(self._due)
        self._taken: list[tuple[int, int]] = []

    def of(self, draw: int) -> tuple[int, int]:
        """The place of the weight whose turn it is, and how many it has had before."""
        while len(self._taken) <= draw:
            _, place, turn = self._due[0]
            heapq.heapreplace(self._due, ((2 * turn + 3) / self._weights[place], place, turn + 1))
            self._taken.append((place, turn))
        return self._taken[draw]


# Every draw asks, and a recipe has a few grids.
_turns = lru_cache(maxsize=64)(_Turns)


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
            **_shown(template.hidden),
        },
    )


def _shown(hidden: tuple[str, ...]) -> dict[str, Any]:
    """What makes a server see its stop strings that are control tokens, in the words of vLLM, SGLang and llama.cpp.

    vLLM's issue 2123: where control tokens are left out of the text, a stop string that is one is never found.
    """
    return {"skip_special_tokens": False, "preserved_tokens": list(hidden)} if hidden else {}


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
