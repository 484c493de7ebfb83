"""Reading draws, whatever a model says."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.grading import agreed_task, parse_judgement
from warriorcoder.pipelines.mining.languages import wish_of
from warriorcoder.pipelines.mining.loops import loop_in
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.tables import TASKS, Reason

CHAT, BASE = FAMILIES["chatml"], FAMILIES["base"]
PIECES = st.sampled_from(
    (
        *("Write a Python function", " that adds", ".", "?", "\n", " ", "```", "```python\n", "x = 1\n", "the ", ","),
        *(
            "<|im_end|>",
            "</s>",
            "Assistant:",
            "User",
            "Sure,",
            "Here is",
            "\ufffd",
            "\u0430",
            "ma",
            "h",
            "0",
            "in Java",
        ),
    )
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=80)
WORDS = st.lists(st.text("abcdefgh", min_size=2, max_size=7), min_size=2, max_size=8, unique=True)


@given(TEXTS, st.sampled_from(("stop", "length")), st.sampled_from((CHAT, BASE)))
def test_every_draw_is_an_instruction_or_has_its_reason(text: str, finish: str, template: object) -> None:
    reading = read_draw(text, finish, template)  # type: ignore[arg-type]
    assert (reading.reason is None) == (reading.detail == "")
    assert reading.reason is None or reading.reason in Reason
    if reading.reason is None:
        assert finish != "length"
        assert reading.text == reading.text.strip() != ""
        assert "<|" not in reading.text or "|>" not in reading.text
        assert task_class(reading.text) in TASKS


@given(TEXTS)
def test_a_kept_instruction_is_kept_when_read_again(text: str) -> None:
    reading = read_draw(text, "stop", CHAT)
    assert read_draw(f"\n {reading.text}\t", "stop", CHAT) == reading


@given(TEXTS)
def test_a_wish_only_adds_a_reason(text: str) -> None:
    free, bound = read_draw(text, "stop", CHAT), read_draw(text, "stop", CHAT, wish_of("Help with Java."))
    assert bound == free or (free.reason is None and bound.reason == Reason.WRONG_LANGUAGE)


@given(WORDS, st.integers(5, 9), st.text("xyz ", max_size=30), st.text("uvw ", max_size=30))
def test_a_phrase_over_and_over_is_found_wherever_it_stands(words: list[str], times: int, head: str, tail: str) -> None:
    assert loop_in(f"{head}. {' '.join(words * times)}. {tail}") is not None


@given(st.lists(st.integers(0, 3), min_size=20, max_size=400))
def test_numbers_are_data(numbers: list[int]) -> None:
    assert loop_in(f"Sort this in Python: {' '.join(map(str, numbers))}") is None
    assert loop_in("Sort this:\n" + "\n".join(f"[{number}, 0, 0]," for number in numbers)) is None


@given(TEXTS, st.sampled_from(TASKS), st.integers(1, 10))
def test_a_graders_last_words_count(said: str, task: str, grade: int) -> None:
    judged = parse_judgement(f"{said.replace('<', ' ').replace(':', ' ')}\nTask: {task}\n[[{grade}]]")
    assert (judged.grade, judged.task) == (grade, task)


@given(st.sampled_from(TASKS), st.lists(st.sampled_from(TASKS), max_size=7), st.randoms())
def test_graders_agree_in_any_order(rule: str, named: list[str], random: object) -> None:
    shuffled = sorted(named, key=lambda _: random.random())  # type: ignore[attr-defined]
    agreed = agreed_task(rule, named)
    assert agreed == agreed_task(rule, shuffled)
    assert agreed == rule or all(named.count(agreed) > named.count(task) for task in TASKS if task != agreed)
