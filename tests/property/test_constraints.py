"""The forms that bind judges and graders: the grammar and the regular expression of one are the same language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.verdicts import FORM as VERDICT
from warriorcoder.pipelines.battles.verdicts import read_verdict
from warriorcoder.pipelines.endpoints.calls import Constraint
from warriorcoder.pipelines.mining.classes import TASKS
from warriorcoder.pipelines.mining.grading import FORM as GRADE
from warriorcoder.pipelines.mining.grading import parse_judgement

FORMS = {"verdict": VERDICT, "grade": GRADE}

_PART = re.compile(r'"(?P<literal>[^"]*)"|(?P<set>\[\^?(?:\\.|[^\]\\])*\])|(?P<other>[(){}|,0-9])|\s+')


def as_expression(gbnf: str) -> re.Pattern[str]:
    """A grammar of one rule, of literals, sets, counts and choices, as an expression of Python's."""
    name, defined, rule = gbnf.partition(" ::= ")
    assert (name, defined) == ("root", " ::= ")
    parts, at = [], 0
    while at < len(rule):
        part = _PART.match(rule, at)
        assert part, f"not understood: {rule[at:]}"
        parts.append(re.escape(part["literal"]) if part["literal"] is not None else part["set"] or part["other"] or "")
        at = part.end()
    return re.compile("".join(parts))


def near(form: Constraint) -> st.SearchStrategy[str]:
    """Texts of a form, and texts that are almost of it."""
    whole = st.from_regex(re.compile(form.regex), fullmatch=True)
    graded = [f"\nTask: {task}\n[[{grade}]]" for task in ("theory", "poetry") for grade in (0, 1, 10, 11)]
    tails = st.sampled_from(["[[A]]", "[[B]]", "[[Tie]]", "[[tie]]", *graded, "\n[[7]]", "[A]", "]]", ""])
    heads = st.one_of(st.text(max_size=12), st.integers(195, 205).map(lambda length: "ö" * length), st.just("a\nb "))
    return st.one_of(whole, st.tuples(heads, tails).map("".join), st.text(max_size=20))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_both_languages_of_a_form_accept_the_same_texts(form: Constraint) -> None:
    grammar, expression = as_expression(form.gbnf), re.compile(form.regex)

    @given(near(form))
    def same(text: str) -> None:
        assert bool(grammar.fullmatch(text)) == bool(expression.fullmatch(text))

    same()


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("verdict", "A is right. [[A]]", True),
        ("verdict", "Two\nlines [[Tie]]", True),
        ("verdict", "ä" * 200 + "[[B]]", True),
        ("verdict", "ä" * 201 + "[[B]]", False),
        ("verdict", "[[A]]", False),
        ("verdict", "why [[tie]]", False),
        ("verdict", "why [[A]] more", False),
        ("grade", "why\nTask: other\n[[10]]", True),
        ("grade", "why\nTask: other\n[[1]]", True),
        ("grade", "why [[7]]", False),
        ("grade", "why\nTask: poetry\n[[7]]", False),
        ("grade", "\nTask: other\n[[7]]", False),
        ("grade", "why\nTask: other\n[[0]]", False),
        ("grade", "why\nTask: other\n[[11]]", False),
    ],
)
def test_a_form_takes_what_it_should(name: str, text: str, accepted: bool) -> None:
    form = FORMS[name]
    assert bool(re.fullmatch(form.regex, text)) is accepted
    assert bool(as_expression(form.gbnf).fullmatch(text)) is accepted


@given(st.from_regex(re.compile(VERDICT.regex), fullmatch=True))
def test_every_text_of_the_verdicts_form_is_a_verdict(text: str) -> None:
    verdict, missing = read_verdict(text, "stop", swapped=False)
    assert verdict is not None or "<|" in text or "<instruction>" in text
    assert (verdict is None) == (missing is not None)


@given(st.from_regex(re.compile(GRADE.regex), fullmatch=True))
def test_every_text_of_the_grades_form_is_a_grade(text: str) -> None:
    judged = parse_judgement(text)
    if "<" not in text and ":" not in text.rpartition("\nTask: ")[0]:
        assert judged.grade in range(1, 11)
        assert judged.task in TASKS
