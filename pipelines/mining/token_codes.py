"""Texts as strings in which a character stands for a token, as a bit-parallel LCS wants them.

Two spellings. The exact one has a character for every token that both sides use. The folded one has one
byte a token: those of most weight have a byte each, the others share. Sharing only adds matches, so the
LCS of two folded texts is never shorter than that of the texts, and bytes make it several times as fast
to find.
"""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.mining.rouge import tokens

CHARACTERS = 256
"""Characters of the folded spelling: rapidfuzz looks those of one byte up in a table."""

OWN_CHARACTERS = 128
"""How many tokens have a folded character of their own; the others share what is left."""

_ASKED_ONLY, _GIVEN_ONLY, _SHARED = 0, 1, 2
"""A token that the other side lacks gets a character that the other side lacks; from `_SHARED` on, both have them."""

_MOST_SHARED = 0x110000 - _SHARED


class Vocabulary(dict[str, int]):
    """Numbers tokens as they come."""

    def __missing__(self, token: str) -> int:
        self[token] = len(self)
        return self[token]


class Distinct:
    """Texts as token numbers, each sequence once, in the order in which they first come.

    `which` gives for every text the number of its sequence, `first` for every sequence the first text that
    has it; `lengths` are in tokens; `numbers` gives a sequence's number by its bytes.
    """

    def __init__(self, texts: Iterable[str], vocabulary: Vocabulary) -> None:
        self.numbers: dict[bytes, int] = {}
        self.tokens = array("i")
        which, first, lengths = array("q"), array("q"), array("q")
        for place, text in enumerate(texts):
            sequence = array("i", map(vocabulary.__getitem__, tokens(text)))
            number = self.numbers.setdefault(sequence.tobytes(), len(first))
            if number == len(first):
                first.append(place)
                lengths.append(len(sequence))
                self.tokens.extend(sequence)
            which.append(number)
        self.which = np.array(which)
        self.first = np.array(first)
        self.lengths = np.array(lengths)


@dataclass(frozen=True)
class Coded:
    """Distinct texts by number, spelled in both ways."""

    lengths: NDArray[np.int64]
    _folded: bytes
    _exact: NDArray[np.uint32]
    _ends: NDArray[np.int64]

    def folded(self, numbers: NDArray[np.int64]) -> list[bytes]:
        ends = self._ends[numbers]
        starts = ends - self.lengths[numbers]
        return [self._folded[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def exact(self, number: int) -> str:
        end = self._ends[number]
        return self._exact[end - self.lengths[number] : end].tobytes().decode("utf-32-le", "surrogatepass")


def spelled(asked: Distinct, given: Distinct, vocabulary: int) -> tuple[Coded, Coded]:
    """Both sides of a comparison in one spelling; `vocabulary` is the number of tokens. One side: among themselves.

    Raises ValueError where the sides share more tokens than there are characters, 1,114,110.
    """
    counts = [np.bincount(np.asarray(side.tokens), minlength=vocabulary) for side in (asked, given)]
    # By the matches that a token makes between the sides, the most first.
    weight = np.multiply(*counts, dtype=np.float64)
    if asked is given:
        # A text is compared with the others: what is there once has no match.
        weight[counts[0] == 1] = 0
    order = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)]
    if len(order) > _MOST_SHARED:
        raise ValueError(f"{len(order):,} tokens are on both sides; at most {_MOST_SHARED:,} can be told apart.")
    rank = np.arange(len(order))
    shared = np.where(rank < OWN_CHARACTERS, rank, OWN_CHARACTERS + rank % (CHARACTERS - _SHARED - OWN_CHARACTERS))
    return (
        _coded(asked, _table(order, rank, vocabulary, _ASKED_ONLY), _table(order, shared, vocabulary, _ASKED_ONLY)),
        _coded(given, _table(order, rank, vocabulary, _GIVEN_ONLY), _table(order, shared, vocabulary, _GIVEN_ONLY)),
    )


def _table(order: NDArray[Any], codes: NDArray[Any], vocabulary: int, unshared: int) -> NDArray[np.uint32]:
    table = np.full(vocabulary, unshared, dtype=np.uint32)
    table[order] = _SHARED + codes
    return table


def _coded(texts: Distinct, exact: NDArray[np.uint32], folded: NDArray[np.uint32]) -> Coded:
    ids = np.asarray(texts.tokens)
    return Coded(
        texts.lengths, folded[ids].astype(np.uint8).tobytes(), exact[ids].astype("<u4"), np.cumsum(texts.lengths)
    )
