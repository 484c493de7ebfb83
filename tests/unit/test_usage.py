"""Tokens counted here, for endpoints that count none."""

import sys
from pathlib import Path

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.usage import counter_of, metered

TEMPLATE = (
    "{% for message in messages %}"
    "{% if message.role == 'tool' %}{{ raise_exception('no tools') }}{% endif %}"
    "<s> {{ message.role }} {{ message.content }} </s> "
    "{% endfor %}{% if add_generation_prompt %}<s> assistant{% endif %}"
)


@pytest.fixture
def tokenizer(tmp_path: Path) -> Tokenizer:
    """A word is a token, and a text begins with <s>."""
    words = ["<unk>", "<s>", "</s>", "user", "assistant", "system", "how", "are", "you", "fine"]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return made


@pytest.fixture
def folder(tokenizer: Tokenizer, tmp_path: Path) -> Path:
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def address(tokenizer: Path | str | None) -> Address:
    return Address("one", "openai", ("http://127.0.0.1:1/v1",), "m", "m", 4, tokenizer=tokenizer and str(tokenizer))


RAW = Call("one", {}, prompt="how are you")
CHAT = Call("one", {}, messages=[{"role": "user", "content": "how are you"}])


def test_a_raw_prompt_begins_with_the_token_that_servers_put_before_it(folder: Path) -> None:
    assert metered(address(folder), RAW, Reply("fine fine")) == Reply("fine fine", "", 4, 2)


def test_messages_are_counted_in_the_models_template(folder: Path) -> None:
    # <s> user how are you </s> <s> assistant
    assert metered(address(folder), CHAT, Reply("fine")) == Reply("fine", "", 8, 1)


def test_messages_that_the_template_refuses_count_by_their_contents(folder: Path) -> None:
    odd = Call("one", {}, messages=[{"role": "tool", "content": "how are you"}])
    assert metered(address(folder), odd, Reply("fine")).input_tokens == 3


def test_a_tokenizer_without_a_template_counts_contents(tokenizer: Tokenizer, tmp_path: Path) -> None:
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    place = address(tmp_path / "tokenizer.json")
    assert metered(place, CHAT, Reply("fine")).input_tokens == 3
    assert metered(place, RAW, Reply("fine")).input_tokens == 4


@pytest.mark.parametrize(
    ("reply", "counted"),
    [
        (Reply("fine", "stop", 90, 91), Reply("fine", "stop", 90, 91)),
        (Reply("fine", "stop", 90), Reply("fine", "stop", 90, 1)),
        (Reply("fine", "stop", None, 91), Reply("fine", "stop", 4, 91)),
        (Reply("", "length", None, None), Reply("", "length", 4, 0)),
    ],
)
def test_what_the_endpoint_counted_stands(folder: Path, reply: Reply, counted: Reply) -> None:
    assert metered(address(folder), RAW, reply) == counted


def test_without_a_tokenizer_the_counts_stay_unknown() -> None:
    assert metered(address(None), RAW, Reply("fine")) == Reply("fine")


def test_a_tokenizer_that_is_not_needed_is_not_loaded() -> None:
    assert metered(address("/no/such/place"), RAW, Reply("fine", "stop", 1, 1)).input_tokens == 1


def test_a_tokenizer_is_loaded_once(folder: Path) -> None:
    assert counter_of(str(folder)) is counter_of(str(folder))


@pytest.mark.parametrize("name", ["/no/such/place", "org/no-such-model", "empty", "broken.json", "broken.gguf"])
def test_a_tokenizer_that_cannot_be_loaded_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json").write_text("{}")
    (tmp_path / "broken.gguf").write_bytes(b"GGUF\0\0")
    with pytest.raises(ModelError) as refused:
        metered(address(name), RAW, Reply("fine"))
    said = str(refused.value)
    assert said.startswith(f"the tokenizer {name} cannot be loaded: ")
    assert said.endswith("Give the folder of the model's tokenizer, its tokenizer.json, or the model's id on the Hub.")
    assert "\n" not in said


def test_transformers_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ModelError, match=r"transformers is not installed: pip install 'warriorcoder\[train\]'"):
        metered(address("org/another-model"), RAW, Reply("fine"))


def test_long_prompts_are_counted_without_a_word(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    long = Call("one", {}, prompt="how " * 200_000)
    assert metered(address(folder), long, Reply("fine")).input_tokens == 200_001
    assert capfd.readouterr().err == ""
