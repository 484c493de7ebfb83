"""A small arena folder with a kto table and the card that declares it, for the tests of training."""

from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.ids import instruction_id

CARD = """---
configs:
- config_name: kto
  data_files:
  - split: train
    path: kto/*.parquet
---
# A small arena
"""

ANSWERS = [
    ("reverses a string", "def reverse(text):\n    return text[::-1]", True),
    ("adds two numbers", "def add(a, b):\n    return a - b", False),
    ("counts the vowels in a text", "def vowels(text):\n    return sum(c in 'aeiou' for c in text)", True),
    ("returns the largest item", "def largest(items):\n    return items[0]", False),
    ("removes duplicates in order", "def unique(items):\n    return list(dict.fromkeys(items))", True),
    ("checks for a palindrome", "Palindromes read the same both ways.", False),
]


def kto_row(task: str, answer: str, label: bool) -> dict[str, Any]:
    prompt = f"Write a Python function that {task}."
    return {
        "prompt": [{"role": "user", "content": prompt}],
        "completion": [{"role": "assistant", "content": f"```python\n{answer}\n```"}],
        "label": label,
        "instruction_id": instruction_id(prompt),
        "instruction_grade": 6,
        "band": "good",
        "task": "generation",
        "language": "python",
        "expert": "winner" if label else "loser",
        "final_score": 0.7 if label else 0.3,
        "elo": 1016.0 if label else 984.0,
        "elo_low": 1000.0 if label else 968.0,
        "elo_high": 1032.0 if label else 1000.0,
        "weight": 1.0,
    }


def write_kto_arena(path: Path, answers: list[tuple[str, str, bool]] = ANSWERS, card: str | None = CARD) -> Path:
    """Write an arena with one kto row for each (task, answer, label); returns its path."""
    folder = ArenaFolder.prepare(path)
    folder.write_stage("build", {"kto": [kto_row(*answer) for answer in answers]})
    folder.update_manifest({"name": path.name})
    if card is not None:
        folder.write_text(path / "README.md", card)
    return path
