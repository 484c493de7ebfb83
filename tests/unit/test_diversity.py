"""Diversity: k-center greedy, its seeds, its strata."""

import numpy as np
import pytest
from numpy.typing import NDArray

from warriorcoder.pipelines.mining import diversity
from warriorcoder.pipelines.mining.diversity import covering_radii, k_center, k_center_by_grade, quotas


def unit(rows: list[list[float]]) -> NDArray[np.float32]:
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def on_circle(*degrees: float) -> NDArray[np.float32]:
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1).astype(np.float32)


def test_the_farthest_goes_next_and_the_radius_is_what_is_left_uncovered() -> None:
    chosen = k_center(on_circle(0, 10, 100, 170), 3)
    assert chosen.places.tolist() == [0, 3, 2]
    expected = [2 * np.sin(np.radians(angle / 2)) for angle in (170, 80 - 10, 10)]
    assert chosen.radii == pytest.approx(expected, abs=1e-3)


def test_equally_far_rows_go_by_their_place() -> None:
    assert k_center(np.eye(5, dtype=np.float32), 5, first=2).places.tolist() == [2, 0, 1, 3, 4]


def test_equal_rows_are_chosen_last_and_in_order() -> None:
    chosen = k_center(np.eye(3, dtype=np.float32)[[1, 1, 0, 0, 1, 2]], 6)
    assert chosen.places.tolist() == [0, 2, 5, 1, 3, 4]
    assert chosen.radii[2:].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("size", [-1, 0, 1, 3, 10])
def test_any_size(size: int) -> None:
    assert len(k_center(np.eye(3, dtype=np.float32), size).places) == min(max(size, 0), 3)
    assert len(k_center_by_grade(np.eye(3, dtype=np.float32), [1, 5, 9], size, 0).places) == min(max(size, 0), 3)


def test_nothing_to_choose_from() -> None:
    assert k_center_by_grade(np.zeros((0, 4), dtype=np.float32), [], 5, 0).places.tolist() == []


def test_rows_of_zeros_are_as_far_from_every_other_one() -> None:
    chosen = k_center(unit([[1, 0], [0, 0], [0, 0], [-1, 0]]), 3)
    assert chosen.places.tolist() == [0, 3, 1]
    assert chosen.radii[2] == 0


def test_a_large_choice_is_that_of_every_distance_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diversity, "POOL", 64)
    rng = np.random.default_rng(5)
    middles = rng.standard_normal((60, 24))
    vectors = unit((middles[rng.integers(0, 60, 3000)] + 0.5 * rng.standard_normal((3000, 24))).tolist())
    exact = vectors.astype(np.float64)
    nearest, place, expected, radii = np.full(3000, np.inf), 17, [], []
    for _ in range(400):
        expected.append(place)
        nearest = np.minimum(nearest, ((exact - exact[place]) ** 2).sum(axis=1))
        radii.append(np.sqrt(nearest.max()))
        place = int(nearest.argmax())
    chosen = k_center(vectors, 400, first=17)
    assert chosen.places.tolist() == expected
    assert chosen.radii == pytest.approx(radii, abs=1e-4)
    assert covering_radii(vectors, chosen.places) == pytest.approx(radii, abs=1e-4)


def test_half_of_the_size_is_seeded_with_excellent_rows() -> None:
    """The excellent rows lie close together; without the seeds only one of them would be chosen."""
    vectors = on_circle(0, 1, 2, 3, 90, 120, 180, 270)
    grades = [9, 9, 9, 10, 5, 5, 5, 5]
    chosen = k_center_by_grade(vectors, grades, 4, 0).places.tolist()
    assert chosen[:2] == [3, 0]
    assert set(chosen[2:]) == {6, 7}


def test_without_an_excellent_row_the_best_graded_begins() -> None:
    assert k_center_by_grade(on_circle(0, 90, 180), [5, 6, 4], 1, 0).places.tolist() == [1]


def test_the_seed_decides_between_equal_grades() -> None:
    first = {int(k_center_by_grade(np.eye(6, dtype=np.float32), [7] * 6, 1, seed).places[0]) for seed in range(40)}
    assert len(first) > 3


def test_quotas_are_by_the_largest_remainder() -> None:
    strata = ["a"] * 50 + ["b"] * 33 + ["c"] * 17
    assert quotas(strata, 10) == {"a": 5, "b": 3, "c": 2}
    assert quotas(strata, 100) == {"a": 50, "b": 33, "c": 17}
    assert quotas(["x", "y"], 1) == {"x": 1, "y": 0}


def test_strata_keep_their_part_and_look_at_all_centers() -> None:
    """Of stratum b the row far from what a has is taken."""
    vectors = on_circle(0, 180, 2, 90)
    chosen = k_center_by_grade(vectors, [9, 8, 7, 6], 2, 0, strata=["a", "a", "b", "b"])
    assert chosen.places.tolist() == [0, 3]
    assert chosen.radii[-1] == pytest.approx(2 * np.sin(np.radians(45)), abs=1e-3)
