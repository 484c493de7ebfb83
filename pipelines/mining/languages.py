"""The languages of a text: the programming language that it names or shows, and the one that it is written in."""

import re
from dataclasses import dataclass

# Names in prose. Those that are everyday words as well are only taken with a capital, or beside a word of programming.
_THING = r"(?:program|code|script|function|class|struct|routine|snippet|package|project|developer|programming|compiler)"
_NAMES = {
    "python": r"(?i:\bpython[23]?\b|\bpandas\b|\bnumpy\b|\bdjango\b|\bpytest\b|\bpytorch\b|\btensorflow\b)|\bFlask\b",
    "typescript": r"(?i:\btypescript\b)",
    "javascript": r"(?i:\bjavascript\b|\bnode\.?js\b|\bjquery\b|\bvue\.?js\b|\breact ?js\b)|\bReact\b|\bJS\b",
    "java": r"(?i:\bjava\b|\bspring boot\b|\bjavadoc\b|\bjunit\b)",
    "c++": r"(?i:\bc\+\+|\bcpp\b)",
    "c#": r"(?i:\bc#|\bc sharp\b|\bunity3d\b)|\B\.NET\b|\bASP\.NET\b",
    "sql": r"(?i:\b(?:my ?|postgre|t-|pl/)?sql(?:ite3?)?\b|\bpostgres\b)",
    "rust": rf"\bRust\b|(?i:\brust {_THING}|\bin rust\b)",
    "go": rf"(?i:\bgolang\b|\bgoroutine|\bgo {_THING}\b)|\b(?:in|In|using|with) Go\b",
    "php": r"(?i:\bphp\b|\blaravel\b)",
    "ruby": r"(?i:\bruby on rails\b|\bin ruby\b)|\bRuby\b",
    "kotlin": r"(?i:\bkotlin\b)",
    "swift": rf"\bSwift(?:UI)?\b|(?i:\bswift {_THING}|\bin swift\b)",
    "scala": r"(?i:\bscala\b)",
    "haskell": r"(?i:\bhaskell\b)",
    "perl": r"\bPerl\b|(?i:\bin perl\b)",
    "lua": r"\bLua\b|(?i:\bin lua\b)",
    "r": rf"\b(?:in|In|using) R\b|\bR {_THING}\b|(?i:\bggplot2?\b|\bdplyr\b)",
    "matlab": r"(?i:\bmatlab\b)",
    "fortran": r"(?i:\bfortran\b)",
    "bash": r"(?i:\bbash\b|\bshell (?:script|command)|\bpowershell\b)",
    "html": r"(?i:\bhtml5?\b|\bcss3?\b)",
    "assembly": r"(?i:\bassembly (?:language|code|program)|\bin assembly\b|\bx86\b)",
    "c": rf"\b(?:in|In|using) C\b(?![+#'])|\bC {_THING}\b|\bC language\b|(?i:\bin c\b(?![+#']))|\bANSI C\b",
}
_FENCES = {
    **{name: name for name in _NAMES},
    **{"py": "python", "python3": "python", "js": "javascript", "jsx": "javascript", "ts": "typescript", "cpp": "c++"},
    **{"csharp": "c#", "cs": "c#", "golang": "go", "rb": "ruby", "sh": "bash", "shell": "bash", "css": "html"},
    **{"mysql": "sql", "postgresql": "sql", "rs": "rust", "kt": "kotlin"},
}
_SIGNS = {
    "python": r"^[ \t]*def \w+\(.*\).*:|^[ \t]*from [\w.]+ import |^[ \t]*elif .*:|\bself\.\w+",
    "c++": r"#include <(?:iostream|vector|string|algorithm|map)>|\bstd::\w+",
    "c": r"#include <\w+\.h>",
    "java": r"\bpublic (?:static |final |abstract )*(?:class|void|int|String)\b|\bSystem\.out\.print",
    "javascript": r"\bconsole\.log\(|\bfunction \w+\(.*\) ?\{|\b(?:const|let) \w+ = |=> ?\{",
    "sql": r"(?i:\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bCREATE TABLE\b)",
    "php": r"<\?php",
    "html": r"(?i:<(?:html|body|div|head|table|span)\b)",
    "go": r"^func \w+\(|^package main",
    "rust": r"\bfn \w+\(.*\) ?(?:->|\{)|\blet mut\b",
}
_NAME = re.compile("|".join(f"(?P<x{place}>{rule})" for place, rule in enumerate(_NAMES.values())))
_SIGN = re.compile("|".join(f"(?P<x{place}>{rule})" for place, rule in enumerate(_SIGNS.values())), re.M)
_FENCE = re.compile(r"```([\w+#]+)")
_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.S)
_TARGET = re.compile(
    r"\b(?:convert|translate|port|rewrite|migrate|transpile)\b[^.?!]*?\b(?:in)?to (.{0,30})", re.I | re.S
)

_NEIGHBOURS = {
    "javascript": {"typescript", "html"},
    "typescript": {"javascript", "html"},
    "html": {"javascript"},
    "php": {"html", "sql"},
    "c": {"c++"},
}
"""What a text may as well name where a language is asked for."""

_COMPANIONS = {"sql", "bash"}
"""What programs in every language talk to."""


def languages_named(text: str) -> list[str]:
    """Every programming language that a text names, in the order of its first mention; else those its code shows."""
    names = list(_NAMES)
    found = [names[int(match.lastgroup[1:])] for match in _NAME.finditer(_BLOCK.sub("", text)) if match.lastgroup]
    found += [_FENCES[fence.lower()] for fence in _FENCE.findall(text) if fence.lower() in _FENCES]
    if not found:
        signs = list(_SIGNS)
        found = [signs[int(match.lastgroup[1:])] for match in _SIGN.finditer(text) if match.lastgroup]
    return list(dict.fromkeys(found))


def language_named(instruction: str) -> str | None:
    """The programming language that an instruction asks for; None where there is no sign of one.

    Of several it is the first, and where code is to be translated, the one that it is to become.
    """
    if (target := _TARGET.search(instruction)) and (into := languages_named(target.group(1))):
        return into[0]
    return next(iter(languages_named(instruction)), None)


@dataclass(frozen=True)
class Wish:
    """The languages that instructions may be in; an empty set allows every one.

    `programming` holds names as `language_named` gives them, `natural` ISO 639-1 codes as
    `natural_language` gives them.
    """

    programming: frozenset[str] = frozenset()
    natural: frozenset[str] = frozenset()


def wish_of(system: str) -> Wish:
    """What a system prompt asks for: the programming languages that it names."""
    return Wish(frozenset(languages_named(system)))


def unwished(text: str, wish: Wish) -> str | None:
    """The language of a text that the wish does not allow; None where nothing speaks against it.

    A text that names no language passes, and one that names a wished language among others.
    """
    if wish.programming and not wish.programming & set(named := languages_named(text)):
        allowed = _COMPANIONS.union(*(_NEIGHBOURS.get(name, set()) for name in wish.programming))
        if strange := next((name for name in named if name not in allowed), None):
            return strange
    if wish.natural and (natural := natural_language(text)) and natural not in wish.natural:
        return natural
    return None


_FUNCTION_WORDS = {
    "en": "the a an of to in is that for it you with on are this be by or as from at how what which and can i my your"
    " me have has not do does if will would should could please we he she they there these those was were been its into"
    " than then when where who why but so such any all each no only about up out use using",
    "es": "el la los las un una de que y en es por con para del se al como su más pero sus le lo cuál qué cómo",
    "fr": "le la les un une des de du et en est que pour dans qui sur pas par au avec ce il sont une comment quelle",
    "de": "der die das und ist ein eine einen zu den von mit auf für nicht des im dem sich auch wie was wird sind",
    "pt": "o a os as um uma de que e do da em para é com não por mais dos das como se na no ao qual",
    "it": "il lo la i gli le un una di che e in è per con del della non sono come più da al alla si cosa",
    "nl": "de het een en van in is dat op te zijn met voor niet die aan er om ook als dan bij hoe wat",
    "pl": "w i na z do że się nie to jest o jak dla po przez od co czy która który",
}
_COMMONEST = {code: frozenset(words.split()) for code, words in _FUNCTION_WORDS.items()}
FUNCTION_WORDS = frozenset().union(*_COMMONEST.values())
"""Small words that no text in eight European languages does without."""

SCRIPTS = {
    "cyrillic": re.compile(r"[\u0400-\u052f]"),
    "arabic": re.compile(r"[\u0600-\u06ff\u0750-\u077f]"),
    "hebrew": re.compile(r"[\u0590-\u05ff]"),
    "devanagari": re.compile(r"[\u0900-\u097f]"),
    "bengali": re.compile(r"[\u0980-\u09ff]"),
    "tamil": re.compile(r"[\u0b80-\u0bff]"),
    "thai": re.compile(r"[\u0e00-\u0e7f]"),
    "georgian": re.compile(r"[\u10a0-\u10ff]"),
    "armenian": re.compile(r"[\u0530-\u058f]"),
    "hangul": re.compile(r"[\uac00-\ud7af\u1100-\u11ff]"),
    "kana": re.compile(r"[\u3040-\u30ff]"),
    "han": re.compile(r"[\u4e00-\u9fff]"),
}
_SCRIPT_LANGUAGE = {
    "cyrillic": "ru",
    "arabic": "ar",
    "hebrew": "he",
    "devanagari": "hi",
    "bengali": "bn",
    "tamil": "ta",
    "thai": "th",
    "georgian": "ka",
    "armenian": "hy",
    "hangul": "ko",
    "kana": "ja",
    "han": "zh",
}
_LATIN_WORD = re.compile(r"[^\W\d_]+")


def natural_language(text: str) -> str | None:
    """The ISO 639-1 code of the language that a text is written in, code blocks left out; None where too little tells.

    A script stands for the language that is most often written in it. In Latin letters the most frequent
    small words decide between English, Spanish, French, German, Portuguese, Italian, Dutch and Polish.
    """
    prose = _BLOCK.sub(" ", text)
    letters = sum(map(str.isalpha, prose))
    counts = {script: len(rule.findall(prose)) for script, rule in SCRIPTS.items()}
    # Words of programming stay Latin in every script.
    if counts["kana"] and counts["kana"] + counts["han"] > letters / 4:
        return "ja"
    script = max(counts, key=counts.__getitem__)
    if counts[script] > letters / 4:
        return _SCRIPT_LANGUAGE[script]
    words = [word.lower() for word in _LATIN_WORD.findall(prose)]
    told = {code: sum(word in common for word in words) for code, common in _COMMONEST.items()}
    best = max(told, key=told.__getitem__)
    return best if told[best] >= 2 and list(told.values()).count(told[best]) == 1 else None
