"""The prompt files, and filling them."""

import re
from importlib.resources import files

import pytest

from warriorcoder.ids import text_digest
from warriorcoder.pipelines import prompts
from warriorcoder.pipelines.battles.judging import PROMPTS
from warriorcoder.pipelines.prompts import fill, prompt_digest, read_prompt

SHOWN = {"instruction", "answer_a", "answer_b", "cut_a", "cut_b"}
SLOTS = {
    "answer_base_v1": {"instruction"},
    "doctor_half_word_v1": set(),
    "doctor_order_v1": set(),
    "grade_v2": {"instruction"},
    "judge_v2": SHOWN,
    "judge_rubric_v1": SHOWN,
    "judge_reference_v1": SHOWN,
    "judge_cut_v1": {"name", "characters"},
    "mine_list_v1": {"system"},
}


def test_every_prompt_file_is_known_and_has_a_version() -> None:
    names = {file.name for file in files(prompts).iterdir() if file.name.endswith(".txt")}
    assert names == {f"{name}.txt" for name in SLOTS}
    assert all(re.fullmatch(r"\w+_v\d+\.txt", name) for name in names)


@pytest.mark.parametrize(("name", "slots"), SLOTS.items())
def test_a_prompt_has_its_slots_and_no_others(name: str, slots: set[str]) -> None:
    assert set(re.findall(r"\{(\w+)\}", read_prompt(name))) == slots


def test_a_value_is_never_filled_again() -> None:
    assert fill("{a} {b} {c}", a="{b}", b="{a}") == "{b} {a} {c}"
    assert fill("{a}", a=r"\1 \g<0> {") == r"\1 \g<0> {"


def test_the_digest_is_that_of_the_file() -> None:
    assert prompt_digest("judge_v2") == text_digest(read_prompt("judge_v2"))
    assert len({prompt_digest(name) for name in SLOTS}) == len(SLOTS)


@pytest.mark.parametrize("name", PROMPTS.values())
def test_a_judges_prompt_asks_for_an_explanation_first_and_for_the_verdict_last(name: str) -> None:
    prompt = read_prompt(name)
    end = prompt.rindex("\n\n")
    assert "</answer_B>" in prompt[:end]
    assert prompt[end:].index("Then give your verdict on the last line, and nothing after it:") > 0
    assert re.findall(r"\[\[(\w+)\]\]", prompt) == ["A", "B", "Tie"]
