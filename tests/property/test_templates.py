"""Prefixes and stop strings: no user's text is changed by them or ended early, whatever the template."""

import ast
import inspect
import json
import string
from functools import cache

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from unit.published_templates import PUBLISHED, Published
from unit.test_reading import INSTRUCTIONS

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates import FAMILIES, Template
from warriorcoder.pipelines.endpoints.templates.derivation import MOST_STOPS, SHORTEST_WORDS, ChatTokenizer, derive
from warriorcoder.pipelines.endpoints.templates.rendering import ChatRenderer, Unrenderable

words = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=60).map(str.strip).filter(bool)
texts = st.lists(words, min_size=1, max_size=4).map("\n".join)


@cache
def read(published: Published) -> tuple[ChatTokenizer, Template, ChatRenderer]:
    tokenizer = published.tokenizer
    return tokenizer, derive(tokenizer), ChatRenderer(tokenizer.chat_template, tokenizer.names)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: f"{each.family}-{each.name}")
@given(system=texts, user=texts)
def test_prefix_message_and_end_of_turn_are_the_published_rendering(
    published: Published, system: str, user: str
) -> None:
    tokenizer, template, renderer = read(published)
    assume(not any(marker in user for marker in template.markers) and "{system}" not in system)
    asked = {"role": "user", "content": user}
    try:
        whole = renderer.render([{"role": "system", "content": system}, asked], answering=True)
    except Unrenderable:
        whole = renderer.render([{"role": "user", "content": f"{system}\n\n{user}"}], answering=True)
    whole = whole.removeprefix(tokenizer.added).lstrip(" ")
    opened = template.open_user_turn(system).lstrip(" ")
    assert whole.startswith(opened)
    said = whole.removeprefix(opened).lstrip(" ")
    assert said.startswith(user)
    after = said.removeprefix(user)
    assert any(after.lstrip().startswith(stop.lstrip()) for stop in template.stop)


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "base"])
def test_no_stop_string_is_in_ordinary_requests_or_code(name: str) -> None:
    ordinary = [*INSTRUCTIONS, *(inspect.getsource(module) for module in (ast, inspect, json, string))]
    assert [stop for stop in FAMILIES[name].stop for text in ordinary if stop in text] == []


pieces = st.text("abcXYZ<>[]|/:#\n _", max_size=8)


@example(opened=":", closed="\n ::", answer="", text="0")
@example(opened=":", closed="X\n", answer="X", text="0")
@given(opened=pieces, closed=pieces, answer=pieces, text=words)
def test_a_derived_stop_string_ends_the_turn_and_no_ordinary_word(
    opened: str, closed: str, answer: str, text: str
) -> None:
    source = (
        f"{{% for m in messages if m.role == 'user' %}}{{{{ {opened!r} + m.content + {closed!r} }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {answer!r} }}}}{{% endif %}}"
    )
    after = closed + answer
    try:
        template = derive(ChatTokenizer("made", source, eos="<eos>"))
    except RecipeError:
        words_after = "".join(after.split())
        assert not opened.strip() or len(words_after) < SHORTEST_WORDS or words_after.isalnum() or "<" in after
        return
    assert template.open_user_turn("") == opened.rstrip(" ")
    assert 1 <= len(template.stop) <= MOST_STOPS
    assert any(stop in after and after.lstrip().startswith(stop.lstrip()) for stop in template.stop)
    assert not any(stop.replace(" ", "").replace("\n", "").isalnum() for stop in template.stop)
    assert min(map(len, template.stop)) >= SHORTEST_WORDS
    letters = "".join(letter for letter in text if letter.isalnum() or letter == " ")
    assert not any(stop in letters for stop in template.stop)
