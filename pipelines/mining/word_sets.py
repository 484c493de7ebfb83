"""Texts as sets of words, and of words as numbers: many texts at once, without a Python object per word."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Scripts that are written without spaces: Thai, Lao, Myanmar, Khmer, kana, bopomofo, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_FIRST_UNSPACED = "\u0e00"

CHUNK = 512
"""Texts that are read at once."""

PAD = np.uint64(2**64 - 1)
"""No word's number."""


def words(text: str) -> frozenset[str]:
    """The set of words that two instructions are compared by: runs of letters, digits and `_`, lower-cased, in NFC.

    Scripts that are written without spaces give pairs of neighbouring characters in the place of words.
    """
    return frozenset(word_list(text))


def word_list(text: str) -> list[str]:
    """The words of a text as they come, each as often as it is there."""
    if text.isascii():
        return _RUN.findall(text.lower())
    found: list[str] = []
    for run in _RUN.findall(unicodedata.normalize("NFC", text).lower()):
        if run[0] >= _FIRST_UNSPACED and len(run) > 2 and re.match(f"[{_UNSPACED}]", run):
            found += [run[at : at + 2] for at in range(len(run) - 1)]
        else:
            found.append(run)
    return found


@dataclass(frozen=True)
class WordSets:
    """The word set of each text, as increasing 63-bit numbers: those of text i are numbers[ends[i - 1] : ends[i]].

    Different words have different numbers but for a chance of about 2**-63 a pair of words.
    """

    numbers: NDArray[np.uint64]
    ends: NDArray[np.int64]
    sizes: NDArray[np.int64]

    def padded(self, places: NDArray[np.integer[Any]], width: int) -> NDArray[np.uint64]:
        """(places, width): a row a text, filled up with PAD."""
        sizes = self.sizes[places][:, None]
        columns = np.arange(width)
        at = (self.ends[places][:, None] - sizes) + np.minimum(columns, np.maximum(sizes - 1, 0))
        found = self.numbers[np.minimum(at, max(len(self.numbers) - 1, 0))] if len(self.numbers) else PAD
        return np.where(columns < sizes, found, PAD)

    def jaccard(self, ones: NDArray[np.integer[Any]], others: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """|a ∩ b| / |a ∪ b| of each pair of texts; 1 for two empty sets."""
        found = np.ones(len(ones))
        total = self.sizes[ones] + self.sizes[others]
        order = np.argsort(np.maximum(self.sizes[ones], self.sizes[others]), kind="stable")
        for low in range(0, len(order), 2048):
            part = order[low : low + 2048]
            width = int(max(self.sizes[ones[part]].max(), self.sizes[others[part]].max(), 1))
            both = np.concatenate([self.padded(ones[part], width), self.padded(others[part], width)], axis=1)
            both.sort(axis=1)
            common = np.count_nonzero((both[:, 1:] == both[:, :-1]) & (both[:, 1:] != PAD), axis=1)
            found[part] = np.where(total[part] > 0, common / np.maximum(total[part] - common, 1), 1.0)
        return found


def word_sets(texts: Sequence[str]) -> WordSets:
    """The word sets of many texts, equal to those of `words`."""
    parts = [_read(texts[start : start + CHUNK]) for start in range(0, len(texts), CHUNK)]
    sizes = np.concatenate([sizes for _, sizes in parts] or [np.zeros(0, dtype=np.int64)])
    numbers = np.concatenate([numbers for numbers, _ in parts] or [np.zeros(0, dtype=np.uint64)])
    return WordSets(numbers, np.cumsum(sizes), sizes)


def _tables() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """A number for every byte, 0 for one that is in no word, and the base of the polynomial with its inverse."""
    rng = np.random.Generator(np.random.PCG64(20241217))
    drawn = rng.integers(1, 2**64 - 1, 258, dtype=np.uint64, endpoint=True)
    table = np.zeros(256, dtype=np.uint64)
    for byte in range(256):
        if byte >= 128 or chr(byte).isalnum() or byte == ord("_"):
            table[byte] = drawn[ord(chr(byte).lower()) if byte < 128 else byte]
    base = int(drawn[256]) | 5
    return table, np.array([base, pow(base, -1, 2**64)], dtype=np.uint64)


_BYTES, _BASES = _tables()


@lru_cache(maxsize=4)
def _powers(bits: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    powers = np.repeat(_BASES[:, None], 2**bits, axis=1)
    powers[:, 0] = 1
    np.multiply.accumulate(powers, axis=1, out=powers)
    return powers[0], powers[1]


def _read(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The numbers of the distinct words of each text, text after text, and how many each has."""
    encoded = [
        text.encode() if text.isascii() else " ".join(word_list(text)).encode("utf-8", "surrogatepass")
        for text in texts
    ]
    data = np.frombuffer(b"\n".join([*encoded, b""]), dtype=np.uint8)
    last = np.cumsum(np.fromiter((len(each) + 1 for each in encoded), dtype=np.int64, count=len(encoded)))
    values = _BYTES[data]
    inside = np.zeros(len(data) + 1, dtype=np.int8)
    inside[1:] = values != 0
    edges = np.diff(inside)
    begins, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    # A word is a polynomial in its bytes, modulo 2**64; all words come out of one running sum.
    powers, inverse = _powers(len(data).bit_length())
    sums = np.zeros(len(data) + 1, dtype=np.uint64)
    values *= powers[: len(data)]
    np.cumsum(values, out=sums[1:])
    hashed = (sums[stops] - sums[begins]) * inverse[begins]
    hashed ^= hashed >> np.uint64(32)
    hashed *= np.uint64(0x9E3779B97F4A7C15)
    hashed ^= hashed >> np.uint64(29)
    hashed >>= np.uint64(1)
    ends = np.searchsorted(begins, last)
    return _distinct(WordSets(hashed, ends, np.diff(ends, prepend=0)))


def _distinct(bags: WordSets) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    order = np.argsort(bags.sizes, kind="stable")
    sizes = np.zeros(len(order), dtype=np.int64)
    rows: list[NDArray[np.uint64]] = []
    for part in (order[low : low + 256] for low in range(0, len(order), 256)):
        table = bags.padded(part, int(bags.sizes[part].max()))
        table.sort(axis=1)
        new = table != PAD
        new[:, 1:] &= table[:, 1:] != table[:, :-1]
        sizes[part] = np.count_nonzero(new, axis=1)
        rows.append(table[new])
    # Back from the order of sizes to the order of texts.
    numbers = np.concatenate(rows)
    ends = np.cumsum(sizes)
    grouped = sizes[order]
    target = np.repeat(ends[order] - grouped - (np.cumsum(grouped) - grouped), grouped) + np.arange(len(numbers))
    back = np.empty_like(numbers)
    back[target] = numbers
    return back, sizes
