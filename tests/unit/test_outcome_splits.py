"""Train and test: whole clusters, about the share asked for, the same in an arena that has grown."""

import numpy as np
import pytest
from unit.outcome_rows import answer, battle, built, instruction, recipe, rows

from warriorcoder.pipelines.battles.outcomes.building import Outcomes
from warriorcoder.pipelines.battles.outcomes.row_order import spread_out
from warriorcoder.pipelines.battles.outcomes.splits import for_testing


def ids(count: int) -> list[str]:
    return [f"{number:016x}" for number in range(count)]


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3])
def test_about_the_share_is_for_testing(share: float) -> None:
    clusters = np.arange(20_000) // 3
    chosen = for_testing(ids(20_000), clusters, share, 0)
    assert chosen.mean() == pytest.approx(share, abs=0.01)
    assert all(len(set(chosen[clusters == cluster])) == 1 for cluster in range(200))


def test_an_instruction_that_comes_new_moves_no_other() -> None:
    before = for_testing(ids(5000), np.arange(5000), 0.1, 7)
    after = for_testing(ids(6000), np.arange(6000), 0.1, 7)
    assert (after[:5000] == before).all()
    assert not (for_testing(ids(5000), np.arange(5000), 0.1, 8) == before).all()


def test_of_clusters_that_merge_one_keeps_its_place() -> None:
    pairs = np.arange(4000) // 2
    before = for_testing(ids(4000), pairs, 0.3, 0)
    merged = for_testing(ids(4000), pairs // 2, 0.3, 0)
    for start in range(0, 4000, 4):
        assert merged[start] in {before[start], before[start + 2]}
    moved = (merged != before).mean()
    # Of two, one is drawn otherwise with 2 * 0.3 * 0.7, and half of the members are its.
    assert moved == pytest.approx(0.3 * 0.7, abs=0.03)


def test_a_few_instructions_have_no_test_split() -> None:
    assert not for_testing(ids(4), np.arange(4), 0.1, 0).any()
    assert not for_testing([], np.arange(0), 0.5, 0).any()
    for seed in range(50):
        assert not for_testing(ids(2), np.arange(2), 0.5, seed).all()


def test_a_cluster_larger_than_the_share_is_for_training() -> None:
    clusters = np.where(np.arange(100) < 60, 0, np.arange(100))
    for seed in range(50):
        assert not for_testing(ids(100), clusters, 0.2, seed)[:60].any()


def arena(texts: list[str], **outcomes: float) -> Outcomes:
    keys = [f"i{number:03}" for number in range(len(texts))]
    instructions = [instruction(key, text) for key, text in zip(keys, texts, strict=True)]
    answers = [answer(key, model) for key in keys for model in "ab"]
    battles = [battle(key, "a", "b", 1.0) for key in keys]
    return built(instructions, answers, battles, {"a": 1.0, "b": 1.0}, recipe("ab", **outcomes))


def test_the_three_tables_have_the_same_split() -> None:
    outcomes = arena([f"word{n} other{n} thing{n}" for n in range(200)])
    held_back = {row["instruction_id"] for row in rows(outcomes, "kto", "test")}
    assert 10 <= len(held_back) <= 35
    for name in ("sft", "preference"):
        assert {row["instruction_id"] for row in rows(outcomes, name, "test")} == held_back
    assert outcomes.counts["test"] == 2 * len(held_back)
    assert outcomes.findings == []
    assert rows(arena([f"word{n} other{n} thing{n}" for n in range(200)], test=0), "kto", "test") == []


@pytest.mark.parametrize(
    ("texts", "name", "remedy"),
    [
        ([f"word{n}" for n in range(4)], "no_test_split", "of 4 instructions is less than one; mine more"),
        ([f"sort the list number {n}" for n in range(50)], "no_test_split", "50 are in one cluster of near-duplicates"),
    ],
)
def test_where_there_is_no_test_split_the_remedy_is_named(texts: list[str], name: str, remedy: str) -> None:
    outcomes = arena(texts)
    (finding,) = outcomes.findings
    assert (finding["name"], finding["subject"]) == (name, "outcomes")
    assert remedy in finding["message"]
    assert outcomes.counts["test"] == 0


def test_the_answers_to_an_instruction_are_as_far_apart_as_can_be() -> None:
    groups = np.repeat(np.arange(1000), 4)
    order = spread_out(groups, 0)
    places = np.argsort(order).reshape(1000, 4)
    places.sort(axis=1)
    assert np.diff(places, axis=1).min() >= 990
    assert sorted(order.tolist()) == list(range(4000))


def test_one_instruction_with_most_of_the_answers_is_on_every_other_row() -> None:
    groups = np.array([7, 7, 7, 7, 1, 2, 3])
    for seed in range(20):
        assert (groups[spread_out(groups, seed)][::2] == 7).all()
    # More than every other row is more than can be had: still all are there.
    assert sorted(spread_out(np.array([1, 1, 1, 2]), 0).tolist()) == [0, 1, 2, 3]
