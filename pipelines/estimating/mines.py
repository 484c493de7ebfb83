"""Mining as far as the journal knows it: what was drawn and kept, and how much more may be drawn."""

from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.estimating.held import Held, prompt_bytes
from warriorcoder.pipelines.estimating.spans import NOTHING, Span
from warriorcoder.pipelines.mining.candidates import Candidate, Lode
from warriorcoder.pipelines.mining.draws import cells, mining_call, next_round
from warriorcoder.recipe import Expert, Recipe

FEWEST_DRAWS = 8
"""So many draws tell a yield."""


@dataclass
class Mine:
    """One expert's mine: `lode` is what the journal's draws gave.

    `draws` are those yet to be made, `brings` is what the mine will have kept in the end.
    `prompt_bytes` is the mean length of a draw's prompt.
    """

    lode: Lode
    draws: Span = NOTHING
    brings: Span = NOTHING
    prompt_bytes: float = 0.0

    @property
    def expert(self) -> Expert:
        return self.lode.expert

    @property
    def kept(self) -> dict[str, Candidate]:
        """By instruction id."""
        return self.lode.kept

    @property
    def read(self) -> int:
        """The draws that the journal has."""
        return self.lode.drawn

    @property
    def share(self) -> float | None:
        """Of the draws that were read, the share that was kept; None where they are too few to tell."""
        return len(self.kept) / self.read if self.read >= FEWEST_DRAWS else None

    @property
    def is_dug(self) -> bool:
        """Whether no more draws are needed."""
        return self.draws.high == 0


def mine_of(recipe: Recipe, expert: Expert, held: Held, assumed_share: float) -> Mine:
    """Make an expert's draws as the stage does, with the journal's answers, as far as it has them."""
    wanted, cap = recipe.mining.per_expert, recipe.mining.draws
    grid, template = recipe.grid_of(expert), template_of(expert)
    lengths = [
        prompt_bytes(mining_call(expert.name, template, grid, draw, recipe.seed)) for draw in range(len(cells(grid)))
    ]
    replies: list[Reply | None] = [None] * cap
    if held.has_of(expert.name):
        calls = (mining_call(expert.name, template, grid, draw, recipe.seed) for draw in range(cap))
        replies = [reply for _, _, reply in held.look_up("mine", calls)]
    mine = Mine(Lode(expert=expert), prompt_bytes=sum(lengths) / len(lengths))
    drawn = 0
    while round_ := next_round(len(mine.kept), drawn, wanted, cap):
        for draw in round_:
            if (reply := replies[draw]) is not None:
                mine.lode.take(recipe, draw, reply)
        drawn = round_.stop
        if None in replies[round_.start : round_.stop]:
            break
    unread = [reply is None for reply in replies]
    open_now = sum(unread[:drawn])
    if not open_now:
        mine.brings = Span.exactly(len(mine.kept))
        return mine
    share = assumed_share if mine.share is None else mine.share
    fewest = _drawn_at(1.0, len(mine.kept) + open_now, drawn, wanted, cap)
    likely = _drawn_at(share, len(mine.kept) + share * open_now, drawn, wanted, cap)
    mine.draws = Span.around(sum(unread[:fewest]), sum(unread[:likely]), sum(unread))
    most = min(wanted, len(mine.kept) + cap - mine.read)
    mine.brings = Span.around(min(len(mine.kept), most), len(mine.kept) + share * mine.draws.likely, most)
    return mine


def _drawn_at(share: float, kept: float, drawn: int, wanted: int, cap: int) -> int:
    """How many draws there will have been where this share of those to come is kept."""
    while round_ := next_round(int(kept), drawn, wanted, cap):
        kept += share * len(round_)
        drawn = round_.stop
    return drawn
