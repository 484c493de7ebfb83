"""Code that two texts share whatever its names: runs of tokens, equal up to a renaming of variables.

Comments, docstrings, imports, whitespace and the kind of quote do not count. Names that mean something outside
(keywords, built-in functions, attributes) must be equal; the others need only be used in the same way, which is
the parameterised matching of Baker (1993), https://doi.org/10.1145/167088.167115.
"""

import builtins
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask
from warriorcoder.pipelines.mining.word_overlap import SEVERAL

Uses = tuple[int, ...]

RUN = 30
"""Tokens of a run. Shorter ones are loops and checks that everybody writes alike."""

BODY = 20
"""Tokens of the shortest function whose body is known as a whole. Shorter ones are trivial: `return a + b`."""

TEXTBOOK = Path(__file__).with_name("textbook_code.txt").read_text(encoding="utf-8")
"""Functions that stand in every textbook, and in the answers of every model."""

_PREFIX = r"(?:\b[rRbBuUfF]{1,2})?"
_TOKEN = re.compile(
    r"#[^\n]*"
    rf'|({_PREFIX}(?:"""(?:[^\\]|\\.)*?"""|' + r"'''(?:[^\\]|\\.)*?'''))"
    rf'|{_PREFIX}(?:"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*')"
    r"|\.[ \t]*[^\W\d]\w*"
    r"|[^\W\d]\w*"
    r"|\d[\w.]*"
    r"|\*\*=?|//=?|<<=?|>>=?|->|[-+*/%&|^<>=!:]=|[^\s\w]",
    re.S,
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+)?import[ \t].*$", re.M)
_LOOKS_LIKE_CODE = re.compile(r"```|\breturn\b|\bdef\b|\bfor\b.+:|=.*\(")
_MEANS_SOMETHING = frozenset(keyword.kwlist) | frozenset(dir(builtins))
_OWN_NAME, _UNKNOWN = "v", "\0"


@dataclass(frozen=True)
class _Tokens:
    """Code as one sign a token, all its own names the same sign.

    By token: `marks` are what else it is than a name, `names` which name, `places` where it stands.
    """

    signs: str
    marks: list[str]
    names: list[str]
    places: list[int]

    def uses(self, start: int, end: int) -> Uses:
        """How a run uses its names: for each of their places the number of the name, counted by first use."""
        numbers: dict[str, int] = {}
        return tuple(numbers.setdefault(name, len(numbers)) for name in self.names[start:end] if name)

    def run(self, start: int, end: int) -> tuple[str, Uses]:
        return self.signs[start:end], self.uses(start, end)

    def body(self, function: str) -> int:
        """Where the body of a function begins; the beginning of all where it is not there."""
        start = next((place for place, name in enumerate(self.names) if name == function), None)
        if start is None:
            return 0
        depth = 0
        for place in range(start, len(self.marks)):
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(self.marks[place], 0)
            if self.marks[place] == ":" and not depth:
                return place + 1
        return 0


class CodeIndex:
    """Runs of the tasks' programs, and bodies shorter than a run, to be found again in texts.

    Tasks go by their places in the list. A run that two programs of a benchmark have is what everybody writes (a
    test for primes, say) and belongs to neither, nor does a body that `SEVERAL` tasks have, nor what is out of a
    textbook but for ten tokens.
    """

    def __init__(self, tasks: list[BenchmarkTask]) -> None:
        self._signs: dict[str, str] = {}
        # By signs and then by use of names, since signs are quickly compared.
        self._runs: dict[str, dict[Uses, list[int]]] = {}
        self._bodies: dict[str, list[tuple[str, Uses, list[int]]]] = {}
        book = self._tokens(TEXTBOOK, learn=True)
        self._textbook = {book.run(start, start + BODY) for start in range(len(book.signs) - BODY + 1)}
        runs: dict[tuple[str, str, Uses], list[int]] = {}
        bodies: dict[tuple[str, str, Uses], list[int]] = {}
        programs: set[tuple[str, str, Uses]] = set()
        for number, task in enumerate(tasks):
            tokens = self._tokens(_IMPORT.sub("", task.program), learn=True)
            size = len(tokens.signs)
            whole = (task.benchmark, *tokens.run(0, size))
            if whole not in programs:
                programs.add(whole)
                own = [start for start in range(size - RUN + 1) if not self._is_textbook(tokens, start, start + RUN)]
                for span in {tokens.run(start, start + RUN): None for start in own}:
                    runs.setdefault((task.benchmark, *span), []).append(number)
            start = tokens.body(task.entry_point)
            if BODY <= size - start < RUN and not self._is_textbook(tokens, start, size):
                bodies.setdefault((task.benchmark, *tokens.run(start, size)), []).append(number)
        for (_, signs, uses), numbers in runs.items():
            if len(numbers) == 1:
                self._runs.setdefault(signs, {}).setdefault(uses, []).extend(numbers)
        for (_, signs, uses), numbers in bodies.items():
            if len(numbers) < SEVERAL:
                self._bodies.setdefault(signs[:BODY], []).append((signs, uses, numbers))

    def _is_textbook(self, tokens: _Tokens, start: int, end: int) -> bool:
        return any(tokens.run(place, place + BODY) in self._textbook for place in range(start, end - BODY + 1))

    def find(self, text: str) -> Iterator[tuple[int, str]]:
        """The tasks of which a text has a run or the body, each once, and the code as it stands in the text."""
        if not _LOOKS_LIKE_CODE.search(text):
            return
        tokens = self._tokens(text, learn=False)
        signs, found = tokens.signs, set()
        for start in range(len(signs) - BODY + 1):
            for end, numbers in self._at(tokens, start):
                for number in numbers:
                    if number not in found:
                        found.add(number)
                        yield number, text[tokens.places[start] : tokens.places[end - 1] + 1]

    def _at(self, tokens: _Tokens, start: int) -> Iterator[tuple[int, list[int]]]:
        """Where the runs and bodies that begin at a place end, and whose they are."""
        by_use = self._runs.get(tokens.signs[start : start + RUN])
        if by_use is not None:
            yield start + RUN, by_use.get(tokens.uses(start, start + RUN), [])
        for signs, uses, numbers in self._bodies.get(tokens.signs[start : start + BODY], ()):
            end = start + len(signs)
            if tokens.run(start, end) == (signs, uses):
                yield end, numbers

    def _tokens(self, code: str, *, learn: bool) -> _Tokens:
        signs: list[str] = []
        marks: list[str] = []
        names: list[str] = []
        places: list[int] = []
        before = ""
        for match in _TOKEN.finditer(code):
            token = match.group()
            first = token[0]
            # A long string after a colon is a docstring; elsewhere it is a value.
            if first == "#" or (match.lastindex and before in ("", ":")):
                continue
            before = token
            places.append(match.start())
            if (first.isalpha() or first == "_") and token[-1] not in "\"'" and token not in _MEANS_SOMETHING:
                signs.append(_OWN_NAME)
                marks.append("")
                names.append(token)
            else:
                signs.append(self._sign(_normal(token), learn))
                marks.append(token)
                names.append("")
        return _Tokens("".join(signs), marks, names, places)

    def _sign(self, token: str, learn: bool) -> str:
        sign = self._signs.get(token)
        if sign is None and learn:
            sign = self._signs[token] = chr(0x100 + len(self._signs))
        return sign or _UNKNOWN


def _normal(token: str) -> str:
    if token[-1] in "\"'":
        quote = token[-3:] if len(token) >= 6 and token.endswith(('"""', "'''")) else token[-1]
        opening = token.index(quote)
        return f"{token[:opening].lower()}'{token[opening + len(quote) : -len(quote)]}'"
    return "." + token[1:].lstrip() if token[0] == "." else token
