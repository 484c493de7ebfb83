"""Every check catches its own corruption, and an arena that adds up passes them all."""

import copy
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from unit.arena_builder import amend_manifest, build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check, print_checks
from warriorcoder.check_rules import Arena, check_tables
from warriorcoder.pipelines.battles.health import judge_counts
from warriorcoder.pipelines.battles.rating import rate
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import STAGES, TABLES

Tables = dict[str, list[dict[str, Any]]]
Manifest = dict[str, Any]
Corruption = Callable[[Tables, Manifest], object]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    return build_arena(tmp_path_factory.mktemp("arenas") / "demo", experts=5, instructions=8)


@pytest.fixture(scope="module")
def whole(folder: ArenaFolder) -> Arena:
    tables = {name: folder.read_table(name) for name in TABLES}
    splits = {name: folder.rows_by_split(name) for name in tables}
    return Arena(folder.manifest(), load_recipe(folder.recipe_path), tables, splits)


def failed(arena: Arena) -> set[str]:
    return {finding.name for finding in check_tables(arena) if not finding.ok}


def test_a_sound_arena_passes_every_check(folder: ArenaFolder) -> None:
    findings = check(folder)
    assert [finding for finding in findings if not finding.ok] == []
    assert len({finding.name for finding in findings}) == len(findings) > 60


@pytest.mark.parametrize("stage", STAGES)
def test_an_arena_that_stopped_early_passes_what_applies(tmp_path: Path, stage: str) -> None:
    findings = check(build_arena(tmp_path / "demo", instructions=5, through=stage))
    assert findings
    assert all(finding.ok for finding in findings)


def _bump_cost(stage: str, key: str, by: int) -> Corruption:
    def corrupt(_: Tables, manifest: Manifest) -> None:
        nothing = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "unmetered": 0, "dollars": None}
        manifest["cost"].setdefault(stage, {}).setdefault("gemma3", nothing)[key] += by

    return corrupt


def _bump(stage: str, key: str) -> Corruption:
    def corrupt(_: Tables, manifest: Manifest) -> None:
        manifest["counts"][stage][key] += 1

    return corrupt


def _set(table: str, column: str, value: Any, row: int = 0) -> Corruption:
    def corrupt(tables: Tables, _: Manifest) -> None:
        tables[table][row][column] = value

    return corrupt


def _drop(table: str) -> Corruption:
    return lambda tables, _: tables[table].pop()


def _repeat(table: str) -> Corruption:
    return lambda tables, _: tables[table].append(copy.deepcopy(tables[table][0]))


def _other_expert(tables: Tables, manifest: Manifest) -> None:
    """Rename an expert in arena.json only."""
    manifest["experts"]["stranger"] = manifest["experts"].pop("smollm2")


def _vote_of_contestant(tables: Tables, _: Manifest) -> None:
    for vote in tables["votes"][:2]:
        vote["judge"] = vote["model_a"]


def _vote_of_twin(tables: Tables, _: Manifest) -> None:
    for vote in tables["votes"]:
        if vote["model_a"] == "smollm2" and vote["model_b"] != "smollm2-careful":
            vote["judge"] = "smollm2-careful"
            return


def _same_order_twice(tables: Tables, _: Manifest) -> None:
    first, second = tables["votes"][:2]
    second["shown_first"] = first["shown_first"]


def _flip_verdict(tables: Tables, _: Manifest) -> None:
    vote = next(vote for vote in tables["votes"] if vote["verdict"] == "a")
    vote["verdict"] = "b"


def _unreadable_as_tie(tables: Tables, _: Manifest) -> None:
    vote = next(vote for vote in tables["votes"] if vote["verdict"] is None)
    vote["verdict"] = "tie"


def _wrong_winner(tables: Tables, _: Manifest) -> None:
    battle = next(battle for battle in tables["battles"] if battle["winner"] == battle["attacker"])
    battle["winner"] = battle["defender"]


def _swapped_scores(tables: Tables, _: Manifest) -> None:
    battle = next(battle for battle in tables["battles"] if battle["local_a"] not in (None, 0.5))
    battle["local_a"], battle["local_b"] = battle["local_b"], battle["local_a"]


def _execute_twice(tables: Tables, _: Manifest) -> None:
    vote = next(vote for vote in tables["votes"] if vote["judge"] == "execution")
    vote["evidence"] = '{"rule":"agreement"}'


def _evidence(judge: str, **values: str | None) -> Corruption:
    def corrupt(tables: Tables, _: Manifest) -> None:
        for vote in tables["votes"]:
            if vote["judge"] == judge and (vote["verdict"] is None or "missing" not in values):
                vote.update(values)

    return corrupt


def _swapped_votes(tables: Tables, _: Manifest) -> None:
    battle = next(battle for battle in tables["battles"] if battle["votes_a"] != battle["votes_b"])
    battle["votes_a"], battle["votes_b"] = battle["votes_b"], battle["votes_a"]


def _weighed_judge(tables: Tables, manifest: Manifest) -> None:
    next(iter(manifest["judges"].values()))["weight"] = 0.5


def _drift(tables: Tables, _: Manifest) -> None:
    tables["ratings"][0]["elo"] += 1e-3


def _flip_label(tables: Tables, _: Manifest) -> None:
    row = next(row for row in tables["kto"] if not row["label"])
    row["label"] = True


def _two_golds(tables: Tables, _: Manifest) -> None:
    loser = next(row for row in tables["kto"] if not row["label"])
    at = next(i for i, row in enumerate(tables["sft"]) if row["instruction_id"] != loser["instruction_id"])
    tables["sft"][at] = {key: value for key, value in loser.items() if key not in ("label", "weight")}


def _swapped_answers(tables: Tables, _: Manifest) -> None:
    row = tables["preference"][0]
    row["chosen"], row["rejected"] = row["rejected"], row["chosen"]


def _swapped_pair(tables: Tables, _: Manifest) -> None:
    """Answers and experts change places together: only the label is wrong."""
    row = tables["preference"][0]
    row["chosen"], row["rejected"] = row["rejected"], row["chosen"]
    row["chosen_expert"], row["rejected_expert"] = row["rejected_expert"], row["chosen_expert"]


def _all_won(tables: Tables, _: Manifest) -> None:
    for battle in tables["battles"]:
        battle["local_a"] = battle["local_b"] = None if battle["local_a"] is None else 0.5


def _unpaired(tables: Tables, _: Manifest) -> None:
    tables["preference"][0]["rejected_expert"] = "somebody"


def _judge_first(tables: Tables, manifest: Manifest) -> None:
    manifest["judges"]["gemma3"]["first"] -= 1


CORRUPTIONS: list[tuple[str, Corruption]] = [
    ("draws + brought = kept + rejected (mine)", _bump("mine", "draws")),
    ("rows of rejected (mine)", _bump("mine", "rejected")),
    ("rows of rejected (mine)", _set("rejected", "stage", "curate")),
    ("entered = kept + rejected (curate)", _bump("curate", "entered")),
    ("rows of rejected (curate)", _bump("curate", "rejected")),
    ("entered = mined", _bump("mine", "kept")),
    ("rows of instructions", _drop("instructions")),
    ("ids are digests", _set("instructions", "instruction", "Write another function.")),
    ("sources", _set("instructions", "source", "a_set.jsonl")),
    ("sources", _set("instructions", "miner", None)),
    ("repeats", _set("instructions", "repeats", 1)),
    ("ids are unique", _repeat("instructions")),
    ("asked = answers + rejected (answer)", _bump("answer", "asked")),
    ("rows of rejected (answer)", _bump("answer", "rejected")),
    ("asked = instructions x experts", _bump("curate", "kept")),
    ("rows of answers", _drop("answers")),
    ("ids of answers", _set("answers", "instruction_id", "f" * 16)),
    ("answers by experts", _other_expert),
    ("answers are unique", _repeat("answers")),
    ("2 x judges = votes + missing", _bump("judge", "missing")),
    ("rows of votes", _drop("votes")),
    ("votes with a verdict", _unreadable_as_tie),
    ("judges of all battles", _bump("judge", "judges")),
    ("ids of votes", _set("votes", "instruction_id", "f" * 16)),
    ("both orders", _same_order_twice),
    ("both orders", _drop("votes")),
    ("both orders", _repeat("votes")),
    ("verdict or reason", _unreadable_as_tie),
    ("verdict or reason", _set("votes", "verdict", "A")),
    ("executed once", _execute_twice),
    ("evidence", _evidence("execution", evidence=None)),
    ("evidence", _evidence("execution", evidence="[]")),
    ("evidence", _evidence("execution", evidence="{")),
    ("evidence", _evidence("execution", missing="no_marker")),
    ("evidence", _evidence("gemma3", evidence="{}")),
    ("evidence", _evidence("gemma3", missing="no_evidence")),
    ("votes on answers", _drop("answers")),
    ("judges are known", _set("votes", "judge", "somebody")),
    ("no contestant judges", _vote_of_contestant),
    ("no twin judges", _vote_of_twin),
    ("records of the judges", _judge_first),
    ("records of the judges", _flip_verdict),
    ("battles = decided + undecided", _bump("rate", "undecided")),
    ("battles rated = judged", _bump("judge", "battles")),
    ("rows of battles", _drop("battles")),
    ("battles with a winner", _bump("rate", "decided")),
    ("ids of battles", _set("battles", "instruction_id", "f" * 16)),
    ("battles are unique", _drop("battles")),
    ("battles are unique", _repeat("battles")),
    ("votes of the battles", _flip_verdict),
    ("votes of the battles", _swapped_votes),
    ("winners", _wrong_winner),
    ("winners", _swapped_scores),
    ("weights of the judges", _weighed_judge),
    ("local scores", _weighed_judge),
    ("local scores", _swapped_scores),
    ("local scores", _set("battles", "consistency", 0.123)),
    ("Elo is zero-sum", _drift),
    ("rated models", _drop("ratings")),
    ("rated models", _repeat("ratings")),
    ("records of the models", _wrong_winner),
    ("records of the models", _set("ratings", "wins", 99)),
    ("answers = labelled + left out", _bump("build", "left_out")),
    ("left out = sum of its reasons", _bump("build", "mix")),
    ("rows of kto", _drop("kto")),
    ("gold answers of kto = rows of sft", _bump("build", "sft")),
    ("pairs of preference = undesirable answers", _bump("build", "preference")),
    ("rows of kto by split", _bump("build", "train")),
    ("instructions decided = rows of sft + out of the mix", _bump("build", "mixed_out")),
    ("desirable rows of kto", _flip_label),
    ("rows of sft", _drop("sft")),
    ("rows of preference", _drop("preference")),
    *((f"ids of {name}", _set(name, "instruction_id", "f" * 16)) for name in ("kto", "sft", "preference")),
    *(
        (f"prompts of {name}", _set(name, "prompt", [{"role": "user", "content": "Another prompt."}]))
        for name in ("kto", "sft", "preference")
    ),
    ("prompts of kto", _set("kto", "prompt", [{"role": "system", "content": "Be brief."}])),
    *(
        (f"answers of {name}", _set(name, "completion", [{"role": "assistant", "content": "Another answer."}]))
        for name in ("kto", "sft")
    ),
    ("answers of preference", _swapped_answers),
    ("one gold answer", _two_golds),
    ("labels", _flip_label),
    ("gold is chosen", _swapped_pair),
    ("losers are rejected", _unpaired),
    ("final scores", _set("preference", "score_rejected", 0.123)),
    ("final scores", _set("sft", "final_score", 0.123)),
    ("gold is best", _set("sft", "final_score", 0.123)),
    ("losers lost", _all_won),
    ("costs", _bump_cost("curate", "unmetered", 1)),
    ("calls of mine", _bump_cost("mine", "calls", 1)),
    ("calls of answer", _bump_cost("answer", "output_tokens", -1)),
    ("calls of judge", _bump_cost("judge", "calls", -1)),
]


@pytest.mark.parametrize(("name", "corrupt"), CORRUPTIONS)
def test_a_corruption_is_caught_by_its_check(whole: Arena, name: str, corrupt: Corruption) -> None:
    tables, manifest = copy.deepcopy(dict(whole.tables)), copy.deepcopy(dict(whole.manifest))
    corrupt(tables, manifest)
    assert name in failed(Arena(manifest, whole.recipe, tables, whole.splits))


def test_an_arena_in_which_nothing_was_decided_adds_up(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=3, instructions=6, through="judge")
    votes = [
        dict(vote, verdict=None, missing="no_evidence" if vote["judge"] == "execution" else "no_marker")
        for vote in folder.read_table("votes")
    ]
    folder.write_stage("judge", {"votes": votes})
    models = [expert.name for expert in load_recipe(folder.recipe_path).experts]
    rated = rate(votes, models, load_recipe(folder.recipe_path).rating, 0)
    folder.write_stage("rate", {"battles": rated.battles, "ratings": rated.ratings})
    battles = len(rated.battles)
    counts = {
        "judge": {
            "possible": battles,
            "battles": battles,
            "judges": len(votes) // 2,
            "votes": 0,
            "missing": len(votes),
        },
        "rate": {"battles": battles, "decided": 0, "undecided": battles},
    }
    folder.update_manifest({"counts": counts, "judges": judge_counts(votes)})
    assert [finding for finding in check(folder) if not finding.ok] == []


def test_every_check_on_the_tables_has_a_corruption(whole: Arena) -> None:
    names = {finding.name for finding in check_tables(whole)}
    stages = {"stages in order", *(f"{stage} is complete" for stage in STAGES)}
    assert names - stages == {name for name, _ in CORRUPTIONS} | set(WRONG_SPLITS)


WRONG_SPLITS = {"no instruction in two splits": "test", "files of the training tables that are no split": "validation"}


@pytest.mark.parametrize(("name", "split"), WRONG_SPLITS.items())
def test_rows_in_a_wrong_file_are_caught(whole: Arena, name: str, split: str) -> None:
    """The first row of kto alone in another file, away from the other answers to its instruction."""
    splits = {**whole.splits, "kto": {split: 1, "train": len(whole.tables["kto"]) - 1}}
    assert name in failed(Arena(whole.manifest, whole.recipe, whole.tables, splits))


@pytest.mark.parametrize("name", TABLES)
def test_an_absent_table_is_a_failure_of_its_stage(whole: Arena, name: str) -> None:
    tables = {other: rows for other, rows in whole.tables.items() if other != name}
    assert f"{TABLES[name].stage} is complete" in failed(Arena(whole.manifest, whole.recipe, tables, whole.splits))


def test_tables_of_a_stage_that_is_not_counted_are_a_failure(whole: Arena) -> None:
    manifest = copy.deepcopy(dict(whole.manifest))
    del manifest["counts"]["rate"]
    assert {"rate is complete", "stages in order"} <= failed(Arena(manifest, whole.recipe, whole.tables, whole.splits))


def test_another_start_value_is_caught(whole: Arena) -> None:
    recipe = whole.recipe.model_copy(update={"rating": whole.recipe.rating.model_copy(update={"start": 1200.0})})
    assert failed(Arena(whole.manifest, recipe, whole.tables, whole.splits)) == {"Elo is zero-sum"}


def test_a_judge_without_a_single_vote_may_be_recorded(whole: Arena) -> None:
    manifest = copy.deepcopy(dict(whole.manifest))
    manifest["judges"]["idle"] = dict.fromkeys(manifest["judges"]["gemma3"], 0)
    assert failed(Arena(manifest, whole.recipe, whole.tables, whole.splits)) == set()


def test_a_changed_recipe_is_caught(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=3)
    text = folder.recipe_path.read_text(encoding="utf-8")
    folder.recipe_path.write_text(text.replace("k: 40.0", "k: 32.0"), encoding="utf-8")
    assert [finding.name for finding in check(folder) if not finding.ok] == ["recipe digest"]
    folder.recipe_path.write_text("name: demo\nexpert: []\n", encoding="utf-8")
    assert [(finding.name, finding.ok) for finding in check(folder)] == [("recipe", False)]


def test_a_damaged_file_is_a_failure_not_a_traceback(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=3)
    file = folder.path / "votes" / "train.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    [finding] = [finding for finding in check(folder) if not finding.ok]
    assert finding.name == "columns of votes"
    assert "unreadable" in finding.found


def test_other_columns_or_types_are_a_failure(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=3)
    file = folder.path / "answers" / "train.parquet"
    pq.write_table(pq.read_table(file).rename_columns({"expert": "model"}), file)
    ratings = folder.path / "ratings" / "train.parquet"
    pq.write_table(pa.Table.from_pylist(folder.read_table("ratings")), ratings)
    assert {finding.name for finding in check(folder) if not finding.ok} == {"columns of answers", "columns of ratings"}


def _printed(folder: ArenaFolder, width: int = 80) -> tuple[bool, str]:
    screen = StringIO()
    console = Console(file=screen, width=width)
    passed = print_checks(check(folder), console)
    return passed, screen.getvalue()


def test_the_printed_table_says_what_was_expected_and_found(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=3)
    passed, text = _printed(folder)
    assert passed
    assert "FAILED" not in text
    amend_manifest(folder, {"counts": {"mine": {"draws": 99}}})
    passed, text = _printed(folder)
    assert not passed
    assert "FAILED draws + brought = kept + rejected (mine)\n  expected: 99\n  found:    4\n" in text
    assert max(len(line) for line in text.splitlines()) <= 80
