"""Tokenizers as their files are: small ones, made for a test."""

import json
from pathlib import Path
from typing import Any

from warriorcoder.recipe import Expert

TURNS = "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}"
ADDED = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]}
CONFIG: dict[str, Any] = {
    "add_bos_token": True,
    "bos_token": {"content": "<s>", "__type": "AddedToken"},
    "eos_token": "</s>",
    "additional_special_tokens": ["<|user|>", {"content": "<|end|>"}],
    "added_tokens_decoder": {
        "5": {"content": "<|end|>", "special": True},
        "6": {"content": "<|user|>", "special": True},
        "7": {"content": "<tool>", "special": False},
    },
    "chat_template": TURNS,
}


def expert(source: str) -> Expert:
    """An expert whose template is that of a tokenizer."""
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    return Expert.model_validate({"name": "one", "endpoint": endpoint, "template": {"tokenizer": source}})


def files(config: dict[str, Any] | str | None = None, **others: Any) -> dict[str, str]:
    """The files of a tokenizer: its configuration, and others by their names with __ for the dot."""
    named = {"tokenizer_config.json": config, **{name.replace("__", "."): value for name, value in others.items()}}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in named.items()}
    return {name: text for name, text in texts.items() if named[name] is not None}


def folder(path: Path, config: dict[str, Any] | str | None = None, **others: Any) -> str:
    """A folder with those files."""
    path.mkdir(exist_ok=True)
    for name, text in files(config, **others).items():
        (path / name).write_text(text, encoding="utf-8")
    return str(path)
