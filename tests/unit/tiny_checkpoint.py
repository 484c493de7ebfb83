"""A real checkpoint of transformers, small enough for a unit test: two layers, random weights, a tokenizer of bytes."""

from pathlib import Path
from typing import Any

TEMPLATE = "{% for m in messages %}<s>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"


def checkpoint(folder: Path, template: str | None = TEMPLATE, *, begins: str | None = None, **defaults: Any) -> Path:
    """A checkpoint with a tokenizer of bytes; `defaults` are of its generation_config.json.

    `begins`: the token that the tokenizer puts before a text, and how it is called.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    first = begins or "<s>"
    special = [first, "</s>", "<a>"]
    vocabulary = {token: at for at, token in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    raw = Tokenizer(models.BPE(vocabulary, []))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    if begins:
        raw.post_processor = processors.TemplateProcessing(single=f"{begins} $A", special_tokens=[(begins, 0)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, bos_token=first, eos_token="</s>", additional_special_tokens=["<a>"]
    )
    tokenizer.chat_template = template
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        initializer_range=0.6,
        bos_token_id=0,
        eos_token_id=1,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(bos_token_id=0, eos_token_id=1, **defaults)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
