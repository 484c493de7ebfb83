"""Elo, Bradley-Terry and a thousand resamples of a million battles: in the time of ten plain fits, below a gibibyte?

A million battles of 20 models on 200,000 instructions. Ours goes from a table of names to the ratings, with intervals
of both from 1,000 resamples of the instructions, each for Elo in an order of its own. The peer is evalica's
Bradley-Terry: ten plain fits from lists of names, before and after ours. Beside them one resample by pandas and
scikit-learn's logistic regression, as FastChat had it first, which a thousand are reckoned from; and the whole stage,
`rate`, from two votes a battle to the arena's tables. Every side runs in a process of its own.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from _report import Claim, at_most, finish, ratio_at_most, say

GIB = 2**30
FITS = 10


@dataclass(frozen=True)
class Size:
    battles: int
    instructions: int
    draws: int


FULL = Size(1_000_000, 200_000, 1_000)
QUICK = Size(200_000, 40_000, 200)


@dataclass(frozen=True)
class Ran:
    """Wall-clock and processor seconds, peak bytes, and the Bradley-Terry ratings."""

    seconds: float
    busy: float
    peak: int
    ratings: list[float]


def run(side: str, size: Size) -> Ran:
    script = Path(__file__).with_name("_ratings_run.py")
    command = [sys.executable, str(script), side, str(size.battles), str(size.instructions), str(size.draws)]
    ran = Ran(**json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))
    say(f"  {side}: {ran.seconds:.2f} s, {ran.busy:.2f} s of processor; peak {ran.peak / GIB:.2f} GiB")
    return ran


def apart(one: Ran, other: Ran) -> float:
    """The most points by which Bradley-Terry ratings differ."""
    return max(abs(mine - its) for mine, its in zip(one.ratings, other.ratings, strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200,000 battles, 200 resamples")
    size = QUICK if parser.parse_args().quick else FULL
    say(f"{size.battles:,} battles on {size.instructions:,} instructions, {size.draws:,} resamples; in turn:")
    peers, ours = [run("evalica", size)], []
    for _ in range(2):
        ours.append(run("ours", size))
        peers.append(run("evalica", size))
    whole, logistic = run("rate", size), run("logistic", size)
    best = min(ours, key=lambda ran: ran.seconds)
    fits = min(ran.seconds for ran in peers)
    say(f"  {size.draws:,} resamples by logistic regression would take {size.draws * logistic.seconds:,.0f} s")
    words = f"Elo, Bradley-Terry and {size.draws:,} resamples of {size.battles:,} battles"
    claims: list[Claim] = [
        ratio_at_most(f"seconds for {words}; peer: {FITS} fits of evalica", best.seconds, fits, 1.0),
        at_most(f"GiB at the peak of {words}", max(ran.peak for ran in ours) / GIB, 1.0, peers[0].peak / GIB),
        at_most(f"GiB at the peak of `rate`, {2 * size.battles:,} votes to the arena's tables", whole.peak / GIB, 1.0),
        at_most("points between our Bradley-Terry ratings and evalica's", apart(best, peers[0]), 0.1),
        ratio_at_most(
            f"seconds for {words}; peer: the resamples by logistic regression, reckoned from one",
            best.seconds,
            size.draws * logistic.seconds,
            0.02,
        ),
    ]
    finish(claims)


if __name__ == "__main__":
    main()
