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
    assert template.open_user_turn("") == "<sys></sys><user>"
    assert (template.stop, template.chat, template.opening) == (("</user>",), True, "")


def test_a_list_of_ones_own_is_a_literal_template_without_chat() -> None:
    literal = {"prefix": "{system}\n1. Sort a list in Rust.\n2.", "stop": ["\n"], "chat": False}
    template = template_of(expert(template=literal))
    assert template.open_user_turn("Exercises:") == "Exercises:\n1. Sort a list in Rust.\n2."
    assert not template.chat


def test_a_local_model_known_by_name_brings_its_own() -> None:
    local = {"kind": "embedded", "model": "gemma-3-270m"}
    assert template_of(expert(endpoint=local)) is FAMILIES["base"]
    assert template_of(expert(endpoint=local, template="llama3")) is FAMILIES["llama3"]


@pytest.mark.parametrize(
    ("endpoint", "hidden"),
    [
        ({"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}, ("[/INST]", "[INST]")),
        ({"kind": "embedded", "model": "m.gguf"}, ("[/INST]", "[INST]")),
        ({"kind": "tgi", "base_url": "http://127.0.0.1", "model": "m"}, ()),
        ({"kind": "hf-inference", "base_url": "http://127.0.0.1", "model": "m"}, ()),
    ],
)
def test_only_a_server_that_hides_control_tokens_is_asked_to_show_them(
    endpoint: dict[str, Any], hidden: tuple[str, ...]
) -> None:
    template = template_of(expert(template="mistral", endpoint=endpoint))
    assert template.hidden == hidden
    assert template.stop == FAMILIES["mistral"].stop


@pytest.mark.parametrize(
    ("family", "near"),
    [
        ("chatlm", "chatml"),
        ("lama3", "llama3"),
        ("Llama-3.1", "llama3.1"),
        ("llama-3.2", "llama3.1"),
        ("codellama", "llama2"),
        ("yi", "chatml"),
        ("qwen3", "chatml"),
        ("qwen2.5-coder", "qwen2.5"),
        ("gemma3", "gemma"),
        ("deepseek-coder-v2", "deepseek-v2"),
        ("deepseek-r1", "deepseek-v3"),
        ("athene", "chatml"),
        ("mistral-nemo", "mistral-tekken"),
    ],
)
def test_an_unknown_family_is_told_with_the_known_ones(family: str, near: str) -> None:
    with pytest.raises(RecipeError) as error:
        template_of(expert(template=family))
    assert str(error.value) == (
        f"experts.one.template: found '{family}'; known families: {', '.join(FAMILIES)}. Did you mean {near}? "
        "For another one name its tokenizer, template: {tokenizer: folder or Hub id}, "
        "or give it literally: template: {prefix: …, stop: […]}."
    )


def test_a_family_like_no_other_is_told_without_a_guess() -> None:
    with pytest.raises(RecipeError) as error:
        template_of(expert(template="xyz"))
    assert "Did you mean" not in str(error.value)
