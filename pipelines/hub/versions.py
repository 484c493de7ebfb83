"""Versions, and which one comes next. Pure functions on plain values."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from warriorcoder.errors import HubError

SOURCES = ("instructions", "answers", "votes", "rejected")
"""The tables whose rows the others are made of."""

_VERSION = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Change(IntEnum):
    """What a version changes, by the number that it raises."""

    PATCH = 0
    MINOR = 1
    MAJOR = 2


@dataclass(frozen=True, order=True)
class Version:
    """A version `vMAJOR.MINOR.PATCH`, which is also its tag."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"

    def after(self, change: Change) -> "Version":
        match change:
            case Change.MAJOR:
                return Version(self.major + 1, 0, 0)
            case Change.MINOR:
                return Version(self.major, self.minor + 1, 0)
            case Change.PATCH:
                return Version(self.major, self.minor, self.patch + 1)


FIRST = Version(1, 0, 0)


def read_version(text: str) -> Version:
    """A version as a user writes it, with or without the v. Raises HubError."""
    match = _VERSION.fullmatch(text)
    if match is None:
        raise HubError(f"{text!r} is no version; a version is vMAJOR.MINOR.PATCH, such as v1.2.0.")
    return Version(*map(int, match.groups()))


def versions_of(tags: Iterable[str]) -> list[Version]:
    """The versions among a repository's tags, lowest first; other tags are somebody's own."""
    return sorted(Version(*map(int, match.groups())) for tag in tags if (match := _tag(tag)))


def _tag(tag: str) -> re.Match[str] | None:
    return _VERSION.fullmatch(tag) if tag.startswith("v") else None


def change_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> Change:
    """What has changed from one version to the next, by the manifests' `format`, `experts` and `published`.

    The tables' format (columns, types, tables that are gone) is major; rows of the tables that others are made of, a
    table more, or other experts are minor; what follows from them (labels, ratings) and words are a patch.
    """
    was, is_ = old["published"], new["published"]
    columns = {name: table["columns"] for name, table in is_["tables"].items()}
    if old["format"] != new["format"] or any(
        columns.get(name) != table["columns"] for name, table in was["tables"].items()
    ):
        return Change.MAJOR
    grown = columns.keys() != was["tables"].keys() or set(old["experts"]) != set(new["experts"])
    return Change.MINOR if grown or _of_sources(was["files"]) != _of_sources(is_["files"]) else Change.PATCH


def _of_sources(files: Mapping[str, str]) -> dict[str, str]:
    return {path: digest for path, digest in files.items() if path.partition("/")[0] in SOURCES}
