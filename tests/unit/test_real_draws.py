"""Draws that SmolLM2-135M-Instruct and Gemma 3 270M really gave, each with the judgement of a person who read it.

`tests/data/draws/recipe.yaml` mined them; pipelines/mining/README.md says how.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.languages import language_named, wish_of
from warriorcoder.pipelines.mining.reading import Reading, read_draw
from warriorcoder.recipe import load_recipe

DRAWS = Path(__file__).parents[1] / "data" / "draws"
TEMPLATES = {"smollm2": FAMILIES["chatml"], "gemma3": FAMILIES["base"]}


def draws_of(model: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DRAWS / f"{model}.jsonl").read_text(encoding="utf-8").splitlines()]


ALL = [(model, draw) for model in TEMPLATES for draw in draws_of(model)]
READ_RIGHT = [(model, draw) for model, draw in ALL if not draw["missed"]]
NAMES = [f"{model}-{draw['draw']}" for model, draw in READ_RIGHT]


def read(model: str, draw: dict[str, Any]) -> Reading:
    return read_draw(draw["text"], draw["finish_reason"], TEMPLATES[model], wish_of(draw["system"]))


@pytest.mark.parametrize(("model", "draw"), READ_RIGHT, ids=NAMES)
def test_a_draw_is_judged_as_a_person_did(model: str, draw: dict[str, Any]) -> None:
    reading = read(model, draw)
    assert reading.reason == draw["reason"], reading.detail
    if draw["reason"] is None:
        assert task_class(reading.text) == draw["task"]
        assert language_named(reading.text) == draw["language"]
    else:
        assert reading.detail


def test_what_the_rules_get_wrong_is_known() -> None:
    """A rule that mends one of these should say so here, in the file and in the README's count."""
    missed = [(model, draw) for model, draw in ALL if draw["missed"]]
    assert len(missed) == 3
    assert all(read(model, draw).reason != draw["reason"] for model, draw in missed)


def test_the_draws_are_of_the_recipe_and_of_all_kinds() -> None:
    recipe = load_recipe(DRAWS / "recipe.yaml")
    for model in TEMPLATES:
        draws = draws_of(model)
        assert len({draw["draw"] for draw in draws}) == 30
        assert {draw["system"] for draw in draws} == set(map(str, recipe.grid_of(recipe.expert(model)).systems))
    reasons = Counter(draw["reason"] for _, draw in ALL)
    assert len(reasons) == 9
    assert 20 <= reasons[None] <= 40
