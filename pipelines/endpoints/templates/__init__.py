"""Chat templates as far as mining needs them: the text up to the open user turn, and what ends that turn."""

from dataclasses import replace
from functools import lru_cache

from warriorcoder.endpoint_kinds import EmbeddedEndpoint, OpenAIEndpoint
from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.endpoints.templates.families import FAMILIES, family_meant
from warriorcoder.pipelines.endpoints.templates.template import Template
from warriorcoder.recipe import Expert, LiteralTemplate, TokenizerTemplate

__all__ = ["FAMILIES", "Template", "template_of"]


def template_of(expert: Expert) -> Template:
    """The template that the recipe names or gives for an expert, or that its tokenizer has.

    `hidden` is empty for an endpoint that shows control tokens, or looks for them itself, as TGI does.
    Raises RecipeError for an unknown family, and for a tokenizer that has no template to be used.
    """
    given = expert.template_or_default
    if isinstance(given, LiteralTemplate):
        return Template(given.prefix, tuple(given.stop), chat=given.chat)
    if isinstance(given, TokenizerTemplate):
        template = _of_tokenizer(given.tokenizer, expert.name)
    elif given in FAMILIES:
        template = FAMILIES[given]
    else:
        raise RecipeError(_unknown(expert.name, str(given)))
    if template.hidden and not isinstance(expert.endpoint, OpenAIEndpoint | EmbeddedEndpoint):
        return replace(template, hidden=())
    return template


@lru_cache
def _of_tokenizer(source: str, expert: str) -> Template:
    from warriorcoder.pipelines.endpoints.templates.derivation import derive
    from warriorcoder.pipelines.endpoints.templates.sources import read_tokenizer

    try:
        return derive(read_tokenizer(source))
    except RecipeError as error:
        raise RecipeError(f"experts.{expert}.template.tokenizer: {error}") from error


def _unknown(expert: str, family: str) -> str:
    near = family_meant(family)
    return (
        f"experts.{expert}.template: found {family!r}; known families: {', '.join(FAMILIES)}."
        + (f" Did you mean {near}?" if near else "")
        + " For another one name its tokenizer, template: {tokenizer: folder or Hub id}, "
        "or give it literally: template: {prefix: …, stop: […]}."
    )
