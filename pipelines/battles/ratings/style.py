"""How an answer looks rather than what it says: what style control takes out of the ratings."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from warriorcoder.arena_folder import Row
from warriorcoder.code_blocks import code_blocks, prose
from warriorcoder.pipelines.battles.ratings.games import Reals, Votes, vote_table

STYLE = ("length", "code_share", "headers", "lists", "bold")
"""The differences of style, in the order of their columns."""

_HEADER = re.compile(r"^#{1,6}\s", re.M)
_LIST = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s", re.M)
_BOLD = re.compile(r"\*\*[^*\n]+\*\*|__[^_\n]+__")


class Style(NamedTuple):
    """Of an answer: characters, the share of them in fenced code, and Markdown elements outside of code."""

    length: int
    code_share: float
    headers: int
    lists: int
    bold: int


def style_of(answer: str) -> Style:
    """The style of an answer in Markdown."""
    code = sum(len(block.code) for block in code_blocks(answer))
    text = prose(answer)
    counts = (len(pattern.findall(text)) for pattern in (_HEADER, _LIST, _BOLD))
    return Style(len(answer), code / len(answer) if answer else 0.0, *counts)


def styles_of(answers: Iterable[Row]) -> dict[tuple[str, str], Style]:
    """The styles of the rows of the table `answers`, by (instruction_id, expert)."""
    return {(row["instruction_id"], row["expert"]): style_of(row["answer"]) for row in answers}


def difference(a: Style, b: Style) -> tuple[float, ...]:
    """How much more of each of `STYLE` a has than b.

    The logarithm of the ratio of lengths, the difference of the shares of code, and of the counts
    (a - b) / (a + b), as the public arena's style control has it: 0 where neither has any.
    """
    counts = (
        (mine - other) / (mine + other) if mine + other else 0.0
        for mine, other in ((a.headers, b.headers), (a.lists, b.lists), (a.bold, b.bold))
    )
    return math.log((1 + a.length) / (1 + b.length)), a.code_share - b.code_share, *counts


def differences(votes: Votes, styles: Mapping[tuple[str, str], Style]) -> Reals:
    """`difference` of the two answers of each vote that has a verdict, of shape (votes, style), in their order.

    Raises KeyError for an answer without a style.
    """
    table = vote_table(votes)
    columns = (table[name].to_pylist() for name in ("instruction_id", "model_a", "model_b", "verdict"))
    known: dict[tuple[str, str, str], tuple[float, ...]] = {}
    rows = []
    for identity, a, b, verdict in zip(*columns, strict=True):
        if verdict is not None:
            battle = (identity, a, b)
            if battle not in known:
                known[battle] = difference(styles[identity, a], styles[identity, b])
            rows.append(known[battle])
    return np.array(rows, dtype=np.float64).reshape(-1, len(STYLE))
