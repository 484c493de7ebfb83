"""Sentence embeddings of instructions: by a sentence-transformers model, or by TF-IDF where the recipe names none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.mining.word_sets import word_list

DIMENSIONS = 256
"""Of TF-IDF, at most."""

VOCABULARY = 50_000
"""Words of TF-IDF, the most frequent ones."""


@dataclass(frozen=True)
class Embeddings:
    """(texts, dimensions) in float32, rows of length 1, or 0 where a text has no word; and what made them, in words."""

    vectors: NDArray[np.float32]
    made_by: str


def embed(texts: Sequence[str], model: str | None, seed: int, batch_size: int = 64) -> Embeddings:
    """The embedding of each text.

    `model` is a sentence-transformers id of the Hub or a local folder. None: TF-IDF, reduced by a truncated SVD that
    is drawn from the seed, with the number of threads without influence. It knows words, not meanings, which
    `made_by` says. Raises ModelError where the model or its package cannot be had.
    """
    if model is None:
        return Embeddings(_tf_idf(texts, seed), "TF-IDF: likeness of words, not of meaning, since no model is named")
    encoder = _encoder(model)
    if not texts:
        return Embeddings(np.zeros((0, 1), dtype=np.float32), model)
    found = encoder.encode(list(texts), batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
    return Embeddings(_unit(np.asarray(found, dtype=np.float32)), model)


def _encoder(model: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise ModelError(
            f"The embedding model {model} needs the package sentence-transformers, which cannot be imported ({error}). "
            "Install it with pip install 'warriorcoder[embeddings]', or name no model: then TF-IDF is used."
        ) from error
    if not Path(model).is_dir() and (model.startswith((".", "/", "~")) or model.count("/") > 1):
        raise ModelError(f"There is no folder {model} with an embedding model. Name one, or a model id of the Hub.")
    try:
        return SentenceTransformer(model)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).strip().splitlines()[:1]
        raise ModelError(
            f"The embedding model {model} cannot be loaded: {''.join(first) or type(error).__name__}. "
            "Name a folder or a Hub id of a sentence-transformers model, or none: then TF-IDF is used."
        ) from error


def _tf_idf(texts: Sequence[str], seed: int) -> NDArray[np.float32]:
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from threadpoolctl import threadpool_limits

    if not any(word_list(text) for text in texts):
        return np.zeros((len(texts), 1), dtype=np.float32)
    counted = TfidfVectorizer(analyzer=word_list, sublinear_tf=True, max_features=VOCABULARY, dtype=np.float32)
    table = counted.fit_transform(texts)
    if min(table.shape) <= DIMENSIONS:
        # Few texts have few words: nothing to reduce.
        return _unit(table.toarray())
    with threadpool_limits(1):
        return _unit(np.asarray(TruncatedSVD(DIMENSIONS, random_state=seed % 2**32).fit_transform(table)))


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    # What is left of a text of common words alone after the reduction may be rounding.
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 1e-6)
    return np.asarray(unit, dtype=np.float32)
