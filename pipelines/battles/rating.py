"""The tables `battles` and `ratings`, made from the votes."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.intervals import Z
from warriorcoder.pipelines.battles.ratings.bootstrap import bootstrap, interval, rank_interval
from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
from warriorcoder.pipelines.battles.ratings.effects import (
    Effects,
    Term,
    family_columns,
    fit_effects,
    position_columns,
    self_columns,
    style_columns,
)
from warriorcoder.pipelines.battles.ratings.elo import elo, mean_elo
from warriorcoder.pipelines.battles.ratings.games import Games, Reals, Verdicts, Votes, Whole, vote_table
from warriorcoder.pipelines.battles.ratings.style import Style, differences
from warriorcoder.pipelines.battles.scores import Battles, count_votes
from warriorcoder.recipe_battles import Rating
from warriorcoder.tables import TABLES


class Rated(NamedTuple):
    """The table `battles`, in the order in which Elo took them, the rows of `ratings`, best Elo first, and the
    fields of each `effects.Term`."""

    battles: pa.Table
    ratings: list[Row]
    effects: list[Row]


class Bias(NamedTuple):
    """What terms are made from: styles by (instruction_id, expert), for style; families by expert, for judges.

    None: no such terms.
    """

    styles: Mapping[tuple[str, str], Style] | None = None
    families: Mapping[str, str] | None = None


NO_BIAS = Bias()


def rate(
    votes: Votes,
    models: Sequence[str],
    rating: Rating,
    seed: int,
    weights: Mapping[str, float] | None = None,
    bias: Bias = NO_BIAS,
) -> Rated:
    """Count the votes and rate the models. `weights`: what each judge's votes count (`count_votes`).

    The order of the battles is drawn from the seed, and hangs on the decided ones, not on how they came in; or it
    is that of the votes (`rating.order: table`). An undecided battle changes no rating; without a decided one
    there are no ratings. With `bias` the models are rated once more, beside terms for it.
    """
    counted = count_votes(votes, weights)
    if rating.order == "table":
        battles = counted
    else:
        random, named = np.random.default_rng(seed_from(seed, "order")), counted.in_order_of_names()
        decided, others = np.flatnonzero(named.decided), np.flatnonzero(~named.decided)
        battles = named.take(np.concatenate([decided[random.permutation(len(decided))], others]))
    games = battles.games(models)
    final, before = elo(games, rating.k, rating.start)
    table = _battle_table(battles, before)
    if not len(games):
        return Rated(table, [], [])
    effects, terms = _controlled(votes, models, weights, bias)
    return Rated(table, _rating_rows(games, final, before, effects, rating, seed), [asdict(term) for term in terms])


def _controlled(
    votes: Votes, models: Sequence[str], weights: Mapping[str, float] | None, bias: Bias
) -> tuple[Effects | None, list[Term]]:
    """The ratings beside the terms asked for, and the terms; those of families are from a fit of their own."""
    if bias.styles is None and bias.families is None:
        return None, []
    table, silent = vote_table(votes), [name for name, weight in (weights or {}).items() if not weight]
    votes = table.filter(pc.invert(pc.is_in(table["judge"], pa.array(silent, pa.string()))))
    verdicts = Verdicts.of(votes, models)
    style = [] if bias.styles is None else [style_columns(differences(votes, bias.styles))]
    if bias.families is None:
        fitted = fit_effects(verdicts, style, weights)
        return fitted, list(fitted.terms)
    position = position_columns(verdicts)
    fitted = fit_effects(verdicts, [*style, position, self_columns(verdicts, bias.families)], weights)
    by_family = fit_effects(verdicts, [*style, position, family_columns(verdicts, bias.families)], weights)
    return fitted, [*fitted.terms, *(term for term in by_family.terms if term.kind == "family_preference")]


def _rating_rows(
    games: Games, final: Reals, before: Reals, effects: Effects | None, rating: Rating, seed: int
) -> list[Row]:
    mean = mean_elo(games, before, rating.k, rating.start, rating.shuffles, seed_from(seed, "shuffles"))
    drawn = bootstrap(games, before, rating.k, rating.start, rating.bootstrap, seed)
    elo_low, elo_high = interval(drawn.elo)
    strengths = bradley_terry(games, rating.start)
    low, high = interval(drawn.bradley_terry)
    rank_low, rank_high = rank_interval(drawn.elo)
    bt_rank_low, bt_rank_high = rank_interval(drawn.bradley_terry)
    fought, won, tied = _record(games)
    rows = []
    for place, model in enumerate(games.models):
        rows.append(
            {
                "model": model,
                "elo": float(final[place]),
                "elo_low": float(elo_low[place]),
                "elo_high": float(elo_high[place]),
                "elo_mean": float(mean[place]),
                "bradley_terry": float(strengths[place]),
                "bradley_terry_low": float(low[place]),
                "bradley_terry_high": float(high[place]),
                **_controlled_columns(effects, place, rating.start),
                "rank_low": int(rank_low[place]),
                "rank_high": int(rank_high[place]),
                "bradley_terry_rank_low": int(bt_rank_low[place]),
                "bradley_terry_rank_high": int(bt_rank_high[place]),
                "battles": int(fought[place]),
                "wins": int(won[place]),
                "ties": int(tied[place]),
                "losses": int(fought[place] - won[place] - tied[place]),
            }
        )
    return sorted(rows, key=lambda row: (-row["elo"], row["model"]))


def _controlled_columns(effects: Effects | None, place: int, start: float) -> dict[str, float | None]:
    if effects is None:
        return dict.fromkeys(("controlled", "controlled_low", "controlled_high"))
    middle, error = start + float(effects.strengths[place]), float(effects.errors[place])
    return {"controlled": middle, "controlled_low": middle - Z * error, "controlled_high": middle + Z * error}


def _record(games: Games) -> tuple[Whole, Whole, Whole]:
    """Battles fought, won and tied by each model."""
    sides, scores = np.concatenate([games.a, games.b]), np.concatenate([games.score_a, 1.0 - games.score_a])
    size = len(games.models)
    fought = np.bincount(sides, minlength=size)
    return fought, np.bincount(sides[scores == 1.0], minlength=size), np.bincount(sides[scores == 0.5], minlength=size)


def _battle_table(battles: Battles, before: Reals) -> pa.Table:
    """`before` are the ratings before each decided battle."""
    ids, models = pa.array(battles.ids, pa.string()), pa.array(battles.models, pa.string())
    score, decided = battles.score_a(), battles.decided
    ratings = np.full((len(battles), 2), np.nan)
    ratings[decided] = before
    attacker, defender = models.take(pa.array(battles.attacker)), models.take(pa.array(battles.defender))
    winners = np.where(decided, np.select([score == 1.0, score == 0.5], [0, 1], 2), 3)
    columns = {
        "instruction_id": ids.take(pa.array(battles.instruction)),
        "attacker": attacker,
        "defender": defender,
        "votes_a": battles.votes_a,
        "votes_b": battles.votes_b,
        "ties": battles.ties,
        "missing": battles.missing,
        "local_a": _nullable(battles.local_a),
        "local_b": _nullable(1.0 - battles.local_a),
        "consistency": _nullable(battles.consistency),
        "elo_a": _nullable(ratings[:, 0]),
        "elo_b": _nullable(ratings[:, 1]),
        "winner": pc.choose(
            pa.array(winners),
            attacker,
            pa.scalar("tie"),
            defender,
            pa.scalar(None, pa.string()),
        ),
    }
    return pa.table(columns).select(list(TABLES["battles"].columns)).cast(TABLES["battles"].features.arrow_schema)


def _nullable(values: Reals) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))
