"""ROUGE-L as the package rouge-score gives it: its tokens, its F1. Here without its quadratic table."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile("[a-z0-9]+")


def tokens(text: str) -> list[str]:
    """The tokens of rouge-score 0.1.2 without its stemmer: runs of a-z and 0-9 in the lower-cased text.

    Every other character parts tokens, so letters outside ASCII do too: "naïve" gives na and ve, and a
    text in Chinese gives nothing.
    """
    return _TOKEN.findall(text.lower())


def f_measure(lcs: NDArray[Any], length: NDArray[Any], other_length: NDArray[Any]) -> NDArray[np.float64]:
    """ROUGE-L F1, 0-1, of pairs of texts: from the tokens of their longest common subsequence and of each text.

    0 where nothing is common. The arithmetic is rouge-score's, to the last bit, whichever text is the target.
    """
    common = np.asarray(lcs, dtype=np.float64)
    precision = common / np.maximum(length, 1)
    recall = common / np.maximum(other_length, 1)
    return np.where(common > 0, 2 * precision * recall / np.where(common > 0, precision + recall, 1), 0.0)
