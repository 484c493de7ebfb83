"""Decontamination: what holds for any text around a task, and for any names in its solution."""

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.mining.benchmark_tasks import read_tasks
from warriorcoder.pipelines.mining.decontamination import Check, Decontaminator

TASKS = read_tasks("humaneval")
DECONTAMINATOR = Decontaminator(TASKS)
PLACES = st.integers(0, len(TASKS) - 1)
PROSE = st.text(
    st.characters(whitelist_categories=("Ll", "Lu", "Zs", "Po"), blacklist_characters="\"'#\\"), max_size=200
)
WORDS = st.lists(
    st.sampled_from(["write", "a", "function", "that", "returns", "the", "list", "of", "all", "numbers", "sorted"]),
    max_size=30,
)


@given(PLACES, PROSE, PROSE)
def test_a_prompt_is_found_whatever_stands_around_it(place: int, before: str, after: str) -> None:
    task = TASKS[place]
    hits = DECONTAMINATOR.hits(f"{before}\n\n{task.prompt}\n\n{after}")
    assert task.task_id in {hit.task_id for hit in hits}


@given(PLACES, st.randoms(use_true_random=False))
def test_a_prompt_is_found_in_any_case_and_spacing(place: int, random_: random.Random) -> None:
    task = TASKS[place]
    mixed = "".join(random_.choice((letter.lower(), letter.upper())) for letter in task.prompt)
    spaced = re.sub(r"\s+", lambda _: random_.choice((" ", "\n", "\t", "  ")), mixed)
    assert task.task_id in {hit.task_id for hit in DECONTAMINATOR.hits(spaced)}


@given(PLACES, st.integers(0, 10**6))
def test_the_names_in_a_solution_do_not_matter(place: int, number: int) -> None:
    program = TASKS[place].program[len(TASKS[place].prompt) :]
    own = sorted(set(re.findall(r"(?<![.\w'\"])([a-z_]\w*)(?= =[^=])", program)))
    other = program
    for index, name in enumerate(own):
        other = re.sub(rf"(?<![.\w'\"]){name}\b(?!['\"])", f"name_{number}_{index}", other)

    def by_code(text: str) -> set[str]:
        return {hit.task_id for hit in DECONTAMINATOR.hits(text) if hit.check is Check.CODE}

    assert by_code(program) == by_code(other)


@given(WORDS)
def test_stock_words_are_no_hit(words: list[str]) -> None:
    assert DECONTAMINATOR.hits(" ".join(words)) == []


@given(PLACES, PLACES)
def test_the_hits_of_a_text_are_its_parts_hits(one: int, other: int) -> None:
    """A text that holds two others gives away what they give away, and says each once."""
    first, second = TASKS[one].prompt, TASKS[other].prompt
    hits = DECONTAMINATOR.hits(f"{first}\n\n{second}")
    assert {hit.task_id for hit in hits} >= {hit.task_id for hit in DECONTAMINATOR.hits(first)}
    assert len(hits) == len({(hit.task_id, hit.check, hit.matched) for hit in hits})
