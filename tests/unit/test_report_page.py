"""The report's page: one file that lets nothing in or out, whatever models wrote. A browser looks at it elsewhere."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.dataset_card.page.writing import page_path, shown, write_page
from warriorcoder.tables import STAGES


def page(folder: ArenaFolder, limit: int = 1000) -> str:
    path = page_path(folder)
    write_page(folder, path, limit)
    return path.read_text(encoding="utf-8")


def test_the_same_arena_gives_the_same_page(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    assert page(folder) == page(folder)


def test_nothing_is_fetched_and_only_our_own_script_runs(tmp_path: Path) -> None:
    text = page(build_arena(tmp_path / "demo"))
    assert set(re.findall(r"(?:src|href)=\"([^\"]{0,5})", text)) <= {"data:", "#batt", "#over", "#", "#main"}
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    # One script of ours; the others are data of a type that no browser runs.
    kinds = re.findall(r"<script\b([^>]*)>", text)
    assert [kind for kind in kinds if "application/octet-stream" not in kind] == [""]


def test_it_says_how_many_battles_it_leaves_out(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo")
    battles = folder.table_rows("battles")
    written = write_page(folder, tmp_path / "page.html", 5)
    # Whole instructions, as many as there is room for.
    assert 0 < written.shown <= 5 < battles == written.battles
    assert written.size == (tmp_path / "page.html").stat().st_size
    said = CliRunner().invoke(main, ["report", str(folder.path), "--html"]).output
    assert said.startswith(f"{page_path(folder)}: ")
    assert said.endswith(f", {battles:,} battles. Open it in a browser.\n")


@pytest.mark.parametrize("stage", STAGES)
def test_an_arena_has_a_page_as_far_as_it_has_run(tmp_path: Path, stage: str) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4, through=stage)
    text = page(folder)
    assert text.rstrip().endswith("</html>")
    assert ('class="chunk"' in text) == (stage in STAGES[STAGES.index("rate") :])


def test_what_cannot_be_seen_is_shown_by_its_code() -> None:
    assert shown("a\u202eb\x00c\n") == "a⟨202E⟩b⟨0000⟩c\n"
