"""What is varied, how far results are apart, and an arena varied with the functions that rate and build it."""

import json
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.pipelines.battles.ablation.lines import lines, remarks
from warriorcoder.pipelines.battles.ablation.results import Result, change, kendall
from warriorcoder.pipelines.battles.ablation.running import Ablation, ablate
from warriorcoder.pipelines.battles.ablation.showing import ablation_png, print_ablation
from warriorcoder.pipelines.battles.ablation.variants import ORDERS, variants
from warriorcoder.pipelines.battles.outcomes.building import READ, build_outcomes
from warriorcoder.pipelines.battles.rating import rate
from warriorcoder.recipe import load_recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    return build_arena(tmp_path_factory.mktemp("arenas") / "demo", experts=4, instructions=20)


@pytest.fixture(scope="module")
def ablation(arena: ArenaFolder) -> Ablation:
    return ablate(arena, lambda axis: None)


def test_one_choice_at_a_time_and_never_the_recipes_own(arena: ArenaFolder) -> None:
    recipe = load_recipe(arena.recipe_path)
    own = recipe.rating.model_dump()
    for variant in variants(recipe, ["j", "k"]):
        others = variant.rating.model_dump()
        changed = [name for name in own if own[name] != others[name]]
        changed += ["order"] * bool(variant.order) + ["score"] * (variant.score != "elo")
        changed += ["without"] * (variant.without is not None) + ["only"] * (variant.only is not None)
        assert len(changed) == 1, variant
    axes = [variant.axis for variant in variants(recipe, ["j", "k"])]
    assert list(dict.fromkeys(axes)) == ["start", "k", "alpha", "battle order", "rating", "without", "one order"]
    assert (axes.count("battle order"), axes.count("without")) == (ORDERS, 2)


def test_how_far_two_results_are_apart() -> None:
    before = Result(
        {"x": 1200.0, "y": 1100.0, "z": 900.0},
        {"1": "x", "2": "y", "3": "x"},
        {("1", "x"): True, ("1", "y"): False, ("2", "y"): True, ("3", "x"): True},
    )
    after = Result(
        {"x": 1100.0, "y": 1200.0, "z": 900.0},
        {"1": "y", "2": "y", "4": "z"},
        {("1", "x"): False, ("1", "y"): True, ("2", "y"): True, ("2", "z"): False, ("4", "z"): True},
    )
    found = change(before, after)
    assert found.tau == pytest.approx(1 / 3)
    assert found.moved == {"x": (1, 2), "y": (2, 1)}
    # Of the instructions 1 to 4 only the second keeps its gold answer.
    assert found.gold == 3 / 4
    assert (found.flipped, found.new, found.gone) == (2 / 4, 2 / 4, 1 / 4)


def test_the_same_result_is_no_change() -> None:
    result = Result({"x": 2.0, "y": 1.0}, {"1": "x"}, {("1", "x"): True})
    found = change(result, result)
    assert (found.tau, found.moved, found.gold, found.flipped, found.new, found.gone) == (1.0, {}, 0, 0, 0, 0)


def test_equal_ratings_have_no_tau_and_an_empty_table_no_shares() -> None:
    assert kendall([1.0, 1.0], [1.0, 2.0]) is None
    found = change(Result({"x": 1.0, "y": 1.0}, {}, {}), Result({"x": 1.0, "y": 1.0}, {}, {}))
    assert (found.tau, found.gold, found.flipped) == (None, None, None)


def test_the_recipes_own_result_is_that_of_rate_and_build(arena: ArenaFolder, ablation: Ablation) -> None:
    recipe = load_recipe(arena.recipe_path)
    models = [expert.name for expert in recipe.experts]
    rated = rate(arena.read_table("votes"), models, recipe.rating, recipe.seed)
    assert ablation.result.ratings == {row["model"]: row["elo"] for row in rated.ratings}
    tables = {name: arena.read_columns(name, columns) for name, columns in READ.items() if name != "battles"}
    built = build_outcomes({**tables, "battles": rated.battles}, rated.ratings, recipe).tables["kto"]
    rows = [row for split in built.values() for batch in split for row in batch.to_pylist()]
    assert ablation.result.labels == {(row["instruction_id"], row["expert"]): row["label"] for row in rows}
    assert ablation.result.gold == {row["instruction_id"]: row["expert"] for row in rows if row["label"]}


def test_the_start_value_changes_nothing_and_alpha_no_rank(ablation: Ablation) -> None:
    by_axis: dict[str, list[object]] = {}
    for trial in ablation.trials:
        by_axis.setdefault(trial.variant.axis, []).append(trial.change)
    for same in by_axis["start"]:
        assert same.tau == pytest.approx(1)  # type: ignore[attr-defined]
        assert (same.moved, same.gold, same.flipped) == ({}, 0, 0)  # type: ignore[attr-defined]
    assert all(alpha.moved == {} for alpha in by_axis["alpha"])  # type: ignore[attr-defined]
    assert any(alpha.gold for alpha in by_axis["alpha"])  # type: ignore[attr-defined]


def test_an_arena_with_one_judge_has_no_result_without_it(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=2, instructions=10)
    found = ablate(folder, lambda axis: None)
    (without,) = [trial for trial in found.trials if trial.variant.axis == "without"]
    assert (without.variant.without, without.change, without.why) == (EXECUTION_JUDGE, None, "no battle has a verdict")
    assert f"without {EXECUTION_JUDGE}: no result, no battle has a verdict." in list(remarks(found))


def test_drawn_orders_are_one_line_from_least_to_most(ablation: Ablation) -> None:
    (line,) = [line for line in lines(ablation) if line.axis == "battle order"]
    taus = [trial.change.tau for trial in ablation.trials if trial.variant.order and trial.change]
    figure = line.figures["tau"]
    assert figure is not None
    assert len(taus) == ORDERS
    assert (figure.low, figure.high) == (min(taus), max(taus))  # type: ignore[type-var]
    assert figure.low <= figure.value <= figure.high


def test_the_table_fits_eighty_columns(ablation: Ablation) -> None:
    text = StringIO()
    print_ablation(ablation, Console(file=text, width=80))
    assert max(map(len, text.getvalue().splitlines())) <= 80
    assert "Bradley-Terry" in text.getvalue()
    assert "What changes most gold answers: " in text.getvalue()


def test_the_command_writes_json_and_a_figure(arena: ArenaFolder, ablation: Ablation) -> None:
    result = CliRunner().invoke(main, ["ablate", str(arena.path), "-q"])
    assert result.exit_code == 0, result.output
    written = json.loads((arena.path / "ablation.json").read_text())
    assert len(written["trials"]) == len(ablation.trials)
    assert written["ratings"] == ablation.result.ratings
    assert (arena.path / "figures" / "ablation.png").read_bytes() == ablation_png(ablation)


def test_an_arena_without_a_verdict_says_what_to_do(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=3, instructions=6)
    votes = [dict(vote, verdict=None, missing="no_marker") for vote in folder.read_table("votes")]
    folder.write_stage("judge", {"votes": votes})
    result = CliRunner().invoke(main, ["ablate", str(folder.path)])
    assert result.exit_code == 2
    assert "no battle has a verdict that counts" in result.output
    assert "battles.judges" in result.output
    assert folder.read_table("votes") == votes
