"""What battles tell about the skills, against the plain Gaussian model with every answer's deviation written out."""

import numpy as np
import pytest
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.information import (
    ANSWER_VARIANCE,
    battle_variances,
    doubts,
    gains,
    incidence_of,
    noise,
    one_more,
    pairs_of,
    prior,
    told,
)
from warriorcoder.pipelines.battles.ratings.bradley_terry import covariance

EXPERTS = 5
PAIRS = len(pairs_of(EXPERTS))
X = incidence_of(EXPERTS)
RANDOM = np.random.default_rng(3)
SKILLS = RANDOM.normal(0, 1, EXPERTS)
VARIANCES = battle_variances(SKILLS, np.eye(EXPERTS) * 0.3)


def plainly_told(fought: NDArray[np.bool_]) -> NDArray[np.float64]:
    """X' V^-1 X with V = t^2 X X' + noise over the battles that were fought."""
    x = X[fought]
    spread = ANSWER_VARIANCE * x @ x.T + np.diag(noise(VARIANCES)[fought])
    return np.asarray(x.T @ np.linalg.inv(spread) @ x)


@pytest.mark.parametrize("number", [0, 1, 2, 4, 7, PAIRS])
def test_told_is_the_information_of_the_whole_gaussian_model(number: int) -> None:
    fought = np.zeros((6, PAIRS), dtype=bool)
    for row in fought:
        row[RANDOM.choice(PAIRS, number, replace=False)] = True
    found = told(fought, VARIANCES)
    for row, information in zip(fought, found, strict=True):
        np.testing.assert_allclose(information, plainly_told(row), atol=1e-12)


def test_one_more_battle_is_a_rank_one_term() -> None:
    fought = RANDOM.random(PAIRS) < 0.4
    known = told(fought, VARIANCES)
    left, rest = one_more(known, VARIANCES)
    for pair in np.flatnonzero(~fought):
        more = fought.copy()
        more[pair] = True
        term = left @ X[pair]
        np.testing.assert_allclose(known + np.outer(term, term) / rest[pair], told(more, VARIANCES), atol=1e-12)


def test_gains_are_what_the_uncertainty_falls_by() -> None:
    fought = RANDOM.random(PAIRS) < 0.3
    information = prior(EXPERTS) + 7 * told(fought, VARIANCES)
    spread = covariance(information)
    weights = doubts(SKILLS, spread)

    def uncertainty(known: NDArray[np.float64]) -> float:
        found = covariance(known)
        return sum(weights[i, j] * (found[i, i] + found[j, j] - 2 * found[i, j]) for i, j in pairs_of(EXPERTS))

    found = gains(told(fought, VARIANCES), VARIANCES, spread, weights)
    for pair in np.flatnonzero(~fought):
        more = fought.copy()
        more[pair] = True
        after = information - told(fought, VARIANCES) + told(more, VARIANCES)
        assert found[pair] == pytest.approx(uncertainty(information) - uncertainty(after), rel=1e-9)


def test_a_further_battle_of_the_same_answers_tells_less_than_one_of_new_ones() -> None:
    even = np.full(PAIRS, 4.0)
    number = {tuple(pair): place for place, pair in enumerate(pairs_of(EXPERTS).tolist())}
    information = prior(EXPERTS) + 50 * told(np.ones(PAIRS, dtype=bool), even)
    weights = np.ones((EXPERTS, EXPERTS))

    def worth(*fought: tuple[int, int]) -> NDArray[np.float64]:
        done = np.zeros(PAIRS, dtype=bool)
        done[[number[pair] for pair in fought]] = True
        return gains(told(done, even), even, covariance(information), weights)

    fresh = worth()
    assert fresh == pytest.approx(fresh[0])
    after = worth((0, 1), (1, 2))
    assert after[number[3, 4]] == pytest.approx(fresh[0])
    assert after[number[3, 4]] > after[number[0, 3]] > after[number[0, 2]]


def test_a_decided_battle_tells_less_and_a_first_win_decides_nothing() -> None:
    apart = np.array([2.0, 0.0, -2.0])
    sure = battle_variances(apart, np.zeros((3, 3)))
    chance = 1 / (1 + np.exp(-4.0))
    assert sure[1] == pytest.approx(1 / (chance * (1 - chance)))
    assert sure[1] > sure[0] == pytest.approx(sure[2])
    assert battle_variances(apart, np.eye(3) * 20)[1] < sure[1] / 4
    assert battle_variances(np.zeros(3), np.eye(3)) == pytest.approx(4.0)


def test_doubt_is_whole_between_equals_and_gone_between_those_far_apart() -> None:
    found = doubts(np.array([0.0, 0.0, 9.0]), np.eye(3) * 0.5)
    assert found[0, 1] == pytest.approx(1.0)
    assert found[0, 2] < 1e-5
    # 2 Phi(-1), by a logistic curve that is off by a hundredth at most.
    assert doubts(np.array([0.0, 1.0]), np.eye(2) * 0.5)[0, 1] == pytest.approx(0.3173, abs=0.02)
