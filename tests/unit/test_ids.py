"""Ids never change between versions: published tables are joined by them."""

import pytest

from warriorcoder.ids import instruction_id, seed_from, text_digest, value_digest


@pytest.mark.parametrize(
    ("instruction", "identity"),
    [
        # The first 16 digits that `printf … | sha256sum` prints.
        ("Write a function.", "4a77c3e918d3321a"),
        ("  Write a function.\r\n", "4a77c3e918d3321a"),
        ("cafe\u0301", "850f7dc43910ff89"),
        ("caf\u00e9", "850f7dc43910ff89"),
        ("", "e3b0c44298fc1c14"),
    ],
)
def test_ids_are_pinned(instruction: str, identity: str) -> None:
    assert instruction_id(instruction) == identity


@pytest.mark.parametrize(
    ("one", "other"), [("a b", "a  b"), ("Write", "write"), ("x\ny", "x y"), ("\ufb01", "fi"), ("1", "\u00b9")]
)
def test_what_can_matter_in_code_changes_the_id(one: str, other: str) -> None:
    assert instruction_id(one) != instruction_id(other)


def test_digests_and_seeds_are_pinned() -> None:
    assert text_digest("abc") == "ba7816bf8f01cfea"
    assert (
        value_digest({"b": [1, None], "a": "é"}) == "3d92f6368f93f3cb36a4e7a721098054dfbfd705e31fa50409f2d99e0727a08c"
    )
    assert seed_from(0, "mine", "one", 3) == 282443312
    assert seed_from(0, "mine", "one", 3) != seed_from(0, "mine", "one", "3")
