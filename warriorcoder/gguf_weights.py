"""Model weights for transformers: from a GGUF file, a local checkpoint or the Hub, found by one rule."""

import contextlib
import io
import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from warriorcoder.errors import ModelError
from warriorcoder.local_models import LOCAL_MODELS, LocalModel, by_hub_id, gguf_path

CHATML_END = "<|im_end|>"


@dataclass(frozen=True)
class Source:
    """Where a model's weights are.

    `location` is a GGUF file, a checkpoint folder or a Hub id, by `kind`; `identity` is the name
    that an adapter or a report gives its base model; `note` is for the user's eyes, where the
    weights are not quite what was asked for.
    """

    kind: Literal["gguf", "checkpoint", "hub"]
    location: str
    identity: str
    note: str | None = None


def resolve_source(name: str) -> Source:
    """Find the weights that a name stands for. The first that fits:

    1. a local model's name, a .gguf file, a checkpoint folder;
    2. a Hub id whose weights are in the local Hub cache;
    3. a Hub id of which a local package carries a quantised GGUF; the note says so;
    4. a Hub id, to be downloaded.

    Nothing is downloaded here. Raises ModelError where the name fits none of them.
    """
    if known := LOCAL_MODELS.get(name):
        return _gguf(known)
    path = Path(name).expanduser()
    if path.suffix == ".gguf":
        return Source("gguf", str(gguf_path(name)), name)
    if name and path.is_dir():
        return _checkpoint(name, path)
    if not _may_be_hub_id(name):
        raise ModelError(
            f"{name}: no such model. Give a local model ({', '.join(LOCAL_MODELS)}), the path of a .gguf file "
            "or of a checkpoint folder, or a Hub id such as HuggingFaceTB/SmolLM2-135M-Instruct."
        )
    if _is_cached(name):
        return Source("hub", name, name)
    if packaged := by_hub_id(name):
        note = (
            f"{name}: not in the local Hub cache, so its weights come from the quantised GGUF of the package "
            f"{packaged.package.replace('_', '-')}. `hf download {name}` brings the original weights."
        )
        return _gguf(packaged, note)
    return Source("hub", name, name)


def load_model(
    source: str | Source, adapter: Path | None = None, *, dtype: str = "float32", revision: str = "main"
) -> tuple[Any, Any]:
    """A causal language model and its tokenizer, on the CPU, in evaluation mode.

    A tokenizer from a GGUF file ends a ChatML turn with `<|im_end|>`; tokenise chat text that is
    already rendered with `add_special_tokens=False`. With `adapter`, a folder that PEFT saved,
    the model is a PeftModel. Raises ModelError where anything is missing or does not fit.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    found = resolve_source(source) if isinstance(source, str) else source
    with quiet_libraries():
        try:
            if found.kind == "gguf":
                path = Path(found.location)
                tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
                _refuse_wrong_tokenizer(tokenizer, found)
                model: Any = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=dtype)
                _mend_gguf(model, tokenizer, found.identity)
            else:
                tokenizer = load_tokenizer(found, revision)
                model = AutoModelForCausalLM.from_pretrained(found.location, dtype=dtype, revision=revision)
        except (OSError, ValueError) as error:
            raise _not_loaded(found, error) from error
        if adapter is not None:
            model = _with_adapter(model, adapter, found)
    model.eval()
    return model, tokenizer


def load_tokenizer(source: Source, revision: str = "main") -> Any:
    """The tokenizer of a checkpoint folder or a Hub repository. Raises ModelError."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(source.location, revision=revision)
    except (OSError, ValueError) as error:
        raise _not_loaded(source, error) from error


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the progress bars and the advice of transformers and datasets off the screen; errors still rise."""
    import datasets
    from transformers.utils import logging

    verbosity, had_bars = logging.get_verbosity(), not datasets.are_progress_bars_disabled()
    logging.set_verbosity_error()
    datasets.disable_progress_bars()
    try:
        # The bar over a GGUF file's tensors has no switch: it writes to standard error.
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
        if had_bars:
            datasets.enable_progress_bars()


def _gguf(known: LocalModel, note: str | None = None) -> Source:
    return Source("gguf", str(gguf_path(known.name)), known.hub_id, note)


def _checkpoint(name: str, path: Path) -> Source:
    if (path / "config.json").is_file():
        return Source("checkpoint", str(path), name)
    if (path / "adapter_config.json").is_file():
        base = json.loads((path / "adapter_config.json").read_text(encoding="utf-8")).get("base_model_name_or_path")
        raise ModelError(
            f"{name}: this folder holds an adapter, not a model. Give its base and it: {base} --adapter {name}"
        )
    raise ModelError(f"{name}: the folder has no config.json, so it is not a checkpoint of transformers.")


def _may_be_hub_id(name: str) -> bool:
    """Two parts, neither of them a step in a path. Old ids of one part are not taken: a mistyped local name has one."""
    parts = name.split("/")
    return len(parts) == 2 and all(part and part[0].isalnum() for part in parts) and " " not in name


def _is_cached(hub_id: str) -> bool:
    """True where the cache holds a repository's configuration and at least one file of weights."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(hub_id, "config.json")
    if not isinstance(config, str):
        return False
    return any(Path(config).parent.glob("*.safetensors")) or any(Path(config).parent.glob("pytorch_model*.bin"))


def _refuse_wrong_tokenizer(tokenizer: Any, source: Source) -> None:
    """Raise ModelError for a GGUF file whose tokenizer transformers rebuilds as another one.

    A SentencePiece BPE without merges (Gemma's) comes out as a Unigram model, which splits text
    otherwise than in training ("two" as "t", "wo"): the model runs, and its answers are worthless.
    """
    if type(tokenizer.backend_tokenizer.model).__name__ == "Unigram":
        raise ModelError(
            f"{source.location}: transformers cannot rebuild the tokenizer of this GGUF file. Give the Hub's weights, "
            "once they are in the local cache or in a checkpoint folder. As an expert in an arena it works: llama.cpp "
            "has its own tokenizer."
        )


def _mend_gguf(model: Any, tokenizer: Any, identity: str) -> None:
    """Set what a GGUF file says wrongly or not at all."""
    # llama.cpp's metadata names <|im_start|> as the end of SmolLM2's text and nothing for padding.
    if CHATML_END in (tokenizer.chat_template or "") and CHATML_END in tokenizer.get_vocab():
        tokenizer.eos_token = tokenizer.pad_token = CHATML_END
    # The file behind the tokenizer is the whole GGUF: saving the tokenizer would copy all weights beside it.
    tokenizer.vocab_file = None
    for config in (model.config, model.generation_config):
        config.bos_token_id = tokenizer.bos_token_id
        config.eos_token_id = tokenizer.eos_token_id
        config.pad_token_id = tokenizer.pad_token_id
    # Otherwise an adapter would name a folder of this machine as its base.
    model.name_or_path = model.config._name_or_path = identity


def _with_adapter(model: Any, adapter: Path, source: Source) -> Any:
    from peft import PeftModel

    if not (adapter / "adapter_config.json").is_file():
        raise ModelError(
            f"{adapter}: not an adapter, it has no adapter_config.json. Give the folder of `warrior train`."
        )
    try:
        with warnings.catch_warnings():
            # PEFT only warns where an adapter's weights are for other layers than the model has.
            warnings.filterwarnings("error", message="Found missing adapter keys")
            return PeftModel.from_pretrained(model, str(adapter))
    except (OSError, ValueError, RuntimeError, UserWarning) as error:
        raise ModelError(f"{adapter}: the adapter does not fit {source.identity}: {_first_line(error)}") from error


def _not_loaded(source: Source, error: Exception) -> ModelError:
    if source.kind != "hub":
        return ModelError(f"{source.location}: the model cannot be loaded: {_first_line(error)}")
    return ModelError(
        f"{source.location}: no folder of this name is here, it is not in the local Hub cache, and the Hub did not "
        f"give it: {_first_line(error)} Check the id and the network (HF_HUB_OFFLINE, HF_ENDPOINT, HF_TOKEN for a "
        "gated model), or give a checkpoint folder or a .gguf file."
    )


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
