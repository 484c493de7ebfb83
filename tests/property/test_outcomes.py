"""The training tables, whatever the battles: every answer is accounted for, and the labels balance."""

from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.outcomes import label_weights, outcomes
from warriorcoder.recipe import Recipe

MODELS = ("a", "b", "c", "d")


@st.composite
def arenas(draw: st.DrawFn) -> tuple[list[dict[str, Any]], ...]:
    """Instructions, answers and battles: some experts did not answer, some battles are undecided."""
    identities = [f"i{number}" for number in range(draw(st.integers(0, 6)))]
    answers, battles = [], []
    for identity in identities:
        present = draw(st.lists(st.sampled_from(MODELS), unique=True))
        answers += [{"instruction_id": identity, "expert": model, "answer": f"{model} {identity}"} for model in present]
        for a, b in combinations(sorted(present), 2):
            local = draw(st.sampled_from((None, 0.0, 0.25, 0.5, 0.75, 1.0)))
            other = None if local is None else 1 - local
            battles.append(
                {"instruction_id": identity, "attacker": a, "defender": b, "local_a": local, "local_b": other}
            )
    instructions = [
        {"instruction_id": identity, "instruction": identity, "grade": 5, "band": "good"} for identity in identities
    ]
    ratings = [{"model": model, "elo": draw(st.floats(800, 1200))} for model in MODELS]
    return instructions, answers, battles, ratings


def recipe(margin: float, seed: int) -> Recipe:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in MODELS]
    return Recipe.model_validate({"name": "demo", "seed": seed, "experts": experts, "outcomes": {"margin": margin}})


@given(arenas(), st.sampled_from((0.0, 0.05, 0.3)), st.integers(0, 1000))
def test_every_answer_is_kept_once_or_left_out(
    arena: tuple[list[dict[str, Any]], ...], margin: float, seed: int
) -> None:
    _, answers, battles, _ = arena
    built = outcomes(*arena, recipe(margin, seed))
    assert len(built.kto) + built.left_out == len(answers)
    kept = Counter((row["instruction_id"], row["expert"]) for row in built.kto)
    assert set(kept.values()) <= {1}
    assert kept.keys() <= {(row["instruction_id"], row["expert"]) for row in answers}

    golds = {row["instruction_id"]: row for row in built.kto if row["label"]}
    assert len(golds) == sum(row["label"] for row in built.kto) == len(built.sft)
    assert golds.keys() == {row["instruction_id"] for row in battles if row["local_a"] is not None}
    losers = [row for row in built.kto if not row["label"]]
    for row in losers:
        assert golds[row["instruction_id"]]["final_score"] - row["final_score"] >= margin
        assert golds[row["instruction_id"]]["final_score"] > row["final_score"]
    pairs = Counter((row["instruction_id"], row["rejected_expert"]) for row in built.preference)
    assert pairs == Counter((row["instruction_id"], row["expert"]) for row in losers)


@given(arenas(), st.integers(0, 1000))
def test_neighbours_answer_different_instructions_wherever_that_can_be(
    arena: tuple[list[dict[str, Any]], ...], seed: int
) -> None:
    rows = outcomes(*arena, recipe(0.0, seed)).kto
    most = max(Counter(row["instruction_id"] for row in rows).values(), default=0)
    if most <= (len(rows) + 1) // 2:
        assert all(one["instruction_id"] != other["instruction_id"] for one, other in pairwise(rows))


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_weighted_labels_count_alike(desirable: int, undesirable: int) -> None:
    """TRL asks for a ratio of 1 to 1.33 between the weighted labels."""
    weights = label_weights(desirable, undesirable)
    assert min(weights.values()) == 1.0
    assert 1 - 1e-9 <= (weights[True] * desirable) / (weights[False] * undesirable) <= 4 / 3
    assert weights[True] * desirable == pytest.approx(weights[False] * undesirable)
