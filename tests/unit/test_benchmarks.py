"""What benchmarks/README.md promises of every benchmark."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

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
