"""The published chat templates that the families stand for, and what their tokenizers do with a raw prompt.

Most are in tests/data/chat_templates, each with a line on where it is from. Those of Llama 3, Gemma and
Command R, whose licences have conditions on redistribution, are read from TRL, which keeps the originals.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.pipelines.endpoints.templates.derivation import ChatTokenizer

FOLDER = Path(__file__).resolve().parents[1] / "data" / "chat_templates"


@dataclass(frozen=True)
class Published:
    """One published template and its family.

    `added` is what its tokenizer puts before a raw prompt. `own_default` says that it has a default
    system prompt which the family has not. `ends_system` ends the system prompts of its users.
    """

    name: str
    family: str
    eos: str
    bos: str = ""
    added: str = ""
    own_default: bool = False
    ends_system: str = ""

    @property
    def source(self) -> str:
        where, _, name = self.name.rpartition(":")
        if not where:
            return (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")
        spec = importlib.util.find_spec(where)
        assert spec is not None
        assert spec.submodule_search_locations
        return Path(spec.submodule_search_locations[0], "chat_templates", f"{name}.jinja").read_text(encoding="utf-8")

    @property
    def tokenizer(self) -> ChatTokenizer:
        names = {"bos_token": self.bos, "eos_token": self.eos}
        return ChatTokenizer(self.name, self.source, added=self.added, eos=self.eos, names=names)


_S, _LLAMA, _GEMMA = ("<s>", "<s>"), ("<|begin_of_text|>", "<|begin_of_text|>"), ("<bos>", "<bos>")
_DEEPSEEK, _COHERE = ("<｜begin▁of▁sentence｜>", "<｜begin▁of▁sentence｜>"), ("<BOS_TOKEN>", "<BOS_TOKEN>")
_GPT, _END = "<|endoftext|>", "<｜end▁of▁sentence｜>"

PUBLISHED = [
    Published("chatml", "chatml", "<|im_end|>"),
    Published("qwen3", "chatml", "<|im_end|>"),
    Published("qwq", "chatml", "<|im_end|>"),
    Published("qwen2.5", "chatml", "<|im_end|>", own_default=True),
    Published("qwen2.5", "qwen2.5", "<|im_end|>"),
    Published("trl:llama3", "llama3", "<|eot_id|>", *_LLAMA),
    Published("trl:llama3_1", "llama3.1", "<|eot_id|>", *_LLAMA),
    Published("trl:llama3_2", "llama3.1", "<|eot_id|>", *_LLAMA),
    Published("llama-4", "llama4", "<|eot|>", *_LLAMA),
    Published("llama-2", "llama2", "</s>", *_S),
    Published("mistral-v1", "mistral", "</s>", *_S),
    Published("mistral-v3", "mistral", "</s>", *_S),
    Published("mistral-nemo", "mistral-tekken", "</s>", *_S),
    Published("mistral-v7", "mistral-v7", "</s>", *_S),
    Published("mistral-small-3.2", "mistral-v7-tekken", "</s>", *_S, own_default=True),
    Published("trl:gemma", "gemma", "<eos>", *_GEMMA),
    Published("trl:gemma3", "gemma", "<eos>", *_GEMMA),
    Published("trl:gemma4", "gemma4", "<eos>", *_GEMMA),
    Published("phi-3.5", "phi3", _GPT),
    Published("phi-4", "phi4", "<|im_end|>"),
    Published("deepseek-coder", "deepseek-coder", "<|EOT|>", *_DEEPSEEK, ends_system="\n"),
    Published("deepseek-v2", "deepseek-v2", _END, *_DEEPSEEK),
    Published("deepseek-v3.1", "deepseek-v3", _END, *_DEEPSEEK),
    Published("deepseek-r1-distill", "deepseek-v3", _END, *_DEEPSEEK),
    Published("trl:deepseekv3", "deepseek-v3", _END, *_DEEPSEEK),
    Published("granite-3.0", "granite", "<|end_of_text|>"),
    Published("granite-3.3", "granite", "<|end_of_text|>", own_default=True),
    Published("granite-4.1", "granite", "<|end_of_text|>"),
    Published("starcoder2", "starcoder2", _GPT, _GPT),
    Published("olmo-2", "olmo2", _GPT, _GPT),
    Published("trl:cohere", "command-r", "<|END_OF_TURN_TOKEN|>", *_COHERE),
    Published("exaone-3.5", "exaone", "[|endofturn|]", "[BOS]"),
    Published("glm-4.6", "glm4", _GPT, added="[gMASK]<sop>"),
]
"""Of the other templates, `phi-3-medium` drops a system prompt without a word, and Phi-3.5's family does not."""
