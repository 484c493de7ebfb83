"""Clusters of instructions: who is joined to whom, directly or by way of others."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.mining.duplicates import _connected, clusters, jaccard, words

WORDS = ["write", "a", "python", "function", "that", "sorts", "merges", "the", "list", "of", "words", "by", "length"]
TEXTS = st.lists(st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(" ".join), max_size=25)


def components(count: int, pairs: list[tuple[int, int]]) -> list[int]:
    """The least member of each one's component, by walking."""
    names = []
    for place in range(count):
        reached, todo = {place}, [place]
        while todo:
            here = todo.pop()
            new = {b if a == here else a for a, b in pairs if here in (a, b)} - reached
            reached |= new
            todo += new
        names.append(min(reached))
    return names


@given(st.integers(1, 12).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_what_is_joined_has_one_name(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = graph
    ones, others = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    assert _connected(count, ones, others).tolist() == components(count, pairs)


def test_a_long_chain_is_one() -> None:
    assert not _connected(10_001, np.arange(10_000), np.arange(1, 10_001)).any()


@given(TEXTS, st.sampled_from((0.3, 0.5, 0.8)), st.integers(0, 5))
def test_clusters_join_nothing_that_no_chain_of_similar_texts_joins(
    texts: list[str], threshold: float, seed: int
) -> None:
    sets = [words(text) for text in texts]
    alike = [(i, j) for j in range(len(sets)) for i in range(j) if jaccard(sets[i], sets[j]) >= threshold]
    whole = components(len(texts), alike)
    found = clusters(texts, threshold, seed).tolist()
    assert all(whole[place] == whole[name] and name <= place for place, name in enumerate(found))
    assert all(found[i] == found[j] for i, j in alike if sets[i] == sets[j])
    # MinHash misses a pair now and then, and next to none of those that are well above the threshold.
    sure = [(i, j) for i, j in alike if jaccard(sets[i], sets[j]) >= min(threshold + 0.15, 1)]
    assert all(found[i] == found[j] for i, j in sure)


def test_two_that_are_unlike_are_joined_by_one_between_them() -> None:
    texts = ["sort the list of words", "sort the list of dates by age", "plot dates by age in a chart", "another thing"]
    assert jaccard(words(texts[0]), words(texts[2])) == 0
    assert clusters(texts, 0.25, 0).tolist() == [0, 0, 0, 3]


def test_equal_words_are_joined_and_a_threshold_of_0_joins_nothing_else() -> None:
    assert clusters(["a b", "B a", "a b c", "", ""], 0, 0).tolist() == [0, 0, 2, 3, 3]
    assert clusters([], 0.4, 0).tolist() == []
