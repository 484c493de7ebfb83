"""Instructions of one's own, through the whole pipeline: curated as mined ones are, and never mined."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_experts import KEY, recipe, script
from unit.scripted_server import Asked, Fault, ScriptedServer, scripted_server

from warriorcoder.check import check
from warriorcoder.dataset_card.card import write_card
from warriorcoder.pipelines.mining.reporting import write_mining_report
from warriorcoder.pipelines.run import run_part
from warriorcoder.tables import TABLES

MAIL = "ada.lovelace@analytical-engine.co.uk"
ROWS = (
    "Write a Python function that rotates a matrix by ninety degrees.",
    f"My script mails {MAIL} when a build fails. Write it so that it mails only once an hour.",
    "Write has_close_elements: are any two numbers of a list closer to each other than a threshold?",
    "Explain what a context manager in Python does.",
    "Explain what a context manager in Python does.",
    "",
    "Reverse the words of a sentence in Go.",
)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(says) as running:
        yield running


def says(asked: Asked) -> str | Fault:
    """As the scripted experts; their answers to one instruction hold somebody's mail address."""
    found = script(asked)
    return f"{found}\n\nAsk {MAIL}." if asked.chat and asked.text == ROWS[-1] else found


def test_a_set_of_ones_own_is_curated_answered_and_judged(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_KEY", KEY)
    (tmp_path / "own.jsonl").write_text("".join(json.dumps({"prompt": row, "id": 1}) + "\n" for row in ROWS))
    (tmp_path / "known.jsonl").write_text(json.dumps({"text": "Reverse the words of a sentence in Rust."}) + "\n")
    made = recipe(
        server.url,
        mining={"per_expert": 0, "from": str(tmp_path / "own.jsonl"), "column": "prompt"},
        curation={
            "keep_bands": ["poor", "average", "good", "excellent"],
            "novelty": {"references": {"path": str(tmp_path / "known.jsonl"), "column": "text"}},
        },
    )
    folder = run_part(made, tmp_path / "arena", "run", lambda progress, message, stays=False: None)
    write_card(folder)
    report = write_mining_report(folder).read_text()

    # Nobody was asked to mine: a base model's raw prompts are answers and grades.
    assert not [asked for asked in server.asked if asked.text.endswith("Write a")]
    assert all(asked.chat for asked in server.asked if asked.model == "m-one")
    counts = folder.manifest()["counts"]["mine"]
    assert (counts["draws"], counts["brought"], counts["kept"], counts["rejected"]) == (0, len(ROWS), 5, 2)

    rows = {row["draw"]: row for row in folder.read_table("instructions")}
    assert {row["source"] for row in rows.values()} == {"own.jsonl"}
    assert {row["miner"] for row in rows.values()} == {None}
    assert rows[2]["instruction"] == ROWS[1].replace(MAIL, "<EMAIL_ADDRESS>")
    assert rows[7]["rouge_l_max"] == pytest.approx(7 / 8)
    assert rows[7]["nearest_reference"] == "known.jsonl:1"
    reasons = {row["draw"]: (row["reason"], row["detail"]) for row in folder.read_table("rejected") if row["draw"]}
    assert reasons[3] == ("contaminated", "humaneval HumanEval/0, entry point: has_close_elements")
    assert reasons[5][0] == "exact_duplicate"
    assert reasons[6][0] == "empty"

    # Every pair fights on an instruction that nobody mined.
    fought = {(row["attacker"], row["defender"]) for row in folder.read_table("battles")}
    assert len(fought) == 3
    assert [finding for finding in check(folder) if not finding.ok] == []

    of_go = rows[7]["instruction_id"]
    answered = [row["answer"] for row in folder.read_table("answers") if row["instruction_id"] == of_go]
    assert any(answer.endswith("Ask <EMAIL_ADDRESS>.") for answer in answered)
    card = (folder.path / "README.md").read_text()
    assert "own.jsonl" in card
    assert "email address" in card
    assert "own.jsonl" in report
    private = folder.manifest()["private"]
    assert private["mine"]["EMAIL_ADDRESS"] == 1
    assert private["answer"]["EMAIL_ADDRESS"] >= 1
    assert [name for name in TABLES if MAIL in json.dumps(folder.read_table(name))] == []
    published = [file for file in folder.path.rglob("*") if file.is_file() and ".work" not in file.parts]
    assert [file for file in published if MAIL.encode() in file.read_bytes()] == []
