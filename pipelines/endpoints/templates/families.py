"""The families of chat templates that a recipe can name."""

import re
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

import yaml

from warriorcoder.pipelines.endpoints.templates.template import Template
from warriorcoder.pipelines.prompts import read_prompt


def _read_families(table: dict[str, Any]) -> dict[str, Template]:
    return {
        name: Template(
            prefix=family["prefix"],
            stop=tuple(family["stop"]),
            bare=family["bare"],
            markers=tuple(family["markers"]),
            hidden=tuple(family.get("hidden", ())),
        )
        for name, family in table.items()
    }


_TABLE = yaml.safe_load(files(__package__).joinpath("families.yaml").read_text(encoding="utf-8"))

FAMILIES = {
    **_read_families(_TABLE),
    # A base model has no turns: it continues a numbered list of exercises, whose headline is the system prompt.
    "base": Template(read_prompt("mine_list_v1").rstrip("\n") + " ", ("\n",), chat=False, opening="Write a"),
}


def family_meant(name: str) -> str | None:
    """The family that an unknown name may mean: that of models called so, else one that is spelled alike."""
    asked = _letters(name)
    matches = [
        (min(len(word), len(asked)), family)
        for family, entry in _TABLE.items()
        for word in map(_letters, re.split(r"[ ,()]+", entry["models"]))
        if len(word) > 1
        and not word.isdigit()
        and (asked.startswith(word) or (len(asked) > 3 and word.startswith(asked)))
    ]
    if matches:
        return str(max(matches, key=lambda match: match[0])[1])
    near = get_close_matches(name.lower(), FAMILIES, n=1)
    return near[0] if near else None


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
