"""Two runs compared, several in a table, and results in evalplus's format."""

import json
from pathlib import Path
from typing import Any

import pytest

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.comparison import (
    Comparison,
    compare,
    comparison_json,
    comparison_markdown,
    comparison_png,
    summary,
)
from warriorcoder.eval.evalplus_format import TestedRun, TestedSample, from_evalplus, to_evalplus
from warriorcoder.eval.report import points, report_markdown, report_rows
from warriorcoder.eval.runs import EvaluatedRun, read_run

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "starcoder2-15b-instruct"
PUBLISHED = pytest.mark.skipif(not DATA.is_dir(), reason=f"the published results are not in {DATA}")


def run(name: str, outcomes: list[str], digest: str | None = "d1", benchmark: str = "humaneval") -> EvaluatedRun:
    return EvaluatedRun(name, benchmark, digest, {f"HumanEval/{at}": [each] for at, each in enumerate(outcomes)})


def folder(path: Path, name: str, tasks: dict[str, Any], digest: str | None = "abc", detail: str = "") -> Path:
    """A folder as `warrior eval` leaves it."""
    path.mkdir()
    results = {"model": name, "adapter": None, "benchmark": "humaneval", "tasks": tasks}
    (path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    if digest:
        (path / "settings.json").write_text(json.dumps({"benchmark": f"humaneval:{digest}"}), encoding="utf-8")
    rows = [json.dumps({"task_id": task, "detail": detail}) for task in tasks]
    (path / "samples.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_comparison_counts_every_task_once() -> None:
    first = run("one", ["passed", "failed", "passed", "timeout", "failed"])
    second = run("two", ["passed", "passed", "failed", "passed", "crashed", "passed"])
    found = compare(first, second, draws=2000)
    assert [row.task for row in found.tasks] == [f"HumanEval/{at}" for at in range(5)]
    assert (found.pairs.wins, found.pairs.losses, found.pairs.both, found.pairs.neither) == (2, 1, 1, 1)
    assert found.difference.value == pytest.approx(0.2)
    assert found.difference.low < 0 < found.difference.high
    assert found.p_value == 1
    assert (found.only_a, found.only_b) == ([], ["HumanEval/5"])
    assert found.same_benchmark is True
    assert compare(first, second, draws=2000) == found
    alike = compare(first, run("one", ["failed"]), draws=10)
    assert (alike.a, alike.b) == ("one (first)", "one (second)")
    back = compare(second, first, draws=2000)
    assert back.difference.value == pytest.approx(-found.difference.value)
    assert (back.pairs.wins, back.only_a) == (1, ["HumanEval/5"])


def test_runs_that_do_not_compare_are_refused() -> None:
    one = run("one", ["passed"])
    with pytest.raises(EvaluationError, match=r"another digest in one .* than in two"):
        compare(one, run("two", ["passed"], digest="d2"))
    with pytest.raises(EvaluationError, match="one ran on humaneval, two on mbpp"):
        compare(one, run("two", ["passed"], benchmark="mbpp"))
    other = EvaluatedRun("two", "humaneval", "d1", {"HumanEval/9": ["passed"]})
    with pytest.raises(EvaluationError, match="no task in common"):
        compare(one, other)
    assert compare(one, run("two", ["passed"], digest=None)).same_benchmark is None


def test_several_samples_are_compared_by_their_rates() -> None:
    a = EvaluatedRun("a", "humaneval", "d", {"t/1": ["passed", "failed"], "t/2": ["failed", "failed"]})
    b = EvaluatedRun("b", "humaneval", "d", {"t/1": ["passed", "passed"], "t/2": ["failed", "failed"]})
    found = compare(a, b, draws=500)
    assert (found.score_a.value, found.score_b.value, found.pairs.wins) == (0.25, 0.5, 1)
    assert not found.single
    page = comparison_markdown(found)
    assert "sign test" in page
    assert "| `t/1` | 50% of 2 | 100% of 2 |" in page


def test_a_folder_of_an_evaluation_is_read(tmp_path: Path) -> None:
    path = folder(
        tmp_path / "a", "model/a", {"HumanEval/0": "passed", "HumanEval/1": ["failed", "passed"]}, detail="x != y"
    )
    found = read_run(path)
    assert (found.name, found.benchmark, found.digest) == ("model/a", "humaneval", "abc")
    assert found.rates == {"HumanEval/0": 1.0, "HumanEval/1": 0.5}
    assert found.failures == {"failed": 1}
    assert found.details["HumanEval/1"] == "x != y"
    assert read_run(path / "results.json") == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"model": "m", "benchmark": "b", "tasks": {}}',
        '{"eval": {"t": [{"solution": 1}]}}',
        '{"model": "m", "benchmark": "b", "tasks": {"t": 5}}',
        '{"model": "m", "benchmark": "b", "tasks": {"t": []}}',
    ],
)
def test_damaged_results_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match="Run the evaluation again"):
        read_run(tmp_path)
    with pytest.raises(EvaluationError, match="no results there"):
        read_run(tmp_path / "nowhere")


def test_the_page_says_what_is_left_out_and_nothing_in_it_is_markup(tmp_path: Path) -> None:
    a = folder(tmp_path / "a", "a|<b>", {"HumanEval/0": "passed", "HumanEval/1": "failed"}, detail="a | *b* `c`")
    b = folder(tmp_path / "b", "b", {"HumanEval/1": "passed", "HumanEval/2": "passed"}, digest=None)
    found = compare(read_run(a), read_run(b), draws=100)
    page = comparison_markdown(found, "compare.png")
    assert "1 task only in a\\|\\<b\\>, left out: `HumanEval/0`." in page
    assert "does not tell its benchmark's digest" in page
    assert "| `HumanEval/1` | failed | passed | a \\| \\*b\\* \\`c\\` |" in page
    assert "![Scores, and tasks by who passes them](compare.png)" in page
    assert json.loads(json.dumps(comparison_json(found)))["tasks"][0]["outcomes_a"] == ["failed"]


def published(benchmark: str, *, plus: bool) -> EvaluatedRun:
    path = DATA / f"{benchmark}_eval_results.json"
    if plus:
        return read_run(path)
    rows = json.loads(path.read_text(encoding="utf-8"))["eval"]
    names = {"pass": "passed", "fail": "failed", "timeout": "timeout"}
    base = {task: [names[row["base_status"]] for row in samples] for task, samples in rows.items()}
    return EvaluatedRun("base tests alone", f"{benchmark} (evalplus)", None, base)


@PUBLISHED
def test_published_results_compare_to_their_published_difference() -> None:
    """0.726 on HumanEval's tests, 0.634 with evalplus's: whoever passes all has passed the base, so nothing is won."""
    found: Comparison = compare(published("humaneval", plus=False), published("humaneval", plus=True))
    assert (found.a, found.b) == ("base tests alone", "starcoder2-15b-instruct")
    assert [row.task for row in found.tasks] == [f"HumanEval/{at}" for at in range(164)]
    assert (round(found.score_a.value, 3), round(found.score_b.value, 3)) == (0.726, 0.634)
    assert (found.pairs.wins, found.pairs.losses, found.pairs.both) == (0, 15, 104)
    assert found.p_value == pytest.approx(2 / 2**15)
    assert found.difference.high < 0
    assert "difference -9.1 points (95 % interval" in summary(found)
    assert "p < 0.0001" in summary(found)
    assert comparison_png(found) == comparison_png(found)
    assert comparison_png(found)[:4] == b"\x89PNG"


@PUBLISHED
@pytest.mark.parametrize("benchmark", ["humaneval", "mbpp"])
def test_evalplus_results_go_through_unchanged(benchmark: str) -> None:
    found = json.loads((DATA / f"{benchmark}_eval_results.json").read_text(encoding="utf-8"))
    assert to_evalplus(from_evalplus(found)) == found


def test_outcomes_that_evalplus_does_not_know_are_fails() -> None:
    samples = [TestedSample("x = 1", "crashed"), TestedSample("x = 2", "passed", "out of memory", (), [[1]])]
    written = to_evalplus(TestedRun("2026-11-24 10:00", "abc", {"HumanEval/0": samples}))
    first, second = written["eval"]["HumanEval/0"]
    assert (first["base_status"], first["plus_status"], second["plus_status"]) == ("fail", None, "fail")
    back = from_evalplus(written).samples["HumanEval/0"]
    assert [sample.outcome for sample in back] == ["failed", "failed"]
    assert back[1].plus_fails == [[1]]
    with pytest.raises(ValueError, match="no status of evalplus"):
        from_evalplus({"date": "", "hash": "", "eval": {"t": [{**first, "base_status": "odd"}]}})


def test_a_report_has_a_row_for_each_run_and_k() -> None:
    many = EvaluatedRun("b", "humaneval", "d", {f"t/{at}": ["passed"] + ["failed"] * 9 for at in range(4)})
    rows = report_rows([run("a", ["passed", "failed", "timeout", "failed"]), many], draws=100)
    assert [(row["model"], row["k"], row["value"]) for row in rows] == [
        ("a", 1, 0.25),
        ("b", 1, pytest.approx(0.1)),
        ("b", 10, 1.0),
    ]
    table = report_markdown(rows)
    assert "| a | humaneval | 4 | pass@1 | 25.0 % | 4.6 % to 69.9 % | 2 failed, 1 timeout |" in table
    assert "bootstrap over tasks" in table
    assert "| b | humaneval | 4 | pass@10 | 100.0 % |" in table


def test_points_have_one_sign() -> None:
    assert [points(0.0914), points(-0.0914), points(0.0001), points(-0.0001)] == [
        "+9.1 points",
        "-9.1 points",
        "0.0 points",
        "0.0 points",
    ]
