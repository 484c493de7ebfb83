"""The search over all kinds, masking, and the counts for the card."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from warriorcoder.pipelines.mining.privacy.contacts import email_addresses, phone_numbers
from warriorcoder.pipelines.mining.privacy.credentials import api_keys, assigned, private_keys
from warriorcoder.pipelines.mining.privacy.network import ip_addresses, private_urls
from warriorcoder.pipelines.mining.privacy.spans import Finding, Kind, merged

_SEARCHES = (private_keys, api_keys, assigned, private_urls, email_addresses, ip_addresses, phone_numbers)


def findings(text: str) -> list[Finding]:
    """What is private in a text, in order and without overlap; nothing once all of it is masked."""
    found = _search(text)
    while found:
        # What one finding hid shows when it is masked: two matches that overlap, say.
        masked, places = _masked(text, found)
        more = _search(masked)
        if not more:
            break
        back = [Finding(places[each.start][0], places[each.end - 1][1], each.kind) for each in more]
        found = merged([*found, *back])
    return found


def mask(text: str, findings: Sequence[Finding]) -> str:
    """The text with a placeholder for each finding: <EMAIL_ADDRESS>."""
    parts, last = [], 0
    for finding in findings:
        parts += [text[last : finding.start], finding.kind.placeholder]
        last = finding.end
    return "".join([*parts, text[last:]])


def masked(text: str) -> str:
    """The text with a placeholder for everything private in it."""
    return mask(text, findings(text))


def counts(findings: Iterable[Iterable[Finding]]) -> dict[str, int]:
    """How many findings of each kind many texts have, by the kind's name; every kind is there."""
    counted = Counter(finding.kind for finding in chain.from_iterable(findings))
    return {kind.value: counted[kind] for kind in Kind}


def _search(text: str) -> list[Finding]:
    return merged(chain.from_iterable(search(text) for search in _SEARCHES))


def _masked(text: str, found: list[Finding]) -> tuple[str, list[tuple[int, int]]]:
    """The masked text, and for each of its characters the span of the text that it stands for."""
    places: list[tuple[int, int]] = []
    last = 0
    for finding in found:
        places += [(place, place + 1) for place in range(last, finding.start)]
        places += [(finding.start, finding.end)] * len(finding.kind.placeholder)
        last = finding.end
    places += [(place, place + 1) for place in range(last, len(text))]
    return mask(text, found), places
