"""The training tables, whatever the battles: every answer is accounted for, and no row is where it must not be."""

from collections import Counter
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.outcome_rows import Row, answer, battle, built, instruction, recipe, rows

from warriorcoder.pipelines.battles.outcomes.building import Outcomes
from warriorcoder.pipelines.battles.outcomes.labelling import FATES, ROUNDED, label_weights
from warriorcoder.pipelines.battles.scores import final_scores, gold_answer
from warriorcoder.recipe_battles import Outcomes as Settings
from warriorcoder.tables import LeftOut

MODELS = ("a", "b", "c", "d")
WORDS = ("sort", "merge", "count", "list", "words", "dates", "file", "graph")
Arena = tuple[list[Row], list[Row], list[Row], dict[str, float]]


@st.composite
def arenas(draw: st.DrawFn) -> Arena:
    """Instructions, some alike, answers and battles: some experts did not answer, some battles are undecided."""
    instructions, answers, battles = [], [], []
    for number in range(draw(st.integers(0, 12))):
        identity = f"i{number}"
        text = " ".join(draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=5)))
        instructions.append(instruction(identity, text, draw(st.sampled_from(("good", "excellent")))))
        present = draw(st.lists(st.sampled_from(MODELS), unique=True))
        answers += [answer(identity, model) for model in present]
        for a, b in combinations(sorted(present), 2):
            battles.append(battle(identity, a, b, draw(st.sampled_from((None, 0.0, 0.25, 0.5, 0.75, 1.0)))))
    return instructions, answers, battles, {model: draw(st.floats(800, 1200)) for model in MODELS}


SETTINGS = st.fixed_dictionaries({"margin": st.sampled_from((0.0, 0.05, 0.3)), "test": st.sampled_from((0, 0.1, 0.5))})
SEEDS = st.integers(0, 1000)


def build(arena: Arena, settings: dict[str, Any], seed: int) -> Outcomes:
    return built(*arena, recipe(MODELS, seed=seed, **settings))


@given(arenas(), SETTINGS, SEEDS)
def test_every_answer_is_kept_once_or_left_out_for_a_reason(arena: Arena, settings: dict[str, Any], seed: int) -> None:
    _, answers, battles, _ = arena
    outcomes = build(arena, settings, seed)
    counts, kto = outcomes.counts, rows(outcomes, "kto")
    assert sum(counts[fate] for fate in FATES) == len(answers) == len(kto) + counts["left_out"]
    assert sum(counts[reason] for reason in LeftOut) == counts["left_out"]
    assert counts["train"] + counts["test"] == len(kto) == counts["desirable"] + counts["undesirable"]
    kept = Counter((row["instruction_id"], row["expert"]) for row in kto)
    assert set(kept.values()) <= {1}
    assert kept.keys() <= {(row["instruction_id"], row["expert"]) for row in answers}

    golds = {row["instruction_id"]: row for row in kto if row["label"]}
    assert len(golds) == sum(row["label"] for row in kto) == counts["sft"]
    assert {row["instruction_id"]: row["expert"] for row in rows(outcomes, "sft")} == {
        key: row["expert"] for key, row in golds.items()
    }
    assert golds.keys() == {row["instruction_id"] for row in battles if row["local_a"] is not None}
    losers = [row for row in kto if not row["label"]]
    for row in losers:
        assert golds[row["instruction_id"]]["final_score"] - row["final_score"] >= settings["margin"] - 1e-9
        assert golds[row["instruction_id"]]["final_score"] > row["final_score"]
    pairs = Counter((row["instruction_id"], row["rejected_expert"]) for row in rows(outcomes, "preference"))
    assert pairs == Counter((row["instruction_id"], row["expert"]) for row in losers)


@given(arenas(), SETTINGS, SEEDS)
def test_an_instruction_and_all_that_are_like_it_are_in_one_split(
    arena: Arena, settings: dict[str, Any], seed: int
) -> None:
    outcomes = build(arena, settings, seed)
    texts = {row["instruction_id"]: frozenset(row["instruction"].split()) for row in arena[0]}
    split_of: dict[str, str] = {}
    for name in ("kto", "sft", "preference"):
        for split in ("train", "test"):
            for row in rows(outcomes, name, split):
                assert split_of.setdefault(row["instruction_id"], split) == split
    for one, other in combinations(split_of, 2):
        alike = len(texts[one] & texts[other]) / len(texts[one] | texts[other])
        # MinHash misses a pair right at the threshold now and then.
        if alike >= Settings().cluster_at + 0.15:
            assert split_of[one] == split_of[other]


@given(arenas(), SETTINGS, SEEDS)
def test_neighbours_answer_different_instructions_wherever_that_can_be(
    arena: Arena, settings: dict[str, Any], seed: int
) -> None:
    outcomes = build(arena, settings, seed)
    for split in ("train", "test"):
        kto = rows(outcomes, "kto", split)
        most = max(Counter(row["instruction_id"] for row in kto).values(), default=0)
        if most <= (len(kto) + 1) // 2:
            assert all(one["instruction_id"] != other["instruction_id"] for one, other in pairwise(kto))


@given(arenas(), SETTINGS, SEEDS, st.randoms(use_true_random=False))
def test_the_order_of_what_comes_in_changes_nothing(
    arena: Arena, settings: dict[str, Any], seed: int, rng: Any
) -> None:
    instructions, answers, battles, elo = arena
    outcomes = build(arena, settings, seed)
    for table in (instructions, answers, battles):
        rng.shuffle(table)
    again = build((instructions, answers, battles, dict(reversed(elo.items()))), settings, seed)
    assert again.counts == outcomes.counts
    assert again.findings == outcomes.findings
    for name in ("kto", "sft", "preference"):
        for split in ("train", "test"):
            assert rows(again, name, split) == rows(outcomes, name, split)


@given(arenas(), SETTINGS, SEEDS)
def test_both_labels_of_a_split_weigh_alike(arena: Arena, settings: dict[str, Any], seed: int) -> None:
    outcomes = build(arena, settings, seed)
    for split in ("train", "test"):
        kto = rows(outcomes, "kto", split)
        desirable, undesirable = (sum(row["weight"] for row in kto if row["label"] == label) for label in (True, False))
        if desirable and undesirable:
            assert desirable == pytest.approx(undesirable)


@given(arenas())
def test_gold_is_what_the_rule_for_one_instruction_gives(arena: Arena) -> None:
    _, _, battles, elo = arena
    made = recipe(MODELS, test=0)
    scores: dict[str, dict[str, float]] = {}
    for (identity, expert), score in final_scores(battles, elo, made.rating.alpha).items():
        scores.setdefault(identity, {})[expert] = round(score, ROUNDED)
    found = {row["instruction_id"]: row["expert"] for row in rows(built(*arena, made), "sft")}
    assert found == {identity: gold_answer(its, elo) for identity, its in scores.items()}


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_only_the_rarer_label_is_raised(desirable: int, undesirable: int) -> None:
    """TRL asks for a ratio of 1 to 1.33 between the weighted labels."""
    weights = label_weights(desirable, undesirable)
    assert min(weights) == 1.0
    assert weights[0] * desirable == pytest.approx(weights[1] * undesirable)
