"""warrior journal stats, export and prune."""

import fcntl
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from unit.journal_files import entry, key, many, overwrite, quarantined, statement

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.journal.rows import to_row

RECIPE = {
    "name": "demo",
    "experts": [
        {
            "name": "one",
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
            "price": {"input": 1.0, "output": 10.0},
        },
        {
            "name": "two",
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
        },
    ],
}


@pytest.fixture
def arena(tmp_path: Path) -> ArenaFolder:
    folder = ArenaFolder.prepare(tmp_path / "arena")
    folder.update_manifest({"name": "demo"})
    folder.write_text(folder.recipe_path, yaml.safe_dump(RECIPE))
    return folder


@pytest.fixture
def filled(arena: ArenaFolder) -> ArenaFolder:
    with Journal(arena.journal_path) as journal:
        journal.put_many(many(60))
    return arena


def warrior(command: str, folder: ArenaFolder, *arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, ["journal", command, str(folder.path), *arguments])


def kept(folder: ArenaFolder) -> set[str]:
    result = warrior("export", folder)
    assert result.exit_code == 0, result.stderr
    return {json.loads(line)["key"] for line in result.stdout.splitlines()}


def keys(*names: object) -> set[str]:
    return {key(name) for name in names}


# stats


def test_stats_count_by_stage_and_expert(arena: ArenaFolder) -> None:
    with Journal(arena.journal_path) as journal:
        journal.put_many(
            [entry(number, tokens=(1000, 100), seconds=float(number)) for number in range(1, 21)]
            + [entry("u", expert="two", stage="judge", tokens=(None, 5), seconds=0.5)]
        )
    result = warrior("stats", arena, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    judge, mine = found["groups"]
    assert {name: mine[name] for name in mine if "asked" not in name} == {
        "stage": "mine",
        "expert": "one",
        "answers": 20,
        "input_tokens": 20_000,
        "output_tokens": 2_000,
        "uncounted": 0,
        "median_seconds": 11.0,
        "p95_seconds": 20.0,
        "dollars": 0.04,
        "unused": 0,
    }
    assert (judge["expert"], judge["uncounted"], judge["input_tokens"], judge["dollars"]) == ("two", 1, 0, None)
    assert mine["first_asked"] <= mine["last_asked"]
    assert found["answers"] == 21
    assert found["bytes"] == arena.journal_path.stat().st_size
    assert found["unused"] == {"answers": 0, "bytes": 0}
    assert [row["dollars"] for row in found["asked_in_all"]] == [None, 0.04]


def test_stats_on_the_screen_fit_80_columns(filled: ArenaFolder) -> None:
    result = warrior("stats", filled)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    tables = [line for line in lines if line.startswith((" stage", " judge", " mine"))]
    assert len(tables) == 10
    assert all(len(line) <= 80 for line in tables)
    assert any(line.startswith("60 answers, ") and line.endswith("arena/.work/journal.sqlite") for line in lines)
    assert "Asked in all, dropped answers included: 60 calls" in result.stdout
    assert "`warrior journal prune` would drop 0 answers" in result.stdout


def test_stats_do_without_prices_where_the_recipe_cannot_be_read(filled: ArenaFolder) -> None:
    filled.recipe_path.write_text("name: [")
    result = warrior("stats", filled, "--json")
    assert result.exit_code == 0
    assert {group["dollars"] for group in json.loads(result.stdout)["groups"]} == {None}
    assert "no dollars are shown" in result.stderr


@pytest.mark.parametrize("command", ["stats", "export", "prune"])
def test_an_arena_without_a_journal_is_told_and_none_is_made(arena: ArenaFolder, command: str) -> None:
    result = warrior(command, arena)
    assert result.exit_code == 2
    assert "nobody was asked anything in it yet" in result.stderr
    assert not arena.journal_path.exists()


@pytest.mark.parametrize("command", ["stats", "export", "prune"])
def test_a_folder_that_is_no_arena_is_told(tmp_path: Path, command: str) -> None:
    result = warrior(command, ArenaFolder(tmp_path))
    assert result.exit_code == 2
    assert "not an arena" in result.stderr


def test_a_damaged_journal_is_mended_on_the_way_and_the_user_is_told(filled: ArenaFolder) -> None:
    overwrite(filled.journal_path, 0, b"garbage")
    result = warrior("stats", filled, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["answers"] == 60
    assert "60 answers were read out of it" in result.stderr
    assert len(quarantined(filled.journal_path)) == 1


def test_damage_that_shows_while_it_is_read_is_told(filled: ArenaFolder) -> None:
    statement(filled.journal_path, f"UPDATE answers SET text = x'00' WHERE key = x'{key(30)}'")
    result = warrior("export", filled)
    assert result.exit_code == 2
    assert "the journal is damaged" in result.stderr
    assert len(kept(filled)) == 59


# export


def test_export_gives_every_answer_as_it_is(filled: ArenaFolder, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = warrior("export", filled, "--out", str(out))
    assert (result.exit_code, result.stdout) == (0, f"60 answers are in {out}\n")
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    for row, given in zip(rows, many(60), strict=True):
        assert row.pop("asked_at").endswith("Z")
        reply = given.reply
        assert row == {
            "key": given.key,
            "expert": given.expert,
            "model": given.model,
            "stage": given.stage,
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "seconds": given.seconds,
        }
    assert warrior("export", filled).stdout_bytes == out.read_bytes()
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


def test_an_answer_cut_in_a_character_is_exported_as_valid_json(arena: ArenaFolder) -> None:
    with Journal(arena.journal_path) as journal:
        journal.put_many([Entry(key(1), "one", "m", "mine", Reply("é\ud83d"), 1.0)])
    assert json.loads(warrior("export", arena).stdout)["text"] == "é\ud83d"


def test_an_export_into_a_folder_that_is_not_there_is_told(filled: ArenaFolder, tmp_path: Path) -> None:
    result = warrior("export", filled, "--out", str(tmp_path / "absent" / "out.jsonl"))
    assert result.exit_code == 2
    assert "cannot be written: No such file or directory" in result.stderr


def test_an_export_whose_reader_leaves_ends_quietly(arena: ArenaFolder) -> None:
    with Journal(arena.journal_path) as journal:
        journal.put_many([entry(number, "x" * 5000) for number in range(200)])
    process = subprocess.Popen(
        [sys.executable, "-m", "warriorcoder.cli", "journal", "export", str(arena.path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["key"] == key(0)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 0
    process.stderr.close()


def test_export_and_stats_work_while_a_run_is_on(filled: ArenaFolder) -> None:
    with (
        (filled.work / "lock").open("w") as lock,
        Journal(filled.journal_path) as journal,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        journal._connection.execute("BEGIN IMMEDIATE")
        assert len(kept(filled)) == 60
        assert warrior("stats", filled).exit_code == 0
        journal._connection.execute("ROLLBACK")


# prune


def history(folder: ArenaFolder) -> None:
    """Three runs: the second uses some of the first's answers, the third does not come to an end."""
    with Journal(folder.journal_path) as journal:
        first = journal.begin_run()
        journal.put_many([entry(f"mine {number}") for number in range(4)])
        journal.put_many([entry(f"judge {number}", stage="judge") for number in range(4)])
        for stage in ("mine", "judge"):
            journal.finish_stage(stage, first)
        second = journal.begin_run()
        journal.mark_used([key("mine 0"), key("mine 1"), key("judge 0")])
        journal.put_many([entry("mine 4")])
        journal.finish_stage("mine", second)
        journal.begin_run()
        journal.mark_used([key("mine 0")])
        journal.put_many([entry("mine 5")])


def test_prune_drops_what_the_last_finished_run_of_its_stage_did_not_use(arena: ArenaFolder) -> None:
    history(arena)
    assert json.loads(warrior("stats", arena, "--json").stdout)["unused"]["answers"] == 2
    result = warrior("prune", arena, "--yes")
    assert result.exit_code == 0
    assert "mine, one: 2 answers" in result.stdout
    assert "2 answers were dropped, 8 are left" in result.stdout
    # The judge's stage did not come to an end in the second run.
    judged = keys(*(f"judge {number}" for number in range(4)))
    assert kept(arena) == keys("mine 0", "mine 1", "mine 4", "mine 5") | judged
    assert warrior("prune", arena, "--yes").stdout == "nothing to drop\n"


def test_prune_before_any_stage_came_to_its_end_says_so(filled: ArenaFolder) -> None:
    with Journal(filled.journal_path) as journal:
        journal.begin_run()
    result = warrior("prune", filled, "--yes")
    assert result.exit_code == 0
    assert "no stage has come to its end yet" in result.stdout
    assert len(kept(filled)) == 60


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--expert", "one"], lambda each: each.expert != "one"),
        (["--stage", "judge"], lambda each: each.stage != "judge"),
        (["--expert", "one", "--stage", "judge"], lambda each: (each.expert, each.stage) != ("one", "judge")),
        (["--older-than", "2"], lambda each: int(each.key[0], 16) >= 8),
        (["--older-than", "2", "--expert", "two"], lambda each: each.expert != "two" or int(each.key[0], 16) >= 8),
    ],
)
def test_prune_drops_what_fits_every_option(
    filled: ArenaFolder, options: list[str], left: Callable[[Entry], bool]
) -> None:
    with Journal(filled.journal_path) as journal:
        before = journal.spent()
        aged = [each for each in many(60) if int(each.key[0], 16) < 8]
        _store_as_of_three_days_ago(journal, aged)
    assert warrior("prune", filled, "--yes", *options).exit_code == 0
    assert kept(filled) == {each.key for each in many(60) if left(each)}
    with Journal(filled.journal_path) as journal:
        # The money is spent.
        assert journal.spent() == before


def _store_as_of_three_days_ago(journal: Journal, entries: list[Entry]) -> None:
    for each in entries:
        row = to_row(each, int(time.time()) - 3 * 86_400)
        journal._connection.execute("UPDATE answers SET asked_at = ?, seal = ? WHERE key = ?", (row[8], row[9], row[0]))


def test_prune_gives_the_room_back(arena: ArenaFolder) -> None:
    with Journal(arena.journal_path) as journal:
        journal.put_many([entry(number, "x" * 5000, expert="two" if number % 4 else "one") for number in range(400)])
    before = arena.journal_path.stat().st_size
    result = warrior("prune", arena, "--expert", "two", "--yes")
    assert result.exit_code == 0
    after = arena.journal_path.stat().st_size
    assert after < before / 3
    assert f"{before / 1e6:.1f} MB before, {after / 1e3:.1f} kB now" in result.stdout


def test_an_answer_that_was_dropped_can_be_stored_again_and_costs_again(arena: ArenaFolder) -> None:
    history(arena)
    warrior("prune", arena, "--stage", "judge", "--yes")
    with Journal(arena.journal_path) as journal:
        journal.put_many([entry("judge 1", "another", stage="judge")])
        reply = journal.get(key("judge 1"))
        assert reply is not None
        assert reply.text == "another"
        assert journal.spent()["judge", "one"].calls == 5
        # Nothing that was marked on a dropped answer clings to the one that took its place.
        journal.begin_run()
        journal.finish_stage("judge", journal.run)
    warrior("prune", arena, "--yes")
    assert key("judge 1") not in kept(arena)


@pytest.mark.parametrize(("option", "known"), [("--expert", "one, two"), ("--stage", "judge, mine")])
def test_a_name_that_the_journal_does_not_know_is_told(filled: ArenaFolder, option: str, known: str) -> None:
    result = warrior("prune", filled, option, "three", "--yes")
    assert result.exit_code == 2
    assert f"{option} three: the journal has no answers" in result.stderr
    assert result.stderr.endswith(f"it has: {known}.\n")


def test_prune_refuses_while_a_run_is_at_work(filled: ArenaFolder) -> None:
    with (filled.work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = warrior("prune", filled, "--expert", "one", "--yes")
    assert result.exit_code == 2
    assert "a run is at work in this arena" in result.stderr
    assert len(kept(filled)) == 60


def test_prune_without_a_terminal_wants_a_yes(filled: ArenaFolder) -> None:
    result = warrior("prune", filled, "--expert", "one")
    assert result.exit_code == 2
    assert "mine, one: 20 answers" in result.stdout
    assert "There is no terminal to answer at: give --yes" in result.stderr
    assert result.stderr.count("\n") == 1
    assert len(kept(filled)) == 60


@pytest.mark.parametrize(("answer", "left"), [("y", 30), ("", 60)])
def test_prune_asks_at_a_terminal(filled: ArenaFolder, answer: str, left: int) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "warriorcoder.cli", "journal", "prune", str(filled.path), "--expert", "one"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.write(ours, f"{answer}\n".encode())
    shown, _ = process.communicate()
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0
    assert "Drop 30 answers, about " in shown
    assert ("nothing was dropped" in shown) == (left == 60)
    assert len(kept(filled)) == left
