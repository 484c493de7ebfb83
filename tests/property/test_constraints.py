"""The forms that bind judges and graders: the grammar and the regular expression of one are the same language."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.verdicts import FORMS as VERDICTS
from warriorcoder.pipelines.battles.verdicts import read_verdict
from warriorcoder.pipelines.endpoints.calls import Constraint
from warriorcoder.pipelines.endpoints.templates.control import TURN
from warriorcoder.pipelines.mining.grading import FORM as GRADE
from warriorcoder.pipelines.mining.grading import parse_judgement
from warriorcoder.tables import TASKS

FORMS = {**VERDICTS, "grade": GRADE}

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
    verdicts = [f"\n[[{verdict}]]" for verdict in ("A", "B", "Tie", "tie")]
    tails = st.sampled_from([*verdicts, "[[A]]", *graded, "\n[[7]]", "\n[A]", "]]", ""])
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
        ("verdict", "A is right.\n[[A]]", True),
        ("verdict", "ä" * 200 + "\n[[B]]", True),
        ("verdict", "ä" * 201 + "\n[[B]]", False),
        ("verdict", "Two\nlines\n[[Tie]]", False),
        ("verdict", "why [[A]]", False),
        ("verdict", "\n[[A]]", False),
        ("verdict", "why\n[[tie]]", False),
        ("verdict", "why\n[[A]] more", False),
        ("rubric", "Correctness: B\nCompleteness: B\nClarity: A\nEfficiency: equal\n[[B]]", True),
        ("rubric", "Correctness: B\nClarity: A\nEfficiency: equal\n[[B]]", False),
        ("rubric", "Correctness: \nCompleteness: B\nClarity: A\nEfficiency: equal\n[[B]]", False),
        ("reference", "Reference: sum(x)\nAnswer A: right\nAnswer B: right\n[[Tie]]", True),
        ("reference", "Answer A: right\nAnswer B: right\n[[Tie]]", False),
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


@pytest.mark.parametrize("form", VERDICTS.values(), ids=VERDICTS.keys())
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_every_text_of_a_verdicts_form_is_the_verdict_that_it_ends_with(form: Constraint, finish_reason: str) -> None:
    @given(st.from_regex(re.compile(form.regex), fullmatch=True))
    def read(text: str) -> None:
        verdict, _ = read_verdict(text, finish_reason, swapped=False)
        last = text[text.rindex("[[") + 2 : -2].lower()
        # Even a form does not keep a judge from opening another's turn, or thoughts, in its explanation.
        assert verdict == last or (verdict is None and TURN.search(text))

    read()


@pytest.mark.parametrize("form", VERDICTS.values(), ids=VERDICTS.keys())
def test_no_beginning_of_a_forms_text_has_a_verdict(form: Constraint) -> None:
    @given(st.from_regex(re.compile(form.regex), fullmatch=True), st.integers(1, 400))
    def read(text: str, fewer: int) -> None:
        assert read_verdict(text[:-fewer], "length", swapped=False)[0] is None

    read()


@given(st.from_regex(re.compile(GRADE.regex), fullmatch=True))
def test_every_text_of_the_grades_form_is_a_grade(text: str) -> None:
    judged = parse_judgement(text)
    if "<" not in text and ":" not in text.rpartition("\nTask: ")[0]:
        assert judged.grade in range(1, 11)
        assert judged.task in TASKS
