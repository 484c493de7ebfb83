"""What the execution judge is asked, and what it finds: both as data that can be kept and looked up."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from warriorcoder.code_extraction import extract_program
from warriorcoder.ids import value_digest
from warriorcoder.pipelines.battles.execution.calling import Runner
from warriorcoder.pipelines.battles.execution.judge import judge_by_execution
from warriorcoder.pipelines.battles.verdicts import Verdict
from warriorcoder.pipelines.mining.privacy import masked

RULES = "execution_v1"
"""The version of the judge's rules. Rules that change become a new version: what older ones found is not used then."""

LONGEST_TEXT = 200
"""Characters of a text within the evidence."""

KEPT_PROGRAMS = 256
"""So many answers' programs are kept: those of a few instructions, whose pairs come one after another."""


@dataclass(frozen=True)
class Case:
    """Two answers to an instruction, and the seed of the inputs that are made for them."""

    instruction: str
    answer_a: str
    answer_b: str
    seed: int

    @property
    def programs(self) -> tuple[str | None, str | None]:
        """The answers' programs, None for one without code."""
        return _program(self.answer_a), _program(self.answer_b)

    @property
    def key(self) -> str:
        """The digest under which the journal keeps the ruling: all that it can depend on, but for the machine."""
        return value_digest(
            {"rules": RULES, "instruction": self.instruction, "programs": self.programs, "seed": self.seed}
        )


@dataclass(frozen=True)
class Ruling:
    """A verdict, None without evidence for one; one line that says why; the evidence as JSON text.

    The evidence has the `rule` that decided and what `Evidence` has, less all that is none, 0 or empty.
    """

    verdict: Verdict | None
    reason: str
    evidence: str

    def to_text(self) -> str:
        """As the journal keeps it."""
        return json.dumps({"verdict": self.verdict, "reason": self.reason, "evidence": self.evidence})

    @classmethod
    def of_text(cls, text: str) -> Self:
        return cls(**json.loads(text))


def rule(case: Case, runner: Runner) -> Ruling:
    """Run a case's programs, and vote on what that shows. Private data in what they printed or returned is masked."""
    vote, evidence = judge_by_execution(case.instruction, *case.programs, runner, seed=case.seed)
    found = {"rule": vote.rule, **_told(evidence.as_data())}
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return Ruling(vote.verdict, vote.reason, text)


@lru_cache(maxsize=KEPT_PROGRAMS)
def _program(answer: str) -> str | None:
    return extract_program(answer).program


def _kept(text: str) -> str:
    # Half a character has no UTF-8.
    text = masked(text.encode("utf-8", "replace").decode())
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _told(value: Any) -> Any:
    """Evidence as it is kept: texts masked and cut, and nothing said of what is none, 0 or empty."""
    if isinstance(value, str):
        return _kept(value)
    if isinstance(value, dict):
        told = {key: _told(held) for key, held in value.items()}
        return {key: held for key, held in told.items() if held or held is False}
    if isinstance(value, list | tuple):
        return [_told(held) for held in value]
    return value
