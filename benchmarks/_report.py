"""What a benchmark claims and how it says so: figures while it works, a table, one line of JSON, an exit code."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NoReturn


@dataclass(frozen=True)
class Claim:
    """One claim and what was measured. `ratio` is ours to the peer's, None where there is no peer.

    The claim's words say what `bar` bounds: the ratio, or our own figure.
    """

    claim: str
    ours: float
    peer: float | None
    ratio: float | None
    bar: float
    holds: bool


def ratio_at_most(claim: str, ours: float, peer: float, bar: float) -> Claim:
    """Ours is at most `bar` times the peer's."""
    ratio = ours / peer
    return _rounded(claim, ours, peer, ratio, bar, ratio <= bar)


def at_most(claim: str, ours: float, bar: float, peer: float | None = None) -> Claim:
    """Our own figure is at most `bar`; the peer's stands beside it."""
    return _rounded(claim, ours, peer, ours / peer if peer else None, bar, ours <= bar)


def at_least(claim: str, ours: float, bar: float, peer: float | None = None) -> Claim:
    """Our own figure is at least `bar`; the peer's stands beside it."""
    return _rounded(claim, ours, peer, ours / peer if peer else None, bar, ours >= bar)


def say(text: str) -> None:
    """A line of progress, at once."""
    print(text, flush=True)


def finish(claims: Sequence[Claim]) -> NoReturn:
    """Print the claims, last of all as one line of JSON, and exit: 1 where a bar is not held."""
    say("")
    for claim in claims:
        beside = "" if claim.peer is None else f", peer {claim.peer:g}"
        ratio = "" if claim.ratio is None else f", ratio {claim.ratio:g}"
        say(f"{'ok    ' if claim.holds else 'FAILED'} {claim.claim}: {claim.ours:g}{beside}{ratio} (bar {claim.bar:g})")
    entries = [asdict(claim) for claim in claims]
    say(json.dumps(entries[0] if len(entries) == 1 else entries))
    sys.exit(0 if all(claim.holds for claim in claims) else 1)


def _rounded(claim: str, ours: float, peer: float | None, ratio: float | None, bar: float, holds: bool) -> Claim:
    """The figures as they are printed; whether the bar holds was decided on the unrounded ones."""
    short = [None if figure is None else float(f"{figure:.4g}") for figure in (peer, ratio)]
    return Claim(claim, float(f"{ours:.4g}"), short[0], short[1], bar, holds)
