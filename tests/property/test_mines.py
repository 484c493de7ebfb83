"""However a mine yields, the draws that the stage makes of it lie within what was estimated before."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.endpoints.calls import Address, Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.estimating.held import Held
from warriorcoder.pipelines.estimating.mines import mine_of
from warriorcoder.pipelines.mining.draws import mining_call, next_round
from warriorcoder.recipe import Recipe

ADDRESS = Address("one", "openai", ("http://127.0.0.1:9/v1",), "m", "m", 16)
GOOD = "Write a Python function that returns the number {} as a string."
JUNK = "no."


SEEDS = count()
"""Every example has draws of its own, so that all share one journal."""


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    with Journal(tmp_path_factory.mktemp("mines") / "journal.sqlite") as made:
        yield made


def recipe(per_expert: int, cap: int) -> Recipe:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in ("one", "two")]
    mining = {"per_expert": per_expert, "max_draws": cap}
    return Recipe.model_validate({"name": "mines", "seed": next(SEEDS), "experts": experts, "mining": mining})


def drawn(yields: list[bool], wanted: int, cap: int) -> int:
    """How many draws the stage makes where each is kept or not, as given."""
    kept = made = 0
    while round_ := next_round(kept, made, wanted, cap):
        for draw in round_:
            kept += yields[draw] and kept < wanted
        made = round_.stop
    return made


@given(data=st.data())
def test_the_draws_lie_within_the_estimate_wherever_the_journal_ends(data: st.DataObject, journal: Journal) -> None:
    wanted = data.draw(st.integers(1, 12))
    cap = data.draw(st.integers(1, 40))
    yields = data.draw(st.lists(st.booleans(), min_size=cap, max_size=cap))
    known = data.draw(st.sets(st.integers(0, cap - 1)))
    arena = recipe(wanted, cap)
    expert = arena.experts[0]
    template = template_of(expert)
    entries = []
    for draw in sorted(known):
        key = ADDRESS.journal_key(mining_call("one", template, arena.grid_of(expert), draw, arena.seed))
        text = GOOD.format(draw) if yields[draw] else JUNK
        entries.append(Entry(key, "one", "m", "mine", Reply(text, "stop", 9, 9), 0.1))
    journal.put_many(entries)
    mine = mine_of(arena, expert, Held(journal, {"one": ADDRESS}), 0.5)
    made = drawn(yields, wanted, cap)
    new = [draw for draw in range(made) if draw not in known]
    assert mine.draws.low <= len(new) <= mine.draws.high
    assert mine.brings.low <= min(wanted, sum(yields[:made])) <= mine.brings.high
    if not new:
        assert mine.is_dug
        assert len(mine.kept) == mine.brings.low
