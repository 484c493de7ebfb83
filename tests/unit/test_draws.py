"""The draws of mining: the grid, the seeds, the rounds."""

from collections import Counter

import pytest

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.mining.draws import cell_of, cells, mining_call, next_round
from warriorcoder.recipe_mining import Grid, WeightedSystem

GRID = Grid(temperatures=[0.8, 1.0], top_ps=[0.9, 0.95, 1.0], systems=["Python.", "SQL."], max_tokens=77)


def weighted(**weights: float) -> Grid:
    return GRID.model_copy(update={"systems": [WeightedSystem(text=text, weight=w) for text, w in weights.items()]})


def test_draws_go_round_the_grid() -> None:
    assert len(set(cells(GRID))) == 12
    used = Counter(cell_of(GRID, draw) for draw in range(30))
    assert set(used) == set(cells(GRID))
    assert set(used.values()) == {2, 3}
    assert [cell_of(GRID, draw).system for draw in range(4)] == ["Python.", "SQL.", "Python.", "SQL."]


def test_a_system_prompt_gets_its_weights_share_of_the_draws_evenly_spread() -> None:
    grid = weighted(A=3, B=1)
    assert "".join(cell_of(grid, draw).system for draw in range(12)) == "AABAAABAAABA"
    used = Counter(cell_of(grid, draw) for draw in range(48))
    assert {cell.system: count for cell, count in used.items()} == {"A": 6, "B": 2}
    assert len(used) == len(cells(grid)) == 12


def test_a_text_without_a_weight_weighs_one() -> None:
    mixed = GRID.model_copy(update={"systems": ["A", WeightedSystem(text="B")]})
    plain = GRID.model_copy(update={"systems": ["A", "B"]})
    assert [cell_of(mixed, draw) for draw in range(30)] == [cell_of(plain, draw) for draw in range(30)]


def test_a_call_completes_the_open_user_turn() -> None:
    call = mining_call("one", FAMILIES["chatml"], GRID, 14, 0)
    assert call.prompt == "<|im_start|>system\nPython.<|im_end|>\n<|im_start|>user\n"
    assert call.messages is None
    assert call.draw == 14
    sampling = dict(call.sampling)
    assert 0 <= sampling.pop("seed") < 2**31
    assert sampling == {
        "temperature": 0.8,
        "top_p": 0.95,
        "max_tokens": 77,
        "stop": ["<|im_end|>", "<|im_start|>", "<|endoftext|>"],
    }


def test_a_stop_string_that_servers_hide_is_asked_to_be_shown() -> None:
    sampling = mining_call("one", FAMILIES["mistral"], GRID, 0, 0).sampling
    assert sampling["stop"] == ["[/INST]", "[INST]", "</s>"]
    assert sampling["skip_special_tokens"] is False
    assert sampling["preserved_tokens"] == ["[/INST]", "[INST]"]


def test_every_draw_has_a_seed_of_its_own() -> None:
    seeds = {
        mining_call(name, FAMILIES["chatml"], GRID, draw, seed).sampling["seed"]
        for name in ("one", "two")
        for draw in range(50)
        for seed in (0, 1)
    }
    assert len(seeds) == 200


@pytest.mark.parametrize(
    ("kept", "drawn", "wanted", "cap", "draws"),
    [
        (0, 0, 8, 100, range(0, 10)),
        (8, 10, 8, 100, range(10, 10)),
        (9, 10, 8, 100, range(10, 10)),
        (5, 10, 8, 100, range(10, 18)),
        (0, 10, 8, 100, range(10, 100)),
        (5, 10, 8, 12, range(10, 12)),
        (5, 12, 8, 12, range(12, 12)),
        (0, 0, 8, 3, range(0, 3)),
    ],
)
def test_next_round(kept: int, drawn: int, wanted: int, cap: int, draws: range) -> None:
    assert next_round(kept, drawn, wanted, cap) == draws


@pytest.mark.parametrize("one_in", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("cap", [1, 10, 200])
def test_rounds_end_with_enough_or_at_the_cap(one_in: int, cap: int) -> None:
    kept = drawn = rounds = 0
    while draws := next_round(kept, drawn, 10, cap):
        assert draws.start == drawn
        kept += sum(draw % one_in == 0 for draw in draws)
        drawn = draws.stop
        rounds += 1
        assert drawn <= cap
    assert kept >= 10 or drawn == cap
    assert rounds < 12
