"""Is the prefix right: do draws look like users' messages, and do they stop by themselves?"""

import re
from collections import Counter
from collections.abc import Sequence

from warriorcoder.pipelines.doctor.findings import Cell, green, red, yellow
from warriorcoder.pipelines.doctor.words import one_line
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.recipe_mining import Grid
from warriorcoder.tables import Reason

DRAWS = 3
"""So many at first, and as many again where most of them are no users' messages."""

SAMPLE_CHARACTERS = 160

MARKERS = 8

_MARKER = re.compile(r"<[|｜][^<>\n]{1,40}[|｜]>|<(?:start|end)_of_turn>")
_OF_THE_TEMPLATE = (Reason.CONTROL_TOKENS, Reason.ROLE_MARKER, Reason.SELF_ANSWER, Reason.EMPTY)


def looks_right(reply: Reply, template: Template) -> bool:
    """Whether mining would keep a draw."""
    return read_draw(reply.text, reply.finish_reason, template).reason is None


def enough(replies: Sequence[Reply], template: Template) -> bool:
    """Whether the draws so far settle the matter."""
    return 2 * sum(looks_right(reply, template) for reply in replies) > len(replies)


def marker_call(expert: str, template: Template) -> Call | None:
    """Ask for the tokens of the template's marker of a turn, MARKERS of them in a row; None where it has none.

    A model that was trained on the template knows its marker as one token.
    """
    marker = _MARKER.search(" ".join([template.prefix, *template.stop]))
    if marker is None:
        return None
    return Call(expert, {"temperature": 0.0, "max_tokens": 1}, prompt=MARKERS * marker.group(0))


def is_foreign(reply: Reply) -> bool:
    """Whether the marker is mere text to the model, by the tokens of the reply to `marker_call`."""
    return reply.input_tokens is not None and reply.input_tokens >= 2 * MARKERS


def prefix_cell(replies: Sequence[Reply], template: Template, grid: Grid, foreign: str = "") -> Cell:
    """The verdict of the draws. `foreign` is the template's marker where that is no token of the model."""
    readings = [read_draw(reply.text, reply.finish_reason, template) for reply in replies]
    good = sum(reading.reason is None for reading in readings)
    stopped = sum(reply.finish_reason != "length" for reply in replies)
    word = f"{good}/{len(replies)}"
    found = f"{good} of {len(replies)} draws look like users' messages, {stopped} stopped by themselves"
    reasons = Counter(reading.reason for reading in readings if reading.reason is not None)
    if reasons:
        found += "; dropped: " + ", ".join(f"{number} {_in_words(reason)}" for reason, number in reasons.most_common())
    enough_good = 2 * good > len(replies)
    colour = yellow if good else red
    if foreign:
        found += f"; {foreign} is no token of this model, as it would be if `template` were the model's own"
        caveat = " (Of a few models, Zephyr for one, the markers are mere text.)" if enough_good else ""
        return colour(word, found, _TEMPLATE_ADVICE + caveat)
    if enough_good:
        return green(word, found)
    return colour(word, found, _advice(reasons.most_common(1)[0][0], grid))


def sample_of(replies: Sequence[Reply], template: Template) -> str:
    """One draw on one line for a person to look at: the first that looks right, else the first."""
    first = next((reply for reply in replies if looks_right(reply, template)), replies[0])
    return one_line(template.opening + first.text, SAMPLE_CHARACTERS)


_TEMPLATE_ADVICE = (
    "Is `template` the chat template of this very model? A prefix that it was not trained on, or a `stop` that lacks "
    "its end of turn, gives such draws. Compare with chat_template in its tokenizer_config.json."
)


def _in_words(reason: Reason) -> str:
    return reason.value.replace("_", " ")


def _advice(reason: Reason, grid: Grid) -> str:
    if reason is Reason.CUT_OFF:
        return (
            "The draws do not stop: does `stop` of the template name what ends this model's turns? Or is "
            f"mining.max_tokens ({grid.max_tokens}) too small?"
        )
    if reason in _OF_THE_TEMPLATE:
        return _TEMPLATE_ADVICE
    if reason is Reason.REPETITION:
        return "The draws go round in circles: raise the temperature, or is this model's `template` another one?"
    return (
        "The draws are texts, but no coding requests: say what the users ask for in mining.systems, lower the "
        "temperature, or is this model's `template` another one?"
    )
