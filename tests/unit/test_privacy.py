"""Privacy: what is found, what is harmless, and what a mask leaves."""

import logging
import subprocess
import sys

import pytest
from unit.private_texts import HARMLESS, JWT, PRIVATE, drawn

from warriorcoder.pipelines.mining.privacy import Finding, Kind, counts, findings, mask


@pytest.mark.parametrize(("text", "kind"), PRIVATE)
def test_what_is_private_is_found(text: str, kind: Kind) -> None:
    found = findings(text)
    assert [finding.kind for finding in found] == [kind]
    surrounded = f"Here is what I have:\n\n```\n{text}\n```\nWhat is wrong?"
    assert [finding.kind for finding in findings(surrounded)] == [kind]
    assert kind.placeholder in mask(surrounded, findings(surrounded))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_is_not(text: str) -> None:
    assert [(finding.kind, text[finding.start : finding.end]) for finding in findings(text)] == []


def test_the_tables_are_long_enough() -> None:
    assert len({text for text, _ in PRIVATE}) >= 60
    assert len(set(HARMLESS)) >= 60
    assert {kind for _, kind in PRIVATE} == set(Kind)


def test_a_mask_takes_all_of_it_and_nothing_else() -> None:
    text = f"url = 'https://x.io/?a=1'\nmail marta.kowalczyk@gmail.com, call +49 30 22732152\nt = '{JWT}'  # {JWT}\n"
    masked = "url = 'https://x.io/?a=1'\nmail <EMAIL_ADDRESS>, call <PHONE_NUMBER>\nt = '<API_KEY>'  # <API_KEY>\n"
    assert mask(text, findings(text)) == masked
    assert findings(masked) == []


def test_a_key_block_goes_with_its_first_and_last_line() -> None:
    text = f"a\n-----BEGIN EC PRIVATE KEY-----\n{drawn(64)}\n{drawn(20)}\n-----END EC PRIVATE KEY-----\nb"
    assert mask(text, findings(text)) == "a\n<PRIVATE_KEY>\nb"


def test_findings_are_counted_by_kind() -> None:
    texts = ["marta.kowalczyk@gmail.com and p.hein81@xs4all.nl", "nothing", "51.158.147.92"]
    assert counts(map(findings, texts)) == {
        "EMAIL_ADDRESS": 2,
        "PHONE_NUMBER": 0,
        "IP_ADDRESS": 1,
        "PRIVATE_URL": 0,
        "PRIVATE_KEY": 0,
        "PASSWORD": 0,
        "API_KEY": 0,
    }


def test_a_finding_holds_no_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        found = findings(f"key = 'hf_{drawn(34)}'")
    assert repr(found) == "[Finding(start=7, end=44, kind=<Kind.API_KEY: 'API_KEY'>)]"
    assert caplog.text == ""
    assert set(Finding.__dataclass_fields__) == {"start", "end", "kind"}


_BEGINNINGS = ["token_", "a.", "a@a.", "//1", "-----BEGIN PRIVATE KEY-----", "1:", "1.", "+1 ", "http://", "eyJ1", "x1"]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", [*_BEGINNINGS, "secret = '", "a.b@c.de "])
def test_no_text_takes_long(piece: str) -> None:
    """A hundred thousand characters of what a search begins with."""
    text = piece * (100_000 // len(piece))
    assert findings(mask(text, findings(text))) == []


def test_a_key_is_found_in_a_line_as_long_as_a_file() -> None:
    filler = '{"numbers": [' + ", ".join(map(str, range(10_000, 20_000)))
    text = f'{filler}], "key": "hf_{drawn(34)}", {filler}]}}'
    assert [finding.kind for finding in findings(text)] == [Kind.API_KEY]
    assert "hf_" not in mask(text, findings(text))
    keys = ", ".join(f"'hf_{drawn(34)}'" for _ in range(500))
    assert "hf_" not in mask(keys, findings(keys))


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys; from warriorcoder.pipelines.mining.privacy import findings; findings('plain text');"
        "print([name for name in ('detect_secrets', 'phonenumbers', 'requests') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
