"""From questions to calls, tokens, dollars and time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.budget import Purse
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.estimating.ahead import Ask
from warriorcoder.pipelines.estimating.averages import Averages, Basis, PromptTokens
from warriorcoder.pipelines.estimating.held import Seen
from warriorcoder.pipelines.estimating.spans import NOTHING, Span, hull, longest, total
from warriorcoder.pipelines.mining.grading import MAX_TOKENS
from warriorcoder.recipe import Recipe


@dataclass(frozen=True)
class Amounts:
    """What calls take: `dollars` of the experts with a price, None where none has one; `seconds` of the clock on the
    wall, None where nobody has measured how long an answer takes."""

    calls: Span
    input_tokens: Span
    output_tokens: Span
    dollars: Span | None
    seconds: Span | None

    @property
    def tokens(self) -> Span:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Line:
    """What an expert has yet to do in a stage.

    `each` is the time of one call, measured with `together` in flight (`averages.Sample`), `lengths`
    and `times` say where tokens and time come from.
    """

    stage: str
    expert: str
    calls: Span
    input_tokens: Span
    output_tokens: Span
    dollars: Span | None
    each: Span | None
    together: int | None
    lengths: Basis
    times: Basis


def summed(its_lines: Iterable[Line], seconds: Span | None) -> Amounts:
    """Several lines together, which take so long."""
    every = list(its_lines)
    dollars = [line.dollars for line in every if line.dollars is not None]
    return Amounts(
        total(line.calls for line in every),
        total(line.input_tokens for line in every),
        total(line.output_tokens for line in every),
        total(dollars) if dollars else None,
        seconds,
    )


def lines(
    recipe: Recipe,
    asks: Mapping[str, Mapping[str, Iterable[Ask]]],
    averages: Averages,
    prompts: PromptTokens,
    seen: Mapping[tuple[str, str], Seen],
) -> list[Line]:
    """A line for every stage and expert with something to ask, stages in their order, experts in the recipe's."""
    pricing = _Pricing(recipe, averages, prompts, seen)
    return [
        pricing.line(stage, expert.name, list(asks[stage][expert.name]))
        for stage in asks
        for expert in recipe.experts
        if expert.name in asks[stage]
    ]


class _Pricing:
    def __init__(
        self,
        recipe: Recipe,
        averages: Averages,
        prompts: PromptTokens,
        seen: Mapping[tuple[str, str], Seen],
    ) -> None:
        self._recipe = recipe
        self._averages = averages
        self._prompts = prompts
        self._seen = seen
        self._purse = Purse(recipe)
        names = [expert.name for expert in recipe.experts]
        self._instruction = hull(self._length("mine", name) for name in names)
        self._answer = hull(self._length("answer", name) for name in names)

    def line(self, stage: str, expert: str, asks: list[Ask]) -> Line:
        repeated = [(ask, self._calls_each(stage, expert, ask.attempts)) for ask in asks]
        calls = total(ask.number * each for ask, each in repeated)
        prompt_bytes = total(ask.prompt_bytes * each for ask, each in repeated)
        unwritten = total(
            (ask.instructions * self._instruction + ask.answers * self._answer) * each for ask, each in repeated
        )
        into = self._prompts.tokens(stage, expert, calls, prompt_bytes) + unwritten
        length, lengths = self._averages.output_tokens(stage, expert, self._limit(stage, expert), calls.low)
        out = calls * length
        seconds, together, times = self._averages.seconds(stage, expert, length)
        return Line(
            stage, expert, calls, into, out, self._dollars(expert, into, out), seconds, together, lengths, times
        )

    def _calls_each(self, stage: str, expert: str, attempts: int) -> Span:
        """How many calls a question takes."""
        seen = self._seen.get((stage, expert))
        likely = seen.calls / seen.first_calls if seen and seen.first_calls else 1.0
        return Span.around(1, likely, attempts)

    def _length(self, stage: str, expert: str) -> Span:
        return self._averages.output_tokens(stage, expert, self._limit(stage, expert), 1)[0]

    def _limit(self, stage: str, name: str) -> int:
        """The most tokens of an answer."""
        expert = self._recipe.expert(name)
        match stage:
            case "mine":
                return self._recipe.grid_of(expert).max_tokens
            case "curate":
                return MAX_TOKENS
            case "answer":
                return self._recipe.sampling_of(expert).max_tokens
        return self._recipe.battles.max_tokens

    def _dollars(self, expert: str, into: Span, out: Span) -> Span | None:
        if not self._purse.has_price(expert):
            return None
        price = self._purse.dollars
        return Span(
            price(expert, 1, 0) * into.low + price(expert, 0, 1) * out.low,
            price(expert, 1, 0) * into.likely + price(expert, 0, 1) * out.likely,
            price(expert, 1, 0) * into.high + price(expert, 0, 1) * out.high,
        )


def duration(its_lines: Iterable[Line], addresses: Mapping[str, Address], local: set[str]) -> Span | None:
    """How long a stage takes: its servers work at once, each on as many calls as it is given; None where unknown.

    An answer's time was perhaps measured with fewer in flight than the run will have: at least the
    run has the gain of all of them, at most none of it, and a model on this machine has none.
    """
    work: dict[tuple[tuple[str, ...], str], Span] = {}
    one: dict[tuple[tuple[str, ...], str], Span] = {}
    for line in its_lines:
        if line.each is None:
            return None
        address = addresses[line.expert]
        served = address.base_urls, address.model if address.expert not in local else address.weights
        servers = len(address.base_urls)
        most = address.concurrency * servers
        least = min(most, line.together * servers) if line.together else most
        busy = line.calls * line.each
        likely = least if line.expert in local else most
        spread = Span(busy.low / most, busy.likely / likely, busy.high / least)
        work[served] = work.get(served, NOTHING) + spread
        asked = Span(min(1, line.calls.low), min(1, line.calls.likely), min(1, line.calls.high))
        one[served] = longest([one.get(served, NOTHING), asked * line.each])
    return longest([*work.values(), *one.values()])
