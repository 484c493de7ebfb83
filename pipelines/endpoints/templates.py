"""Chat templates as far as mining needs them: the text up to the open user turn, and what ends that turn."""

from dataclasses import dataclass
from typing import Any

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.prompts import read_prompt
from warriorcoder.recipe import Expert, LiteralTemplate


@dataclass(frozen=True)
class Template:
    """How a model's user turn is opened and closed.

    `prefix` has a `{system}` slot. `opening` is the part of the prefix that belongs to the
    instruction. A model without `chat` is asked everything by raw completion.
    """

    prefix: str
    stop: tuple[str, ...]
    chat: bool = True
    opening: str = ""

    def open_user_turn(self, system: str) -> str:
        """The prompt whose completion is a user's message."""
        return self.prefix.replace("{system}", system) + self.opening


FAMILIES = {
    # Servers put the begin-of-text token before a raw prompt themselves, so no prefix holds it.
    "chatml": Template(
        "<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n", ("<|im_end|>", "<|im_start|>", "<|endoftext|>")
    ),
    "llama3": Template(
        "<|start_header_id|>system<|end_header_id|>\n\n{system}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
        ("<|eot_id|>", "<|start_header_id|>", "<|end_of_text|>"),
    ),
    # A base model has no turns: it continues a numbered list of exercises.
    "base": Template(read_prompt("mine_list_v1").rstrip("\n") + " ", ("\n",), chat=False, opening="Write a"),
}


def template_of(expert: Expert) -> Template:
    """The template that the recipe names or gives for an expert. Raises RecipeError for an unknown family."""
    template: Any = expert.template_or_default
    if isinstance(template, LiteralTemplate):
        return Template(template.prefix, tuple(template.stop))
    if template not in FAMILIES:
        raise RecipeError(
            f"experts.{expert.name}.template: found {template!r}; known families: {', '.join(FAMILIES)}. "
            "For another one give it literally: template: {prefix: …, stop: […]}."
        )
    return FAMILIES[template]
