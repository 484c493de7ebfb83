"""What the execution judge's votes count: `battles.execution_weight` goes the one way of all judges' weights."""

from pathlib import Path
from typing import Any

import pytest
from unit.cast_votes import votes

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.battles.audit.floor import judge_weights, recipe_weights, standings
from warriorcoder.pipelines.battles.pairing import counting
from warriorcoder.pipelines.battles.rating import Bias, rate
from warriorcoder.pipelines.battles.ratings.style import styles_of
from warriorcoder.recipe import load_recipe
from warriorcoder.recipe_battles import Battles, Rating
from warriorcoder.recount import recount, that_count

MODELS = ("x", "y")
CAST = [*votes("m", *[("a", "a")] * 3, ("b", "a")), *votes("execution", *[("b", "b")] * 3, (None, None))]
ALONE = votes("execution", ("a", "a"), start=9)


def weights(**battles: Any) -> dict[str, float]:
    return judge_weights(standings(CAST), Battles.model_validate(battles))


@pytest.mark.parametrize(("weight", "found"), [(1, {}), (0, {"execution": 0.0}), (2.5, {"execution": 2.5})])
def test_the_recipe_says_what_it_is(weight: float, found: dict[str, float]) -> None:
    assert weights(execution_weight=weight) == found == recipe_weights(Battles(execution_weight=weight))


def test_votes_of_an_execution_judge_that_was_left_out_since_count_nothing() -> None:
    assert weights() == {"execution": 0.0}


def test_the_floor_is_for_models_alone() -> None:
    strict = {"below_floor": "leave_out", "floor": {"missing": 0, "consistency": 1, "same_place": 0.5}}
    cast = [*votes("m", *[("a", "a")] * 9, ("b", "a")), *votes("execution", *[("a", "a")] * 5, *[(None, None)] * 5)]
    found = judge_weights(standings(cast), Battles.model_validate({**strict, "execution_weight": 0.5}))
    assert found == {"execution": 0.5, "m": 0.0}


def test_a_weight_decides_battles_and_counts_whole_votes() -> None:
    def first(weight: float) -> tuple[Any, ...]:
        row = rate(CAST, MODELS, Rating(bootstrap=1), 0, {"execution": weight}).battles.to_pylist()
        battle = next(each for each in row if each["instruction_id"] == "0000")
        return battle["votes_a"], battle["votes_b"], battle["local_a"], battle["winner"]

    assert first(1) == (2, 2, 0.5, "tie")
    assert first(0.5) == (2, 2, pytest.approx(2 / 3), "x")
    assert first(3) == (2, 2, 0.25, "y")
    assert first(0) == (2, 0, 1.0, "x")


@pytest.mark.parametrize("order", ["seeded", "table"])
def test_with_weight_0_everything_is_as_without_its_votes(order: str) -> None:
    rating = Rating.model_validate({"bootstrap": 20, "order": order, "shuffles": 5})
    answers = [
        {"instruction_id": f"{number:04}", "expert": name, "answer": "word " * (number + size)}
        for number in range(10)
        for size, name in enumerate(MODELS)
    ]
    bias = Bias(styles_of(answers), {"m": "x", "x": "x", "y": "y", "execution": "execution"})
    silent = rate([*ALONE, *CAST], MODELS, rating, 0, {"execution": 0.0}, bias)
    absent = rate([vote for vote in CAST if vote["judge"] == "m"], MODELS, rating, 0, None, bias)
    assert silent.ratings == absent.ratings
    assert silent.effects == absent.effects
    rows = {row["instruction_id"]: row for row in silent.battles.to_pylist()}
    alone = rows.pop("0009")
    assert list(rows.values()) == absent.battles.to_pylist()
    # A battle with nothing but its evidence is there, and nobody won it.
    assert [alone[key] for key in ("votes_a", "votes_b", "ties", "missing")] == [0, 0, 0, 0]
    assert [alone[key] for key in ("local_a", "consistency", "elo_a", "winner")] == [None] * 4


def test_the_recount_counts_as_the_ratings_do() -> None:
    assert recount(that_count(CAST, {"execution": 0.0})) == (7, 1, 0, 0)
    assert recount(that_count(CAST, {"execution": 0.1})) == (7, 7, 0, 2)


@pytest.mark.parametrize(("weight", "who"), [(None, ["m"]), (0, ["m"]), (0.5, ["m", "execution"])])
def test_a_judge_without_weight_is_none(weight: float | None, who: list[str]) -> None:
    assert counting(["m", "execution"], Battles(execution_weight=weight)) == who


@pytest.mark.parametrize("wrong", ["-1", ".nan", ".inf", "much", "[1]"])
def test_a_weight_is_a_number_from_0_on(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "recipe.yaml"
    file.write_text(
        "name: demo\nexperts:\n"
        "  - {name: one, endpoint: {kind: embedded, model: smollm2-135m-instruct}}\n"
        "  - {name: two, endpoint: {kind: embedded, model: gemma-3-270m}}\n"
        f"battles: {{execution_weight: {wrong}}}\n"
    )
    with pytest.raises(RecipeError, match=r"battles\.execution_weight"):
        load_recipe(file)
