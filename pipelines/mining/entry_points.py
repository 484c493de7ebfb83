"""Names of the functions that a benchmark asks for, found in texts: has_close_elements, hasCloseElements."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask

# Words with an underscore or a capital inside; single words where they are called, defined or between backticks.
_NAMES = re.compile(r"\b[^\W\d_]\w*?(?:_\w|[a-z][A-Z])\w*|\b[^\W\d_]\w*(?=\s?\(|`)")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_EVERYDAY = frozenset(Path(__file__).with_name("everyday_words.txt").read_text(encoding="utf-8").split())
"""Words of which the names of ordinary functions are made, whatever the task."""


class EntryPoints:
    """The tasks' function names. Tasks go by their places in the list."""

    def __init__(self, tasks: list[BenchmarkTask]) -> None:
        self._numbers: dict[str, list[int]] = defaultdict(list)
        for number, task in enumerate(tasks):
            if task.entry_point:
                self._numbers[_key(task.entry_point)].append(number)

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """The tasks whose function a text names, each once, and the name as it stands there."""
        for name in dict.fromkeys(_NAMES.findall(text)):
            for number in self._numbers.get(_key(name), ()):
                yield number, name


def is_oddly_spelt(name: str) -> bool:
    """Whether a name mixes both spellings, as MBPP's do: remove_Occ, find_Max_Num. As it is spelt it tells the task."""
    return re.match(r"[a-z]+_(?:\w*_)?[A-Z][a-z]", name) is not None


def is_distinctive(name: str) -> bool:
    """Whether a function's name alone tells the task: three words, and one of four letters that is not everyday."""
    parts = [part.lower() for part in _PART.findall(name)]
    return len(parts) >= 3 and any(part not in _EVERYDAY for part in parts if len(part) > 3)


def _key(name: str) -> str:
    return name.replace("_", "").lower()
