"""Samples that somebody else generated: read, tested in the real sandbox, and what is wrong with them said."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from unit.small_tasks import DOUBLED, RIGHT, WRONG, benchmark, coded
from unit.task_rows import write_rows

from warriorcoder.errors import ArenaError, EvaluationError
from warriorcoder.eval import evaluate as evaluation
from warriorcoder.eval.evaluate import Trial, evaluate_samples
from warriorcoder.eval.given_samples import read_samples
from warriorcoder.eval.results import Results
from warriorcoder.eval.tasks import Benchmark
from warriorcoder.sandbox.sandbox import Sandbox

FOUR = benchmark(*(coded(number) for number in range(2, 6)))
MEGABYTE = 10**6


@pytest.fixture(autouse=True)
def small_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker without numpy: it starts in half the time."""
    monkeypatch.setattr(
        evaluation, "Sandbox", lambda *, packages, unsafe: Sandbox(workers=1, packages=(), unsafe=unsafe)
    )


def body(number: int, factor: int | None = None) -> dict[str, Any]:
    return {"task_id": f"Small/{number}", "completion": f"    return {factor or number} * x\n"}


def evaluated(folder: Path, rows: Iterable[Any], tasks: Benchmark = FOUR, **more: Any) -> tuple[Results, list[str]]:
    said: list[str] = []
    trial = Trial(tasks, folder / "out", cache=folder / "cache", **more)
    return evaluate_samples(trial, write_rows(folder / "model.jsonl", rows), said.append), said


def test_completions_and_whole_programs_are_tested(tmp_path: Path) -> None:
    program = "import math\ndef times_3(x):\n    return math.floor(3 * x)\n"
    given = [body(2), {"task_id": "Small/3", "solution": program}, body(4, 5), {"task_id": "Small/5", "solution": ""}]
    results, said = evaluated(tmp_path, given)
    assert results.model == "model"
    assert results.tasks == {
        "Small/2": ["passed"],
        "Small/3": ["passed"],
        "Small/4": ["failed"],
        "Small/5": ["no_code"],
    }
    assert [line.split()[:2] for line in said[:-1]] == [
        ["Small/2", "passed"],
        ["Small/3", "passed"],
        ["Small/4", "failed"],
        ["Small/5", "no_code"],
    ]
    written = [json.loads(line) for line in (tmp_path / "out" / "samples.jsonl").read_text().splitlines()]
    assert [row["program"] for row in written[:2]] == [FOUR.tasks[0].reference, program]
    assert written[1]["extraction"] == "as given"


def test_a_task_without_a_sample_counts_as_failed_and_is_said(tmp_path: Path) -> None:
    results, said = evaluated(tmp_path, [body(2), body(3)])
    assert (results.tasks["Small/4"], results.tasks["Small/5"]) == (["unanswered"], ["unanswered"])
    assert results.scores[0]["value"] == 0.5
    assert said[0].endswith("model.jsonl: 2 of 4 tasks have no sample and count as failed: Small/4, Small/5.")
    assert said[-1].endswith("2 unanswered")


def test_samples_of_unknown_tasks_are_left_out_and_said(tmp_path: Path) -> None:
    others = [{"task_id": f"Other/{number}", "solution": "pass"} for number in range(8)]
    results, said = evaluated(tmp_path, [*others, *map(body, range(2, 6))])
    assert set(results.tasks) == {task.task_id for task in FOUR.tasks}
    names = "Other/0, Other/1, Other/2, Other/3, Other/4 and 3 more"
    assert said[0].endswith(f"samples of tasks that small does not have are left out: {names}.")
    with pytest.raises(EvaluationError, match=r"none of its 8 samples is of a task of small \(Other/0, .* Small/2 and"):
        evaluated(tmp_path, others)


def test_samples_beyond_the_limit_are_left_out_and_said(tmp_path: Path) -> None:
    results, said = evaluated(tmp_path, map(body, range(2, 6)), limit=2)
    assert list(results.tasks) == ["Small/2", "Small/3"]
    assert said[0].endswith("samples of 2 tasks beyond the limit are left out.")
    # The same file again, with all of its tasks.
    assert len(evaluated(tmp_path, map(body, range(2, 6)))[0].tasks) == 4


def test_several_samples_a_task_are_its_draws(tmp_path: Path) -> None:
    results, _ = evaluated(tmp_path, [body(2), body(3), body(2, 7), body(3), *map(body, (4, 4, 5, 5))])
    assert results.tasks == {
        "Small/2": ["passed", "failed"],
        "Small/3": ["passed"] * 2,
        "Small/4": ["passed"] * 2,
        "Small/5": ["passed"] * 2,
    }
    assert results.scores[0]["value"] == 0.875


def test_base_and_plus_are_told_apart(tmp_path: Path) -> None:
    tasks = benchmark(DOUBLED)
    results, said = evaluated(tmp_path, [{"task_id": "Small/0", "completion": RIGHT}], tasks)
    assert (results.tasks, results.base) == ({"Small/0": ["passed"]}, {"Small/0": ["passed"]})
    assert "on the base tests alone 100.0 %" in said[-1]
    (tmp_path / "other").mkdir()
    results, _ = evaluated(tmp_path / "other", [{"task_id": "Small/0", "completion": WRONG}], tasks)
    assert (results.tasks, results.base) == ({"Small/0": ["failed"]}, {"Small/0": ["failed"]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no samples"),
        (b"\n\n", "holds no samples"),
        (b"{", "cannot be read as samples: line 1, column 2: "),
        (
            json.dumps(body(2)).encode() + b'\n{"task_id": "Small/3", "compl',
            "cannot be read as samples: line 2, column ",
        ),
        (b"\xff\xfe", "cannot be read as samples: 'utf-8'"),
        (b"\x1f\x8b\x08\x00 damaged", "cannot be read as samples: "),
        (b"[" * 200_000, "cannot be read as samples: "),
        (b"[1]", "row 1 is no object but int"),
        (b"{}", "row 1 has no task_id, only nothing. Give samples as evalplus writes them"),
        (b'{"completion": ""}', "row 1 has no task_id, only completion"),
        (b'{"task_id": "Small/2", "code": ""}', "row 1 has no solution or completion, only task_id, code"),
        (b'{"task_id": "Small/2", "solution": null}', "row 1 has no solution or completion"),
        (b'{"task_id": null, "solution": ""}', "none of its 1 samples is of a task of small"),
    ],
)
def test_what_holds_no_samples_is_said_before_anything_is_run(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "given.jsonl"
    file.write_bytes(content)
    with pytest.raises(EvaluationError) as refused:
        evaluate_samples(Trial(FOUR, tmp_path / "out"), file, lambda _: None)
    assert str(refused.value).startswith(str(file))
    assert said in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(EvaluationError, match="cannot be read as samples: "):
            read_samples(place, FOUR.tasks, FOUR)


def test_an_arena_that_is_none_is_said_before_anything_is_run(tmp_path: Path) -> None:
    with pytest.raises(ArenaError):
        evaluated(tmp_path, [body(2)], arena=tmp_path / "none")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("completion", ""),
        ("completion", " \n\t\n"),
        ("completion", "\0" * 100),
        ("completion", "```"),
        ("completion", "    return '\ud800'\n"),
        ("solution", "\0"),
        ("solution", "x = '\ud800'"),
        ("solution", "\\"),
    ],
)
def test_a_sample_of_nothing_is_a_counted_outcome(tmp_path: Path, column: str, text: str) -> None:
    results, said = evaluated(tmp_path, [{"task_id": "Small/2", column: text}], benchmark(FOUR.tasks[0]))
    assert results.tasks["Small/2"][0] in ("no_code", "failed", "crashed")
    assert said[-1].startswith("small pass@1 0.0 % (0 of 1 tasks")


@pytest.mark.parametrize(
    ("column", "text", "outcome"),
    [
        ("completion", "    return 2 * x\n" + "# more and more\n" * (10 * MEGABYTE // 16), "passed"),
        ("completion", "def f(:\n" * (10 * MEGABYTE // 8), "crashed"),
        ("completion", "(" * 10 * MEGABYTE, "no_code"),
        ("completion", "`" * 10 * MEGABYTE, "no_code"),
        ("solution", "#" * 10 * MEGABYTE, "no_code"),
        ("solution", "(" * 10 * MEGABYTE, "crashed"),
        ("solution", f"{FOUR.tasks[0].reference}{'#' * 10 * MEGABYTE}", "passed"),
    ],
    ids=["runs on", "definitions", "brackets", "fences", "a comment", "a program of brackets", "a long one"],
)
def test_ten_megabytes_are_a_counted_outcome_in_bounded_time(
    tmp_path: Path, column: str, text: str, outcome: str
) -> None:
    began = time.process_time()
    results, _ = evaluated(tmp_path, [{"task_id": "Small/2", column: text}], benchmark(FOUR.tasks[0]))
    assert results.tasks["Small/2"] == [outcome]
    assert time.process_time() - began < 20
