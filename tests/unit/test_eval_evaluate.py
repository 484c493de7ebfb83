import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest

from warriorcoder.errors import EvaluationError, ModelError
from warriorcoder.eval import evaluate as evaluation
from warriorcoder.eval.benchmarks import load_benchmark, read_benchmark
from warriorcoder.eval.evaluate import evaluate
from warriorcoder.eval.samples import EvaluationFolder
from warriorcoder.gguf_weights import resolve_source
from warriorcoder.intervals import wilson_interval

MODEL = "smollm2-135m-instruct"


def test_wilson_refuses_what_is_no_share() -> None:
    for passed, total in [(0, 0), (2, 1), (-1, 3)]:
        with pytest.raises(ValueError, match="not a share"):
            wilson_interval(passed, total)


def answered(out: Path, completions: list[str]) -> None:
    """Put answers into an evaluation's folder, as a broken-off run leaves them."""
    benchmark = load_benchmark("humaneval")
    folder = EvaluationFolder(out)
    assert folder.claim(evaluation._settings(resolve_source(MODEL), None, benchmark)) == {}
    folder.write_samples(
        {
            task.task_id: {
                "task_id": task.task_id,
                "prompt": "p",
                "completion": completion,
                "finish": "stop",
                "output_tokens": 7,
                "style": "chat",
                "seconds": 1.0,
            }
            for task, completion in zip(benchmark.tasks, completions, strict=False)
        }
    )


def test_answers_that_are_there_are_scored_without_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the model was loaded")

    monkeypatch.setattr(evaluation, "load_model", refuse)
    first, second = load_benchmark("humaneval").tasks[:2]
    answered(
        tmp_path / "out",
        [
            f"```python\n{first.prompt}{first.canonical_solution}```",
            f"```python\n{second.prompt}    return []\n```",
            "No.",
        ],
    )
    lines: list[str] = []
    results = evaluate(MODEL, limit=3, out=tmp_path / "out", say=lines.append)
    assert results.tasks == {"HumanEval/0": "passed", "HumanEval/1": "failed", "HumanEval/2": "no_code"}
    assert (results.passed, results.total, results.pass_at_1) == (1, 3, 1 / 3)
    assert results.outcomes == {"passed": 1, "failed": 1, "no_code": 1}
    assert lines[0].endswith("3 of 3 tasks are answered already.")
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["HumanEval/0", "passed"],
        ["HumanEval/1", "failed"],
        ["HumanEval/2", "no_code"],
    ]
    assert lines[4].startswith("humaneval pass@1 33.3% (1 of 3 tasks; 95 % interval 6.1% to 79.2%)")
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert written["tasks"] == results.tasks
    assert evaluate(MODEL, limit=1, out=tmp_path / "out", say=lines.append).pass_at_1 == 1.0


def test_another_evaluations_folder_is_left_alone(tmp_path: Path) -> None:
    answered(tmp_path, ["No."])
    before = (tmp_path / "samples.jsonl").read_bytes()
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"weights")
    with pytest.raises(EvaluationError, match="with another adapter"):
        evaluate(MODEL, limit=1, adapter=adapter, out=tmp_path)
    with pytest.raises(EvaluationError, match="with another model"):
        evaluate("nobody/nothing", limit=1, out=tmp_path)
    (tmp_path / "samples.jsonl").write_text('{"task_id": "HumanEv')
    with pytest.raises(EvaluationError, match="damaged"):
        evaluate(MODEL, limit=1, out=tmp_path)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.txt").write_text("mine")
    with pytest.raises(EvaluationError, match="files of something else"):
        evaluate(MODEL, limit=1, out=tmp_path / "foreign")
    (tmp_path / "samples.jsonl").write_bytes(before)


def test_what_cannot_be_evaluated_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"mbppp: unknown benchmark\. Known: humaneval"):
        evaluate(MODEL, "mbppp", out=tmp_path)
    with pytest.raises(EvaluationError, match="--limit 0"):
        evaluate(MODEL, limit=0, out=tmp_path)
    with pytest.raises(ModelError, match="no such model"):
        evaluate("smollm3", out=tmp_path)
    with pytest.raises(ModelError, match=r"no adapter_model|no adapter there"):
        evaluate(MODEL, adapter=tmp_path, out=tmp_path / "out")


def test_answers_are_kept_in_whole_lines(tmp_path: Path) -> None:
    folder = EvaluationFolder(tmp_path / "out")
    settings = {"model": "m"}
    assert folder.claim(settings) == {}
    samples = {name: {"task_id": name, "completion": "a\u2028b\x85\nc\r"} for name in ("T/1", "T/0")}
    folder.write_samples(samples)
    assert folder.claim(settings) == samples


def test_a_damaged_benchmark_file_is_said(tmp_path: Path) -> None:
    row = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "", "canonical_solution": "    pass\n"}
    good = gzip.compress(json.dumps(row).encode())
    for content in (b"", b"text", good[:-9], gzip.compress(b"{"), gzip.compress(b"[]"), gzip.compress(b"\n")):
        (tmp_path / "tasks.jsonl.gz").write_bytes(content)
        with pytest.raises(EvaluationError, match=r"cannot be read as humaneval|holds no task"):
            read_benchmark("humaneval", tmp_path / "tasks.jsonl.gz")
    for missing in row:
        (tmp_path / "tasks.jsonl.gz").write_bytes(
            gzip.compress(json.dumps({key: value for key, value in row.items() if key != missing}).encode())
        )
        with pytest.raises(EvaluationError, match=missing):
            read_benchmark("humaneval", tmp_path / "tasks.jsonl.gz")
    (tmp_path / "tasks.jsonl.gz").write_bytes(good)
    assert len(read_benchmark("humaneval", tmp_path / "tasks.jsonl.gz").tasks) == 1


def test_the_benchmarks_tasks_are_in_their_published_order() -> None:
    numbers = [int(task.task_id.removeprefix("HumanEval/")) for task in load_benchmark("humaneval").tasks]
    assert all(later == earlier + 1 for earlier, later in pairwise(numbers))
