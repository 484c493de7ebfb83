"""Which experts are kin: the same weights, or models of one family."""

import re
from collections.abc import Iterable, Mapping

from warriorcoder.recipe import Expert

FAMILIES = {
    "qwen": ("qwen", "qwq", "qvq", "athene"),
    "llama": ("llama", "vicuna", "alpaca"),
    "mistral": ("mistral", "mixtral", "codestral", "ministral", "devstral", "magistral"),
    "gemma": ("gemma",),
    "deepseek": ("deepseek",),
    "starcoder": ("starcoder", "octocoder"),
    "granite": ("granite",),
    "phi": ("phi-", "phi3", "phi4"),
    "yi": ("yi-",),
    "smollm": ("smollm",),
}
"""Families by words in their models' names, models trained from another's weights among them."""


def family_of(model: str) -> str:
    """The family of a model by its name: a known one, else the letters that its name begins with, in lower case.

    The organisation, or the folder, before the last slash says nothing: one publisher has many families.
    """
    name = model.rstrip("/").rpartition("/")[2].lower()
    # The words in the order of the name: a distillate of another family is named last, and its weights are that one's.
    found = [(name.rfind(word), family) for family, words in FAMILIES.items() for word in words if word in name]
    if found:
        return max(found)[1]
    letters = re.match(r"[^\W\d_]+", name)
    return letters[0] if letters else name


def families_of(experts: Iterable[Expert]) -> dict[str, str]:
    """The family of each expert by name: as the recipe says, else by its model's name."""
    return {expert.name: expert.family or family_of(expert.endpoint.model) for expert in experts}


def kin_of(families: Mapping[str, str], weights: Mapping[str, str | None]) -> dict[str, frozenset[str]]:
    """For each expert the experts that are its kin, itself among them: of its family, or with its weights.

    `families` and `weights` are by the experts' names, weights None or absent where nobody knows them.
    """
    return {
        name: frozenset(
            other
            for other, its in families.items()
            if its == family or (weights.get(other) is not None and weights.get(other) == weights.get(name))
        )
        for name, family in families.items()
    }
