"""Evaluations by a scripted model, in the real sandbox: what is asked, kept, gone on with and written."""

import fcntl
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.small_tasks import CODED, DOUBLED, RIGHT, Scripted, benchmark, coded, right

from warriorcoder.errors import EvaluationError, RunFailed, SandboxError
from warriorcoder.eval import evaluate as evaluation
from warriorcoder.eval.evaluate import Trial, evaluate
from warriorcoder.eval.questions import Question, Sampling
from warriorcoder.eval.results import Results
from warriorcoder.eval.runs import read_run
from warriorcoder.eval.tasks import Benchmark
from warriorcoder.sandbox.sandbox import Sandbox

FIVE = benchmark(*(coded(number) for number in range(2, 7)))
GREEDY = Sampling()
DRAWN = Sampling(samples=2, temperature=0.8, top_p=0.95)


@pytest.fixture(autouse=True)
def small_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """One worker without numpy: it starts in half the time."""

    def small(*, packages: Sequence[str], unsafe: bool) -> Sandbox:
        assert packages == ("numpy",)
        return Sandbox(workers=1, packages=(), unsafe=unsafe)

    monkeypatch.setattr(evaluation, "Sandbox", small)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Results]:
    """Evaluate into the folder `out`."""

    def run(answerer: Scripted, sampling: Sampling = GREEDY, tasks: Benchmark = FIVE, **more: Any) -> Results:
        said = more.pop("said", [])
        limit, unsafe = more.pop("limit", None), more.pop("unsafe", False)
        trial = Trial(tasks, tmp_path / "out", limit, cache=tmp_path / "cache", unsafe=unsafe)
        return evaluate(trial, answerer, sampling, say=said.append, **more)

    return run


def files(folder: Path) -> dict[str, bytes]:
    dated = "evalplus_eval_results.json"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != dated}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text().split("\n") if line]


def answers_of(question: Question) -> str:
    """Right, wrong, without code, one that runs on, and one that crashes."""
    right_one = right(question)
    texts = [right_one, "    return x\n", "", f"{right_one}\nprint(1)", "    return [][0]\n"]
    return texts[int(question.task.task_id[-1]) - 2]


def test_a_model_s_answers_are_tested_and_told(run: Callable[..., Results], tmp_path: Path) -> None:
    said: list[str] = []
    results = run(Scripted(answers_of, size=2), said=said)
    assert results.tasks == {
        "Small/2": ["passed"],
        "Small/3": ["failed"],
        "Small/4": ["no_code"],
        "Small/5": ["passed"],
        "Small/6": ["crashed"],
    }
    assert [line.split()[:4] for line in said[:-1]] == [
        ["Small/2", "passed", "7", "tokens"],
        ["Small/3", "failed", "7", "tokens"],
        ["Small/4", "no_code", "7", "tokens"],
        ["Small/5", "passed", "7", "tokens"],
        ["Small/6", "crashed", "7", "tokens"],
    ]
    assert said[-1].startswith("small pass@1 40.0 % (2 of 5 tasks; 95 % interval 11.8 % to 76.9 %); ")
    assert said[-1].endswith("1 failed, 1 no_code, 1 crashed")
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    assert (written["tasks"], written["base"]) == (results.tasks, None)
    assert written["scores"][0]["value"] == 0.4
    assert written["outcomes"] == {"passed": 2, "failed": 1, "no_code": 1, "crashed": 1}
    assert written["settings"]["benchmark"] == f"small:{'d' * 64}"
    assert written["packages"]["warriorcoder"]
    first = rows(tmp_path / "out")[0]
    assert (first["prompt"], first["completion"]) == (FIVE.tasks[0].prompt, "    return 2 * x\n")
    assert first["program"] == FIVE.tasks[0].reference
    assert (first["style"], first["finish"]) == ("completion", "stop")
    assert first["extraction"] == "parses; the prompt's head, continued by the answer"
    assert dict(read_run(tmp_path / "out").tasks) == results.tasks


def test_a_benchmark_with_base_and_plus_inputs_has_both_scores(run: Callable[..., Results], tmp_path: Path) -> None:
    said: list[str] = []
    answers = Scripted(lambda question: "    return 2 * x if x < 4 else 0\n" if question.draw else RIGHT)
    results = run(answers, DRAWN, benchmark(DOUBLED), said=said)
    assert results.tasks == {"Small/0": ["passed", "failed"]}
    assert results.base == {"Small/0": ["passed", "passed"]}
    assert "on the base tests alone 100.0 %" in said[-1]
    found = json.loads((tmp_path / "out" / "evalplus_eval_results.json").read_text())["eval"]["Small/0"]
    assert [(row["base_status"], row["plus_status"], row["plus_fail_tests"]) for row in found] == [
        ("pass", "pass", []),
        ("pass", "fail", [[4]]),
    ]
    assert dict(read_run(tmp_path / "out" / "evalplus_eval_results.json").tasks) == results.tasks


def test_nothing_is_asked_twice(run: Callable[..., Results], tmp_path: Path) -> None:
    results = run(Scripted())
    before = files(tmp_path / "out")
    said: list[str] = []
    assert run(Scripted(lambda _: AssertionError("asked again")), said=said) == results
    assert said[0].endswith("5 of 5 answers are there already.")
    assert files(tmp_path / "out") == before


def test_more_tasks_and_more_samples_add_to_what_is_there(run: Callable[..., Results], tmp_path: Path) -> None:
    def asked(limit: int | None, samples: int) -> list[tuple[str, int]]:
        model = Scripted()
        results = run(model, Sampling(samples, 0.8), limit=limit)
        assert {len(outcomes) for outcomes in results.tasks.values()} == {samples}
        assert len(results.tasks) == (limit or 5)
        return model.asked

    assert asked(2, 1) == [("Small/2", 0), ("Small/3", 0)]
    assert asked(3, 1) == [("Small/4", 0)]
    assert asked(3, 2) == [("Small/2", 1), ("Small/3", 1), ("Small/4", 1)]
    assert asked(2, 1) == []
    # What a smaller evaluation does not need is kept for a larger one.
    assert len(rows(tmp_path / "out")) == 6
    assert asked(None, 2) == [("Small/5", 0), ("Small/6", 0), ("Small/5", 1), ("Small/6", 1)]
    assert [(row["task_id"], row["draw"]) for row in rows(tmp_path / "out")][:3] == [
        ("Small/2", 0),
        ("Small/2", 1),
        ("Small/3", 0),
    ]


def test_several_samples_give_pass_at_k(run: Callable[..., Results]) -> None:
    results = run(
        Scripted(lambda question: right(question) if question.draw < 3 else "    return x\n"),
        Sampling(10, 0.8),
        limit=2,
    )
    assert [(row["k"], row["value"]) for row in results.scores] == [(1, pytest.approx(0.3)), (10, 1.0)]
    assert "(6 of 20 samples; " in results.line()
    assert "pass@10 100.0 %" in results.line()


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("model", {"identity": {"model": "another"}}),
        ("max_tokens", {"sampling": Sampling(max_tokens=9)}),
        ("seed, temperature, top_p", {"sampling": Sampling(temperature=0.8)}),
        ("style", {"style": "chat"}),
        ("benchmark", {"tasks": benchmark(*FIVE.tasks[:4], name="other")}),
    ],
)
def test_an_evaluation_with_another_setting_is_refused(
    run: Callable[..., Results], tmp_path: Path, what: str, changed: dict[str, Any]
) -> None:
    run(Scripted())
    # A line that is being written is none of the other one's business either.
    with (tmp_path / "out" / "samples.jsonl").open("a") as file:
        file.write('{"task_id": "Sma')
    before = files(tmp_path / "out")
    model = Scripted(identity=changed.pop("identity", None))
    with pytest.raises(EvaluationError, match=rf"holds an evaluation with another .*{what}.*\. Name another folder"):
        run(model, **changed)
    assert (model.asked, files(tmp_path / "out")) == ([], before)


def test_greedy_settings_do_not_name_what_has_no_part_in_it(run: Callable[..., Results]) -> None:
    results = run(Scripted(), Sampling(), limit=1)
    again = run(Scripted(lambda _: AssertionError("asked again")), Sampling(top_p=0.5, seed=3), limit=1)
    assert again.tasks == results.tasks


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RunFailed("the server is gone")], ids=["stopped", "failed"])
def test_what_was_answered_before_the_end_is_there_afterwards(
    run: Callable[..., Results], tmp_path: Path, error: BaseException
) -> None:
    with pytest.raises(type(error)):
        run(Scripted(lambda question: error if question.task.task_id == "Small/5" else right(question)), DRAWN)
    assert [(row["task_id"], row["draw"]) for row in rows(tmp_path / "out")] == [(f"Small/{i}", 0) for i in (2, 3, 4)]
    assert not (tmp_path / "out" / "results.json").exists()
    model, said = Scripted(size=3), list[str]()
    broken_off = run(model, DRAWN, said=said)
    assert said[0].endswith("3 of 10 answers are there already.")
    assert len(model.asked) == 7
    interrupted = files(tmp_path / "out")
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    assert run(Scripted(), DRAWN) == broken_off
    # As if it had never been broken off, down to the bytes.
    assert files(tmp_path / "out") == interrupted


def test_an_answer_that_a_kill_cut_off_is_asked_again(run: Callable[..., Results], tmp_path: Path) -> None:
    run(Scripted())
    place = tmp_path / "out" / "samples.jsonl"
    whole = place.read_bytes()
    for cut in (1, 2, 40, len(whole.split(b"\n")[-2])):
        place.write_bytes(whole[:-cut])
        model = Scripted()
        run(model)
        assert model.asked == [("Small/6", 0)]
        assert place.read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings.json", b""),
        ("settings.json", b"[]"),
        ("settings.json", b"{"),
        ("samples.jsonl", b'{"task_id": "Small/2"}\n'),
        ("samples.jsonl", b"3\n"),
        ("samples.jsonl", b"{\n"),
        ("samples.jsonl", b"\xff\n"),
        ("samples.jsonl", b'{"task_id": "Small/2", "draw": 0, "style": "chat", "completion": null}\n'),
        ("samples.jsonl", b'{"task_id": [2], "draw": 0, "style": "chat", "completion": ""}\n'),
        ("samples.jsonl", b'{"task_id": "Small/2", "draw": "0", "style": "chat", "completion": ""}\n'),
    ],
)
def test_a_damaged_folder_is_refused(run: Callable[..., Results], tmp_path: Path, name: str, content: bytes) -> None:
    run(Scripted(), limit=1)
    (tmp_path / "out" / name).write_bytes(content)
    with pytest.raises(EvaluationError, match=r"out: its files are damaged .* Name another folder with --out\."):
        run(Scripted(lambda _: AssertionError("asked")), limit=1)


def test_another_s_folder_is_left_alone(run: Callable[..., Results], tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(EvaluationError, match="holds files of something else"):
        run(Scripted())
    assert files(tmp_path / "out") == {"thesis.txt": b"mine"}


def test_two_at_once_do_not_pay_for_the_same_answers(run: Callable[..., Results], tmp_path: Path) -> None:
    run(Scripted(), limit=1)
    with (tmp_path / "out" / "settings.json").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(EvaluationError, match=r"another evaluation is at work in it\. Wait for it"):
            run(Scripted(), limit=2)
    run(Scripted(), limit=2)


def test_any_text_is_kept_as_it_was_answered(run: Callable[..., Results], tmp_path: Path) -> None:
    odd = '    return "\u2028\x85\r\n\ud800 \x00 \U0001f600"\n'
    run(Scripted(lambda _: odd), limit=1)
    assert rows(tmp_path / "out")[0]["completion"] == odd
    assert run(Scripted(lambda _: AssertionError("asked")), limit=1).tasks.keys() == {"Small/2"}


def test_where_there_is_no_sandbox_no_model_is_loaded(
    run: Callable[..., Results], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> Sandbox:
        raise SandboxError("there is no bubblewrap")

    class Loaded(Scripted):
        style = property(lambda _: pytest.fail("the model was loaded"))  # type: ignore[assignment]

        def __init__(self) -> None:
            self.identity = {}

    monkeypatch.setattr(evaluation, "Sandbox", refuse)
    with pytest.raises(SandboxError, match="no bubblewrap"):
        run(Loaded())


def test_without_a_sandbox_it_is_said_once(run: Callable[..., Results]) -> None:
    said: list[str] = []
    assert run(Scripted(), limit=2, unsafe=True, said=said).tasks == {"Small/2": ["passed"], "Small/3": ["passed"]}
    assert [line for line in said if line.startswith("WARNING: ")] == [said[0]]
    assert "without a sandbox" in said[0]


def test_a_chat_answer_gets_the_prompts_helpers(run: Callable[..., Results], tmp_path: Path) -> None:
    answer = f"Sure!\n```python\ndef doubled(x):\n    return thrice(x) - x\n```\nor {RIGHT}"
    results = run(Scripted(lambda _: answer, style="chat"), tasks=benchmark(CODED))
    assert results.tasks == {"Small/1": ["passed"]}
    (row,) = rows(tmp_path / "out")
    assert row["program"].startswith("def thrice(x):")
    assert row["style"] == "chat"


def test_the_style_that_is_given_comes_before_the_model_s(run: Callable[..., Results], tmp_path: Path) -> None:
    run(Scripted(lambda _: "", style="chat"), style="completion", limit=1)
    assert rows(tmp_path / "out")[0]["style"] == "completion"
