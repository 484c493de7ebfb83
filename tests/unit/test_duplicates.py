"""Near-duplicates among instructions."""

import random

import numpy as np
import pytest

from warriorcoder.pipelines.mining import duplicates
from warriorcoder.pipelines.mining.duplicates import jaccard, near_duplicates, semantic_duplicates, words
from warriorcoder.pipelines.mining.word_sets import word_sets

REVERSE = "Write a Python function that reverses a given string"


@pytest.mark.parametrize(
    ("one", "other", "similarity"),
    [
        ("a b c", "A, b; c!", 1.0),
        ("a b c d", "a b c e", 3 / 5),
        ("a b", "c d", 0.0),
        ("", "!?", 1.0),
        ("", "a", 0.0),
        ("naïve café", "NAÏVE CAFÉ", 1.0),
        ("nai\u0308ve", "naïve", 1.0),
        ("写一个排序函数", "写一个排序的函数", 5 / 8),
        ("用Python写函数", "python 写函数", 3 / 4),
    ],
)
def test_jaccard_of_word_sets(one: str, other: str, similarity: float) -> None:
    assert jaccard(words(one), words(other)) == pytest.approx(similarity)


def test_the_earlier_text_stays_and_the_later_names_it() -> None:
    texts = [REVERSE, "Sort a list of integers", REVERSE + " in place", "Sort a list of integers"]
    found = near_duplicates(texts, 0.5, 0)
    assert found == {2: (0, pytest.approx(8 / 10)), 3: (1, 1.0)}


def test_a_text_is_a_duplicate_of_the_most_similar_one() -> None:
    texts = ["a b c d e f", "a b c d x y", "a b c d x y z"]
    assert near_duplicates(texts, 0.6, 0) == {2: (1, pytest.approx(6 / 7))}


def test_a_duplicate_of_a_duplicate_is_compared_with_what_stays() -> None:
    """b repeats a and c repeats b; c, too far from a, stays."""
    a, b, c = "a b c d e f g h", "a b c d e f x y", "a b c d x y z w"
    assert near_duplicates([a, b, c], 0.6, 0) == {1: (0, pytest.approx(0.6))}


@pytest.mark.parametrize("threshold", [0.001, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, 2**40])
def test_any_threshold_and_any_seed_of_a_recipe(threshold: float, seed: int) -> None:
    assert near_duplicates([REVERSE, REVERSE.upper(), "nothing alike"], threshold, seed) == {1: (0, 1.0)}


def test_a_threshold_of_nought_finds_nothing() -> None:
    assert near_duplicates([REVERSE, REVERSE], 0, 0) == {}


def test_pairs_far_from_the_threshold_are_found_as_by_comparing_all_with_all() -> None:
    drawn = random.Random(0)
    vocabulary = [f"w{number}" for number in range(60)]
    texts: list[str] = []
    for _ in range(150):
        if texts and drawn.random() < 0.4:
            kept = drawn.choice(texts).split()
            kept[drawn.randrange(len(kept))] = drawn.choice(vocabulary)
            texts.append(" ".join(kept))
        else:
            texts.append(" ".join(drawn.sample(vocabulary, 12)))
    found = near_duplicates(texts, 0.5, 3)
    stays: list[int] = []
    for place, text in enumerate(texts):
        best = max((jaccard(words(text), words(texts[other])) for other in stays), default=0.0)
        if place not in found:
            stays.append(place)
        assert (place in found) == (best >= 0.5)


@pytest.mark.parametrize(
    "text",
    ["", "Sort_2 a LIST; sort_2!", "naïve İstanbul ẞ", "写一个 sort 函数 now", "कोड लिखो", "ก็ได้ code", "\ud800 a"],
)
def test_words_as_numbers_are_the_same_sets(text: str) -> None:
    others = [text, *sorted(words(text)), " ".join(reversed(sorted(words(text))))]
    sets = word_sets(others)
    assert sets.sizes.tolist() == [len(words(other)) for other in others]
    pairs = [(one, other) for one in range(len(others)) for other in range(len(others))]
    found = sets.jaccard(*np.array(pairs).T)
    assert found.tolist() == [jaccard(words(others[one]), words(others[other])) for one, other in pairs]


def test_empty_texts_repeat_each_other() -> None:
    assert near_duplicates(["", "a", "!?", "  "], 0.5, 0) == {2: (0, 1.0), 3: (0, 1.0)}
    assert near_duplicates([], 0.5, 0) == {}
    assert near_duplicates(["alone"], 0.5, 0) == {}


def edited(drawn: random.Random, text: str, vocabulary: list[str], most: float) -> str:
    share = drawn.random() * most
    return " ".join(drawn.choice(vocabulary) if drawn.random() < share else word for word in text.split())


def test_recall_of_the_pairs_at_or_above_the_threshold() -> None:
    """Pairs of which the earlier one stays, beside comparing all with all; many lie close above the threshold."""
    drawn = random.Random(4)
    vocabulary = [f"w{number}" for number in range(3000)]
    texts: list[str] = []
    for _ in range(1500):
        texts.append(" ".join(drawn.sample(vocabulary, 40)))
        texts.append(edited(drawn, texts[-1], vocabulary, 0.5))
    sets = [words(text) for text in texts]
    true = {place for place in range(1, 3000, 2) if jaccard(sets[place], sets[place - 1]) >= 0.5}
    close = {place for place in true if jaccard(sets[place], sets[place - 1]) < 0.55}
    found = near_duplicates(texts, 0.5, 0)
    assert set(found) <= true
    assert len(set(found) & true) >= 0.98 * len(true)
    assert len(close) > 100
    assert len(set(found) & close) >= 0.9 * len(close)


def test_a_cluster_too_large_for_its_pairs_is_one_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAIRS", 4)
    drawn = random.Random(1)
    vocabulary = [f"w{number}" for number in range(500)]
    middle = " ".join(vocabulary[:40])
    texts = [middle] + [edited(drawn, middle, vocabulary, 0.2) for _ in range(600)]
    texts += [" ".join(drawn.sample(vocabulary, 40)) for _ in range(100)]
    found = near_duplicates(texts, 0.5, 0)
    assert {place: kept for place, (kept, _) in found.items()} == dict.fromkeys(range(1, 601), 0)


def test_semantic_duplicates_take_the_most_similar_of_those_that_stay() -> None:
    angles = np.radians([0, 60, 40, 35, 180, 0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    found = semantic_duplicates(vectors, 0.9)
    assert {place: kept for place, (kept, _) in found.items()} == {2: 1, 3: 1, 5: 0}
    assert found[2][1] == pytest.approx(np.cos(np.radians(20)))
    assert semantic_duplicates(vectors, 0) == {}
    assert semantic_duplicates(vectors[:0], 0.5) == {}


def test_rows_of_zeros_are_no_semantic_duplicates() -> None:
    assert semantic_duplicates(np.zeros((3, 4), dtype=np.float32), 0.5) == {}
