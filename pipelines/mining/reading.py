"""Reading what a draw gave: an instruction, or the reason why it is none."""

import re
from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.pipelines.mining.asks import asks_for_something
from warriorcoder.pipelines.mining.coherence import garbled_in
from warriorcoder.pipelines.mining.languages import Wish, natural_language, unwished
from warriorcoder.pipelines.mining.loops import loop_in
from warriorcoder.pipelines.mining.topics import is_about_programming
from warriorcoder.tables import Reason

SHORTEST_WORDS = 4


@dataclass(frozen=True)
class Reading:
    """The instruction, cleaned at its ends; or the reason and the detail of its rejection."""

    text: str
    reason: Reason | None = None
    detail: str = ""


_CONTROL = re.compile(
    r"<[|｜][^|｜<>\n]{1,40}[|｜]>|<\|turn>|<turn\|>|<(?:start|end)_of_(?:turn|image)>|<[be]os>|<unused\d+>|<fim_\w+>"
    r"|</?s>|\[/?INST\]|\[/?SYSTEM_PROMPT\]|<</?SYS>>"
)
_ROLE = re.compile(
    r"^[ \t]*(?:#+[ \t]*(?:instruction|response|assistant|user|human|system)[ \t]*:?"
    r"|\**(?:assistant|ai|bot|chatbot|system|user|human)\**[ \t]*:?\**[ \t]*$|\**(?:assistant|human|chatgpt)\**[ \t]*:)"
    r"|\A\**user\**[ \t]*:",
    re.I | re.M,
)
_ANSWER = re.compile(
    r"^[ \t]*(?:sure|certainly|of course|absolutely|great question)[,!.]"
    r"|\A(?:sure |certainly |as an ai\b|i'm sorry\b|thank you for)"
    r"|^[^\w\n]{0,8}(?:(?:your|possible|sample|model|correct) )?(?:solution|answer|response)(?:\(s\))?\W{0,3}:"
    r"|[.?!]\s+(?:solution|answer)\s*:|\bas an ai (?:language )?(?:model|assistant)\b",
    re.I | re.M,
)
# "Here is my code" opens a question as well as an answer, so the rest of the text tells which.
_PERHAPS_ANSWER = re.compile(
    r"\A(?:here(?:'s| is) (?:a|an|the|one|my|your|how)\b|to (?:solve|create|implement|achieve|fix) (?:this|such)\b)"
    r"|^[ \t]*here(?:'s| is) (?:a|an|the|one|your) (?:\S+ ){0,3}(?:function|solution|implementation|script"
    r"|program|query) (?:that|which|to|for)\b",
    re.I | re.M,
)
_REQUEST = re.compile(
    r"\?|\b(?:(?:can|could|would) you|help|tell me|(?:please )?(?:fix|explain|improve|refactor|optimi[sz]e) "
    r"(?:it|this|the|my)|not work|doesn't work|fails|wrong)\b",
    re.I,
)
_WHOLE_BLOCK = re.compile(r"```.*?```", re.S)
_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.S)
_BROKEN_OFF = re.compile(
    r"\b(?:the|an?|of|that|which|whether|and|or|if|than|its|your|my|their|with|contains)\Z|[,:(]\Z", re.I
)
_CODE = re.compile(r"[{}=;\[\]\"]")
# In scripts without spaces every character counts as a word.
_WORD = re.compile(r"[぀-ヿ一-鿿가-힣]|[^\W\d_぀-ヿ一-鿿가-힣]+")


def read_draw(text: str, finish_reason: str, template: Template, wish: Wish | None = None) -> Reading:
    """Judge one draw, `text` being what the model completed. Without a wish every language is right.

    The order of the checks is the order of certainty: what cannot be an instruction at all comes first.
    A text that is garbled is called so even where it was cut off, since more tokens would not mend it.
    """
    cleaned = (template.opening + text).strip()
    if not text.strip():
        return Reading(cleaned, Reason.EMPTY, "nothing was completed")
    if finish_reason == "length":
        # A character of several bytes that the limit cut in two.
        cleaned = cleaned.rstrip("\ufffd")
    for judge in (_of_another_turn, _of_no_use):
        reason, detail = judge(cleaned, finish_reason, template)
        if reason is not None:
            return Reading(cleaned, reason, detail)
    if wish is not None and (language := unwished(cleaned, wish)):
        wanted = ", ".join(sorted(wish.programming | wish.natural))
        return Reading(cleaned, Reason.WRONG_LANGUAGE, f"{language}, where {wanted} was asked for")
    return Reading(cleaned)


_Verdict = tuple[Reason | None, str]


def _of_another_turn(text: str, _: str, template: Template) -> _Verdict:
    """Signs that the model went on beyond the user's message."""
    if control := _CONTROL.search(text):
        return Reason.CONTROL_TOKENS, control.group(0)
    if marker := next((marker for marker in template.markers if marker in text), None):
        return Reason.ROLE_MARKER if marker.startswith("#") else Reason.CONTROL_TOKENS, marker
    prose = _WHOLE_BLOCK.sub("", text)
    if role := _ROLE.search(prose):
        return Reason.ROLE_MARKER, f"a turn begins: {role.group(0).strip()}"
    if answer := _ANSWER.search(prose):
        return Reason.SELF_ANSWER, f"it answers: {answer.group(0).strip()}"
    answer = _PERHAPS_ANSWER.search(prose)
    # A request before an answer is what is answered; one after it makes the answer part of the question.
    if answer and not _REQUEST.search(_CODE_BLOCK.sub("", prose[answer.end() :])):
        return Reason.SELF_ANSWER, f"it answers: {answer.group(0).strip()}"
    return None, ""


def _of_no_use(text: str, finish_reason: str, _: Template) -> _Verdict:
    """Texts of the user's turn that nobody could answer, or that ask for nothing in programming."""
    if loop := loop_in(text):
        return Reason.REPETITION, f"over and over: {loop[:60]}"
    if garbled := garbled_in(text):
        return Reason.GARBLED, garbled
    if finish_reason == "length":
        return Reason.CUT_OFF, "the token limit came before the end of the turn"
    if broken := _breaks_off(text):
        return Reason.CUT_OFF, broken
    words = _WORD.findall(text)
    if len(words) < SHORTEST_WORDS:
        return Reason.NOT_AN_INSTRUCTION, f"{len(words)} words"
    # The lists are English: other languages pass the first, other scripts both, and a grader reads them.
    foreign = sum(letter.isalpha() and not letter.isascii() for letter in text)
    if not foreign and natural_language(text) in (None, "en") and not asks_for_something(text):
        return Reason.NOT_AN_INSTRUCTION, "it asks for nothing"
    if foreign < len("".join(words)) / 2 and not is_about_programming(text):
        return Reason.OFF_TOPIC, "no word of programming in it"
    return None, ""


def _breaks_off(text: str) -> str | None:
    """Where a message ends before it says what it was about to say."""
    if text.count("```") % 2 and not text.rpartition("```")[2].partition("\n")[2].strip():
        return "it ends where a code block begins"
    found = _BROKEN_OFF.search(text)
    # A record among others ends with a comma too.
    if found and not (text.endswith(",") and _CODE.search(text.rpartition("\n")[2])):
        return f"it ends with: {found.group(0).strip()}"
    return None
