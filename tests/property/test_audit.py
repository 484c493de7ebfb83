"""The audit of any votes: figures lie in their intervals, and hang neither on names nor on the order of the rows."""

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.audit.floor import breaches, judge_weights, standings
from warriorcoder.pipelines.battles.audit.judges import Audit, audit
from warriorcoder.pipelines.battles.audit.measures import Measure
from warriorcoder.pipelines.battles.audit.words import figures_of
from warriorcoder.recipe_battles import Battles, Floor

Row = dict[str, Any]
MODELS = ("w", "x", "y")
KIN = {"j": frozenset({"x"}), "k": frozenset({"x", "y"})}
OTHER_SIDE = {"a": "b", "b": "a", "tie": "tie", None: None}


@st.composite
def arenas(draw: st.DrawFn) -> list[Row]:
    """Votes of up to three judges in both orders on battles of three models, any of them missing."""
    asked = st.tuples(
        st.integers(0, 11),
        st.sampled_from([("w", "x"), ("y", "w"), ("x", "y")]),
        st.sampled_from(["j", "k", "execution"]),
    )
    said = st.sampled_from(["a", "b", "tie", None])
    return [
        {
            "instruction_id": f"{number:02}",
            "model_a": a,
            "model_b": b,
            "judge": judge,
            "shown_first": first,
            "verdict": (verdict := draw(said)),
            "missing": None if verdict else "no_marker",
        }
        for number, (a, b), judge in draw(st.lists(asked, min_size=1, max_size=60, unique=True))
        for first in (a, b)
    ]


def audited(votes: list[Row]) -> Audit:
    answers = [
        {"instruction_id": f"{number:02}", "expert": model, "answer": "x" * (100 + 60 * place)}
        for number in range(12)
        for place, model in enumerate(MODELS)
    ]
    return audit(votes, answers, KIN, 20, 0)


def near(one: Measure, other: Measure) -> bool:
    pairs = ((one.value, other.value), (one.low, other.low), (one.high, other.high), (one.chance, other.chance))
    return one.of == other.of and all(
        a is b if a is None or b is None else math.isclose(a, b, abs_tol=1e-9) for a, b in pairs
    )


@settings(max_examples=60, deadline=None)
@given(arenas())
def test_every_figure_lies_in_its_interval_or_says_why_it_is_not_there(votes: list[Row]) -> None:
    found = audited(votes)
    for judge in found.judges:
        every = [*figures_of(judge), ("alpha", judge.alpha_without)]
        every += [(other, agreement.kappa) for other, agreement in judge.others.items()]
        for name, measure in every:
            if measure.value is None or measure.low is None:
                assert measure.why, name
            else:
                assert measure.high is not None
                assert measure.low <= measure.value <= measure.high, name
                assert measure.low >= -1 or name == "alpha"
                assert measure.high <= 1
                assert measure.of > 0


@settings(max_examples=40, deadline=None)
@given(arenas(), st.randoms())
def test_the_order_of_the_rows_is_of_no_account(votes: list[Row], random: Any) -> None:
    shuffled = list(votes)
    random.shuffle(shuffled)
    assert audited(votes) == audited(shuffled)


@settings(max_examples=40, deadline=None)
@given(arenas())
def test_it_is_of_no_account_who_is_called_attacker(votes: list[Row]) -> None:
    swapped = [
        {**vote, "model_a": vote["model_b"], "model_b": vote["model_a"], "verdict": OTHER_SIDE[vote["verdict"]]}
        for vote in votes
    ]
    for one, other in zip(audited(votes).judges, audited(swapped).judges, strict=True):
        for (name, figure), (_, again) in zip(figures_of(one), figures_of(other), strict=True):
            assert near(figure, again), name


@settings(max_examples=60, deadline=None)
@given(arenas(), st.floats(0, 1), st.sampled_from(["flag", "down_weight", "leave_out"]))
def test_weights_are_of_judges_below_the_floor_and_no_more_than_one(
    votes: list[Row], consistency: float, below_floor: Any
) -> None:
    battles = Battles(floor=Floor(consistency=consistency), below_floor=below_floor, execution_weight=1)
    every = standings(votes)
    weights = judge_weights(every, battles)
    below = {name for name, standing in every.items() if breaches(standing, battles.floor)}
    assert set(weights) == (set() if below_floor == "flag" else below)
    assert all(0 <= weight <= 1 for weight in weights.values())
    assert below_floor != "leave_out" or not any(weights.values())
