"""Evaluation through an expert's own local server, on real models: stopped in any way, it goes on where it was."""

import signal
import sqlite3
import subprocess
from pathlib import Path

import psutil
import pytest
from running import below, ended, wait_until, warrior

from warriorcoder.cli_expert_answers import expert_answers
from warriorcoder.eval.questions import Answer, Sampling, questions
from warriorcoder.eval.tasks import load
from warriorcoder.recipe import load_recipe

pytestmark = pytest.mark.models

DEMO = Path(__file__).resolve().parents[2] / "pipelines" / "recipes" / "demo.yaml"
TASKS = 14
"""More than the expert's server takes at once, twice."""


def evaluation(out: Path) -> subprocess.Popen[str]:
    return warrior(
        "eval", "run", "smollm2", "--recipe", DEMO, "--limit", str(TASKS), "--max-tokens", "32", "--out", out
    )


def answered(out: Path) -> int:
    """How many answers the journal holds."""
    journal = out / "journal.sqlite"
    if not journal.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM answers").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def written_by_the_server(out: Path) -> int:
    """How many answers the last local server wrote, by its own log."""
    (log,) = (out / "logs").iterdir()
    return log.read_text(encoding="utf-8", errors="replace").count("stop processing")


@pytest.mark.parametrize(("expert", "style"), [("smollm2-tutor", "chat"), ("gemma3", "completion")])
def test_a_local_expert_answers_in_its_own_form_and_leaves_no_server(tmp_path: Path, expert: str, style: str) -> None:
    given: list[Answer] = []
    sampling = Sampling(max_tokens=24)
    with expert_answers(load_recipe(DEMO), expert, tmp_path / "e", print) as answerer:
        assert answerer.style == style
        asked = questions(load("humaneval").tasks[:3], answerer.style, sampling)
        for batch in answerer.answers(asked, sampling):
            given += batch
        assert str(answerer.identity["weights"]).startswith("sha256:")
    assert {answer.task_id for answer in given} == {question.task.task_id for question in asked}
    assert any(answer.completion.strip() for answer in given)
    assert all(0 < (answer.output_tokens or 0) <= 24 for answer in given)
    assert all(answer.output_tokens == 24 for answer in given if answer.finish == "length")
    if style == "chat":
        assert [message["role"] for message in given[0].prompt if isinstance(message, dict)] == ["system", "user"]
    assert not [child for child in psutil.Process().children() if "embedded_server" in " ".join(child.cmdline())]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=["ctrl-c", "sigterm", "kill -9"],
)
def test_a_stopped_evaluation_leaves_no_process_and_loses_no_answer(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    out = tmp_path / "evaluation"
    process = evaluation(out)
    wait_until(lambda: answered(out), process)
    children = below(process)
    assert [child for child in children if "embedded_server" in " ".join(child.cmdline())]
    process.send_signal(number)
    returned, said = ended(process)
    assert returned == code
    assert "Traceback" not in said
    if number != signal.SIGKILL:
        assert "the same command goes on from here" in said
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    kept = answered(out)
    assert 1 <= kept < TASKS
    again = evaluation(out)
    returned, said = ended(again)
    assert returned == 0, said
    assert answered(out) == TASKS
    # An answer may be in the log and not yet in the log's index when its writer is killed: the next one finds it there.
    assert TASKS - kept - 1 <= written_by_the_server(out) <= TASKS - kept
    assert len((out / "samples.jsonl").read_text(encoding="utf-8").splitlines()) == TASKS


def test_a_local_server_that_dies_ends_the_evaluation_in_words(tmp_path: Path) -> None:
    out = tmp_path / "evaluation"
    process = evaluation(out)
    wait_until(lambda: answered(out), process)
    (server,) = (child for child in below(process) if "embedded_server" in " ".join(child.cmdline()))
    server.kill()
    returned, said = ended(process)
    assert returned == 3
    assert "the local server of smollm2 (SmolLM2-135M-Instruct.Q4_1.gguf) was killed (signal 9, SIGKILL)" in said
    assert "Traceback" not in said
    assert 1 <= answered(out) < TASKS
