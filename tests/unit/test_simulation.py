"""The simulator: what its worlds are made of, and the proofs that it carries."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from warriorcoder.cli import main
from warriorcoder.pipelines.battles.scores import final_scores
from warriorcoder.pipelines.battles.simulation.budgets import at_budgets, chosen
from warriorcoder.pipelines.battles.simulation.faults import FAIR, Case, cases, effects_of, orders_of
from warriorcoder.pipelines.battles.simulation.rating import decide, gold_accuracy, ratings
from warriorcoder.pipelines.battles.simulation.running import means
from warriorcoder.pipelines.battles.simulation.world import Setting, draw_world

SETTING = Setting()
FAIR_SETTING = replace(SETTING, **FAIR)
SEEDS = 12


def gain(case: Case) -> tuple[float, float]:
    """Mean points that the first expert gains, and their standard error."""
    (row,) = means(effects_of([case], SEEDS, 0))
    return row["gain"], row["gain_error"]


def named(name: str) -> Case:
    return next(case for case in cases(SETTING) if case.name == name)


@pytest.mark.parametrize(
    ("fault", "remedy", "least"),
    [
        ("position bias, one order", "position bias, both orders", 40),
        ("a judge that always says first, one order", "a judge that always says first, both orders", 80),
        ("self-preference, contestants judge", "self-preference, uninvolved experts judge", 20),
        ("self-preference of a judge's kin outside", "self-preference of kin outside, judge terms", 30),
    ],
)
def test_a_fault_shows_and_its_remedy_takes_it_away(fault: str, remedy: str, least: float) -> None:
    before, before_error = gain(named(fault))
    after, after_error = gain(named(remedy))
    assert before > max(least, 5 * before_error)
    assert abs(after) < 3.5 * after_error
    assert abs(after) < before / 5


def test_both_orders_cancel_position_bias_vote_by_vote() -> None:
    """Whatever the leaning, it pulls the two votes on a battle to different sides: nearer to a tie, never over it."""
    fair, biased = (
        draw_world(replace(FAIR_SETTING, instructions=3000, experts=3, position_bias=bias), 0) for bias in (0.0, 2.0)
    )
    assert np.mean(biased.votes[..., 0]) - np.mean(fair.votes[..., 0]) > 0.2
    by_pair, fair_by_pair = biased.votes.mean(axis=(0, 2, 3)) - 0.5, fair.votes.mean(axis=(0, 2, 3)) - 0.5
    assert (np.abs(by_pair) < np.abs(fair_by_pair)).all()
    assert (np.sign(by_pair) == np.sign(fair_by_pair)).all()


def test_leanings_change_no_skills_and_no_answers() -> None:
    one = draw_world(SETTING, 4)
    other = draw_world(replace(SETTING, position_bias=3.0, self_preference=-1.0, missing=0.5, lazy=2), 4)
    assert (one.skills == other.skills).all()
    assert (one.qualities == other.qualities).all()
    assert np.isnan(other.votes).mean() == pytest.approx(0.5, abs=0.02)
    assert np.nanmin(other.votes[:, :, -2:, 0]) == 1.0
    assert np.nanmax(other.votes[:, :, -2:, 1]) == 0.0


def test_uninvolved_judges_have_no_vote_on_their_own_battles() -> None:
    votes = draw_world(replace(FAIR_SETTING, panel="uninvolved", experts=4), 0).votes
    judged = ~np.isnan(votes).all(axis=(0, 3))
    assert judged.sum(axis=1).tolist() == [2] * 6
    assert judged.sum(axis=0).tolist() == [3] * 4
    assert replace(FAIR_SETTING, panel="uninvolved", experts=4).costs().tolist() == [4] * 6


def test_enough_fair_votes_give_the_true_order_by_every_method() -> None:
    world = draw_world(replace(FAIR_SETTING, instructions=2000, spread=200.0), 1)
    outcome = decide(world.votes, np.ones(world.votes.shape[:2], dtype=bool), 1)
    found = ratings(outcome, 1)
    for name in ("local", "mean_elo", "bradley_terry", "effects"):
        assert found[name].argsort().tolist() == world.skills.argsort().tolist(), name


def test_gold_answers_are_those_of_the_final_scores() -> None:
    world = draw_world(replace(SETTING, instructions=40), 2)
    fought = np.random.default_rng(0).random(world.votes.shape[:2]) < 0.5
    outcome = decide(world.votes, fought, 2)
    rated = ratings(outcome, 2)["bradley_terry"]
    names = outcome.games.models
    rows = [
        {
            "instruction_id": instruction,
            "attacker": names[a],
            "defender": names[b],
            "local_a": outcome.local[instruction, pair],
            "local_b": 1 - outcome.local[instruction, pair],
        }
        for pair, (a, b) in enumerate(np.transpose(np.triu_indices(5, 1)))
        for instruction in range(40)
        if not np.isnan(outcome.local[instruction, pair])
    ]
    scores = final_scores(rows, dict(zip(names, rated.tolist(), strict=True)), 0.7)
    best = [names[place] for place in world.qualities.argmax(axis=1)]
    right = 0
    for instruction in range(40):
        own = {expert: score for (key, expert), score in scores.items() if key == instruction}
        right += bool(own) and max(own, key=own.__getitem__) == best[instruction]
    assert gold_accuracy(world, outcome.local, rated) == pytest.approx(right / 40)


@pytest.mark.parametrize("pairing", ["random", "active"])
def test_a_budget_is_spent_and_not_passed(pairing: str) -> None:
    world = draw_world(SETTING, 3)
    for share in (0.05, 0.4):
        calls = (chosen(world, pairing, share, 3) * SETTING.costs()).sum()
        assert 0.99 * share * 12_000 <= calls <= share * 12_000


def test_elo_fails_where_it_is_said_to() -> None:
    """Its ratings hang on the order of the battles, more so with a larger K, and more battles do not help."""
    rows = {(row["share"], row["k"]): row for row in means(orders_of(SETTING, SEEDS, 0))}
    assert rows[1.0, 8.0]["spread"] < rows[1.0, 40.0]["spread"] < rows[1.0, 160.0]["spread"]
    assert rows[1.0, 40.0]["spread"] > 0.9 * rows[0.1, 40.0]["spread"]
    assert rows[1.0, 160.0]["error"] > 2 * rows[1.0, 40.0]["error"] > 2 * rows[1.0, 8.0]["error"]


def test_a_biased_judge_makes_intervals_that_miss_the_truth_and_fair_ones_hold_it() -> None:
    def coverage(setting: Setting) -> float:
        (row,) = (row for row in means(at_budgets(setting, SEEDS, 0, (1.0,))) if row["method"] == "bradley_terry")
        return float(row["coverage"])

    assert coverage(FAIR_SETTING) > 0.85
    assert coverage(replace(FAIR_SETTING, self_preference=2.0)) < 0.7


def test_the_command_prints_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = ["--instructions", "20", "--seeds", "2", "--out", str(tmp_path / "out")]
    run: Callable[[], str] = lambda: CliRunner().invoke(main, ["simulate", *few], catch_exceptions=False).output  # noqa: E731
    text = run()
    for said in ("round robin", "judge terms", "position bias, one order", "simulation.png"):
        assert said in text
    first = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(first) == {"simulation.json", "budgets.csv", "faults.csv", "orders.csv", "simulation.png"}
    assert first["simulation.png"].startswith(b"\x89PNG")
    assert json.loads(first["simulation.json"])["setting"]["instructions"] == 20
    rows = list(csv.DictReader(first["budgets.csv"].decode().splitlines()))
    assert len(rows) == 2 * 9 * 5
    run()
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--experts", "2", "--panel", "uninvolved"], "of two experts none is uninvolved; give --experts 3"),
        (["--lazy", "4"], "4 of 3 judges cannot be lazy; give --lazy 3 or less"),
        (["--experts", "1"], "1 is not in the range"),
    ],
)
def test_what_cannot_be_simulated_is_told(given: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["simulate", "--out", str(tmp_path / "out"), *given])
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", [["--experts", "2"], ["--instructions", "1", "--missing", "0.99"]])
def test_arenas_in_which_next_to_nothing_is_decided(given: list[str], tmp_path: Path) -> None:
    few = ["--instructions", "3", "--seeds", "1", "--out", str(tmp_path / "out")]
    assert CliRunner().invoke(main, ["simulate", *few, *given], catch_exceptions=False).exit_code == 0
