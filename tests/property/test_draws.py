"""Turns of system prompts: in proportion to their weights, after any number of draws."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.mining.draws import cell_of, cells
from warriorcoder.recipe_mining import Grid, WeightedSystem

many = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def grid(weights: list[int] | list[float]) -> Grid:
    systems = [WeightedSystem(text=str(place), weight=weight) for place, weight in enumerate(weights)]
    return Grid(systems=[*systems], temperatures=[0.7, 1.0], top_ps=[0.9, 0.95, 1.0])


@given(weights=many, rounds=st.integers(1, 3))
def test_after_a_whole_round_everybody_has_had_just_the_share_of_the_weight(weights: list[int], rounds: int) -> None:
    drawn = Counter(cell_of(grid(weights), draw).system for draw in range(rounds * sum(weights)))
    assert drawn == {str(place): rounds * weight for place, weight in enumerate(weights)}


@given(weights=many, draws=st.integers(1, 200))
def test_at_any_time_nobody_is_two_draws_from_the_share(weights: list[int], draws: int) -> None:
    drawn = Counter(cell_of(grid(weights), draw).system for draw in range(draws))
    assert all(abs(drawn[str(place)] - draws * weight / sum(weights)) < 2 for place, weight in enumerate(weights))


@given(weights=st.lists(st.floats(0.01, 100), min_size=1, max_size=5), draws=st.integers(1, 200))
def test_the_cells_of_one_system_prompt_differ_by_one_draw_at_most(weights: list[float], draws: int) -> None:
    each = grid(weights)
    drawn = Counter(cell_of(each, draw) for draw in range(draws))
    for place in range(len(weights)):
        counts = [drawn[cell] for cell in cells(each) if cell.system == str(place)]
        assert len(counts) == 6
        assert max(counts) - min(counts) <= 1


@given(count=st.integers(1, 5), draws=st.integers(1, 100), weight=st.floats(0.01, 100))
def test_equal_weights_are_no_weights(count: int, draws: int, weight: float) -> None:
    plain = Grid(systems=[str(place) for place in range(count)], temperatures=[0.7, 1.0], top_ps=[0.9, 0.95, 1.0])
    weighted = [cell_of(grid([weight] * count), draw) for draw in range(draws)]
    assert weighted == [cell_of(plain, draw) for draw in range(draws)]
    assert [int(cell.system) for cell in weighted] == [draw % count for draw in range(draws)]
