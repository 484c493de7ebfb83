"""How long answers are, and how long they take: what was measured, and how far it may be off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from warriorcoder.pipelines.doctor.measurements import Measured
from warriorcoder.pipelines.endpoints.budget import TEMPLATE_TOKENS
from warriorcoder.pipelines.endpoints.journal import Spent
from warriorcoder.pipelines.estimating.held import Seen
from warriorcoder.pipelines.estimating.spans import Span

UNMEASURED_TOKENS_PER_BYTE = Span(1 / 10, 1 / 4, 1 / 2)
UNMEASURED_TEMPLATE = Span(0, TEMPLATE_TOKENS / 4, TEMPLATE_TOKENS)
SCATTER_OF_PROMPTS = 0.3
"""Prompts of one kind differ in tokens a byte by about this share."""


class Basis(StrEnum):
    """Where an average comes from."""

    ARENA = "measured in this arena"
    OTHERS = "measured in this arena, of other experts or stages"
    DOCTOR = "measured by `warrior doctor`"
    NOTHING = "not measured"


@dataclass(frozen=True)
class Sample:
    """Answers that were measured: `calls` in `seconds`, and the tokens of those whose tokens were counted.

    `together` says how many were in flight at a server; None where as many as the recipe allows.
    """

    calls: int = 0
    seconds: float = 0.0
    counted: int = 0
    output_tokens: float = 0
    together: int | None = None

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(
            self.calls + other.calls,
            self.seconds + other.seconds,
            self.counted + other.counted,
            self.output_tokens + other.output_tokens,
            self.together if self.calls else other.together,
        )

    @classmethod
    def of(cls, spent: Spent) -> "Sample":
        return cls(spent.calls, spent.seconds, spent.calls - spent.unmetered, spent.output_tokens)

    @classmethod
    def by_doctor(cls, measured: Measured) -> "Sample":
        counted = measured.calls if measured.output_tokens is not None else 0
        tokens = counted * (measured.output_tokens or 0.0)
        return cls(measured.calls, measured.calls * measured.seconds, counted, tokens, measured.concurrency)

    @property
    def mean_tokens(self) -> float:
        return self.output_tokens / self.counted


@dataclass(frozen=True)
class Averages:
    """What is known of the experts' answers: of this arena by stage and expert, and by `warrior doctor`."""

    arena: Mapping[tuple[str, str], Sample]
    doctor: Mapping[tuple[str, str], Sample]

    def output_tokens(self, stage: str, expert: str, limit: int, to_come: float) -> tuple[Span, Basis]:
        """The mean length of an expert's answers in a stage, of which so many are to come, none over the limit.

        The most is the limit. The least is two standard errors below the measured mean, lengths
        taken to scatter as much as their mean.
        """
        sample, basis = self._sample(stage, expert, counted=True)
        if sample is None:
            return Span(min(1, limit), limit / 2, limit), Basis.NOTHING
        mean = min(sample.mean_tokens, limit)
        off = deviation(1.0, sample.counted, to_come) if basis is Basis.ARENA else 1.0
        return Span.around(mean * max(1.0 - off, 0.1), mean, limit), basis

    def seconds(self, stage: str, expert: str, output: Span) -> tuple[Span | None, int | None, Basis]:
        """The mean time of an expert's answers in a stage, longer answers taking longer; None where nobody knows.

        The second value says how many were in flight at a server when that was measured (`Sample.together`).
        """
        sample, basis = self._sample(stage, expert, counted=False)
        if sample is None:
            return None, None, Basis.NOTHING
        mean = sample.seconds / sample.calls
        loose = 1.0 if basis is Basis.ARENA else 2.0
        spread = output * (mean / sample.mean_tokens) if sample.output_tokens else Span.exactly(mean)
        return Span(spread.low / loose, spread.likely, spread.high * loose), sample.together, basis

    def _sample(self, stage: str, expert: str, *, counted: bool) -> tuple[Sample | None, Basis]:
        """The nearest answers that were measured, and where."""

        def enough(sample: Sample) -> bool:
            return bool(sample.counted if counted else sample.seconds)

        own = self.arena.get((stage, expert), Sample())
        if enough(own):
            return own, Basis.ARENA
        told = self.doctor.get((stage, expert), Sample())
        if enough(told):
            return told, Basis.DOCTOR
        for measured, basis in ((self.arena, Basis.OTHERS), (self.doctor, Basis.DOCTOR)):
            # Lengths go by what is asked, times by who answers.
            near = pooled(
                sample
                for (its_stage, its_expert), sample in measured.items()
                if (its_stage == stage if counted else its_expert == expert)
            )
            if enough(near):
                return near, basis
        return None, Basis.NOTHING


def pooled(samples: Iterable[Sample]) -> Sample:
    return sum(samples, Sample())


def deviation(scatter: float, measured: float, to_come: float) -> float:
    """How far the mean of answers to come may be from that of measured ones: two standard errors of the difference.

    `scatter` is the standard deviation of one answer; all in units of the mean.
    """
    return 2.0 * scatter * sqrt(1.0 / max(measured, 1.0) + 1.0 / max(to_come, 1.0))


@dataclass(frozen=True)
class PromptTokens:
    """How many tokens prompts have: by what the servers counted for prompts of known length."""

    seen: Mapping[tuple[str, str], Seen]

    def tokens(self, stage: str, expert: str, calls: Span, prompt_bytes: Span) -> Span:
        """The tokens of so many prompts with so many bytes in all."""
        own = self.seen.get((stage, expert), Seen())
        if own.counted:
            off = min(0.05 + deviation(SCATTER_OF_PROMPTS, own.counted, calls.low), 0.5)
            return _at(own.input_tokens / own.prompt_bytes, off, prompt_bytes)
        others = [seen for (_, its), seen in self.seen.items() if its == expert and seen.counted]
        if others:
            rate = sum(seen.input_tokens for seen in others) / sum(seen.prompt_bytes for seen in others)
            return _at(rate, 0.4, prompt_bytes)
        return prompt_bytes * UNMEASURED_TOKENS_PER_BYTE + calls * UNMEASURED_TEMPLATE


def _at(rate: float, off: float, prompt_bytes: Span) -> Span:
    return prompt_bytes * Span(rate * (1 - off), rate, rate * (1 + off))
