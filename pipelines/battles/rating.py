"""The tables `battles` and `ratings`, made from the votes."""

from collections.abc import Sequence

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.ratings.elo import bootstrap, bradley_terry, elo
from warriorcoder.pipelines.battles.scores import Battle, count_votes, local_score
from warriorcoder.recipe_battles import Rating


def rate(votes: Sequence[Row], models: Sequence[str], rating: Rating, seed: int) -> tuple[list[Row], list[Row]]:
    """The rows of `battles`, in the order in which Elo took them, and of `ratings`, best first.

    The order of the battles is drawn from the seed and from the battles themselves, not from how
    they came in. An undecided battle changes no rating.
    """
    battles = sorted(
        count_votes(votes), key=lambda b: seed_from(seed, "order", b.instruction_id, b.attacker, b.defender)
    )
    decided = [battle for battle in battles if battle.decided]
    games = [battle.game for battle in decided]
    final, before = elo(games, models, rating.k, rating.start)
    ratings_before = {id(battle): ratings for battle, ratings in zip(decided, before, strict=True)}
    battle_rows = [_battle_row(battle, ratings_before.get(id(battle))) for battle in battles]
    if not decided:
        return battle_rows, []
    strengths = bradley_terry(games, models, rating.start)
    spread = bootstrap(games, models, rating.k, rating.start, rating.bootstrap, seed)
    rating_rows = []
    for model in sorted(models, key=lambda model: (-final[model], model)):
        mine = [battle for battle in decided if model in (battle.attacker, battle.defender)]
        rating_rows.append(
            {
                "model": model,
                "elo": final[model],
                "elo_low": spread[model].elo[0],
                "elo_high": spread[model].elo[1],
                "bradley_terry": strengths[model],
                "bradley_terry_low": spread[model].bradley_terry[0],
                "bradley_terry_high": spread[model].bradley_terry[1],
                "rank_low": spread[model].rank[0],
                "rank_high": spread[model].rank[1],
                "battles": len(mine),
                "wins": sum(battle.winner == model for battle in mine),
                "ties": sum(battle.winner == "tie" for battle in mine),
                "losses": sum(battle.winner not in (model, "tie") for battle in mine),
            }
        )
    return battle_rows, rating_rows


def _battle_row(battle: Battle, before: tuple[float, float] | None) -> Row:
    local_a = local_score(battle.votes_a, battle.votes_b, battle.ties)
    return {
        "instruction_id": battle.instruction_id,
        "attacker": battle.attacker,
        "defender": battle.defender,
        "votes_a": battle.votes_a,
        "votes_b": battle.votes_b,
        "ties": battle.ties,
        "missing": battle.missing,
        "local_a": local_a,
        "local_b": None if local_a is None else 1.0 - local_a,
        "consistency": battle.consistency,
        "elo_a": before[0] if before else None,
        "elo_b": before[1] if before else None,
        "winner": battle.winner,
    }
