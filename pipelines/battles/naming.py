"""The names by which an answer could give away its author: of the recipe's experts, and of known models and makers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from warriorcoder.local_models import LOCAL_MODELS
from warriorcoder.recipe import Recipe

_TAIL = re.compile(
    r"(?:v?\d+(?:\.\d+)*[a-z]?|[\d.]+[bm]|\d+x\d+b|a[\d.]+b|coder|code|instruct|chat|base|lite|large|medium|small|mini|nano|pro"
    r"|plus|max|turbo|flash|ultra|opus|sonnet|haiku|preview|thinking|reasoner|r1|it|hf|gguf|awq|gptq|fp8|int[48]|q\d\w*)",
    re.I,
)
# What a model's own name is made of where it says nothing of which model it is: expert-1, my-model, coder2.
_PLAIN = re.compile(
    r"(?:an?|the|my|our|new|old|big|test|demo|model|expert|judge|coder?|chat|base|assistant|llm|ai|bot|server|local|tutor|[a-z])\d*",
    re.I,
)
_SPACE = r"[-_ ]?"
_VERSION = r"v?\d+(?:\.\d+)*[a-z]?"
# After a space only what is spelled like a part of a name: "with Qwen it works" speaks of nothing tuned.
_TAILS = rf"(?:{_VERSION})?(?:(?:[-_]|[ ](?=[A-Z\d]))(?i:{_TAIL.pattern})(?![A-Za-z]))*"


@dataclass(frozen=True)
class Names:
    """Patterns of names: `anywhere` those of models that mean nothing else, `models` and `makers` all that there are.

    The last two count only where an answer speaks of its author: they are everyday words, too. Where none of the
    `stems` is in a text's small letters, nothing in it matches `anywhere`.
    """

    anywhere: re.Pattern[str]
    models: str
    makers: str
    stems: tuple[str, ...]


def names_of(recipe: Recipe) -> Names:
    """The names that are masked in a recipe's battles."""
    given = set[str]()
    for expert in recipe.experts:
        model = expert.endpoint.model
        given |= {expert.name, model}
        if expert.weights:
            given.add(expert.weights)
        if known := LOCAL_MODELS.get(model):
            given.add(known.hub_id)
    return _names(tuple(sorted(given)))


@lru_cache(maxsize=16)
def _names(given: tuple[str, ...]) -> Names:
    table = _table()
    clear = [_pattern(name) for name in table["models"]]
    # As they are spelled: "phi 3" is mathematics.
    clear += [f"(?-i:{_pattern(name)}{_SPACE}{_VERSION})" for name in table["numbered"]]
    words = [_pattern(name) for name in table["words"]]
    makers = [_pattern(name) for name in table["makers"]]
    stems = {_stem(name) for name in (*table["models"], *table["numbered"])}
    for name in given:
        owner, own = _parts_of_id(name)
        if owner:
            clear.append(re.escape(name))
            stems.add(name.lower())
            makers.append(_pattern(owner))
        if core := _core(own):
            (clear if _is_clear(core) else words).append(_pattern(core))
            stems |= {_stem(core)} if _is_clear(core) else set()
    anywhere = _with_tail(clear)
    return Names(
        re.compile(rf"(?<![A-Za-z0-9]){anywhere}"),
        rf"(?:{anywhere}|{_with_tail(words)})",
        rf"(?i:{_longest_first(makers)})(?![A-Za-z0-9])",
        tuple(sorted(stems)),
    )


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(files(__package__).joinpath("model_names.yaml").read_text(encoding="utf-8"))
    return table


def _parts_of_id(name: str) -> tuple[str, str]:
    """The owner and the model of a Hub id; of a file its name, of a digest nothing."""
    if re.match(r"\w+:[0-9a-f]{32,}$", name):
        return "", ""
    if name.endswith(".gguf"):
        return "", re.sub(r"[.-]I?Q\d\w*$", "", re.split(r"[/\\]", name)[-1].removesuffix(".gguf"))
    owner, slash, model = name.partition("@")[0].partition("/")
    return (owner, model) if slash and owner and "/" not in model else ("", name.rpartition("/")[2])


def _core(name: str) -> str:
    """A model's name without its size and its tuning: Qwen2.5 of Qwen2.5-Coder-7B-Instruct."""
    parts = [part for part in re.split(r"[-_ :@]+", name) if part]
    while (
        len(parts) > 1 and _TAIL.fullmatch(parts[-1]) and not (len(parts) == 2 and re.match(r"v?\d", parts[-1], re.I))
    ):
        parts.pop()
    return " ".join(parts)


def _is_clear(core: str) -> bool:
    parts = core.split()
    return any(letter.isdigit() for letter in core) and any(
        len(re.sub(r"[^A-Za-z]", "", part)) >= 3 and not _PLAIN.fullmatch(part) for part in parts
    )


def _pattern(name: str) -> str:
    """A name with its parts joined by a hyphen, a space, or nothing."""
    return _SPACE.join(re.escape(part) for part in re.split(r"[-_ ]+", name) if part)


def _stem(name: str) -> str:
    return re.split(r"[-_ ]", name)[0].lower()


def _with_tail(patterns: Iterable[str]) -> str:
    return rf"(?i:{_longest_first(patterns)}){_TAILS}(?![A-Za-z0-9])"


def _longest_first(patterns: Iterable[str]) -> str:
    return "|".join(sorted(set(patterns), key=lambda pattern: (-len(pattern), pattern)))
