"""The largest subset of instructions with a mix of bands and tasks."""

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.outcome_rows import answer, battle, built, instruction, recipe, rows

from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.battles.outcomes.building import Outcomes
from warriorcoder.pipelines.battles.outcomes.mix import in_mix, largest_mix, quotas
from warriorcoder.tables import LeftOut

SHARES = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(lambda parts: [part / sum(parts) for part in parts])


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[list[int]], list[float], list[float]]:
    """How many there are of each kind, and the shares wanted."""
    bands, tasks = draw(SHARES), draw(SHARES)
    return [[draw(st.integers(0, 3)) for _ in tasks] for _ in bands], bands, tasks


def fits(caps: list[list[int]], wanted_rows: list[int], wanted_columns: list[int]) -> bool:
    """Whether some numbers up to `caps` have these sums, by trying all of them row after row."""
    left = {tuple(wanted_columns)}
    for line, wanted in zip(caps, wanted_rows, strict=True):
        taken = [each for each in product(*(range(cap + 1) for cap in line)) if sum(each) == wanted]
        left = {tuple(np.subtract(before, each)) for before in left for each in taken}
        left = {each for each in left if min(each) >= 0}
    return tuple(0 for _ in wanted_columns) in left


@given(st.integers(0, 10_000), SHARES)
def test_quotas_sum_and_are_off_by_less_than_one(total: int, shares: list[float]) -> None:
    numbers = quotas(total, shares)
    assert sum(numbers) == total
    assert all(abs(number - total * share) < 1 for number, share in zip(numbers, shares, strict=True))


def test_quotas_go_to_the_largest_remainders() -> None:
    assert quotas(10, [0.4, 0.6]) == [4, 6]
    assert quotas(3, [0.5, 0.5]) == [2, 1]
    assert quotas(7, [0.2, 0.3, 0.5]) == [1, 2, 4]
    assert quotas(0, [1.0]) == [0]


@given(problems())
def test_the_largest_mix_is_exact_and_no_larger_one_can_be_had(
    problem: tuple[list[list[int]], list[float], list[float]],
) -> None:
    caps, bands, tasks = problem
    numbers = largest_mix(caps, bands, tasks)
    total = sum(map(sum, numbers))
    assert [sum(line) for line in numbers] == quotas(total, bands)
    assert [sum(column) for column in zip(*numbers, strict=True)] == quotas(total, tasks)
    assert all(
        0 <= n <= cap for line, limits in zip(numbers, caps, strict=True) for n, cap in zip(line, limits, strict=True)
    )
    for larger in range(total + 1, sum(map(sum, caps)) + 1):
        assert not fits(caps, quotas(larger, bands), quotas(larger, tasks))


def test_a_hundred_thousand_are_mixed_at_once() -> None:
    numbers = largest_mix([[9000, 4000, 7], [40_000, 46_000, 900]], [0.4, 0.6], [0.5, 0.49, 0.01])
    # The 13,007 excellent ones are the fewest: 40 % of 32,518 by largest remainder.
    assert [sum(line) for line in numbers] == [13_007, 19_511]
    assert [sum(column) for column in zip(*numbers, strict=True)] == quotas(32_518, [0.5, 0.49, 0.01])


def arena(bands: list[str], made: dict[str, Any], tasks: list[str] | None = None, seed: int = 0) -> Outcomes:
    """The outcomes of one battle on each of these instructions."""
    numbers = range(len(bands))
    instructions = [instruction(f"i{n}", "", bands[n], (tasks or ["theory"] * len(bands))[n]) for n in numbers]
    answers = [answer(f"i{n}", model) for n in numbers for model in "ab"]
    battles = [battle(f"i{n}", "a", "b", 1.0) for n in numbers]
    return built(instructions, answers, battles, {"a": 1.0, "b": 1.0}, recipe("ab", seed=seed, test=0, **made))


def test_the_literal_mix_of_bands_holds_and_what_it_drops_is_counted() -> None:
    bands = ["excellent"] * 5 + ["good"] * 20
    outcomes = arena(bands, {"mix": {"excellent": 0.4, "good": 0.6}})
    kept = [row["band"] for row in rows(outcomes, "sft")]
    # 13 of them: 5.2 and 7.8 are rounded to 5 and 8.
    assert (kept.count("excellent"), kept.count("good")) == (5, 8)
    assert outcomes.counts["mixed_out"] == 12
    assert outcomes.counts[LeftOut.MIX] == outcomes.counts["left_out"] == 24
    assert {row["instruction_id"] for row in rows(outcomes, "kto")} == {
        row["instruction_id"] for row in rows(outcomes, "preference")
    }


def test_a_band_that_the_mix_does_not_name_has_no_share() -> None:
    outcomes = arena(["excellent", "good", "good"], {"mix": {"good": 1.0, "excellent": 0.0}})
    assert [row["band"] for row in rows(outcomes, "sft")] == ["good", "good"]


def test_both_mixes_hold_at_once() -> None:
    bands, tasks = ["excellent", "good"] * 30, (["generation"] * 3 + ["theory"]) * 15
    outcomes = arena(
        bands, {"mix": {"excellent": 0.25, "good": 0.75}, "task_mix": {"generation": 0.5, "theory": 0.5}}, tasks
    )
    sft = rows(outcomes, "sft")
    # 15 theory are half of 31 by largest remainder, and 7.75 excellent are 8.
    assert len(sft) == 31
    assert [row["band"] for row in sft].count("excellent") == 8
    assert [row["task"] for row in sft].count("theory") == 15


def test_the_choice_is_drawn_from_the_seed_and_stays_when_others_come() -> None:
    draws = np.random.default_rng(0).random(40)
    of = ["good"] * 40
    wanted = (("mix", of, {"good": 1.0}),)
    assert in_mix(wanted, draws).all()
    some = (("mix", ["good"] * 30 + ["excellent"] * 10, {"good": 0.5, "excellent": 0.5}),)
    fewer = (("mix", ["good"] * 20 + ["excellent"] * 10, {"good": 0.5, "excellent": 0.5}),)
    kept = np.flatnonzero(in_mix(some, draws))
    before = np.flatnonzero(in_mix(fewer, np.concatenate([draws[:20], draws[30:]])))
    assert len(kept) == len(before) == 21
    assert set(kept[kept < 20]) <= set(before)
    chosen = [
        frozenset(
            row["instruction_id"]
            for row in rows(
                arena(["excellent"] * 3 + ["good"] * 30, {"mix": {"excellent": 0.5, "good": 0.5}}, seed=seed), "sft"
            )
        )
        for seed in (0, 0, 1)
    ]
    assert chosen[0] == chosen[1] != chosen[2]


def test_a_mix_of_what_is_not_there_names_the_remedy() -> None:
    with pytest.raises(
        RunFailed, match=r"outcomes.mix asks for 40% excellent, but no instruction .* Leave excellent out of the mix"
    ):
        arena(["good"], {"mix": {"excellent": 0.4, "good": 0.6}})
    with pytest.raises(RunFailed, match=r"outcomes.task_mix asks for 100% testing"):
        arena(["good"], {"task_mix": {"testing": 1.0}})
    both = {"mix": {"excellent": 1.0}, "task_mix": {"theory": 1.0}}
    with pytest.raises(RunFailed, match="cannot both be had"):
        arena(["excellent", "good"], both, ["generation", "theory"])
