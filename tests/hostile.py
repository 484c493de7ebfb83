"""The collection of hostile answers."""

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class HostileAnswer:
    """An answer that tries to win its battle by something else than what it says."""

    tries: str
    answer: str


def _read() -> list[HostileAnswer]:
    path = Path(__file__).parent / "data" / "hostile_answers.yaml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [HostileAnswer(entry["tries"], entry["answer"] * entry.get("times", 1)) for entry in entries]


HOSTILE = _read()
