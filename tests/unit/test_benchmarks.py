"""What benchmarks/README.md promises of every benchmark."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
SCRIPTS = sorted(path.name for path in FOLDER.glob("[!_]*.py"))


def test_the_readme_lists_every_benchmark() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `(\w+\.py)` \|", text, re.M)) == SCRIPTS


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_benchmark_says_what_it_measures_and_has_a_small_size(name: str) -> None:
    shown = subprocess.run([sys.executable, str(FOLDER / name), "--help"], capture_output=True, text=True, check=True)
    assert "--quick" in shown.stdout
    assert shown.stdout.partition("\n\n")[2].strip()


ARENA = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from _arena import arena_with_instructions, instructions, recipe
arena_with_instructions(Path(sys.argv[2]), recipe("http://127.0.0.1:1/v1", 3), instructions(5))
"""


def test_the_arenas_of_the_benchmarks_are_sound(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ARENA, str(FOLDER), str(tmp_path / "arena")], check=True)
    folder = ArenaFolder.open(tmp_path / "arena")
    assert folder.table_rows("instructions") == 5
    assert [finding for finding in check(folder) if not finding.ok] == []
