"""Masking, of any text: nothing is left to find, a second time changes nothing, and the rest stays as it was."""

from hypothesis import example, given
from hypothesis import strategies as st
from unit.private_texts import HARMLESS, JWT, PRIVATE

from warriorcoder.pipelines.mining.privacy import Kind, counts, findings, mask

_PIECES = st.sampled_from([text for text, _ in PRIVATE] + HARMLESS)
_NOISE = st.text(st.sampled_from("aZ09@.:/+-_=#'\"<>()[]{} \n\t%$?&eyJ§é漢"), max_size=40)
_JOINTS = st.sampled_from(["", " ", "\n", ".", "@", "-", "'", ", ", "://"])
TEXTS = st.lists(st.tuples(st.one_of(_PIECES, _NOISE), _JOINTS), max_size=6).map(
    lambda pairs: "".join(piece + joint for piece, joint in pairs)
)


@given(TEXTS)
@example("a.b@c.de@f.gh")
@example("marta@web.de51.158.147.92@web.de")
@example("-----BEGIN RSA PRIVATE KEY-----" + JWT)
def test_nothing_is_left_to_find(text: str) -> None:
    masked = mask(text, findings(text))
    assert findings(masked) == []
    assert mask(masked, findings(masked)) == masked


@given(TEXTS)
def test_findings_are_in_order_apart_and_within(text: str) -> None:
    ends = 0
    for finding in findings(text):
        assert ends <= finding.start < finding.end <= len(text)
        ends = finding.end


@given(TEXTS)
def test_the_rest_stays_as_it_was(text: str) -> None:
    found = findings(text)
    rest = mask(text, found)
    for finding in reversed(found):
        before, _, after = rest.rpartition(finding.kind.placeholder)
        assert after == text[finding.end : finding.end + len(after)]
        rest = before + text[finding.start : finding.end] + after
    assert rest == text
    assert found or mask(text, found) == text


@given(st.lists(TEXTS, max_size=4))
def test_counts_are_of_all_findings(texts: list[str]) -> None:
    found = [findings(text) for text in texts]
    counted = counts(found)
    assert list(counted) == [kind.value for kind in Kind]
    assert sum(counted.values()) == sum(map(len, found))
    assert found == [findings(text) for text in texts]
