"""The report as its reader sees it: 80 columns, no colours in a pipe, as much as has run."""

import shlex
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from unit.arena_builder import amend_manifest, build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.report import print_report
from warriorcoder.summary import Cost, expenses
from warriorcoder.tables import STAGES


def printed(folder: ArenaFolder, width: int = 80) -> str:
    screen = StringIO()
    console = Console(file=screen, width=width)
    print_report(folder, console)
    return screen.getvalue()


def test_the_funnel_line_has_the_manifest_s_numbers(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    counts = folder.manifest()["counts"]
    text = " ".join(printed(folder).split())
    kto = folder.table_rows("kto")
    assert (
        f"{counts['mine']['draws']} draws -> {counts['mine']['kept']} kept -> {counts['curate']['kept']} in arena -> "
        f"{counts['answer']['answers']} answers -> {counts['judge']['battles']} battles -> {kto} kto rows"
    ) in text


def test_ratings_stand_in_order_with_interval_and_record(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    lines = [line.split() for line in printed(folder).splitlines()]
    at = next(i for i, line in enumerate(lines) if line[:2] == ["expert", "Elo"]) + 2
    rows = sorted(folder.read_table("ratings"), key=lambda row: -row["elo"])
    for line, row in zip(lines[at:], rows, strict=False):
        record = f"{row['wins']}/{row['ties']}/{row['losses']}"
        interval = [f"{row['elo_low']:.0f}", "to", f"{row['elo_high']:.0f}"]
        strength = [f"{row[f'bradley_terry{end}']:.0f}" for end in ("", "_low", "_high")]
        rank = [str(row["bradley_terry_rank_low"]), "to", str(row["bradley_terry_rank_high"])]
        of_strength = [strength[0], strength[1], "to", strength[2]]
        assert line == [row["model"], f"{row['elo']:.0f}", *interval, *of_strength, *rank, record]


def test_a_judge_that_always_says_first_is_named_in_plain_words(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    judge = folder.manifest()["judges"]["gemma3"]
    text = printed(folder)
    assert f"1.00 of {judge['votes']}" in text
    assert f"0.00 of {judge['battles_judged']}" in text
    assert f"WARNING: gemma3: named the first answer in {judge['votes']} of {judge['votes']} verdicts." in text


def test_a_judge_without_a_verdict_divides_by_nothing(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    silent = {"votes": 0, "missing": 6, "ties": 0, "first": 0, "battles_judged": 0, "consistent": 0}
    amend_manifest(folder, {"judges": {"silent": silent}})
    [line] = [line for line in printed(folder).splitlines() if line.strip().startswith("silent")]
    assert line.split() == ["silent", "0", "6", "0", "n/a", "of", "0", "n/a", "of", "0"]


def cost_rows(text: str) -> dict[tuple[str, str], list[str]]:
    """The cost table's rows by stage and expert, "" for the stage itself."""
    rows, stage = {}, ""
    for line in text.partition(" cost ")[2].partition("Cost:")[0].splitlines()[2:]:
        if words := line.split():
            stage = stage if line.startswith("   ") else words[0]
            rows[stage, words[0] if line.startswith("   ") else ""] = words[1:]
    return rows


def test_the_cost_counts_every_call_and_names_who_has_no_price(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    costs = folder.manifest()["cost"]
    text = printed(folder)
    rows = cost_rows(text)
    for stage, shares in costs.items():
        calls, tokens_in, tokens_out = (
            sum(part[key] for part in shares.values()) for key in ("calls", "input_tokens", "output_tokens")
        )
        assert rows[stage, ""] == [f"{calls:,}", f"{tokens_in:,}", f"{tokens_out:,}", "$0.00"]
        for name, part in shares.items():
            dollars = ["no", "price"] if name == "gemma3" else ["$0.00"]
            said = [f"{part[key]:,}" for key in ("calls", "input_tokens", "output_tokens")]
            assert rows[stage, name] == said + dollars
    every = [part for shares in costs.values() for part in shares.values()]
    sums = {key: sum(part[key] for part in every) for key in ("calls", "input_tokens", "output_tokens")}
    said = "Cost: {calls:,} calls, {input_tokens:,} tokens in, {output_tokens:,} out, $0.00".format_map(sums)
    assert f"{said} (no price given for gemma3)" in " ".join(text.split())


def test_answers_that_nobody_counted_are_no_zeros(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    mine = folder.manifest()["cost"]["mine"]
    calls = mine["gemma3"]["calls"]
    amend_manifest(
        folder,
        {
            "cost": {
                "mine": {
                    "gemma3": {"input_tokens": 0, "output_tokens": 0, "unmetered": calls},
                    "smollm2": {"unmetered": 1},
                }
            }
        },
    )
    text = printed(folder)
    rows = cost_rows(text)
    assert rows["mine", "gemma3"] == [str(calls), "–", "–", str(calls), "answers", "no", "price"]
    assert rows["mine", "smollm2"][-3:] == ["1", "answers", "$0.00"]
    assert rows["mine", ""][-3:] == [str(calls + 1), "answers", "$0.00"]
    assert rows["answer", "gemma3"][-2:] == ["no", "price"]
    assert f"out, {calls + 1} answers uncounted, $0.00" in " ".join(text.split())


def test_what_all_runs_have_cost_is_said_where_it_is_more(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    cost = Cost.of(expenses(folder.manifest()))

    def said(spent: Cost | None) -> str:
        screen = StringIO()
        print_report(folder, Console(file=screen, width=80), spent)
        return " ".join(screen.getvalue().split())

    assert "all runs" not in said(None)
    assert "all runs" not in said(cost)
    more = Cost(cost.calls + 1000, 5_000_000, 70, 0, 12.5, ())
    assert (
        f"Spent over all runs of the arena: {more.calls:,} calls, 5,000,000 tokens in, 70 out, $12.50. "
        "The tables hold a part of it."
    ) in said(more)


@pytest.mark.parametrize("experts", [2, 12])
def test_it_fits_eighty_columns_and_has_no_escapes(tmp_path: Path, experts: int) -> None:
    text = printed(build_arena(tmp_path / "demo", experts=experts, instructions=4))
    assert "\x1b" not in text
    before = text.split("The arena is in")[0]
    assert max(len(line) for line in before.splitlines()) <= 80


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_a_partly_finished_arena_says_what_has_not_run(tmp_path: Path, stage: str) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4, through=stage)
    text = printed(folder)
    waiting = STAGES[STAGES.index(stage) + 1 :]
    assert f"Not run yet: {', '.join(waiting)}." in text
    assert "load_dataset" not in text
    assert ("W/T/L" in text) == (stage == "rate")


def test_counts_whose_tables_are_gone_are_not_shown(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    for file in folder.table_files("battles"):
        file.unlink()
    text = printed(folder)
    assert "Not run yet: rate." in text
    assert "W/T/L" not in text
    assert "WARNING" not in text


def test_an_arena_before_its_first_stage_is_reported(tmp_path: Path) -> None:
    folder = ArenaFolder.prepare(tmp_path / "demo")
    folder.update_manifest({"name": "demo"})
    assert "Not run yet: mine, curate, answer, judge, rate, build." in printed(folder)


@pytest.mark.parametrize("name", ["demo", 'an arena\'s "copy"'])
def test_the_load_command_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from warriorcoder.dataset_card.card import write_card

    folder = build_arena(tmp_path / name, instructions=4)
    write_card(folder)
    [line] = [line.strip() for line in printed(folder).splitlines() if line.strip().startswith("python -c")]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    command = line.replace("python", shlex.quote(sys.executable), 1)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert folder.read_table("kto")[0]["instruction_id"] in done.stdout
