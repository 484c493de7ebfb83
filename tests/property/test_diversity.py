"""k-center greedy, whatever the rows: the choice of a plain loop in whole numbers, and what must hold of any."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from warriorcoder.pipelines.mining import diversity
from warriorcoder.pipelines.mining.diversity import covering_radii, k_center, k_center_by_grade, quotas

# Whole numbers: their squared distances are exact in float32, so that every tie is one.
ROWS = st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=40)


@pytest.fixture(scope="module", params=[1, 4, 2048], autouse=True)
def pool(request: pytest.FixtureRequest) -> Iterator[None]:
    """Pools so small that these few rows need several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diversity, "POOL", request.param)
        yield


def as_vectors(rows: list[tuple[int, ...]]) -> NDArray[np.float32]:
    return np.array(rows, dtype=np.float32)


def plain(rows: NDArray[np.float32], size: int, first: int) -> tuple[list[int], list[float]]:
    nearest, places, radii = np.full(len(rows), np.inf), [first], []
    for _ in range(min(size, len(rows))):
        nearest = np.minimum(nearest, ((rows - rows[places[-1]]) ** 2).sum(axis=1))
        radii.append(float(nearest.max()) ** 0.5)
        left = nearest.copy()
        left[places] = -1
        places.append(int(left.argmax()))
    return places[:-1], radii


@given(ROWS, st.integers(1, 45), st.data())
def test_the_choice_and_the_radii_are_those_of_a_plain_loop(
    rows: list[tuple[int, ...]], size: int, data: st.DataObject
) -> None:
    vectors, first = as_vectors(rows), data.draw(st.integers(0, len(rows) - 1))
    chosen = k_center(vectors, size, first)
    places, radii = plain(vectors, size, first)
    assert chosen.places.tolist() == places
    assert chosen.radii == pytest.approx(radii)
    assert covering_radii(vectors, chosen.places) == pytest.approx(radii)


@given(ROWS, st.integers(1, 45))
def test_more_wanted_begins_with_what_fewer_are(rows: list[tuple[int, ...]], size: int) -> None:
    vectors = as_vectors(rows)
    fewer, more = k_center(vectors, size), k_center(vectors, size + 3)
    assert more.places[: len(fewer.places)].tolist() == fewer.places.tolist()


@given(st.lists(st.tuples(st.tuples(*[st.integers(-3, 3)] * 3), st.integers(1, 10), st.sampled_from("abc"))), st.data())
def test_strata_and_grades(rows: list[tuple[tuple[int, ...], int, str]], data: st.DataObject) -> None:
    vectors = as_vectors([row for row, _, _ in rows]).reshape(len(rows), 3)
    grades, strata = [grade for _, grade, _ in rows], [stratum for _, _, stratum in rows]
    size, seed = data.draw(st.integers(0, len(rows) + 2)), data.draw(st.integers(0, 2**31 - 1))
    chosen = k_center_by_grade(vectors, grades, size, seed, strata)
    places = chosen.places.tolist()
    assert len(places) == len(set(places)) == min(size, len(rows))
    assert {**dict.fromkeys(strata, 0), **Counter(strata[place] for place in places)} == (
        quotas(strata, len(places)) if rows else {}
    )
    assert np.all(np.diff(chosen.radii) <= 0)
    free = k_center_by_grade(vectors, grades, size, seed).places.tolist()
    if free:
        assert grades[free[0]] == max(grades)
    excellent = sum(grade >= 9 for grade in grades)
    assert sum(grades[place] >= 9 for place in free) >= min(excellent, len(free) // 2)


@given(st.lists(st.sampled_from("abcdef"), min_size=1), st.data())
def test_quotas_add_up_and_are_less_than_one_off(strata: list[str], data: st.DataObject) -> None:
    size = data.draw(st.integers(0, len(strata)))
    parts = quotas(strata, size)
    assert sum(parts.values()) == size
    for name, count in Counter(strata).items():
        assert 0 <= parts[name] <= count
        assert abs(parts[name] - size * count / len(strata)) < 1
