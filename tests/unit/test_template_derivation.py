"""Prefixes derived from chat templates of every shape, and the templates from which none can be had."""

from typing import Any

import pytest
from unit.published_templates import FOLDER

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates.derivation import ChatTokenizer, derive

LITERALLY = "Give the template literally: template: {prefix: …, stop: […]}."


def derived(source: str, **says: Any) -> Any:
    return derive(ChatTokenizer("here", source, **says))


def turns(opened: str, closed: str, answer: str = "") -> str:
    """A template without a system role: what opens a user's turn, what closes it, what opens the answer."""
    return (
        f"{{% for m in messages %}}{{{{ {opened!r} + m['content'] + {closed!r} }}}}{{% endfor %}}"
        f"{{% if add_generation_prompt %}}{{{{ {answer!r} }}}}{{% endif %}}"
    )


def test_a_dropped_system_prompt_begins_the_users_message() -> None:
    template = derived((FOLDER / "phi-3-medium.jinja").read_text(encoding="utf-8"), eos="<|endoftext|>")
    assert template.prefix == "<|user|>\n{system}\n\n"
    assert template.bare == "<|user|>\n"
    assert template.stop == ("<|end|>", "<|assistant|>", "<|endoftext|>")


def test_the_day_of_a_date_is_always_the_same() -> None:
    dated = "{{ strftime_now('%d %B %Y') }}{% for m in messages %}<u>{{ m.content }}</u>{% endfor %}"
    assert derived(dated).bare == "26 July 2024<u>"


def test_what_the_tokenizer_adds_is_in_no_prefix_and_what_it_does_not_add_is() -> None:
    source = "{{ bos_token }}" + turns("<u>", "</u>")
    names = {"bos_token": "<s>"}
    assert derived(source, names=names, added="<s>").bare == "<u>"
    assert derived(source, names=names).bare == "<s><u>"
    assert derived(turns("[gMASK]<sop><u>", "</u>"), added="[gMASK]<sop>").bare == "<u>"


@pytest.mark.parametrize(
    ("opened", "closed", "answer", "prefix", "stop"),
    [
        ("User: ", "\n\n", "Assistant:", "User:", ("\nAssistant:", "<e>")),
        ("USER: ", " ", "ASSISTANT:", "USER:", (" ASSISTANT:", "<e>")),
        ("### Instruction:\n", "\n\n", "### Response:\n", "### Instruction:\n", ("\n### Response:", "<e>")),
        ("[INST] ", " [/INST]", "", "[INST]", ("[/INST]", "<e>")),
        ("<|user|>\n", "<|end|>\n", "<|assistant|>\n", "<|user|>\n", ("<|end|>", "<|assistant|>", "<e>")),
        ("<用户>", "", "<AI>", "<用户>", ("<AI>", "<e>")),
        ("[|user|]", "\n", "[|assistant|]", "[|user|]", ("[|assistant|]", "<e>")),
        ("H: ", "<e>\n", "A: ", "H:", ("<e>",)),
        ("~b]user\n", "[e~[\n", "~b]ai\n", "~b]user\n", ("[e~[\n~b]ai", "<e>")),
    ],
)
def test_turns_of_tokens_of_markup_and_of_words(
    opened: str, closed: str, answer: str, prefix: str, stop: tuple[str, ...]
) -> None:
    template = derived(turns(opened, closed, answer), eos="<e>")
    assert (template.bare, template.stop) == (prefix, stop)


def test_a_token_that_looks_like_words_is_known_from_the_tokenizer() -> None:
    source = turns("Human", "EndOfTurn", "Bot")
    with pytest.raises(RecipeError, match="'EndOfTurnBot' after a user's message"):
        derived(source)
    assert derived(source, special=frozenset({"EndOfTurn", "Bot", "Human"})).stop == ("EndOfTurn", "Bot")


def test_a_stop_that_servers_hide_is_named_unless_it_ends_a_completion_by_itself() -> None:
    says = {"eos": "</s>", "special": frozenset({"[INST]", "[/INST]", "</s>"})}
    assert derived(turns("[INST]", "[/INST]"), **says).hidden == ("[/INST]",)
    assert derived(turns("[INST]", "[/INST]"), ends=frozenset({"[/INST]"}), **says).hidden == ()
    assert derived(turns("[INST]", "[/INST]"), eos="</s>").hidden == ()


def test_a_template_that_opens_no_answer_is_read_by_an_answer() -> None:
    source = "{% for m in messages %}{{ ('<a>' if m.role == 'assistant' else '<u>') + m.content }}{% endfor %}"
    assert derived(source).stop == ("<a>",)


def test_a_template_that_wants_the_parts_of_a_message_gets_them() -> None:
    source = (
        "{% for m in messages %}<u>{% for part in m.content if part.type == 'text' %}{{ part.text }}{% endfor %}</u>"
        "{% endfor %}"
    )
    assert derived(source).bare == "<u>"


def test_marks_of_training_and_loop_controls_are_understood() -> None:
    source = (
        "{% for m in messages %}{% if m.role == 'system' %}{% continue %}{% endif %}"
        "{% generation %}<u>{{ m.content }}</u>{% endgeneration %}{% endfor %}"
    )
    assert derived(source).prefix == "<u>{system}\n\n"


def test_without_a_bare_opening_the_one_with_a_system_prompt_serves() -> None:
    source = (
        "{% for m in messages %}"
        "{{ ('[INST] ' + m.content + '\n') if m.role == 'system' else (m.content + ' [/INST]') }}"
        "{% endfor %}"
    )
    template = derived(source)
    assert (template.prefix, template.bare) == ("[INST] {system}\n", None)
    assert template.open_user_turn("") == "[INST] \n"


FAULTY = [
    (
        "{% for m in messages %}",
        "its chat template cannot be rendered with a user's message alone: Unexpected end of template. Jinja was "
        "looking for the following tags: 'endfor' or 'else'. The innermost block that needs to be closed is 'for'. ",
    ),
    (
        "{{ raise_exception('Tools only!') }}",
        "its chat template cannot be rendered with a user's message alone: Tools only!. ",
    ),
    (
        "{{ messages[1].content }}",
        "its chat template cannot be rendered with a user's message alone: list object has no element 1. ",
    ),
    (
        "{{ messages.__class__.__mro__ }}",
        "its chat template cannot be rendered with a user's message alone: access to attribute '__class__' of 'list' "
        "object is unsafe. ",
    ),
    (
        "<u>Hello</u>",
        "what its chat template makes of a user's message does not hold the user's message as it was given, so there "
        "is no open user turn in it. ",
    ),
    (
        "<u>{{ messages[0].content | upper }}</u>",
        "what its chat template makes of a user's message does not hold the user's message as it was given, so there "
        "is no open user turn in it. ",
    ),
    (
        "<u>{{ messages[0].content }}</u>{{ messages[0].content }}",
        "what its chat template makes of a user's message repeats the message, so there is no open user turn in it. ",
    ),
    (
        "{{ messages[0].content }}</u>",
        "its chat template puts nothing before a user's message, so nothing tells the model to write one. ",
    ),
    (
        "<u>{{ messages[0].content }}\n",
        "its chat template says nothing but white space after a user's message, which does not tell a message's end "
        "from its text. ",
    ),
    (
        "<u>{{ messages[0].content }} over",
        "its chat template says 'over' after a user's message, which does not tell a message's end from its text. ",
    ),
]


@pytest.mark.parametrize(("source", "message"), FAULTY)
def test_a_template_of_which_no_prefix_can_be_had_is_told_why(source: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        derived(source)
    assert str(error.value) == f"here: {message}{LITERALLY}"
