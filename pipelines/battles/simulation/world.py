"""An arena whose truth is known: experts of known skill, their answers, and judges with known faults."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from warriorcoder.pipelines.battles.information import Bools, Places, Reals, pairs_of
from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT

Panel = Literal["outside", "uninvolved", "contestants"]

Votes = NDArray[np.float32]
"""Votes of shape (instructions, pairs, judges, 2): 1 for the pair's first expert, 0.5 for a tie, 0; NaN where missing.
The last axis: the first expert's answer shown first, and shown second."""


@dataclass(frozen=True)
class Setting:
    """What is drawn. Leanings are in logits: at 1 an even choice becomes one of 73 in 100.

    `spread` is the standard deviation of the skills in Elo points. `answers` is that of an answer about its expert's
    skill, in logits; `difficulty` that of the logarithm by which an instruction stretches all skills (an easy one tells
    experts apart less). `noise` is a judge's own in a vote, half of it the same in both orders. `position_bias` is
    every judge's leaning to the answer shown first, `length_preference` every judge's to the longer one, an expert's
    answers being long or short by a trait of its own. `self_preference` is the first judge's leaning to the answers of
    the first expert, its own family. A share `missing` of the votes has no verdict, and the last `lazy` judges always
    take the answer shown first. Where two answers look alike to a `tie` of logits, a judge says so.

    `panel`: `outside` judges fight nowhere; `uninvolved` experts judge where they do not fight; `contestants` judge
    everywhere, their own battles included.
    """

    experts: int = 5
    instructions: int = 200
    judges: int = 3
    panel: Panel = "outside"
    spread: float = 100.0
    answers: float = 1.0
    difficulty: float = 0.5
    noise: float = 1.0
    position_bias: float = 0.5
    self_preference: float = 1.0
    length_preference: float = 0.0
    missing: float = 0.05
    lazy: int = 0
    tie: float = 0.2

    @property
    def seats(self) -> int:
        """How many judges there are."""
        return self.judges if self.panel == "outside" else self.experts

    def judging(self) -> Bools:
        """Who may judge whom, of shape (pairs, judges)."""
        pairs = pairs_of(self.experts)
        may = np.ones((len(pairs), self.seats), dtype=np.bool_)
        if self.panel == "uninvolved":
            rows = np.arange(len(pairs))
            may[rows, pairs[:, 0]] = may[rows, pairs[:, 1]] = False
        return may

    def costs(self, orders: int = 2) -> Places:
        """The judge calls of a battle of each pair."""
        return np.asarray(self.judging().sum(axis=1) * orders, dtype=np.int64)


@dataclass(frozen=True)
class World:
    """`skills` in Elo points, `qualities` of the answers in logits of shape (instructions, experts), and all `votes`
    that there could be."""

    setting: Setting
    skills: Reals
    qualities: Reals
    votes: Votes


def draw_world(setting: Setting, seed: int, skills: Reals | None = None) -> World:
    """A world; the same seed draws the same experts, answers and noise, whatever the judges' leanings are."""
    experts, answers, judging = (np.random.default_rng((seed, part)) for part in range(3))
    if skills is None:
        skills = experts.normal(0.0, setting.spread, setting.experts)
    traits = experts.normal(0.0, 1.0, setting.experts)
    shape = (setting.instructions, setting.experts)
    stretch = np.exp(answers.normal(0.0, setting.difficulty, (setting.instructions, 1)))
    qualities = stretch * skills * NATS_PER_POINT + answers.normal(0.0, setting.answers, shape)
    lengths = traits + answers.normal(0.0, 1.0, shape)
    first, second = pairs_of(setting.experts).T
    seen = qualities[:, first] - qualities[:, second]
    seen = seen + setting.length_preference * (lengths[:, first] - lengths[:, second])
    size = (setting.instructions, len(first), setting.seats, 2)
    own = judging.logistic(0.0, 1.0, size[:3]) * setting.noise * np.sqrt(0.5)
    looks = (seen[:, :, None] + own)[..., None] + judging.logistic(0.0, 1.0, size) * setting.noise * np.sqrt(0.5)
    looks[:, :, 0] += setting.self_preference * ((first == 0) * 1.0 - (second == 0))[:, None]
    looks += setting.position_bias * np.array([1.0, -1.0])
    votes = np.where(np.abs(looks) < setting.tie, 0.5, looks > 0).astype(np.float32)
    if setting.lazy:
        votes[:, :, -setting.lazy :] = [1.0, 0.0]
    votes[judging.random(size) < setting.missing] = np.nan
    votes[:, ~setting.judging()] = np.nan
    return World(setting, skills, qualities, votes)
