"""Counting tokens with the model's own tokenizer, where an endpoint does not report them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.endpoints.calls import Address, Call, Message, Reply


def metered(address: Address, call: Call, reply: Reply) -> Reply:
    """The reply with the counts that its endpoint left out, where the address names a tokenizer.

    Loads the tokenizer at the first reply that needs it, which takes seconds. Raises ModelError
    where it cannot be loaded.
    """
    if address.tokenizer is None or None not in (reply.input_tokens, reply.output_tokens):
        return reply
    counter = counter_of(address.tokenizer)
    if reply.input_tokens is None:
        reply = replace(reply, input_tokens=counter.request(call))
    if reply.output_tokens is None:
        reply = replace(reply, output_tokens=counter.completion(reply.text))
    return reply


class TokenCounter:
    """Counts as a server with this tokenizer does; the token that ends an answer is not among what comes back."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def request(self, call: Call) -> int:
        """The tokens of a raw prompt or of chat messages."""
        return self.messages(call.messages) if call.prompt is None else self.prompt(call.prompt)

    def prompt(self, text: str) -> int:
        """A raw prompt, with the token that servers begin a text with."""
        return len(self._tokenizer.encode(text))

    def messages(self, messages: Sequence[Message] | None) -> int:
        """Chat messages in the model's own template; without one, or where it refuses them, their contents alone."""
        from jinja2 import TemplateError

        listed = list(messages or ())
        if self._tokenizer.chat_template:
            try:
                return len(self._tokenizer.apply_chat_template(listed, add_generation_prompt=True, return_dict=False))
            except TemplateError:
                pass
        return sum(self.completion(message["content"]) for message in listed)

    def completion(self, text: str) -> int:
        """What a model wrote."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))


@cache
def counter_of(tokenizer: str) -> TokenCounter:
    """The counter for a tokenizer: a folder, a tokenizer.json, a GGUF file, or a model on the Hub.

    Raises ModelError where it cannot be loaded.
    """
    try:
        from transformers import AutoTokenizer, PreTrainedTokenizerFast
        from transformers.utils import logging
    except ImportError:
        raise ModelError(
            f"the tokenizer {tokenizer} is needed, since its endpoint reports no usage, and the package transformers "
            "is not installed: pip install 'warriorcoder[train]'."
        ) from None
    # It warns of prompts longer than a model takes, and of the absence of frameworks that counting does not need.
    logging.set_verbosity_error()
    path = Path(tokenizer).expanduser()
    try:
        if path.is_file() and path.suffix == ".gguf":
            return TokenCounter(AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name))
        if path.is_file():
            return TokenCounter(PreTrainedTokenizerFast(tokenizer_file=str(path)))
        return TokenCounter(AutoTokenizer.from_pretrained(str(path) if path.is_dir() else tokenizer))
    except Exception as error:
        # The library raises whatever its readers do: OSError, ValueError, KeyError, and Exception itself.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"the tokenizer {tokenizer} cannot be loaded: {reason}. It is needed, since its endpoint reports no usage. "
            "Give the folder of the model's tokenizer, its tokenizer.json, or the model's id on the Hub."
        ) from error
