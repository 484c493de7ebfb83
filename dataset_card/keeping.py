"""What people wrote into a card survives its regeneration. Pure functions on text.

The template's parts stand between marker comments, which a reader does not see:

    <!-- warriorcoder: ratings -->
    ...
    <!-- /warriorcoder: ratings -->

Between the markers the text is made anew; everything else is kept where it is.
"""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from warriorcoder.errors import ArenaError
from warriorcoder.tables import TABLES

Parts = dict[str, str]
"""The generated parts of a card in the template's order: name -> text."""

_OPEN_TO_CLOSE = r"^<!-- warriorcoder: (\w+) -->\n(.*?)^<!-- /warriorcoder: \1 -->(?:\n|\Z)"
_PART = re.compile(_OPEN_TO_CLOSE, re.MULTILINE | re.DOTALL)
_PART_AND_GAP = re.compile(rf"^\n?{_OPEN_TO_CLOSE}", re.MULTILINE | re.DOTALL)
_MARKER = re.compile(r"^<!-- /?warriorcoder: \w+ -->", re.MULTILINE)
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)


def split_parts(body: str) -> Parts:
    """The generated parts of a card's body. Raises ArenaError where a marker has lost its partner."""
    if stray := _MARKER.search(_PART.sub("", body)):
        raise ArenaError(
            f"README.md: the marker {stray.group()} has no partner, so it is not clear what is generated. "
            "Put the missing marker back, or move README.md away, then run the command again."
        )
    return {match[1]: match[2] for match in _PART.finditer(body)}


def split_front(text: str) -> tuple[dict[str, Any], str]:
    """A card as its YAML front matter and its body. Raises ArenaError for YAML that cannot be read."""
    match = _FRONT.match(text)
    if match is None:
        return {}, text
    try:
        front = yaml.safe_load(match[1])
    except yaml.YAMLError as error:
        raise ArenaError(
            f"README.md: its YAML head cannot be read ({' '.join(str(error).split())}). "
            "Correct it, or move README.md away, then run the command again."
        ) from error
    if not isinstance(front, dict | None):
        raise ArenaError("README.md: its YAML head is no mapping. Correct it, or move README.md away, then run again.")
    return front or {}, text[match.end() :]


def merge_front(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The front matter of the regenerated card. Raises ArenaError for old `configs` or `tags` of another shape.

    `size_categories` and the `configs` of our tables are those of the new card. Of `tags`, both are kept.
    Any other key that a person has set stays as it is, as do configs of other names.
    """
    merged = dict(old)
    for key, value in new.items():
        if key == "configs":
            # An entry of one of our tables that is not made anew is of a table that is empty or gone.
            own = [config for config in _listed(old, key, dict) if config.get("config_name") not in TABLES]
            merged[key] = value + own
        elif key == "tags":
            merged[key] = list(dict.fromkeys([*_listed(old, key, str), *value]))
        elif key == "size_categories":
            merged[key] = value
        else:
            merged.setdefault(key, value)
    return merged


def _listed(front: Mapping[str, Any], key: str, kind: type) -> list[Any]:
    values = front.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, kind) for value in values):
        raise ArenaError(
            f"README.md: `{key}` in its YAML head is not the list that the Hub expects. "
            "Correct it, or move README.md away, then run the command again."
        )
    return values


def merge_body(old: str, parts: Parts) -> str:
    """The old body with its generated parts made anew.

    A part that the old body lacks goes behind the part before it; one that is no longer made is taken out.
    """
    there = split_parts(old)
    body = _PART_AND_GAP.sub(lambda match: match[0] if match[1] in parts else "", old)
    body = _PART.sub(lambda match: _marked(match[1], parts[match[1]]), body)
    before: str | None = None
    for name, text in parts.items():
        if name not in there:
            at = _end_of(before, body)
            gap = "\n" if body[:at] else ""
            rest = body[at:]
            body = body[:at] + gap + _marked(name, text) + ("\n" if rest and rest[0] != "\n" else "") + rest
        before = name
    return body


def _end_of(name: str | None, body: str) -> int:
    """Where the named part ends in a body; the beginning for no part."""
    ends = [match.end() for match in _PART.finditer(body) if match[1] == name]
    return ends[-1] if ends else 0


def _marked(name: str, text: str) -> str:
    # The empty lines keep the comments from running into a table or a list.
    return f"<!-- warriorcoder: {name} -->\n\n{text.strip(chr(10))}\n\n<!-- /warriorcoder: {name} -->\n"
