"""Ids: the same for the same text however it was written down, and of a fixed form."""

import json
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.ids import instruction_id, seed_from, text_digest, value_digest

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
ANY_TEXT = st.text(st.characters())


@given(st.text())
def test_an_instruction_keeps_its_id_through_encodings_and_line_ends(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    identity = instruction_id(plain)
    assert instruction_id(unicodedata.normalize("NFD", plain)) == identity
    assert instruction_id(plain.replace("\n", "\r\n")) == identity
    assert instruction_id(f" \n{plain}\t\n") == identity


@given(ANY_TEXT)
def test_ids_are_sixteen_hexadecimal_digits_for_any_text(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", instruction_id(text))
    assert re.fullmatch(r"[0-9a-f]{16}", text_digest(text))


@given(st.text(st.characters(categories=("L", "N", "P")), min_size=1), st.text(min_size=1))
def test_other_texts_have_other_ids(one: str, other: str) -> None:
    def normal(text: str) -> str:
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()

    assert (instruction_id(one) == instruction_id(other)) == (normal(one) == normal(other))


@given(JSON)
def test_a_value_keeps_its_digest_through_a_file_and_in_any_order_of_keys(value: object) -> None:
    digest = value_digest(value)
    assert re.fullmatch(r"[0-9a-f]{64}", digest)
    assert value_digest(json.loads(json.dumps(value))) == digest
    if isinstance(value, dict):
        assert value_digest(dict(reversed(value.items()))) == digest


@given(st.lists(st.integers() | st.text(), max_size=4))
def test_seeds_fit_every_generator(parts: list[object]) -> None:
    assert 0 <= seed_from(*parts) < 2**31
    assert seed_from(*parts) == seed_from(*parts)
