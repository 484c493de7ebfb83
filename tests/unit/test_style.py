"""The style of answers, and how much more of it one has than another."""

import math

import pytest

from warriorcoder.pipelines.battles.ratings.style import STYLE, Style, difference, differences, style_of, styles_of

ANSWER = """# Title

Some **bold** words, and __more__.

- one
- two
1. three

```python
# no header
x = [
    - 1,
]
```
"""


def test_markdown_counts_outside_of_code_alone() -> None:
    style = style_of(ANSWER)
    assert (style.headers, style.lists, style.bold) == (1, 3, 2)
    assert style.length == len(ANSWER)
    assert style.code_share == pytest.approx(len("# no header\nx = [\n    - 1,\n]\n") / len(ANSWER))


def test_an_empty_answer_has_no_style() -> None:
    assert style_of("") == Style(0, 0.0, 0, 0, 0)


def test_differences_change_their_sign_with_the_sides() -> None:
    one, other = Style(99, 0.5, 3, 0, 2), Style(9, 0.2, 1, 0, 2)
    assert difference(one, other) == pytest.approx((math.log(10), 0.3, 0.5, 0.0, 0.0))
    assert difference(other, one) == pytest.approx([-each for each in difference(one, other)])


def test_votes_with_a_verdict_have_the_difference_of_their_answers() -> None:
    answers = [
        {"instruction_id": "i", "expert": expert, "answer": text} for expert, text in (("a", "x" * 9), ("b", "x" * 99))
    ]
    votes = [
        {"instruction_id": "i", "model_a": a, "model_b": b, "judge": "j", "shown_first": a, "verdict": verdict}
        for a, b, verdict in (("a", "b", "tie"), ("a", "b", None), ("b", "a", "a"))
    ]
    found = differences(votes, styles_of(answers))
    assert found.shape == (2, len(STYLE))
    assert found[:, 0] == pytest.approx([-math.log(10), math.log(10)])
    with pytest.raises(KeyError):
        differences(votes, {})
