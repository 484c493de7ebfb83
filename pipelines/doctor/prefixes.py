"""Is the prefix right: do draws look like users' messages, and do they stop by themselves?"""

from collections import Counter
from collections.abc import Sequence

from warriorcoder.pipelines.doctor.findings import Cell, green, red, yellow
from warriorcoder.pipelines.doctor.words import one_line
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.recipe import Grid
from warriorcoder.tables import Reason

DRAWS = 3
"""So many at first, and as many again where most of them are no users' messages."""

SAMPLE_CHARACTERS = 160

_OF_THE_TEMPLATE = (Reason.CONTROL_TOKENS, Reason.SELF_ANSWER, Reason.EMPTY)


def looks_right(reply: Reply, template: Template) -> bool:
    """Whether mining would keep a draw."""
    return read_draw(reply.text, reply.finish_reason, template).reason is None


def enough(replies: Sequence[Reply], template: Template) -> bool:
    """Whether the draws so far settle the matter."""
    return 2 * sum(looks_right(reply, template) for reply in replies) > len(replies)


def prefix_cell(replies: Sequence[Reply], template: Template, grid: Grid) -> Cell:
    """The verdict of the draws."""
    readings = [read_draw(reply.text, reply.finish_reason, template) for reply in replies]
    good = sum(reading.reason is None for reading in readings)
    stopped = sum(reply.finish_reason != "length" for reply in replies)
    word = f"{good}/{len(replies)}"
    found = f"{good} of {len(replies)} draws look like users' messages, {stopped} stopped by themselves"
    reasons = Counter(reading.reason for reading in readings if reading.reason is not None)
    if reasons:
        found += "; dropped: " + ", ".join(f"{number} {_in_words(reason)}" for reason, number in reasons.most_common())
    if 2 * good > len(replies):
        return green(word, found)
    colour = yellow if good else red
    return colour(word, found, _advice(reasons.most_common(1)[0][0], grid))


def sample_of(replies: Sequence[Reply], template: Template) -> str:
    """One draw on one line for a person to look at: the first that looks right, else the first."""
    first = next((reply for reply in replies if looks_right(reply, template)), replies[0])
    return one_line(template.opening + first.text, SAMPLE_CHARACTERS)


def _in_words(reason: Reason) -> str:
    return reason.value.replace("_", " ")


def _advice(reason: Reason, grid: Grid) -> str:
    if reason is Reason.CUT_OFF:
        return (
            "The draws do not stop: does `stop` of the template name what ends this model's turns? Or is "
            f"mining.max_tokens ({grid.max_tokens}) too small?"
        )
    if reason in _OF_THE_TEMPLATE:
        return (
            "Is `template` the chat template of this very model? A prefix that it was not trained on, or a `stop` "
            "that lacks its end of turn, gives such draws. Compare with chat_template in its tokenizer_config.json."
        )
    if reason is Reason.REPETITION:
        return "The draws go round in circles: raise the temperature, or is this model's `template` another one?"
    return (
        "The draws are texts, but no coding requests: say what the users ask for in mining.systems, lower the "
        "temperature, or is this model's `template` another one?"
    )
