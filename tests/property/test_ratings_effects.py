"""Terms beside Bradley-Terry: planted biases are found and taken out, and what cannot be known is said."""

from dataclasses import replace

import numpy as np
import pytest
from property.rating_games import shares

from warriorcoder.pipelines.battles.ratings.bradley_terry import bradley_terry
from warriorcoder.pipelines.battles.ratings.effects import (
    Columns,
    Term,
    family_columns,
    fit_effects,
    position_columns,
    self_columns,
    style_columns,
)
from warriorcoder.pipelines.battles.ratings.games import Games, Reals, Verdicts

MODELS = ("m0", "m1", "m2", "m3")
TRUE = np.array([150.0, 50.0, -50.0, -150.0])
FAMILIES = {"m0": "x", "m1": "x", "m2": "y", "m3": "y", "fair": "z", "first": "z", "kin": "y"}


def pairs(instructions: int, seed: int) -> tuple[Reals, Reals]:
    random = np.random.default_rng(seed)
    a = random.integers(4, size=instructions)
    return a, (a + random.integers(1, 4, size=instructions)) % 4


def votes(
    instructions: int,
    seed: int,
    *,
    judges: tuple[str, ...] = ("fair", "first", "kin"),
    position: float = 0.0,
    own: float = 0.0,
    style: float | Reals = 0.0,
) -> Verdicts:
    """Every judge in both orders on one battle an instruction, of the models in `pairs`.

    `first` adds `position` points for what it is shown first, `kin` adds `own` points for its family y, and
    all add `style` points for a.
    """
    random = np.random.default_rng(seed + 10_000)
    a, b = pairs(instructions, seed)
    instruction, judge, a_first = (
        each.ravel() for each in np.meshgrid(np.arange(instructions), np.arange(len(judges)), [True, False])
    )
    points = (TRUE[a] - TRUE[b] + style)[instruction]
    points = points + np.where(np.array(judges)[judge] == "first", position * np.where(a_first, 1, -1), 0.0)
    kin = (a >= 2).astype(float) - (b >= 2)
    points = points + np.where(np.array(judges)[judge] == "kin", own * kin[instruction], 0.0)
    score = (random.random(len(points)) < shares(points)).astype(np.float64)
    places = [each.astype(np.int32) for each in (instruction, a[instruction], b[instruction], judge)]
    return Verdicts(MODELS, judges, *places, a_first, score)


def term(terms: tuple[Term, ...], kind: str, subject: str) -> Term:
    return next(each for each in terms if (each.kind, each.subject) == (kind, subject))


def as_games(cast: Verdicts) -> Games:
    return Games(cast.models, cast.instruction, cast.a, cast.b, cast.score_a, np.ones(len(cast)))


def test_without_terms_it_is_bradley_terry_on_votes() -> None:
    cast = votes(300, 0)
    assert fit_effects(cast, []).strengths == pytest.approx(bradley_terry(as_games(cast), 0), abs=1e-6)


def test_a_preference_for_a_place_is_found_and_only_there() -> None:
    cast = votes(1500, 1, position=200)
    terms = fit_effects(cast, [position_columns(cast)]).terms
    first, fair = term(terms, "position", "first"), term(terms, "position", "fair")
    assert first.low < 200 < first.high
    assert first.low > 100
    assert fair.low < 0 < fair.high
    assert first.votes == 3000
    assert all(each.identified for each in terms)


def test_a_preference_for_its_own_family_is_found_and_taken_out() -> None:
    cast = votes(3000, 2, own=250)
    plain = fit_effects(cast, [])
    fitted = fit_effects(cast, [self_columns(cast, FAMILIES)])
    kin = term(fitted.terms, "self_preference", "kin")
    assert kin.low < 250 < kin.high
    # Family y had it, and its lead was too small; with the term the strengths are the true ones.
    assert plain.strengths[2:].mean() > TRUE[2:].mean() + 25
    assert np.abs((fitted.strengths - TRUE) / fitted.errors).max() < 3.5
    families = fit_effects(cast, [family_columns(cast, FAMILIES)]).terms
    assert term(families, "family_preference", "y").points == pytest.approx(kin.points)


def test_a_taste_for_style_is_found_and_taken_out() -> None:
    a, b = pairs(2000, 3)
    # The strong models write more, so that the taste looks like strength.
    longer = (TRUE[a] - TRUE[b]) / 150 + np.random.default_rng(0).normal(0, 1, 2000)
    cast = votes(2000, 3, style=120 * longer)
    fitted = fit_effects(cast, [Columns("style", ("length",), longer[cast.instruction][:, None])])
    found = fitted.terms[0]
    assert found.points == pytest.approx(120, abs=3 / 1.96 * (found.high - found.low) / 2)
    assert np.abs((fitted.strengths - TRUE) / fitted.errors).max() < 3.5
    assert fit_effects(cast, []).strengths[0] > TRUE[0] + 50


def test_style_is_per_standard_deviation_and_zero_stays_zero() -> None:
    raw = np.array([[2.0, 0, 0, 0, 0], [-2.0, 0, 1, 0, 0], [0.0, 0, 0, 0, 0]])
    values = style_columns(raw).values
    assert values[2].tolist() == [0] * 5
    assert (values[:, 0] ** 2).mean() == pytest.approx(1)
    assert values[:, 1].tolist() == [0, 0, 0]


def test_calling_the_sides_otherwise_changes_nothing() -> None:
    cast = votes(200, 4, position=100, own=100)
    turned = replace(cast, a=cast.b, b=cast.a, a_first=~cast.a_first, score_a=1 - cast.score_a)
    one, other = (fit_effects(each, [position_columns(each), self_columns(each, FAMILIES)]) for each in (cast, turned))
    assert one.strengths == pytest.approx(other.strengths)
    assert [each.points for each in one.terms] == pytest.approx([each.points for each in other.terms])
    assert one.errors == pytest.approx(other.errors)


def test_an_only_judges_self_preference_cannot_be_told_from_strength() -> None:
    """Nobody else ever compared the two families, so that its taste and their strength are one."""
    cast = votes(200, 5, judges=("kin",), own=100)
    fitted = fit_effects(cast, [position_columns(cast), self_columns(cast, FAMILIES)])
    assert not term(fitted.terms, "self_preference", "kin").identified
    assert term(fitted.terms, "position", "kin").identified
    both = fit_effects(votes(200, 5, own=100), [self_columns(votes(200, 5), FAMILIES)])
    assert term(both.terms, "self_preference", "kin").identified
    # It has no kin among the contestants: no vote of its own tells of it.
    assert not term(both.terms, "self_preference", "fair").identified
    assert term(both.terms, "self_preference", "fair").votes == 0


def test_votes_of_an_instruction_are_one_piece_of_evidence() -> None:
    once = votes(400, 6, judges=("fair",), position=0)
    times = 9
    again = once.take(np.repeat(np.arange(len(once)), times))
    one, many = (fit_effects(each, [position_columns(each)]) for each in (once, again))
    assert many.errors == pytest.approx(one.errors, rel=0.02)
    assert many.terms[0].high - many.terms[0].low == pytest.approx(one.terms[0].high - one.terms[0].low, rel=0.02)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = []
    for seed in range(60):
        cast = votes(200, 100 + seed, position=100, own=100)
        fitted = fit_effects(cast, [position_columns(cast), self_columns(cast, FAMILIES)])
        for kind, subject, true in (
            ("position", "first", 100),
            ("position", "fair", 0),
            ("self_preference", "kin", 100),
        ):
            found = term(fitted.terms, kind, subject)
            covered.append(found.low < true < found.high)
    assert 0.88 < np.mean(covered) <= 1


def test_a_judge_of_weight_zero_is_left_out() -> None:
    cast = votes(500, 7, own=400)
    kept = np.flatnonzero(cast.judge != 2)
    left_out = fit_effects(cast, [position_columns(cast)], {"kin": 0.0})
    assert left_out.strengths == pytest.approx(fit_effects(cast.take(kept), []).strengths, abs=2)
    assert not term(left_out.terms, "position", "kin").identified


def test_a_judge_that_always_says_first_has_a_finite_term() -> None:
    cast = votes(50, 8, judges=("first",))
    cast = replace(cast, score_a=cast.a_first.astype(np.float64))
    fitted = fit_effects(cast, [position_columns(cast)])
    assert 400 < fitted.terms[0].points < 3000
    assert fitted.strengths == pytest.approx(0, abs=1e-6)


def test_no_vote_is_refused() -> None:
    with pytest.raises(ValueError, match="no vote"):
        fit_effects(votes(3, 0).take(np.zeros(0, dtype=np.int64)), [])
