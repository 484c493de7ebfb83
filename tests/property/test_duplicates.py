"""Near-duplicates, whatever the texts: what stays and what does not, beside comparing all with all."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.mining import duplicates, word_sets
from warriorcoder.pipelines.mining.duplicates import jaccard, near_duplicates, semantic_duplicates, words

TEXTS = st.lists(
    st.one_of(
        st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join),
        st.sampled_from(["", "!", "日本語で書く", "日本語で書いて", "naïve", "NAÏVE", "nai\u0308ve", "a\nb", "A\r\nB"]),
        st.text(max_size=12),
    ),
    max_size=25,
)
THRESHOLDS = st.sampled_from([0.1, 1 / 3, 0.5, 0.75, 1.0])


@pytest.fixture(scope="module", params=["whole", "halved"], autouse=True)
def sizes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Texts read one by one, and any pair too many at once: every set of texts is halved."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "halved":
            patch.setattr(word_sets, "CHUNK", 1)
            patch.setattr(duplicates, "PAIRS", 0)
        yield


def brute(texts: list[str], threshold: float) -> dict[int, tuple[int, float]]:
    stays: list[int] = []
    found = {}
    for place, text in enumerate(texts):
        value, kept = max(((jaccard(words(text), words(texts[each])), -each) for each in stays), default=(0.0, 0))
        if stays and value >= threshold:
            found[place] = (-kept, value)
        else:
            stays.append(place)
    return found


@given(TEXTS, THRESHOLDS, st.integers(0, 2**40))
def test_what_is_found_is_right(texts: list[str], threshold: float, seed: int) -> None:
    """Of short texts many pairs lie right at the threshold, so one may be missed; nothing may be found wrongly."""
    found = near_duplicates(texts, threshold, seed)
    for place, (kept, value) in found.items():
        assert kept < place
        assert kept not in found
        assert value == jaccard(words(texts[place]), words(texts[kept])) >= threshold
    for place, text in enumerate(texts):
        same = [each for each in range(place) if words(texts[each]) == words(text)]
        assert not same or place in found


@given(TEXTS, THRESHOLDS)
def test_the_threads_make_no_difference(texts: list[str], threshold: float) -> None:
    assert near_duplicates(texts, threshold, 3, workers=1) == near_duplicates(texts, threshold, 3, workers=3)


@given(TEXTS)
def test_a_threshold_of_one_finds_equal_sets_and_nothing_else(texts: list[str]) -> None:
    assert near_duplicates(texts, 1.0, 0) == brute(texts, 1.0)


@given(
    st.lists(st.tuples(*[st.integers(-2, 2)] * 3), max_size=30).map(lambda rows: np.array(rows).reshape(-1, 3)),
    st.sampled_from([0.3, 0.5, 0.9, 1.0]),
    st.sampled_from([1, 3, 1024]),
)
def test_semantic_duplicates_are_those_of_comparing_all_with_all(
    rows: np.ndarray[tuple[int, int], np.dtype[np.int64]], threshold: float, block: int
) -> None:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    vectors = np.divide(rows, lengths, out=np.zeros(rows.shape), where=lengths > 0).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_BLOCK", block)
        found = semantic_duplicates(vectors, threshold)
    stays: list[int] = []
    for place in range(len(rows)):
        cosines = [float(vectors[place] @ vectors[each]) for each in stays]
        if any(vectors[place]) and cosines and max(cosines) >= threshold - 1e-6:
            kept, value = found[place]
            assert kept in stays
            assert value == pytest.approx(max(cosines), abs=1e-5)
            assert float(vectors[place] @ vectors[kept]) == pytest.approx(max(cosines), abs=1e-5)
        else:
            assert place not in found
            stays.append(place)
