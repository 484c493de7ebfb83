"""Diversity: the measures beside their definitions, and findings that cry no wolf."""

import itertools
import random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.diversity_measures import (
    Diversity,
    distinct_n,
    distinct_n_of,
    diversity_findings,
    diversity_of,
    embedding_spread,
    junk_finding,
    ngrams,
)
from warriorcoder.pipelines.mining.novelty import self_nearest
from warriorcoder.pipelines.mining.text_sets import open_set

TEXTS = ["Sort a list", "sort a LIST of lists", "", "?!", "one"]


@pytest.mark.parametrize(("n", "kinds", "whole"), [(1, 6, 9), (2, 4, 6), (3, 3, 4), (5, 1, 1)])
def test_distinct_n_counts_within_texts(n: int, kinds: int, whole: int) -> None:
    found = ngrams(TEXTS, n)
    assert (len(found), found.total()) == (kinds, whole)
    assert distinct_n(TEXTS, n) == kinds / whole


def test_nothing_to_count() -> None:
    assert distinct_n(TEXTS, 6) is None
    assert distinct_n([], 1) is None
    assert distinct_n_of(TEXTS, 1, 10) is None


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_distinct_n_of_a_size_is_the_mean_over_all_samples_of_it(size: int) -> None:
    every = list(ngrams(TEXTS, 2).elements())
    samples = list(itertools.combinations(every, size))
    mean = sum(len(set(sample)) for sample in samples) / len(samples) / size
    assert distinct_n_of(TEXTS, 2, size) == pytest.approx(mean)


def test_distinct_n_of_a_size_does_not_fall_as_the_set_grows() -> None:
    drawn = random.Random(0)
    words = [f"w{number}" for number in range(200)]
    texts = [" ".join(drawn.choices(words, k=12)) for _ in range(4000)]
    small, large = distinct_n_of(texts[:200], 2, 1000), distinct_n_of(texts, 2, 1000)
    assert small == pytest.approx(large, abs=0.02)
    whole, part = distinct_n(texts, 2), distinct_n(texts[:200], 2)
    assert whole is not None
    assert part is not None
    assert whole < 0.8 * part


@pytest.mark.parametrize("count", [2, 3, 57])
def test_the_spread_is_the_mean_over_all_pairs(count: int) -> None:
    vectors = np.random.default_rng(count).normal(size=(count, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = [1 - vectors[one] @ vectors[other] for one, other in itertools.combinations(range(count), 2)]
    assert embedding_spread(vectors) == pytest.approx(np.mean(distances), abs=1e-12)
    assert embedding_spread(vectors.astype(np.float32)) == pytest.approx(np.mean(distances), abs=1e-6)


def test_a_text_without_a_vector_is_far_from_all() -> None:
    """TF-IDF has no term in it; no cosine distance is defined, and 1 is that of texts without a common term."""
    vectors = np.array([[0.6, 0.8], [1.0, 0.0], [0.0, 0.0]])
    assert embedding_spread(vectors) == pytest.approx((0.4 + 1 + 1) / 3)


def test_the_spread_of_equal_opposite_and_single_vectors() -> None:
    one = np.array([[0.6, 0.8]])
    assert embedding_spread(np.repeat(one, 9, axis=0)) == pytest.approx(0, abs=1e-12)
    assert embedding_spread(np.concatenate([one, -one])) == pytest.approx(2)
    assert embedding_spread(one) is None
    assert embedding_spread(one[:0]) is None


def measured(texts: list[str], vectors: NDArray[Any] | None = None) -> Diversity:
    return diversity_of(texts, self_nearest(texts)[0], vectors)


def _template(count: int) -> list[str]:
    drawn = random.Random(0)
    return [
        f"Write a Python function that returns the {drawn.choice(['sum', 'product', 'mean'])} of a "
        f"{drawn.choice(['list', 'tuple', 'set'])} of {drawn.choice(['integers', 'floats'])}."
        for _ in range(count)
    ]


def test_instructions_of_one_template_are_found_out() -> None:
    vectors = np.tile(np.array([[1.0, 0.0]]), (200, 1))
    [found] = diversity_findings(measured(_template(200), vectors))
    assert (found["name"], found["subject"]) == ("low_diversity", "instructions")
    assert "half of them have a ROUGE-L of 1.00 or more with another one (above 0.5)" in found["message"]
    assert "of 1,000 of their word pairs only 21 differ (below 400)" in found["message"]
    assert "embeddings are 0.00 apart on average (below 0.6)" in found["message"]


def test_humaneval_s_prompts_are_diverse() -> None:
    texts = [row.text for row in open_set("humaneval")]
    measures = measured(texts)
    assert measures.self_rouge == pytest.approx(0.316, abs=5e-4)
    assert measures.distinct_2_of_1000 == pytest.approx(0.825, abs=5e-4)
    assert measures.spread is None
    assert diversity_findings(measures) == []


def test_few_instructions_and_measures_at_their_bounds_are_no_finding() -> None:
    assert diversity_findings(measured(_template(9))) == []
    assert measured([]) == Diversity(0, None, None, None, None, None, None)
    assert measured(["one"]) == Diversity(1, 1.0, None, None, None, None, None)
    assert diversity_findings(Diversity(100, 0.1, 0.1, 0.1, 0.4, 0.5, 0.6)) == []


@pytest.mark.parametrize(
    ("good", "draws", "said"),
    [
        (0, 5, False),
        (0, 15, False),
        (0, 16, True),
        (4, 100, True),
        (12, 100, True),
        (13, 100, False),
        (180, 1000, False),
        (170, 1000, True),
        (0, 0, False),
        (1000, 1000, False),
    ],
)
def test_junk_is_said_when_it_is_sure(good: int, draws: int, said: bool) -> None:
    found = junk_finding("a", draws, {"cut_off": draws - good} if draws > good else {})
    assert bool(found) == said


def test_junk_is_named_with_its_reasons() -> None:
    [found] = junk_finding("smollm2", 200, {"empty": 50, "cut_off": 120, "off_topic": 20, "repetition": 7})
    assert (found["name"], found["subject"]) == ("junk_expert", "smollm2")
    assert found["message"] == (
        "only 3 of 200 draws were instructions (0.5 to 4.3 %); the others: cut_off 120, empty 50, off_topic 20. "
        "Is its template right? `warrior doctor` looks"
    )
