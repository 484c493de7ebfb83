"""Who fights whom, and who judges."""

from itertools import combinations
from typing import Any

import pytest
from pydantic import ValidationError

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.battles.pairing import Pair, judges_of, pairs, require_judges
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import Battles

NAMES = ("one", "twin", "two", "three")
WEIGHTS = {"one": "x", "twin": "x", "two": "y", "three": "z"}
ENDPOINT = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
EXPERTS = [Expert.model_validate({"name": name, "template": "chatml", "endpoint": ENDPOINT}) for name in NAMES]


def test_round_robin_is_every_pair_once_and_the_miner_attacks() -> None:
    found = pairs("i", "two", NAMES, "round_robin")
    assert {frozenset((pair.attacker, pair.defender)) for pair in found} == {
        frozenset(each) for each in combinations(NAMES, 2)
    }
    assert len(found) == 6
    assert {pair.attacker for pair in found if "two" in (pair.attacker, pair.defender)} == {"two"}
    assert Pair("i", "one", "three") in found


def test_attacker_is_the_miner_against_each_other() -> None:
    assert pairs("i", "two", NAMES, "attacker") == [
        Pair("i", "two", "one"),
        Pair("i", "two", "twin"),
        Pair("i", "two", "three"),
    ]


@pytest.mark.parametrize("pairing", ["attacker", "round_robin"])
@pytest.mark.parametrize("miner", ["two", None])
def test_more_experts_and_instructions_leave_the_battles_as_they_were(pairing: str, miner: str | None) -> None:
    """Sides included, and so the prompts: the journal answers every battle of the smaller arena."""
    known = {pair for identity in "ij" for pair in pairs(identity, miner, ("one", "two", "three"), pairing)}
    for more in (("zero", "one", "two", "three"), ("one", "two", "four", "three"), ("one", "two", "three", "last")):
        found = [pair for identity in "hijk" for pair in pairs(identity, miner, more, pairing)]
        assert known < set(found)
        assert len(found) == len(set(found))


@pytest.mark.parametrize(("experts", "battles"), [((), 0), (("one",), 0), (("one", "three"), 1)])
def test_only_experts_that_answered_fight(experts: tuple[str, ...], battles: int) -> None:
    assert len(pairs("i", "two", experts, "round_robin")) == battles
    assert pairs("i", "two", experts, "attacker") == []


@pytest.mark.parametrize(
    ("attacker", "defender", "settings", "judges"),
    [
        ("one", "two", {}, ["three"]),
        ("twin", "two", {}, ["three"]),
        ("two", "three", {}, ["one"]),
        ("one", "twin", {}, ["two", "three"]),
        ("two", "three", {"execution_weight": 1}, ["one", "execution"]),
        ("two", "three", {"judges": ["twin", "two"]}, ["twin"]),
        ("one", "two", {"judges": ["twin"]}, []),
        ("one", "two", {"judges": ["twin"], "execution_weight": 1}, ["execution"]),
    ],
)
def test_no_contestant_and_no_twin_of_one_judges(
    attacker: str, defender: str, settings: dict[str, Any], judges: list[str]
) -> None:
    found = judges_of(Pair("i", attacker, defender), EXPERTS, WEIGHTS, Battles.model_validate(settings))
    assert found == judges


@pytest.mark.parametrize(("attacker", "defender"), [*combinations(NAMES, 2)])
@pytest.mark.parametrize("named", ["uninvolved", [*NAMES], ["one", "twin"], ["three"], []])
def test_a_panel_has_no_contestant_no_twin_and_nobody_twice(attacker: str, defender: str, named: Any) -> None:
    battles = Battles.model_validate({"judges": named})
    judges = judges_of(Pair("i", attacker, defender), EXPERTS, WEIGHTS, battles)
    fighting = {WEIGHTS[attacker], WEIGHTS[defender]}
    assert fighting.isdisjoint(WEIGHTS[judge] for judge in judges)
    assert len({WEIGHTS[judge] for judge in judges}) == len(judges)
    assert judges == judges_of(Pair("i", defender, attacker), EXPERTS, WEIGHTS, battles)
    allowed = set(NAMES) if named == "uninvolved" else set(named)
    assert {WEIGHTS[judge] for judge in judges} == {WEIGHTS[name] for name in allowed} - fighting


def arena(**battles: Any) -> Recipe:
    return Recipe.model_construct(experts=EXPERTS, battles=Battles.model_validate(battles))


@pytest.mark.parametrize("battles", [{}, {"judges": ["one"]}, {"judges": [], "execution_weight": 1}])
def test_an_arena_with_a_judge_is_in_order(battles: dict[str, Any]) -> None:
    require_judges(arena(**battles), WEIGHTS)


@pytest.mark.parametrize(
    ("weights", "battles", "found"),
    [
        ({**WEIGHTS, "three": "y"}, {"judges": []}, "nobody would judge"),
        ({**WEIGHTS, "three": "y"}, {"judges": [], "execution_weight": 0}, "nobody would judge"),
        ({name: "same" for name in NAMES}, {}, r"4 experts have 1 \(one, twin, two, three\)"),
        (
            {**dict.fromkeys(NAMES, "same"), "two": "y"},
            {"judges": ["one"]},
            r"one would.* have 2 \(one, twin, three; two\)",
        ),
    ],
)
def test_an_arena_without_a_judge_is_told_before_it_costs_anything(
    weights: dict[str, str], battles: dict[str, Any], found: str
) -> None:
    advice = r"or set battles\.execution_weight: 1, .*code run\.$"
    with pytest.raises(RecipeError, match=rf"^battles\.judges: .*{found}.* {advice}"):
        require_judges(arena(**battles), weights)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"calls": 10}, "calls is 10, but the pairing round_robin fights every battle .*; give pairing: active"),
        ({"pairing": "attacker", "calls": 10}, "the pairing attacker fights every battle"),
        ({"pairing": "active", "judges": []}, "judges is empty; name judges, or give pairing: round_robin"),
        ({"pairing": "active", "calls": 0}, "greater than 0"),
    ],
)
def test_a_budget_of_calls_is_for_active_pairing_and_for_judges(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Battles.model_validate(settings)


def test_without_a_number_active_pairing_takes_two_fifths() -> None:
    assert Battles(pairing="active").calls_of(101) == 40
    assert Battles(pairing="active", calls=7).calls_of(101) == 7
