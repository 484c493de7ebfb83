"""What is read of a tokenizer: from a folder and from a GGUF file."""

import struct
from pathlib import Path
from typing import Any

import pytest
from unit.tokenizer_files import ADDED, CONFIG, TURNS, expert, folder

from warriorcoder.errors import ModelError, RecipeError
from warriorcoder.local_models import gguf_path
from warriorcoder.pipelines.endpoints.templates import FAMILIES, template_of
from warriorcoder.pipelines.endpoints.templates.sources import NO_TEMPLATE, read_tokenizer


def test_a_folder_says_what_its_tokenizer_says(tmp_path: Path) -> None:
    tokenizer = read_tokenizer(folder(tmp_path, CONFIG, generation_config__json={"eos_token_id": [2, 5]}))
    assert tokenizer.chat_template == TURNS
    assert (tokenizer.added, tokenizer.eos) == ("<s>", "</s>")
    assert tokenizer.special == {"<s>", "</s>", "<|user|>", "<|end|>"}
    assert tokenizer.ends == {"<|end|>"}
    assert tokenizer.names["additional_special_tokens"] == ["<|user|>", "<|end|>"]
    assert template_of(expert(str(tmp_path))).open_user_turn("S") == "<|system|>S<|end|><|user|>"


def test_a_template_in_a_file_of_its_own_comes_first_and_of_several_the_default(tmp_path: Path) -> None:
    several = [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]
    named = {**CONFIG, "chat_template": several}
    assert read_tokenizer(folder(tmp_path / "a", named)).chat_template == "D"
    assert read_tokenizer(folder(tmp_path / "a", named, chat_template__jinja="J")).chat_template == "J"
    only = {**CONFIG, "chat_template": several[:1]}
    assert read_tokenizer(folder(tmp_path / "b", only)).chat_template == "T"
    bare = {name: value for name, value in CONFIG.items() if name != "chat_template"}
    of_a_processor = {"chat_template": "P"}
    assert read_tokenizer(folder(tmp_path / "c", bare, chat_template__json=of_a_processor)).chat_template == "P"


@pytest.mark.parametrize(
    ("config", "described", "added"),
    [
        ({"add_bos_token": True}, {"post_processor": None}, "<s>"),
        ({"add_bos_token": False}, {"post_processor": ADDED}, ""),
        ({}, {"post_processor": ADDED}, "<s>"),
        ({}, {"post_processor": {"type": "Sequence", "processors": [{"type": "ByteLevel"}, ADDED]}}, "<s>"),
        ({}, {"post_processor": {"type": "ByteLevel"}}, ""),
        ({"tokenizer_class": "LlamaTokenizerFast"}, {"post_processor": None}, ""),
        ({"tokenizer_class": "LlamaTokenizerFast"}, None, "<s>"),
        ({"tokenizer_class": "GemmaTokenizer"}, None, "<s>"),
        ({"tokenizer_class": "GPT2Tokenizer"}, None, ""),
        ({}, None, ""),
    ],
)
def test_what_a_tokenizer_puts_before_a_raw_prompt(
    tmp_path: Path, config: dict[str, Any], described: Any, added: str
) -> None:
    says = {"bos_token": "<s>", "chat_template": TURNS, **config}
    source = folder(tmp_path, says, **({} if described is None else {"tokenizer__json": described}))
    assert read_tokenizer(source).added == added
    assert template_of(expert(source)).open_user_turn("") == ("" if added else "<s>") + "<|user|>"


@pytest.mark.parametrize(
    ("config", "others", "message"),
    [
        (None, {}, "there is no tokenizer_config.json. Give the folder or repository of a tokenizer."),
        ({"eos_token": "</s>"}, {}, NO_TEMPLATE),
        ({"chat_template": ""}, {}, NO_TEMPLATE),
        ({"chat_template": None}, {}, NO_TEMPLATE),
        ("{", {}, "tokenizer_config.json is no valid JSON: Expecting property name enclosed in double quotes"),
        ("[]", {}, "tokenizer_config.json holds no JSON object."),
        ({"chat_template": TURNS}, {"tokenizer__json": "nul"}, "tokenizer.json is no valid JSON: Expecting value"),
        (
            {"chat_template": "{{ messages[0].content }}<e>"},
            {},
            "its chat template puts nothing before a user's message",
        ),
    ],
)
def test_a_tokenizer_that_cannot_be_used_is_told_with_its_place(
    tmp_path: Path, config: Any, others: dict[str, Any], message: str
) -> None:
    source = folder(tmp_path, config, **others)
    with pytest.raises(RecipeError) as error:
        template_of(expert(source))
    assert str(error.value).startswith(f"experts.one.template.tokenizer: {source}: {message}")


def test_a_name_that_is_no_folder_and_no_hub_id() -> None:
    with pytest.raises(
        RecipeError, match=r"tokenizer: models/a/b: there is no such folder, and a Hub id would be OWNER"
    ):
        template_of(expert("models/a/b"))


# GGUF


def test_smollm2s_own_template_is_chatml_with_its_default_system_prompt() -> None:
    template = template_of(expert("smollm2-135m-instruct"))
    assert template == template_of(expert(str(gguf_path("smollm2-135m-instruct"))))
    assert template.open_user_turn("S") == FAMILIES["chatml"].open_user_turn("S")
    assert template.open_user_turn("") == (
        "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        "<|im_start|>user\n"
    )
    assert template.stop == ("<|im_end|>", "<|im_start|>")
    assert template.hidden == ("<|im_start|>",)


def gguf(path: Path, *pairs: tuple[str, int, bytes], version: int = 3) -> str:
    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(pairs))
    path.write_bytes(head + b"".join(text(name) + struct.pack("<I", kind) + value for name, kind, value in pairs))
    return str(path)


def string(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def test_a_gguf_file_says_what_a_tokenizer_says(tmp_path: Path) -> None:
    tokens = ["<s>", "</s>", "<|end|>", "word"]
    source = gguf(
        tmp_path / "m.gguf",
        ("general.alignment", 4, struct.pack("<I", 32)),
        ("general.tags", 9, struct.pack("<IQ", 8, 2) + string("a") + string("b")),
        ("tokenizer.ggml.model", 8, string("llama")),
        ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 4) + b"".join(map(string, tokens))),
        ("tokenizer.ggml.token_type", 9, struct.pack("<IQ", 5, 4) + struct.pack("<4i", 3, 3, 3, 1)),
        ("tokenizer.ggml.bos_token_id", 4, struct.pack("<I", 0)),
        ("tokenizer.ggml.eos_token_id", 4, struct.pack("<I", 1)),
        ("tokenizer.ggml.eot_token_id", 4, struct.pack("<I", 2)),
        ("tokenizer.chat_template", 8, string(TURNS)),
    )
    tokenizer = read_tokenizer(source)
    assert (tokenizer.added, tokenizer.eos, tokenizer.chat_template) == ("<s>", "</s>", TURNS)
    assert tokenizer.special == {"<s>", "</s>", "<|end|>"}
    assert tokenizer.ends == {"</s>", "<|end|>"}
    assert template_of(expert(source)).open_user_turn("") == "<|user|>"


def test_a_gguf_file_without_a_template_a_broken_one_and_none(tmp_path: Path) -> None:
    base = gguf(tmp_path / "base.gguf", ("tokenizer.ggml.model", 8, string("gpt2")))
    with pytest.raises(RecipeError, match=r"tokenizer: .*base\.gguf: this tokenizer has no chat_template"):
        template_of(expert(base))
    whole = Path(gguf(tmp_path / "m.gguf", ("tokenizer.chat_template", 8, string(TURNS)))).read_bytes()
    for end in range(4, len(whole)):
        (tmp_path / "cut.gguf").write_bytes(whole[:end])
        with pytest.raises(RecipeError, match=r"cut\.gguf: no GGUF file that can be read"):
            read_tokenizer(str(tmp_path / "cut.gguf"))
    newer = gguf(tmp_path / "newer.gguf", version=9)
    with pytest.raises(RecipeError, match=r"newer\.gguf: no GGUF file that can be read \(its version is 9\)"):
        read_tokenizer(newer)
    with pytest.raises(ModelError, match=r"none\.gguf: there is no such GGUF file"):
        template_of(expert(str(tmp_path / "none.gguf")))
