"""Whole runs of the pipeline: three scripted experts behind a real HTTP server, every stage real."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from scripted_experts import KEY, is_judging, recipe, script, worth
from unit.fast_clock import speed_up
from unit.scripted_server import Asked, Fault, ScriptedServer, scripted_server

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.check import check
from warriorcoder.code_extraction import extract_program
from warriorcoder.dataset_card.card import write_card
from warriorcoder.errors import ModelError, RunFailed
from warriorcoder.ids import seed_from
from warriorcoder.pipelines import prompts
from warriorcoder.pipelines.battles import judging
from warriorcoder.pipelines.battles.execution import executing
from warriorcoder.pipelines.battles.stages import Answer, Build, Judge, Rate
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.traces import read_addresses, write_addresses
from warriorcoder.pipelines.mining.candidates import Candidate
from warriorcoder.pipelines.mining.reporting import report_of
from warriorcoder.pipelines.mining.stages import Curate, Mine
from warriorcoder.pipelines.run import run_part
from warriorcoder.pipelines.stage import Stage
from warriorcoder.recipe import Recipe, load_recipe
from warriorcoder.tables import STAGES, TABLES


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


def run(recipe: Recipe, path: Path, part: str = "run") -> ArenaFolder:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SCRIPTED_KEY", KEY)
        return run_part(recipe, path, part, lambda progress, message, stays=False: None)


@pytest.fixture(scope="module")
def arena(server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    return run(recipe(server.url), tmp_path_factory.mktemp("arenas") / "scripted")


@pytest.fixture
def copy(server: ScriptedServer, arena: ArenaFolder, tmp_path: Path) -> Iterator[ArenaFolder]:
    """The arena once more, to change; the server forgets what it was asked and keeps its script."""
    shutil.copytree(arena.path, tmp_path / "scripted")
    server.forget()
    yield ArenaFolder.open(tmp_path / "scripted")
    server.script = script


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up(monkeypatch)


def work(folder: ArenaFolder, *names: str, **sections: Any) -> None:
    """Run stages in this process, one after the other, as the pipeline's processes do."""
    if sections:
        changed = Recipe.model_validate({**load_recipe(folder.recipe_path).model_dump(by_alias=True), **sections})
        folder.write_text(folder.recipe_path, changed.to_yaml())
        folder.update_manifest({"recipe_digest": changed.digest})
    arena = str(folder.path)
    for name in names:
        panel = {"panel": ExpertPanel(arena=arena, stage=name)} if name in ("mine", "curate", "answer", "judge") else {}
        stage: Stage = STAGE_CLASSES[name](name=name, arena=arena, **panel)
        stage.load()
        stage.work(ROWS_FOR[name](folder))


STAGE_CLASSES: dict[str, type[Stage]] = {
    "mine": Mine,
    "curate": Curate,
    "answer": Answer,
    "judge": Judge,
    "rate": Rate,
    "build": Build,
}
ROWS_FOR: dict[str, Callable[[ArenaFolder], list[Row]]] = {
    "mine": lambda folder: [{"expert": expert.name} for expert in load_recipe(folder.recipe_path).experts],
    # What the mine brought is in no table; what came of it will do.
    "curate": lambda folder: [
        {field.name: row[field.name] for field in fields(Candidate)} for row in folder.read_table("instructions")
    ],
    "answer": lambda folder: folder.read_table("instructions"),
    "judge": lambda folder: folder.read_table("answers"),
    "rate": lambda folder: [],
    "build": lambda folder: [],
}


def tables(folder: ArenaFolder) -> dict[str, bytes]:
    """The bytes of every file of every table."""
    return {
        str(file.relative_to(folder.path)): file.read_bytes() for name in TABLES for file in folder.table_files(name)
    }


def broken(folder: ArenaFolder) -> list[Any]:
    return [finding for finding in check(folder) if not finding.ok]


# a whole run


def test_a_run_leaves_every_table_and_its_counts_add_up(arena: ArenaFolder) -> None:
    assert {name for name in TABLES if arena.has_table(name)} == set(TABLES)
    assert list(arena.manifest()["counts"]) == sorted(STAGES)
    assert broken(arena) == []
    assert len(arena.read_table("instructions")) >= 6
    assert {row["miner"] for row in arena.read_table("instructions")} == {"one", "two", "three"}
    reasons = {row["reason"] for row in arena.read_table("rejected")}
    assert {"empty", "self_answer", "off_topic", "exact_duplicate", "near_duplicate"} <= reasons


def test_every_expert_answers_and_only_the_uninvolved_judge(arena: ArenaFolder) -> None:
    identities = {row["instruction_id"] for row in arena.read_table("instructions")}
    answers = Counter(row["instruction_id"] for row in arena.read_table("answers"))
    assert answers == dict.fromkeys(identities, 3)
    votes = arena.read_table("votes")
    assert {vote["judge"] for vote in votes} == {"one", "two", "three", "execution"}
    assert [vote for vote in votes if vote["judge"] in (vote["model_a"], vote["model_b"])] == []
    shown = Counter((v["instruction_id"], v["model_a"], v["model_b"], v["judge"], v["shown_first"]) for v in votes)
    assert set(shown.values()) == {1}
    assert len(votes) == len(identities) * 3 * 2 * 2


def test_judges_that_read_keep_their_verdict_when_the_order_is_swapped(arena: ArenaFolder) -> None:
    for judge in arena.manifest()["judges"].values():
        assert judge["consistent"] == judge["battles_judged"] > 0
    assert all(battle["consistency"] in (1.0, None) for battle in arena.read_table("battles"))
    # Both orders have their say, so neither place is chosen more than the other.
    scripted = [judge for name, judge in arena.manifest()["judges"].items() if name != "execution"]
    assert 0 < sum(judge["first"] for judge in scripted) < sum(judge["votes"] - judge["ties"] for judge in scripted)


def test_the_verdict_is_that_of_the_better_answer(arena: ArenaFolder) -> None:
    """The scripted judges favour code, then the higher digest: whoever that is has their votes, in both orders."""
    answers = {(row["instruction_id"], row["expert"]): row["answer"] for row in arena.read_table("answers")}
    judged = [v for v in arena.read_table("votes") if v["judge"] != "execution" and v["verdict"] in ("a", "b")]
    assert len(judged) > 10
    for vote in judged:
        a, b = (answers[vote["instruction_id"], vote[side]] for side in ("model_a", "model_b"))
        better = "a" if worth(a) > worth(b) else "b"
        assert vote["verdict"] == better


def test_the_kto_table_loads_as_a_dataset(arena: ArenaFolder) -> None:
    from datasets import load_dataset

    write_card(arena)
    loaded = load_dataset(str(arena.path), "kto")
    rows = arena.read_table("kto")
    assert {split: len(of) for split, of in loaded.items()} == arena.rows_by_split("kto")
    assert [row for of in loaded.values() for row in of.to_list()] == rows
    assert {row["label"] for row in rows} == {True, False}
    assert all(row["completion"][0]["role"] == "assistant" for row in rows)
    neighbours = [one["instruction_id"] == other["instruction_id"] for one, other in pairwise(rows)]
    assert not any(neighbours)


def test_the_key_is_in_no_file(arena: ArenaFolder, server: ScriptedServer) -> None:
    assert {asked.headers["Authorization"] for asked in server.asked} <= {f"Bearer {KEY}"}
    files = [file for file in arena.path.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert [file for file in files if KEY.encode() in file.read_bytes()] == []
    assert "SCRIPTED_KEY" in arena.recipe_path.read_text()


def test_running_again_asks_nobody_and_changes_no_byte(server: ScriptedServer, copy: ArenaFolder) -> None:
    before, manifest = tables(copy), copy.manifest()
    run(recipe(server.url), copy.path)
    assert server.asked == []
    assert tables(copy) == before
    assert copy.manifest() == manifest


def test_a_stage_that_fails_says_so_in_one_message(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = lambda asked: Fault(404, b"no such model") if asked.model == "m-two" else script(asked)
    try:
        with pytest.raises(RunFailed) as failure:
            run(recipe(server.url), tmp_path / "scripted", "mine")
    finally:
        server.script = script
    assert str(failure.value).startswith("stage mine: two: ")
    assert "HTTP 404: no such model. The server does not serve m-two: " in str(failure.value)
    assert failure.value.exit_code == 2


# stages in this process


def test_the_stages_without_the_pipeline_give_the_same_bytes(copy: ArenaFolder, server: ScriptedServer) -> None:
    before = tables(copy)
    copy.journal_path.unlink()
    work(copy, "mine", "answer")
    counts = copy.manifest()["counts"]
    assert len(server.asked) == counts["mine"]["draws"] + counts["answer"]["asked"]
    assert tables(copy) == before


def test_answers_that_fail_are_rejected_and_no_other_row_suffers(copy: ArenaFolder, server: ScriptedServer) -> None:
    instructions = copy.read_table("instructions")
    before = copy.read_table("answers")
    chosen = {row["instruction_id"] for row in instructions[::2]}
    texts = [row["instruction"] for row in instructions if row["instruction_id"] in chosen]
    server.script = lambda asked: (
        Fault(400, b"too long") if asked.model == "m-two" and asked.text in texts else script(asked)
    )
    copy.journal_path.unlink()
    work(copy, "answer", "judge", "rate", "build")
    assert copy.read_table("answers") == [
        row for row in before if not (row["expert"] == "two" and row["instruction_id"] in chosen)
    ]
    failed = [row for row in copy.read_table("rejected") if row["stage"] == "answer"]
    assert {(row["reason"], row["origin"]) for row in failed} == {("endpoint_error", "two")}
    assert {row["text"] for row in failed} == set(texts)
    assert all("HTTP 400: too long" in row["detail"] for row in failed)
    assert len(copy.read_table("battles")) == 3 * len(instructions) - 2 * len(texts)
    assert broken(copy) == []


@pytest.mark.usefixtures("fast_clock")
def test_a_judge_that_is_down_ends_the_run_and_the_others_votes_are_kept(
    copy: ArenaFolder, server: ScriptedServer
) -> None:
    before = tables(copy)
    server.script = lambda asked: (
        Fault(503, b"down") if asked.model == "m-three" and is_judging(asked) else script(asked)
    )
    server.alive = False
    copy.journal_path.unlink()
    with pytest.raises(RunFailed, match=r"three: .*\(m-three\) brought nothing for \d+ s .*HTTP 503: down"):
        work(copy, "judge", patience=60.0)
    server.alive = True
    answered = [asked.body for asked in server.asked if asked.model != "m-three"]
    server.forget()
    server.script = script
    work(copy, "judge", "rate", "build")
    assert answered
    assert not [asked for asked in server.asked if asked.body in answered]
    assert tables(copy) == before


def test_what_was_answered_before_a_failure_is_not_asked_again(copy: ArenaFolder, server: ScriptedServer) -> None:
    before = tables(copy)
    copy.journal_path.unlink()
    server.script = lambda asked: Fault(400) if len(server.asked) > 10 else script(asked)
    work(copy, "answer")
    server.forget()
    server.script = script
    work(copy, "answer", "judge", "rate", "build")
    assert sum(not is_judging(asked) for asked in server.asked) == len(copy.read_table("answers")) - 10
    assert tables(copy) == before


@pytest.mark.usefixtures("fast_clock")
def test_passing_faults_leave_no_trace_in_the_tables(copy: ArenaFolder, server: ScriptedServer) -> None:
    faults = (Fault(429, headers={"Retry-After": "30"}), Fault(500), Fault(reset=True), Fault(200, b"garbage"))
    before = tables(copy)
    copy.journal_path.unlink()

    def flaky(asked: Asked) -> str | Fault:
        place = seed_from(asked.text) % 8
        return faults[place] if asked.number == 0 and place < len(faults) else script(asked)

    server.script = flaky
    work(copy, "answer", "judge", "rate", "build")
    assert len({json.dumps(asked.body) for asked in server.asked}) < len(server.asked)
    assert tables(copy) == before


def test_another_k_asks_nobody(copy: ArenaFolder, server: ScriptedServer) -> None:
    before = {row["model"]: row["elo"] for row in copy.read_table("ratings")}
    votes = copy.read_table("votes")
    work(copy, "rate", rating={"k": 20, "bootstrap": 20})
    assert server.asked == []
    assert copy.read_table("votes") == votes
    after = {row["model"]: row["elo"] for row in copy.read_table("ratings")}
    assert all(abs(after[model] - 1000) < abs(before[model] - 1000) for model in before)
    # What was built on the old ratings is gone, in the tables and in the counts, until it is built again.
    assert not copy.has_table("kto")
    assert broken(copy) == []
    work(copy, "build")
    assert copy.has_table("kto")
    assert broken(copy) == []


def test_another_limit_for_judges_asks_only_the_judges(copy: ArenaFolder, server: ScriptedServer) -> None:
    work(copy, "answer", "judge", battles={"execution_weight": 1, "attempts": 2, "max_tokens": 300})
    assert server.asked
    assert all(is_judging(asked) for asked in server.asked)


def test_another_judge_prompt_asks_only_the_judges(
    copy: ArenaFolder, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = {vote["prompt_digest"] for vote in copy.read_table("votes") if vote["judge"] != "execution"}
    changed = prompts.read_prompt(judging.PROMPTS["verdict"]) + "\nBe brief."
    for module in (prompts, judging):
        monkeypatch.setattr(module, "read_prompt", lambda name: changed)
    work(copy, "judge", "rate")
    assert server.asked
    assert all(asked.text.endswith(("\nBe brief.", "\nBe brief.\nExplanation:")) for asked in server.asked)
    new = {vote["prompt_digest"] for vote in copy.read_table("votes") if vote["judge"] != "execution"}
    assert old.isdisjoint(new)
    assert not copy.has_table("kto")


def test_a_judge_below_the_floor_is_left_out_and_its_votes_stay(copy: ArenaFolder) -> None:
    votes, battles = copy.read_table("votes"), copy.read_table("battles")
    # Now and then the scripted judges give no verdict; where the execution judge gives none it is no fault of it.
    work(
        copy,
        "rate",
        "build",
        battles={"execution_weight": 1, "below_floor": "leave_out", "floor": {"missing": 0}},
    )
    manifest = copy.manifest()
    below = manifest["judge_floor"]["below"]
    assert below
    assert "execution" not in below
    assert {name: judge["weight"] for name, judge in manifest["judges"].items()} == {
        name: float(name not in below) for name in manifest["judges"]
    }
    assert copy.read_table("votes") == votes
    assert copy.read_table("battles") != battles
    found = {(finding["name"], finding["subject"]) for finding in manifest["findings"]["rate"]}
    assert {("judge_below_floor", name) for name in below} <= found
    assert {row["model"] for row in manifest["judge_floor"]["ratings"]} == {"one", "two", "three"}
    assert [finding for finding in check(copy) if not finding.ok] == []


# the execution judge


def by_execution(folder: ArenaFolder) -> list[Row]:
    return [vote for vote in folder.read_table("votes") if vote["judge"] == "execution"]


def test_the_execution_judge_runs_each_pair_once_and_keeps_its_evidence(arena: ArenaFolder) -> None:
    cast = by_execution(arena)
    answers = {(row["instruction_id"], row["expert"]): row["answer"] for row in arena.read_table("answers")}
    rules = Counter(json.loads(vote["evidence"])["rule"] for vote in cast)
    assert {"runnable", "not run"} <= rules.keys()
    for vote in cast:
        given = (answers[vote["instruction_id"], vote[side]] for side in ("model_a", "model_b"))
        a, b = (extract_program(answer).parses for answer in given)
        if json.loads(vote["evidence"])["wanted"] and not (a and b):
            assert vote["verdict"] == ("a" if a else "b" if b else None)
        assert vote["missing"] == (None if vote["verdict"] else "no_evidence")
    assert all(vote["evidence"] is None for vote in arena.read_table("votes") if vote["judge"] != "execution")
    with Journal(arena.journal_path) as journal:
        assert all(expert != "execution" for _, expert in journal.spent())


FICKLE = """```python
import random, time

def solve(value):
    if random.random() < 0.5:
        raise KeyError(value)
    return time.time_ns()

print(solve(1))
```"""


def test_what_chance_and_the_clock_decided_stays_as_it_is(copy: ArenaFolder, server: ScriptedServer) -> None:
    """The same journal gives the same bytes, and a judging that is killed on its way loses and changes nothing."""
    server.script = lambda asked: FICKLE if asked.chat and not is_judging(asked) else script(asked)
    copy.journal_path.unlink()
    instructions = copy.read_table("instructions")
    copy.write_stage("curate", {"instructions": [
        {**row, "instruction": "Write a Python function `solve(value)` that takes an integer."} for row in instructions
    ], "rejected": []})  # fmt: skip
    work(copy, "answer", "judge")
    before = tables(copy)
    assert {json.loads(vote["evidence"])["wanted"] for vote in by_execution(copy)} == {True}
    work(copy, "judge")
    assert tables(copy) == before


def test_nothing_is_run_again_for_another_weight(copy: ArenaFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    votes = by_execution(copy)

    def refuse(*args: object, **settings: object) -> None:
        raise AssertionError("something is run")

    monkeypatch.setattr(executing, "Sandbox", refuse)
    work(copy, "judge", "rate", "build", battles={"execution_weight": 0, "attempts": 2})
    assert by_execution(copy) == votes
    manifest = copy.manifest()
    assert manifest["judges"]["execution"]["weight"] == 0
    assert broken(copy) == []
    # As if it were not there.
    silent = {name: tables(copy)[name] for name in tables(copy) if not name.startswith("votes")}
    rest = [vote for vote in copy.read_table("votes") if vote["judge"] != "execution"]
    copy.write_stage("judge", {"votes": rest})
    work(copy, "rate", "build")
    fought = {(row["instruction_id"], row["attacker"], row["defender"]) for row in copy.read_table("battles")}
    assert fought == {(vote["instruction_id"], vote["model_a"], vote["model_b"]) for vote in rest}
    assert {name: tables(copy)[name] for name in silent} == silent


def test_nobody_who_mines_anything_is_an_error(copy: ArenaFolder, server: ScriptedServer) -> None:
    server.script = lambda asked: "no."
    copy.journal_path.unlink()
    with pytest.raises(RunFailed, match=r"no instruction was kept of 90: 90 not_an_instruction\. `warrior report"):
        work(copy, "mine")
    assert copy.table_rows("rejected") == 90
    assert not copy.has_table("instructions")
    report = report_of(copy)
    assert (report.draws, report.kept, [(drop.reason, drop.left) for drop in report.funnel]) == (
        90,
        0,
        [("not_an_instruction", 0)],
    )


def test_nothing_that_is_curated_is_an_error_and_the_rows_are_kept(copy: ArenaFolder, server: ScriptedServer) -> None:
    server.script = lambda asked: "no idea"
    copy.journal_path.unlink()
    with pytest.raises(RunFailed, match=r"curation kept none of \d+ instructions: \d+ ungraded"):
        work(copy, "curate")
    assert report_of(copy).kept == 0


def test_an_endpoint_that_never_answers_ends_the_mining_at_once(copy: ArenaFolder, server: ScriptedServer) -> None:
    """Not after every draw of every expert: the user waits for the message, and the others' draws cost money."""
    server.script = lambda asked: Fault(401, b"who are you") if asked.model == "m-two" else script(asked)
    copy.journal_path.unlink()
    with pytest.raises(
        ModelError, match=r"two: .*HTTP 401: who are you. The server does not accept the key in SCRIPTED"
    ):
        work(copy, "mine")
    assert Counter(asked.model for asked in server.asked) == {"m-one": 8, "m-two": 8, "m-three": 8}


def test_no_two_answers_to_one_instruction_is_an_error(copy: ArenaFolder, server: ScriptedServer) -> None:
    server.script = lambda asked: script(asked) if asked.model == "m-one" else "  "
    copy.journal_path.unlink()
    work(copy, "answer")
    with pytest.raises(RunFailed, match="no instruction was answered by two experts, so there is no battle"):
        work(copy, "judge")


def test_no_judge_with_weights_of_its_own_is_an_error(copy: ArenaFolder) -> None:
    write_addresses(copy, [replace(address, weights="same") for address in read_addresses(copy).values()])
    with pytest.raises(RunFailed, match=r"no battle has a judge.*battles\.execution_weight: 1"):
        work(copy, "judge", battles={"execution_weight": 0})
