"""Findings: where a text has something private, and of which kind. What it is stays in the text alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was found. The value is what stands in its place once it is masked, between angle brackets."""

    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    PHONE_NUMBER = "PHONE_NUMBER"
    IP_ADDRESS = "IP_ADDRESS"
    PRIVATE_URL = "PRIVATE_URL"
    PRIVATE_KEY = "PRIVATE_KEY"
    PASSWORD = "PASSWORD"
    API_KEY = "API_KEY"

    @property
    def placeholder(self) -> str:
        return f"<{self.value}>"


@dataclass(frozen=True, order=True)
class Finding:
    """Something private at `text[start:end]`. It holds no text, so that no log or table can."""

    start: int
    end: int
    kind: Kind


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The same in order and without overlap. What overlaps becomes one of the longer one's kind."""
    found: list[Finding] = []
    for finding in sorted(findings, key=lambda each: (each.start, -each.end, each.kind)):
        if found and finding.start < found[-1].end:
            last = found[-1]
            longer = max(last, finding, key=lambda each: each.end - each.start)
            found[-1] = Finding(last.start, max(last.end, finding.end), longer.kind)
        else:
            found.append(finding)
    return found
