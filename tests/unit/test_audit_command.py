"""`warrior audit`: what it prints and writes, and what it says of arenas that cannot be audited."""

import json
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.pipelines.battles.audit.report import AuditReport, audit_of
from warriorcoder.pipelines.battles.audit.screen import print_audit
from warriorcoder.pipelines.battles.audit.writing import audit_png


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    return build_arena(tmp_path_factory.mktemp("arenas") / "demo", experts=5, instructions=60)


@pytest.fixture(scope="module")
def report(arena: ArenaFolder) -> AuditReport:
    return audit_of(arena)


def shown(report: AuditReport, width: int = 80) -> str:
    text = StringIO()
    print_audit(report, Console(file=text, width=width))
    return text.getvalue()


def test_the_judge_that_always_says_first_is_below_the_floor_and_ratings_stand_beside(report: AuditReport) -> None:
    assert list(report.below) == ["gemma3"]
    assert [breach.key for breach in report.below["gemma3"]] == ["same_place", "consistency"]
    assert {row.model for row in report.compared} == {row.model for row in report.compared if row.without is not None}
    text = shown(report)
    assert "gemma3 is below the recipe's floor" in text
    assert "battles.below_floor=down_weight" in text
    assert "Elo without" in text


def test_ranks_that_hang_on_the_judges_below_are_named(report: AuditReport) -> None:
    moved = [row for row in report.compared if row.moved]
    last = shown(report, width=400).splitlines()[-1]
    if moved:
        assert all(f"{row.model} from {row.rank} to {row.rank_without}" in last for row in moved)
    else:
        assert last == "Without them no rank changes."


def test_it_fits_eighty_columns(report: AuditReport) -> None:
    assert max(map(len, shown(report).splitlines())) <= 80


def test_the_command_writes_a_page_json_and_a_figure(arena: ArenaFolder, report: AuditReport) -> None:
    result = CliRunner().invoke(main, ["audit", str(arena.path)])
    assert result.exit_code == 0, result.output
    page = (arena.path / "audit.md").read_text(encoding="utf-8")
    assert page.startswith("# Judge audit\n")
    assert "| gemma3 | consistent | 0.00 |" in page
    written = json.loads((arena.path / "audit.json").read_text(encoding="utf-8"))
    assert [judge["judge"] for judge in written["judges"]] == [judge.judge for judge in report.audit.judges]
    assert written["judges"][0]["consistency"].keys() == {"value", "low", "high", "of", "chance", "why"}
    assert written["weights"] == {"gemma3": 1.0}
    assert (arena.path / "figures" / "audit.png").read_bytes() == audit_png(report)


def test_the_same_arena_gives_the_same_page(arena: ArenaFolder) -> None:
    pages = []
    for _ in range(2):
        assert CliRunner().invoke(main, ["audit", str(arena.path)]).exit_code == 0
        pages.append([(arena.path / name).read_bytes() for name in ("audit.md", "audit.json")])
    assert pages[0] == pages[1]


def test_one_judge_has_nobody_to_agree_with(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=2, instructions=12)
    found = audit_of(folder)
    assert [judge.judge for judge in found.audit.judges] == ["execution"]
    text = shown(found, 400)
    assert "no majority of all judges: no other model judged its battles." in text
    assert "Krippendorff's alpha of all judges: none, 0 battles with two judges or more" in text


def test_an_arena_without_votes_says_what_to_run(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=3, instructions=6, through="answer")
    result = CliRunner().invoke(main, ["audit", str(folder.path)])
    assert result.exit_code == 2
    assert "the table `votes` is absent: the stage `judge` has not run to its end" in result.output
    folder.write_stage("judge", {"votes": []})
    result = CliRunner().invoke(main, ["audit", str(folder.path)])
    assert result.exit_code == 2
    assert "there is no vote to audit. `warrior battle" in result.output


def test_judges_that_give_nonsense_only_are_shown_and_nothing_is_lost(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", experts=3, instructions=6)
    votes = [dict(vote, verdict=None, missing="no_marker") for vote in folder.read_table("votes")]
    folder.write_stage("judge", {"votes": votes})
    result = CliRunner().invoke(main, ["audit", str(folder.path)])
    assert result.exit_code == 0, result.output
    assert "missing is 1.00, the floor 0.5" in " ".join(result.output.split())
    assert folder.read_table("votes") == votes
