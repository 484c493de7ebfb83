"""Reading what a draw gave: an instruction, or the reason why it is none."""

import re
import zlib
from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.templates import Template
from warriorcoder.tables import Reason

SHORTEST_WORDS = 4
LOOP_COMPRESSION = 0.2
LOOP_LENGTH = 300


@dataclass(frozen=True)
class Reading:
    """The instruction, cleaned at its ends; or the reason and the detail of its rejection."""

    text: str
    reason: Reason | None = None
    detail: str = ""


_CONTROL = re.compile(r"<\|[^|<>\n]{1,40}\|>|<(?:start|end)_of_turn>|</?s>|\[/?INST\]|<<SYS>>|�")
_ROLE = re.compile(r"^\s*(?:#+\s*)?(?:(?:assistant|ai|bot|system|user|human)\s*:?\s*$|assistant\s*:)", re.I | re.M)
_ANSWER = re.compile(
    r"\A\s*(?:sure[,!. ]|certainly[,!. ]|of course[,!. ]|as an ai\b|i'm sorry\b)"
    r"|^\s*(?:#+\s*)?(?:solution|answer|response)\s*:",
    re.I | re.M,
)
# "Here is my code" opens a question as well as an answer, so the rest of the text tells which.
_PERHAPS_ANSWER = re.compile(
    r"\A\s*(?:here(?:'s| is) (?:a|an|the|one|my|your|how)\b|to (?:solve|create|implement|achieve|fix) (?:this|such)\b)",
    re.I,
)
_REQUEST = re.compile(
    r"\?|\b(?:(?:can|could|would) you|help me|tell me|(?:please )?(?:fix|explain|improve|refactor|optimi[sz]e) "
    r"(?:it|this|the|my)|not work|doesn't work|fails|wrong)\b",
    re.I,
)
_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.S)
# In scripts without spaces every character counts as a word.
_WORD = re.compile(r"[぀-ヿ一-鿿가-힣]|[^\W\d_぀-ヿ一-鿿가-힣]+")
_ASKS = re.compile(
    r"\?|\b(?:write|create|implement|develop|design|build|make|define|construct|generate|complete|fix|debug|find"
    r"|explain|describe|discuss|compare|what|how|why|which|when|can you|could you|please|help|show|give|provide"
    r"|convert|translate|optimi[sz]e|refactor|improve|modify|change|add|remove|sort|calculate|compute|determine"
    r"|check|test|solve|use|using|need|want|task|program|script|function|class|method|algorithm|train|plot|parse"
    r"|reverse|merge|count|print|read|return|replace|extract|filter|split|deploy|install|simulate|given|list|name"
    r"|set up|insert|delete|draw|search|validate|rewrite|extend|trace|prove|predict|outline|summari[sz]e)\b",
    re.I,
)
_CODING = re.compile(
    r"```|\b(?:python|java|javascript|typescript|c\+\+|rust|golang|sql|html|css|php|ruby|bash|django|flask|react|pandas"
    r"|numpy|api|apis|json|csv|xml|yaml|regex|git|linux|cod(?:e|es|ed|er|ing)|program(?:s|ming|mer|mers)?"
    r"|script(?:s|ing)?|software"
    r"|functions?|methods?|class(?:es)?|variables?|loops?|recurs\w+|algorithms?|data ?structures?|databases?"
    r"|quer(?:y|ies)"
    r"|strings?|integers?|floats?|booleans?|arrays?|lists?|tuples?|dictionar\w+|hash\w*|stack|queue|linked|trees?|graphs?"
    r"|matri(?:x|ces)|pointers?|threads?|async\w*|compil\w+|debug\w*|exceptions?|tracebacks?|bugs?|unit tests?|modules?"
    r"|librar(?:y|ies)|frameworks?|\w*sort\w*|binary|palindrom\w+|fibonacci|primes?|factorial|iterat\w+|pars(?:e|es|er|ing)"
    r"|import|return(?:s)?|lambda"
    r"|kotlin|swift|scala|haskell|perl|lua|matlab|fortran|node\.?js|vue|angular|spring boot|jvm|pytorch"
    r"|tensorflow|keras|scikit-learn|matplotlib|beautifulsoup|selenium|postgres\w*|mysql|sqlite|mongodb|redis|docker\w*"
    r"|kubernetes|makefile"
    r"|regular expressions?|dataframes?|closures?|decorators?|generators?|polymorphi\w+|inheritance|object-oriented|oop"
    r"|design patterns?|(?:observer|singleton|factory|decorator) (?:design )?patterns?|interfaces?|enums?|structs?"
    r"|mutex\w*|semaphores?|deadlocks?|concurren\w+|multithread\w*|multiprocess\w*|process(?:es)? and threads?|sockets?"
    r"|websockets?|https?|endpoints?|servers?|web ?(?:app\w*|pages?|sites?|scrap\w+)|scraper|front-?end|back-?end"
    r"|shell|command[- ]line|terminal|files?|director(?:y|ies)|bitwise|bytes?|cache|lru|heap|memory leaks?"
    r"|garbage collect\w+|backtrack\w+|dynamic programming|breadth-first|depth-first|shortest paths?|dijkstra\w*"
    r"|time complexity|big-?o|o\(\w+(?: \w+)?\)|n-queens|knapsack|anagrams?|substrings?|vectors?"
    r"|(?:odd|even|random|prime|roman|two) numbers?"
    r"|neural networks?|machine learning|encrypt\w+|passwords?|orm|crud|div|dom|cpu|gpu|operating systems?)\b"
    r"|\bc#|\.net\b|\w+\(\)|\bdef \w+|\b\w+_\w+\b|\b\w+\.\w+\(",
    re.I,
)


def read_draw(text: str, finish_reason: str, template: Template) -> Reading:
    """Judge one draw, `text` being what the model completed.

    The order of the checks is the order of certainty: what cannot be an instruction at all comes first.
    """
    cleaned = (template.opening + text).strip()
    if not text.strip():
        return Reading(cleaned, Reason.EMPTY, "nothing was completed")
    if marker := _CONTROL.search(cleaned):
        return Reading(cleaned, Reason.CONTROL_TOKENS, marker.group(0))
    if role := _ROLE.search(cleaned):
        return Reading(cleaned, Reason.SELF_ANSWER, f"a turn begins: {role.group(0).strip()}")
    if answer := _ANSWER.search(cleaned):
        return Reading(cleaned, Reason.SELF_ANSWER, f"it answers: {answer.group(0).strip()}")
    if (answer := _PERHAPS_ANSWER.search(cleaned)) and not _REQUEST.search(_CODE_BLOCK.sub("", cleaned)):
        return Reading(cleaned, Reason.SELF_ANSWER, f"it answers: {answer.group(0).strip()}")
    if looping(cleaned):
        return Reading(cleaned, Reason.REPETITION, "it repeats itself")
    if finish_reason == "length":
        return Reading(cleaned, Reason.CUT_OFF, "the token limit came before the end of the turn")
    words = _WORD.findall(cleaned)
    if len(words) < SHORTEST_WORDS:
        return Reading(cleaned, Reason.NOT_AN_INSTRUCTION, f"{len(words)} words")
    # The lists are English: other languages pass the first, other scripts both, and a grader reads them.
    foreign = sum(letter.isalpha() and not letter.isascii() for letter in cleaned)
    if not foreign and not _ASKS.search(cleaned):
        return Reading(cleaned, Reason.NOT_AN_INSTRUCTION, "it asks for nothing")
    if foreign < len("".join(words)) / 2 and not _CODING.search(cleaned):
        return Reading(cleaned, Reason.OFF_TOPIC, "no word of programming in it")
    return Reading(cleaned)


def looping(text: str) -> bool:
    """Whether a text goes round in circles: it compresses to a fifth, or one line makes up most of its lines."""
    if len(text) >= LOOP_LENGTH:
        encoded = text.encode("utf-8", "replace")
        if len(zlib.compress(encoded, 6)) < LOOP_COMPRESSION * len(encoded):
            return True
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) >= 6 and max(map(lines.count, set(lines))) > len(lines) / 2
