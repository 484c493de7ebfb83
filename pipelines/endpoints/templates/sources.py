"""Reading what a tokenizer says of its chats: from a folder, from a GGUF file, from the Hub."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from warriorcoder.errors import RecipeError
from warriorcoder.local_models import gguf_path, is_local_model
from warriorcoder.pipelines.endpoints.templates.derivation import ChatTokenizer
from warriorcoder.pipelines.endpoints.templates.gguf import CONTROL, tokenizer_keys

NO_TEMPLATE = (
    "this tokenizer has no chat_template, as base models have none. For a base model say template: base; for another "
    "one name its family, or give the template literally: template: {prefix: …, stop: […]}."
)
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_NAMES = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")
# They put the begin-of-text token before every text unless add_bos_token says otherwise.
_ADDING = ("LlamaTokenizer", "CodeLlamaTokenizer", "GemmaTokenizer", "CohereTokenizer")

Read = Callable[[str], str | None]


def read_tokenizer(source: str) -> ChatTokenizer:
    """What the tokenizer at `source` says: a folder, a .gguf file, a local model's name, or a Hub id.

    A Hub id may carry a revision: OWNER/NAME@REVISION. Raises RecipeError, and ModelError for a local
    model that is not there.
    """
    if is_local_model(source):
        return _of_gguf(source)
    folder = Path(source).expanduser()
    if folder.is_dir():
        return _of_files(source, lambda name: _read_file(folder / name))
    repo_id, _, revision = source.partition("@")
    if not _HUB_ID.fullmatch(repo_id):
        raise RecipeError(
            f"{source}: there is no such folder, and a Hub id would be OWNER/NAME. Give the folder that holds "
            "tokenizer_config.json, a .gguf file, or a Hub id."
        )
    return _of_files(source, lambda name: _read_from_hub(repo_id, revision or None, name))


def _of_files(source: str, read: Read) -> ChatTokenizer:
    config = _json(source, "tokenizer_config.json", read)
    if config is None:
        raise RecipeError(f"{source}: there is no tokenizer_config.json. Give the folder or repository of a tokenizer.")
    template = _chat_template(source, config, read)
    if not template:
        raise RecipeError(f"{source}: {NO_TEMPLATE}")
    names = {name: text for name in _NAMES if (text := _text(config.get(name)))}
    more = config.get("additional_special_tokens")
    additional = [_text(each) for each in more] if isinstance(more, list) else []
    decoder = config.get("added_tokens_decoder")
    tokens: dict[str, Any] = decoder if isinstance(decoder, dict) else {}
    special = {_text(token) for token in tokens.values() if isinstance(token, dict) and token.get("special")}
    return ChatTokenizer(
        source,
        template,
        added=_added(source, config, names.get("bos_token", ""), read),
        eos=names.get("eos_token", ""),
        special=frozenset({*special, *names.values(), *additional} - {""}),
        ends=frozenset(_text(tokens.get(str(number))) for number in _ending_ids(source, read)) - {""},
        names={**names, "additional_special_tokens": additional},
    )


def _chat_template(source: str, config: dict[str, Any], read: Read) -> str | None:
    """The template in its own file comes first, as in transformers; of several the default one."""
    if own := read("chat_template.jinja"):
        return own
    template = config.get("chat_template")
    if template is None:
        template = (_json(source, "chat_template.json", read) or {}).get("chat_template")
    if isinstance(template, list):
        named = {each.get("name"): each.get("template") for each in template if isinstance(each, dict)}
        template = named.get("default") or next(iter(named.values()), None)
    return template if isinstance(template, str) else None


def _added(source: str, config: dict[str, Any], bos: str, read: Read) -> str:
    """What the tokenizer puts before a raw prompt by itself."""
    if isinstance(says := config.get("add_bos_token"), bool):
        return bos if says else ""
    described = _json(source, "tokenizer.json", read)
    if described is not None:
        return _put_before(described.get("post_processor") or {})
    return bos if str(config.get("tokenizer_class", "")).removesuffix("Fast") in _ADDING else ""


def _put_before(processor: dict[str, Any]) -> str:
    """The tokens that a post-processor of tokenizer.json puts before a text."""
    if processor.get("type") == "Sequence":
        return "".join(_put_before(each) for each in processor.get("processors", []))
    before = ""
    if processor.get("type") == "TemplateProcessing":
        for piece in processor.get("single", []):
            if "SpecialToken" not in piece:
                break
            before += piece["SpecialToken"]["id"]
    return before


def _ending_ids(source: str, read: Read) -> list[int]:
    ids = (_json(source, "generation_config.json", read) or {}).get("eos_token_id")
    return ids if isinstance(ids, list) else [ids] if isinstance(ids, int) else []


def _text(token: Any) -> str:
    """A token's text, given plainly or as transformers writes an AddedToken."""
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) else ""


def _json(source: str, name: str, read: Read) -> dict[str, Any] | None:
    text = read(name)
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise RecipeError(f"{source}: {name} is no valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise RecipeError(f"{source}: {name} holds no JSON object.")
    return value


def _read_file(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: it cannot be read: {getattr(error, 'strerror', None) or error}.") from error


def _read_from_hub(repo_id: str, revision: str | None, name: str) -> str | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return _read_file(Path(hf_hub_download(repo_id, name, revision=revision)))
    except LocalEntryNotFoundError as error:
        raise RecipeError(
            f"{repo_id}: {name} is not in the local Hub cache, and the Hub cannot be reached. "
            "Give the tokenizer's folder, or run once with a connection."
        ) from error
    except EntryNotFoundError:
        return None
    except GatedRepoError as error:
        raise RecipeError(f"{repo_id}: gated on the Hub. Accept its terms there, and set HF_TOKEN.") from error
    except RevisionNotFoundError as error:
        raise RecipeError(f"{repo_id}: there is no revision {revision} of it on the Hub.") from error
    except RepositoryNotFoundError as error:
        raise RecipeError(
            f"{repo_id}: there is no such folder here and no such repository on the Hub. A private one needs HF_TOKEN."
        ) from error
    except (HfHubHTTPError, HFValidationError, OSError) as error:
        raise RecipeError(
            f"{repo_id}: {name} cannot be fetched from the Hub: {' '.join(str(error).split())}"
        ) from error


def _of_gguf(source: str) -> ChatTokenizer:
    keys = tokenizer_keys(gguf_path(source))
    template = keys.get("chat_template")
    if not template:
        raise RecipeError(f"{source}: {NO_TEMPLATE}")
    tokens, kinds = keys.get("ggml.tokens", []), keys.get("ggml.token_type", [])

    def named(role: str) -> str:
        number = keys.get(f"ggml.{role}_token_id")
        return tokens[number] if isinstance(number, int) and 0 <= number < len(tokens) else ""

    names = {f"{short}_token": text for short in ("bos", "eos") if (text := named(short))}
    adds = keys.get("ggml.add_bos_token", keys.get("ggml.model") == "llama")
    return ChatTokenizer(
        source,
        template,
        added=names.get("bos_token", "") if adds else "",
        eos=named("eos"),
        special=frozenset(text for text, kind in zip(tokens, kinds, strict=False) if kind == CONTROL),
        ends=frozenset({named("eos"), named("eot"), named("eom")} - {""}),
        names=names,
    )
