"""Drawn tokens: the softmax's distribution, top-p, and rows that do not know of each other."""

import math
from collections import Counter
from itertools import pairwise

import pytest
import torch

from warriorcoder.eval.draws import Draws
from warriorcoder.eval.questions import Sampling
from warriorcoder.ids import seed_from

LOGITS = [2.0, 1.0, 0.5, 0.0, -1.0, -2.0]
ROWS, STEPS = 1_500, 8

# The 99.9 % quantile of chi-square, by degrees of freedom.
QUANTILE = {2: 13.816, 5: 20.515, 25: 52.620}


def seeds(number: int) -> list[int]:
    return [seed_from(0, "a test of draws", row) for row in range(number)]


def draw(logits: list[float], sampling: Sampling, rows: int = ROWS, steps: int = STEPS) -> list[list[int]]:
    """Tokens by step and row."""
    dice = Draws(sampling, seeds(rows))
    return [dice(None, torch.tensor([logits] * rows)).argmax(-1).tolist() for _ in range(steps)]


def softmax(logits: list[float], temperature: float) -> list[float]:
    weights = [math.exp(logit / temperature) for logit in logits]
    return [weight / sum(weights) for weight in weights]


def chi_square(counts: Counter[int], shares: list[float]) -> float:
    total = sum(counts.values())
    return sum((counts[token] - total * share) ** 2 / (total * share) for token, share in enumerate(shares))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.7])
def test_tokens_have_the_softmax_s_distribution(temperature: float) -> None:
    tokens = Counter(token for step in draw(LOGITS, Sampling(temperature=temperature)) for token in step)
    assert tokens.total() == ROWS * STEPS
    assert chi_square(tokens, softmax(LOGITS, temperature)) < QUANTILE[5]
    # The test can fail: at another temperature it does.
    assert chi_square(tokens, softmax(LOGITS, temperature * 1.15)) > QUANTILE[5]


def test_top_p_leaves_the_smallest_set_that_has_it_with_its_own_distribution() -> None:
    shares = softmax(LOGITS, 1.0)
    assert sum(shares[:2]) < 0.85 < sum(shares[:3])
    tokens = Counter(token for step in draw(LOGITS, Sampling(temperature=1.0, top_p=0.85)) for token in step)
    assert set(tokens) == {0, 1, 2}
    assert chi_square(tokens, [share / sum(shares[:3]) for share in shares[:3]]) < QUANTILE[2]


def test_a_row_s_steps_know_nothing_of_each_other() -> None:
    steps = draw(LOGITS, Sampling(temperature=1.0))
    pairs = Counter(6 * one + other for row in zip(*steps, strict=True) for one, other in pairwise(row))
    shares = softmax(LOGITS, 1.0)
    joint = [one * other for one in shares for other in shares]
    # Overlapping pairs: 25 degrees of freedom for the dependence, 10 for the shares themselves.
    assert chi_square(pairs, joint) < QUANTILE[25] + QUANTILE[5] * 2


@pytest.mark.parametrize("chosen", [[0], [3, 1], [2, 0, 3, 1]])
def test_a_row_s_draws_depend_on_its_seed_alone(chosen: list[int]) -> None:
    torch.manual_seed(0)
    logits = torch.randn(6, 4, 50)
    sampling = Sampling(temperature=0.9, top_p=0.95)
    together, alone = Draws(sampling, seeds(4)), Draws(sampling, [seeds(4)[row] for row in chosen])
    for step in logits:
        assert torch.equal(together(None, step)[chosen], alone(None, step[chosen]))


def test_the_scores_that_are_given_stay_as_they_are() -> None:
    scores = torch.tensor([LOGITS])
    Draws(Sampling(temperature=1.0, top_p=0.9), seeds(1))(None, scores)
    assert scores.tolist() == [LOGITS]


def test_what_is_excluded_is_never_drawn_and_the_rest_always_is_a_number() -> None:
    scores = torch.full((2, 50_000), -20.0, dtype=torch.bfloat16)
    scores[:, 100:] = -math.inf
    dice = Draws(Sampling(temperature=5.0), seeds(2))
    for _ in range(20):
        found = dice(None, scores)
        assert not found.isnan().any()
        assert not found.eq(math.inf).any()
        assert (found.argmax(-1) < 100).all()


def test_near_zero_it_is_greedy() -> None:
    (step,) = draw(LOGITS, Sampling(temperature=0.01), rows=200, steps=1)
    assert set(step) == {0}
