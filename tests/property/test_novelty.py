"""Novelty, whatever the texts: rouge-score's value for every pair tried, and the first reference that has it."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from warriorcoder.pipelines.mining import rouge_search, token_codes
from warriorcoder.pipelines.mining.novelty import histogram, nearest, self_nearest
from warriorcoder.pipelines.mining.rouge import tokens

SCORER = RougeScorer(["rougeL"], use_stemmer=False)

FEW = st.sampled_from("abcde")
MANY = st.integers(0, 400).map(str)
ANY = st.text(max_size=4)
WORDS = st.one_of(FEW, MANY, ANY)
TEXTS = st.one_of(
    st.lists(FEW, max_size=8).map(" ".join),
    st.lists(MANY, max_size=8).map(" ".join),
    st.lists(WORDS, max_size=8).map(" ".join),
    st.lists(st.sampled_from(["w", "x", "K", "İ", "ſ", "é"]), min_size=60, max_size=70).map(" ".join),
    st.sampled_from(["", "one", "...", "日本語", "One two", "one  TWO"]),
    st.text(max_size=12),
)
SETS = st.lists(TEXTS, max_size=7)


@pytest.fixture(scope="module", params=["as it is", "small parts"], autouse=True)
def sizes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Parts so small that these few texts are in several, and tokens that share a character."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "small parts":
            patch.setattr(rouge_search, "BLOCK", 2)
            patch.setattr(rouge_search, "CHUNK", 2)
            patch.setattr(rouge_search, "WORD", 3)
            patch.setattr(token_codes, "OWN_CHARACTERS", 2)
            patch.setattr(token_codes, "CHARACTERS", 7)
        yield


def score(text: str, other: str) -> float:
    return float(SCORER.score(other, text)["rougeL"].fmeasure)


def check(text: str, others: dict[int, str], value: float, place: int) -> None:
    """`value` is rouge-score's highest, and `place` the first of the others that has it."""
    every = {each: score(text, other) for each, other in others.items()}
    highest = max(every.values())
    assert value == pytest.approx(highest, abs=1e-12)
    # Values that are equal as fractions may differ in rouge-score's last bit.
    assert place == min(each for each, found in every.items() if found >= highest - 1e-12)
    assert value == every[place]


@given(SETS, SETS.filter(bool), st.sampled_from([None, 1, 2]))
def test_nearest_is_the_first_of_the_highest(candidates: list[str], references: list[str], workers: int | None) -> None:
    values, places = nearest(candidates, references, workers)
    assert len(values) == len(places) == len(candidates)
    for candidate, value, place in zip(candidates, values, places, strict=True):
        check(candidate, dict(enumerate(references)), value, place)


@given(SETS, st.sampled_from([None, 1, 2]))
def test_self_nearest_is_the_first_of_the_highest_among_the_others(texts: list[str], workers: int | None) -> None:
    values, places = self_nearest(texts, workers)
    assert len(values) == len(places) == len(texts)
    if len(texts) == 1:
        assert (values[0], places[0]) == (0.0, -1)
        return
    for at, (text, value, place) in enumerate(zip(texts, values, places, strict=True)):
        check(text, {each: other for each, other in enumerate(texts) if each != at}, value, place)


@given(st.text() | TEXTS)
def test_tokens_are_those_of_rouge_score(text: str) -> None:
    assert tokens(text) == SCORER._tokenizer.tokenize(text)


@given(st.lists(st.integers(1, 60).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))))
def test_a_histogram_counts_fractions_as_whole_numbers_do(fractions: list[tuple[int, int]]) -> None:
    for bins in (1, 3, 10, 20):
        expected = [0] * bins
        for part, whole in fractions:
            expected[min(part * bins // whole, bins - 1)] += 1
        # As ROUGE comes out of its arithmetic, a last bit apart.
        values = [2 * (part / whole) * 1.0 / (part / whole + 1.0) if part else 0.0 for part, whole in fractions]
        back = [value / (2 - value) for value in values]
        found = histogram(np.array(back), bins)
        assert [each["count"] for each in found] == expected
        assert [each["low"] for each in found] == [number / bins for number in range(bins)]
