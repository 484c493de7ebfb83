"""Near-duplicates among instructions."""

import random

import pytest

from warriorcoder.pipelines.mining.duplicates import jaccard, near_duplicates, words

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
