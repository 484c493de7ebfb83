"""How long an expert's calls take, for the table and for an estimate."""

from collections.abc import Sequence
from statistics import mean, median

from warriorcoder.pipelines.doctor.findings import Cell, green, yellow
from warriorcoder.pipelines.doctor.line import Answered
from warriorcoder.pipelines.doctor.measurements import Kind, Measured
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.templates import Template


def kind_of(template: Template) -> Kind:
    """How an expert answers and judges."""
    return "chat" if template.chat else "raw"


def measured_of(address: Address, stage: str, kind: Kind, concurrency: int, answers: Sequence[Answered]) -> Measured:
    """The figures of one expert's calls for one stage, `concurrency` of them in flight together."""
    replies = [answer.reply for answer in answers]
    into = [reply.input_tokens for reply in replies if reply.input_tokens is not None]
    out = [reply.output_tokens for reply in replies if reply.output_tokens is not None]
    return Measured(
        address.expert,
        address.weights,
        stage,
        kind,
        len(answers),
        concurrency,
        median(answer.seconds for answer in answers),
        mean(into) if into else None,
        mean(out) if out else None,
    )


def speed_cell(alone: Sequence[Answered], throttled: int, address: Address) -> Cell:
    """The median time of the calls that were alone, and the tokens a second that came out of them."""
    seconds = median(answer.seconds for answer in alone)
    slowest = max(answer.seconds for answer in alone)
    word = f"{seconds:.1f}s" if seconds >= 0.1 else f"{1000 * seconds:.0f}ms"
    written = [answer for answer in alone if answer.reply.output_tokens]
    if written:
        tokens = sum(answer.reply.output_tokens or 0 for answer in written)
        word += f" {tokens / sum(answer.seconds for answer in written):.0f}/s"
    found = f"the median of {len(alone)} calls, one at a time"
    if slowest > address.timeout / 2:
        return yellow(
            word,
            f"a call alone took {slowest:.1f} s, and the endpoint's timeout is {address.timeout:g} s",
            "With many calls at once it will be slower: raise `timeout`, or lower `concurrency` or max_tokens.",
        )
    if throttled:
        return yellow(
            f"{word} 429",
            f"it refused {throttled} calls with 429, asked for no more than a few at once",
            f"A run slows down by itself; a smaller `concurrency` than {address.concurrency} saves the refusals.",
        )
    return green(word, found)
