"""What an arena had to do with a benchmark's tasks, by the rows that decontamination itself dropped."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.arena_builder import build_arena
from unit.task_rows import HUMANEVAL, write_rows

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError
from warriorcoder.eval.contamination import Contamination, contamination_of, family_of
from warriorcoder.eval.results import Results
from warriorcoder.eval.tasks import Benchmark, Task, load
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.benchmark_tasks import read_tasks
from warriorcoder.pipelines.mining.decontamination import Check, Decontaminator, Hit

HUMANEVAL_TASKS = load("humaneval")


def bench(name: str, *task_ids: str) -> Benchmark:
    return Benchmark(name, "d", [Task(name, task_id, "", "f", "") for task_id in task_ids], "a test")


def results(benchmark: Benchmark, passed: set[str]) -> Results:
    outcomes = {task.task_id: ["passed" if task.task_id in passed else "failed"] for task in benchmark.tasks}
    return Results("m", None, benchmark.name, "d", {}, outcomes)


def arena(path: Path, details: list[str], sources: list[Any] | None = None, through: str = "curate") -> Path:
    """An arena of which rows were dropped for those reasons, by a recipe that looks for tasks in those sources."""
    folder = build_arena(path, through=through)
    if sources is not None:
        recipe = yaml.safe_load(folder.recipe_path.read_text())
        recipe["curation"]["decontaminate"] = sources
        folder.write_text(folder.recipe_path, yaml.safe_dump(recipe))
    if details:
        drop(folder, [row(detail, number) for number, detail in enumerate(details)])
    return path


def drop(folder: ArenaFolder, rows: list[dict[str, Any]]) -> None:
    kept = [each for each in folder.read_table("rejected") if each["stage"] == "curate"]
    instructions = folder.read_table("instructions")
    folder.write_stage("curate", {"instructions": instructions, "rejected": kept + rows})
    counts = {"kept": len(instructions), "rejected": len(kept + rows)}
    folder.update_manifest({"counts": {"curate": {"entered": sum(counts.values()), **counts}}})


def row(detail: str, number: int, reason: str = "contaminated") -> dict[str, Any]:
    text = f"Write what is number {number}."
    return {
        "instruction_id": instruction_id(text),
        "stage": "curate",
        "reason": reason,
        "detail": detail,
        "text": text,
        "origin": "smollm2",
        "draw": number,
    }


def test_the_words_of_decontamination_itself_are_understood(tmp_path: Path) -> None:
    decontaminator = Decontaminator(read_tasks("humaneval"))
    tasks = HUMANEVAL_TASKS.tasks
    body = tasks[3].reference.removeprefix(tasks[3].prompt)
    fenced, named = f"Mend it:\n\ndef f(x):\n{body}", f"Write {tasks[6].entry_point} for me."
    hits = [decontaminator.hits(text)[0] for text in (tasks[0].prompt, fenced, named, tasks[0].prompt)]
    assert [hit.check for hit in hits] == [Check.NGRAM, Check.CODE, Check.ENTRY_POINT, Check.NGRAM]
    found = contamination_of(arena(tmp_path / "a", [str(hit) for hit in hits]), HUMANEVAL_TASKS)
    assert found.searched
    assert found.hits == {"HumanEval/0": 2, "HumanEval/3": 1, "HumanEval/6": 1}


def test_any_hit_is_read_back(tmp_path: Path) -> None:
    benchmarks = ["humaneval", "my copy of humaneval.jsonl", "evalplus/humanevalplus"]
    matches = ["plain words", "x , code: y z", "mbpp Mbpp/3, words: a b", "two\nlines", "", "…"]
    kinds = list(product(benchmarks, Check, matches))
    hits = [str(Hit(kind[0], f"HumanEval/{number}", *kind[1:])) for number, kind in enumerate(kinds)]
    found = contamination_of(arena(tmp_path / "a", hits), HUMANEVAL_TASKS)
    assert found.hits == {f"HumanEval/{number}": 1 for number in range(len(kinds))}


@pytest.mark.parametrize(
    ("name", "task", "hit_of", "hit_task", "counts"),
    [
        ("humaneval+", "HumanEval/3", "humaneval", "HumanEval/3", True),
        ("humaneval", "HumanEval/3", "humaneval+", "HumanEval/3", True),
        ("mbpp+", "Mbpp/11", "mbpp", "11", True),
        ("mbpp", "Mbpp/11", "mbpp+", "Mbpp/11", True),
        ("mbpp-sanitized", "Mbpp/11", "google-research-datasets/mbpp", "11", True),
        ("mbpp", "Mbpp/1", "mbpp", "11", False),
        ("mbpp", "Mbpp/3", "humaneval", "HumanEval/3", False),
        ("humaneval", "HumanEval/3", "tasks.jsonl", "HumanEval/3", True),
        ("humaneval", "HumanEval/3", "apps", "3", False),
    ],
)
def test_versions_of_a_benchmark_share_their_tasks_and_others_do_not(
    tmp_path: Path, name: str, task: str, hit_of: str, hit_task: str, counts: bool
) -> None:
    hit = str(Hit(hit_of, hit_task, Check.NGRAM, "of the list"))
    found = contamination_of(arena(tmp_path / "a", [hit], [hit_of]), bench(name, task))
    assert found.hits == ({task: 1} if counts else {})
    assert found.searched == (family_of(hit_of) == family_of(name) or counts)


def test_rows_dropped_for_other_reasons_are_no_hits(tmp_path: Path) -> None:
    folder = ArenaFolder.open(arena(tmp_path / "a", []))
    drop(folder, [row(str(Hit("humaneval", "HumanEval/3", Check.NGRAM, "a")), 0, "near_duplicate")])
    assert contamination_of(folder.path, HUMANEVAL_TASKS).hits == {}


@pytest.mark.parametrize(
    ("sources", "name", "searched"),
    [
        (None, "humaneval", True),
        (["humaneval"], "humaneval+", True),
        (["humaneval"], "mbpp", False),
        ([], "humaneval", False),
        (["humaneval", "mbpp+"], "mbpp-sanitized", True),
        ([{"hub": "evalplus/humanevalplus", "split": "test"}], "humaneval", True),
        ([{"path": "data/HumanEval.jsonl.gz"}], "humaneval+", True),
        ([{"path": "data/tasks.jsonl", "column": "text"}], "humaneval", False),
        ([{"hub": "google-research-datasets/mbpp", "config": "sanitized"}], "mbpp", True),
    ],
)
def test_whether_a_benchmark_was_searched_for_is_the_recipe_s_word(
    tmp_path: Path, sources: list[Any] | None, name: str, searched: bool
) -> None:
    found = contamination_of(arena(tmp_path / "a", [], sources), bench(name, "X/1"))
    assert found.searched == searched
    said = found.lines(results(bench(name, "X/1"), set()))
    assert len(said) == 1
    assert ("was not searched for tasks of" in said[0]) != searched


def test_an_arena_that_was_only_mined_was_not_searched(tmp_path: Path) -> None:
    found = contamination_of(arena(tmp_path / "a", [], through="mine"), HUMANEVAL_TASKS)
    assert not found.searched


def test_the_score_is_shown_with_and_without_the_tasks(tmp_path: Path) -> None:
    tasks = bench("humaneval", *(f"HumanEval/{number}" for number in range(10)))
    hits = [str(Hit("humaneval", f"HumanEval/{number}", Check.CODE, "x")) for number in (7, 1, 1, 99)]
    found = contamination_of(arena(tmp_path / "a", hits), tasks)
    assert found.hits == {"HumanEval/1": 2, "HumanEval/7": 1}
    measured = results(tasks, {"HumanEval/1", "HumanEval/7", "HumanEval/3", "HumanEval/4"})
    (line,) = found.lines(measured)
    assert line.startswith(
        f"WARNING: 3 rows made for {tmp_path / 'a'} gave away 2 of the tasks (HumanEval/1, HumanEval/7)"
    )
    assert "without them pass@1 is 25.0 % (95 % interval " in line
    assert line.endswith("with them 40.0 %.")
    told = found.to_json(measured)
    assert (told["searched"], told["hits"]) == (True, found.hits)
    assert [(each["tasks"], each["value"]) for each in told["scores_without"]] == [(8, 0.25)]
    json.dumps(told)


def test_many_tasks_are_named_in_part_and_all_of_them_leave_no_score(tmp_path: Path) -> None:
    tasks = bench("humaneval", *(f"HumanEval/{number}" for number in range(12)))
    found = Contamination("a", "humaneval", True, {task.task_id: 1 for task in tasks.tasks})
    (line,) = found.lines(results(tasks, set()))
    assert "HumanEval/7 and 4 more)" in line
    assert line.endswith("no task is left without them.")
    assert found.to_json(results(tasks, set()))["scores_without"] == []


def test_a_copy_s_hits_count_though_its_name_tells_nothing(tmp_path: Path) -> None:
    write_rows(tmp_path / "tasks.jsonl", [HUMANEVAL])
    (task,) = read_tasks(str(tmp_path / "tasks.jsonl"))
    (hit, *_) = Decontaminator([task]).hits(HUMANEVAL["prompt"] + HUMANEVAL["canonical_solution"] + " halves it" * 9)
    assert hit.benchmark == "tasks.jsonl"
    found = contamination_of(arena(tmp_path / "a", [str(hit)], [str(tmp_path / "tasks.jsonl")]), HUMANEVAL_TASKS)
    assert found.hits == {"HumanEval/2": 1}
    assert found.searched


def test_what_is_no_arena_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArenaError):
        contamination_of(tmp_path, HUMANEVAL_TASKS)
