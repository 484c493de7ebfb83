"""What is found in a simulated arena from the battles that were judged: ratings by every method, and gold answers."""

from dataclasses import dataclass, replace

import numpy as np

from warriorcoder.pipelines.battles.information import Bools, Reals, experts_of, pairs_of
from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
from warriorcoder.pipelines.battles.ratings.effects import fit_effects, position_columns, self_columns
from warriorcoder.pipelines.battles.ratings.elo import NATS_PER_POINT, elo, mean_elo
from warriorcoder.pipelines.battles.ratings.games import Games, Verdicts
from warriorcoder.pipelines.battles.simulation.world import Setting, Votes, World, draw_world

ALPHA, K, SHUFFLES = 0.7, 40.0, 20
ENDLESS = 3000
"""Instructions that stand for endless ones."""

METHODS = {
    "local": "win rate",
    "elo": "Elo",
    "mean_elo": "mean Elo",
    "bradley_terry": "Bradley-Terry",
    "effects": "judge terms",
}
"""Every method and what it is called: local win rates; Elo in one pass, and its mean over `SHUFFLES` orders;
Bradley-Terry on battles, and on votes beside terms for each judge's place and kin."""


@dataclass(frozen=True)
class Outcome:
    """What the votes decided: `games` for the ratings, the `verdicts` behind them, and the `local` score of each pair's
    first expert, of shape (instructions, pairs), NaN where nobody fought or nobody decided."""

    games: Games
    verdicts: Verdicts
    local: Reals


def decide(votes: Votes, fought: Bools, seed: int) -> Outcome:
    """Count the votes of the battles that were `fought`, of shape (instructions, pairs), as `scores` does.

    The games are in an order drawn from the seed.
    """
    given = ~np.isnan(votes) & fought[:, :, None, None]
    number = given.sum(axis=(2, 3))
    points = np.where(given, votes, 0.0).sum(axis=(2, 3), dtype=np.float64)
    local = np.full(fought.shape, np.nan)
    np.divide(points, number, out=local, where=number > 0)
    instructions, pairs = np.nonzero(number)
    order = np.random.default_rng(seed).permutation(len(pairs))
    instructions, pairs = instructions[order], pairs[order]
    experts = experts_of(fought.shape[1])
    sides = pairs_of(experts)[pairs].astype(np.int32)
    scores = (np.sign(local[instructions, pairs] - 0.5) + 1.0) / 2.0
    names = tuple(f"expert {place + 1}" for place in range(experts))
    games = Games(names, instructions.astype(np.int32), sides[:, 0], sides[:, 1], scores, np.ones(len(pairs)))
    return Outcome(games, _verdicts(names, votes, given), local)


def _verdicts(names: tuple[str, ...], votes: Votes, given: Bools) -> Verdicts:
    instructions, pairs, judges, shown = np.nonzero(given)
    sides = pairs_of(len(names))[pairs].astype(np.int32)
    seats = tuple(f"judge {place + 1}" for place in range(votes.shape[2]))
    scores = votes[given].astype(np.float64)
    places = instructions.astype(np.int32), sides[:, 0], sides[:, 1], judges.astype(np.int32)
    return Verdicts(names, seats, *places, shown == 0, scores)


def with_judge_terms(verdicts: Verdicts) -> Reals:
    """Bradley-Terry on single votes beside each judge's position bias and the first judge's preference for its kin.

    Zeros where there is no vote.
    """
    if not len(verdicts):
        return np.zeros(len(verdicts.models))
    families = {verdicts.models[0]: "kin", verdicts.judges[0]: "kin"}
    return fit_effects(verdicts, [position_columns(verdicts), self_columns(verdicts, families)]).strengths


def ratings(outcome: Outcome, seed: int, k: float = K) -> dict[str, Reals]:
    """The ratings by every method, of shape (experts,), their mean being 0: Elo points, win rates for `local`."""
    single, before = elo(outcome.games, k, 0.0)
    found = {
        "local": win_rates(outcome.local),
        "elo": single,
        "mean_elo": mean_elo(outcome.games, before, k, 0.0, SHUFFLES, seed),
        "bradley_terry": bradley_terry(outcome.games, 0.0),
        "effects": with_judge_terms(outcome.verdicts),
    }
    return {name: rated - rated.mean() for name, rated in found.items()}


def win_rates(local: Reals) -> Reals:
    """The mean local score of every expert over its battles; a half for one without any."""
    total, number = _by_expert(np.nan_to_num(local)), _by_expert(~np.isnan(local) * 1.0, signed=False)
    lost = _by_expert(np.nan_to_num(1.0 - local), second=True)
    fought = number.sum(axis=0)
    return np.asarray(np.where(fought > 0, (total + lost).sum(axis=0) / np.maximum(fought, 1.0), 0.5))


def _by_expert(values: Reals, *, second: bool = False, signed: bool = True) -> Reals:
    """Sum values of pairs, of shape (instructions, pairs), at their first experts, or at their second; or at both."""
    experts = experts_of(values.shape[1])
    pairs = pairs_of(experts)
    at = np.zeros((len(pairs), experts))
    rows = np.arange(len(pairs))
    if not second:
        at[rows, pairs[:, 0]] = 1.0
    if second or not signed:
        at[rows, pairs[:, 1]] = 1.0
    return np.asarray(values @ at)


def gold_accuracy(world: World, local: Reals, rated: Reals, alpha: float = ALPHA) -> float:
    """The share of instructions whose gold answer is the best one that there is.

    Gold has the highest final score, the mean over its battles of alpha X + (1 - alpha) x (`scores.final_scores`). An
    instruction without a decided battle has no gold answer, which is not the best one.
    """
    first, second = pairs_of(len(rated)).T
    expected = 1.0 / (1.0 + np.exp((rated[second] - rated[first]) * NATS_PER_POINT))
    there = ~np.isnan(local)
    scores = np.where(there, alpha * expected + (1.0 - alpha) * np.nan_to_num(local), 0.0)
    number = _by_expert(there * 1.0, signed=False)
    total = _by_expert(scores) + _by_expert(np.where(there, 1.0 - scores, 0.0), second=True)
    final = np.where(number > 0, total / np.maximum(number, 1.0), -1.0)
    right = final.argmax(axis=1) == world.qualities.argmax(axis=1)
    return float((right & (number.sum(axis=1) > 0)).mean())


@dataclass(frozen=True)
class Truth:
    """What endless instructions and a fair panel of the same noise would give, around 0.

    On the scale of whole `battles`, and on that of single `votes`, where noise has more of a say and ratings lie
    closer together.
    """

    battles: Reals
    votes: Reals

    def of(self, method: str) -> Reals:
        return self.votes if method == "effects" else self.battles


def truth_of(setting: Setting, skills: Reals, seed: int) -> Truth:
    """The truth for these skills, from so many instructions that what is left of chance is a few points."""
    fair = replace(setting, instructions=ENDLESS, position_bias=0.0, self_preference=0.0, length_preference=0.0)
    world = draw_world(replace(fair, missing=0.0, lazy=0), seed, skills)
    outcome = decide(world.votes, np.ones(world.votes.shape[:2], dtype=np.bool_), seed)
    every = outcome.verdicts
    votes = Games(every.models, every.instruction, every.a, every.b, every.score_a, np.ones(len(every)))
    return Truth(bradley_terry(outcome.games, 0.0), bradley_terry(votes, 0.0))


def rank_correlation(one: Reals, other: Reals) -> float:
    """Spearman's, of values without ties."""
    ranks = [values.argsort().argsort() for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def kendall(one: Reals, other: Reals) -> float:
    """Kendall's tau, of values without ties: pairs in the same order less those in the other, as a share of all."""
    first, second = pairs_of(len(one)).T
    return float((np.sign(one[first] - one[second]) * np.sign(other[first] - other[second])).mean())


def error_of_differences(rated: Reals, truth: Reals) -> float:
    """The mean of |(r_i - r_j) - (t_i - t_j)| over all pairs, in points."""
    first, second = pairs_of(len(rated)).T
    return float(np.abs((rated[first] - rated[second]) - (truth[first] - truth[second])).mean())


def measures(outcome: Outcome, world: World, truth: Truth, seed: int) -> dict[str, dict[str, float | None]]:
    """How near every method comes: by method spearman, kendall, error (points; None for win rates), gold."""
    return {
        name: {
            "spearman": rank_correlation(rated, world.skills),
            "kendall": kendall(rated, world.skills),
            "error": None if name == "local" else error_of_differences(rated, truth.of(name)),
            "gold": gold_accuracy(world, outcome.local, rated, 0.0 if name == "local" else ALPHA),
        }
        for name, rated in ratings(outcome, seed).items()
    }
