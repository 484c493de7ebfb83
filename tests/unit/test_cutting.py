"""Cutting long answers: whole lines, closed blocks, one limit."""

import pytest

from warriorcoder.pipelines.battles.cutting import Cut, cut
from warriorcoder.pipelines.battles.fences import fenced_blocks


def test_what_fits_is_left_alone() -> None:
    assert cut("x\n\n", 3) == Cut("x\n\n")
    assert cut("ä" * 5, 10) == Cut("ä" * 5)


def test_a_cut_is_at_the_end_of_a_line() -> None:
    text = "one\ntwo\nthree\nfour"
    assert cut(text, 9) == Cut("one\ntwo", len("\nthree\nfour"))
    assert cut(text, 13) == Cut("one\ntwo", len("\nthree\nfour"))
    assert cut(text, 14) == Cut("one\ntwo\nthree", len("\nfour"))


def test_a_line_that_is_nearly_all_is_cut_within() -> None:
    assert cut("x\n" + "y" * 100, 50) == Cut("x\n" + "y" * 48, 52)


def test_no_character_is_cut_in_two() -> None:
    assert cut("日本語" * 10, 10) == Cut("日本語", 27)
    assert cut("😀" * 10, 7) == Cut("😀", 9)


@pytest.mark.parametrize(
    ("fence", "closing"),
    [("```python", "```"), ("~~~~", "~~~~"), ("````md\n```\nx\n```", "````"), ("- a\n  ```", "  ```")],
)
def test_a_block_that_is_cut_is_closed(fence: str, closing: str) -> None:
    shown = cut(f"{fence}\n" + "x = 1\n" * 100 + "```\n~~~~\n````\nthe end", 120)
    assert shown.text.endswith(f"x = 1\n{closing}")
    assert all(block.closed for block in fenced_blocks(shown.text))


def test_a_block_that_its_author_left_open_stays_so_where_nothing_is_cut() -> None:
    assert cut("```python\nx = 1", 100).text == "```python\nx = 1"


def test_blocks_are_found_by_their_own_fences() -> None:
    text = "a\n```python\nx\n~~~\n```\nb `c` ```d```\n~~~~ js extra\n```\n~~~\n~~~~~\nend\n```\nopen"
    found = [(block.language, text[block.start : block.end], block.closed) for block in fenced_blocks(text)]
    assert found == [("python", "x\n~~~\n", True), ("js", "```\n~~~\n", True), ("", "open", False)]
