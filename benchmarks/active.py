"""`active` pairing against round robin: the rank correlation that each reaches, and for how many judge calls.

Arenas are simulated (`warrior simulate` draws the same), so that the true order of the experts is known: answers vary,
judges are noisy and lean to the first place, votes are missing. Round robin fights all battles, `active` and a choice
at random those that a share of its calls pays for; Bradley-Terry ratings of each are held against the truth. Claimed is
the smallest share with which the mean of Spearman's correlation over the seeds is round robin's. No choice can be
expected to find more: round robin fights its battles too. A seed draws four arenas, since one says little: two
neighbours that change places cost 0.02 among eight experts, and 0.1 among five, who are measured beside and claimed for
nothing. Standard errors are of the differences to round robin, seed by seed. The curve is drawn to `--figure`.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from _report import Claim, at_most, finish, say
from numpy.typing import NDArray

from warriorcoder.drawing import BLUE, GREY, ORANGE, panels_png
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
from warriorcoder.pipelines.battles.simulation.budgets import PAIRINGS, chosen
from warriorcoder.pipelines.battles.simulation.rating import decide, rank_correlation
from warriorcoder.pipelines.battles.simulation.world import Setting, draw_world

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Reals = NDArray[np.float64]

SEEDS, ARENAS = 20, 4
SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.7, 1.0)
BAR = 0.4
# A kin of a judge would put a bound on what any number of battles finds.
CLAIMED = Setting(experts=8, instructions=100, self_preference=0.0)
BESIDE = replace(CLAIMED, experts=5, instructions=200)


@dataclass(frozen=True)
class Curves:
    """Correlations by pairing, of shape (shares, seeds), means of a seed's arenas; the last share is round robin."""

    setting: Setting
    calls: int
    found: dict[str, Reals]

    @property
    def round_robin(self) -> Reals:
        return self.found["active"][-1]

    def reached(self, pairing: str) -> float:
        """The smallest share with which the mean is round robin's or more."""
        means = self.found[pairing].mean(axis=1)
        # The last digits of equal means may differ.
        return SHARES[int(np.argmax(means >= means[-1] - 1e-9))]


def curves(setting: Setting, seeds: int) -> Curves:
    found = {pairing: np.zeros((len(SHARES), seeds)) for pairing in PAIRINGS}
    for number, arena in product(range(seeds), range(ARENAS)):
        seed = seed_from("active", number, arena)
        world = draw_world(setting, seed)
        for pairing in PAIRINGS:
            for place, share in enumerate(SHARES):
                fought = chosen(world, pairing, share, seed)
                rated = bradley_terry(decide(world.votes, fought, seed).games, 0.0)
                found[pairing][place, number] += rank_correlation(rated, world.skills) / ARENAS
    return Curves(setting, int(setting.costs().sum()) * setting.instructions, found)


def show(measured: Curves) -> None:
    setting = measured.setting
    say(
        f"{setting.experts} experts, {setting.instructions} instructions, {setting.seats} judges: round robin takes "
        f"{measured.calls:,} judge calls and finds {measured.round_robin.mean():.3f}"
    )
    for place, share in enumerate(SHARES[:-1]):
        told = [f"  {share:4.0%} of the calls:"]
        for pairing in PAIRINGS:
            values = measured.found[pairing][place]
            gap = values - measured.round_robin
            error = gap.std(ddof=1) / np.sqrt(len(gap))
            told.append(f"{pairing} {values.mean():.3f} ({gap.mean():+.3f} ± {error:.3f})")
        say("  ".join(told))


def drawn(every: Sequence[Curves]) -> bytes:
    def panel(measured: Curves, axes: "Axes") -> None:
        shares = [100 * share for share in SHARES]
        for pairing, colour in (("active", BLUE), ("random", ORANGE)):
            values = measured.found[pairing]
            mean, error = values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(values.shape[1])
            axes.fill_between(shares, mean - error, mean + error, color=colour, alpha=0.15, linewidth=0)
            axes.plot(shares, mean, "-o", color=colour, markersize=4, label=f"{pairing} (band: standard error)")
        axes.axhline(measured.round_robin.mean(), color=GREY, linestyle="--", linewidth=1, label="round robin")
        axes.axvline(100 * BAR, color=GREY, linestyle=":", linewidth=1)
        axes.set_title(f"{measured.setting.experts} experts, {measured.setting.instructions} instructions", fontsize=10)
        axes.set_xlabel("judge calls (% of round robin's)")
        axes.set_ylabel("Spearman's correlation")

    panels = [lambda axes, one=one: panel(one, axes) for one in every]
    return panels_png("How much of the true order is found, by judge calls", 4.2, panels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the claim alone, without the five experts beside it")
    parser.add_argument("--figure", type=Path, default=Path("outputs/benchmarks/active.png"), help="where it is drawn")
    given = parser.parse_args()
    every = [curves(setting, SEEDS) for setting in ([CLAIMED] if given.quick else [CLAIMED, BESIDE])]
    for measured in every:
        show(measured)
    given.figure.parent.mkdir(parents=True, exist_ok=True)
    given.figure.write_bytes(drawn(every))
    say(f"drawn to {given.figure}")
    claimed = every[0]
    claims: list[Claim] = [
        at_most(
            f"share of round robin's judge calls with which active pairing has its mean rank correlation, "
            f"over {SEEDS} seeds; peer: battles at random",
            claimed.reached("active"),
            BAR,
            claimed.reached("random"),
        )
    ]
    finish(claims)


if __name__ == "__main__":
    main()
