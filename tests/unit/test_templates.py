"""Templates: the exact text up to the open user turn."""

from typing import Any

import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates import FAMILIES, template_of
from warriorcoder.recipe import Expert


def expert(**fields: Any) -> Expert:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    return Expert.model_validate({"name": "one", "endpoint": endpoint, **fields})


@pytest.mark.parametrize(
    ("family", "prefix"),
    [
        ("chatml", "<|im_start|>system\nBe {braces}.<|im_end|>\n<|im_start|>user\n"),
        (
            "llama3",
            "<|start_header_id|>system<|end_header_id|>\n\nBe {braces}.<|eot_id|>"
            "<|start_header_id|>user<|end_header_id|>\n\n",
        ),
    ],
)
def test_the_prefix_ends_where_the_user_would_begin(family: str, prefix: str) -> None:
    template = template_of(expert(template=family))
    assert template.open_user_turn("Be {braces}.") == prefix
    assert template.chat


def test_a_base_model_continues_a_list_up_to_its_first_words() -> None:
    prompt = template_of(expert(template="base")).open_user_turn("Exercises:")
    assert prompt.startswith("Exercises:\n\n1. Write ")
    assert prompt.endswith("\n4. Write a")
    assert FAMILIES["base"].stop == ("\n",)
    assert not FAMILIES["base"].chat


def test_a_literal_template_is_taken_as_it_is() -> None:
    literal = {"prefix": "<sys>{system}</sys><user>", "stop": ["</user>"]}
    template = template_of(expert(template=literal))
    assert template.open_user_turn("S") == "<sys>S</sys><user>"
    assert (template.stop, template.chat, template.opening) == (("</user>",), True, "")


def test_a_local_model_known_by_name_brings_its_own() -> None:
    local = {"kind": "embedded", "model": "gemma-3-270m"}
    assert template_of(expert(endpoint=local)) is FAMILIES["base"]
    assert template_of(expert(endpoint=local, template="llama3")) is FAMILIES["llama3"]


def test_an_unknown_family_is_told_with_the_known_ones() -> None:
    with pytest.raises(RecipeError) as error:
        template_of(expert(template="chatlm"))
    assert str(error.value) == (
        "experts.one.template: found 'chatlm'; known families: chatml, llama3, base. "
        "For another one give it literally: template: {prefix: …, stop: […]}."
    )
