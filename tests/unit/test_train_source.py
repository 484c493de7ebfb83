import json
from pathlib import Path

import huggingface_hub.constants
import pytest

from warriorcoder.errors import ModelError
from warriorcoder.gguf_weights import load_model, resolve_source
from warriorcoder.local_models import gguf_path

SMOLLM2 = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


def cached(cache: Path, hub_id: str, *names: str) -> None:
    repository = cache / f"models--{hub_id.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("0" * 40)
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for name in names:
        (snapshot / name).write_text("{}")


def test_a_local_name_is_its_gguf_under_the_hub_id() -> None:
    source = resolve_source("smollm2-135m-instruct")
    assert (source.kind, source.identity, source.note) == ("gguf", SMOLLM2, None)
    assert source.location == str(gguf_path("smollm2-135m-instruct"))


def test_a_packaged_hub_id_says_how_to_get_the_original() -> None:
    source = resolve_source(SMOLLM2)
    assert source.kind == "gguf"
    assert source.note is not None
    assert f"hf download {SMOLLM2}" in source.note


def test_the_hub_cache_wins_over_the_package_once_it_has_weights(tmp_path: Path) -> None:
    cached(tmp_path / "hub", SMOLLM2, "config.json")
    assert resolve_source(SMOLLM2).kind == "gguf"
    snapshot = tmp_path / "hub" / "models--HuggingFaceTB--SmolLM2-135M-Instruct" / "snapshots" / ("0" * 40)
    (snapshot / "model.safetensors").write_bytes(b"")
    source = resolve_source(SMOLLM2)
    assert (source.kind, source.location, source.note) == ("hub", SMOLLM2, None)


def test_a_folder_wins_over_a_hub_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / SMOLLM2
    folder.mkdir(parents=True)
    with pytest.raises(ModelError, match=r"no config\.json"):
        resolve_source(SMOLLM2)
    (folder / "config.json").write_text("{}")
    assert resolve_source(SMOLLM2).kind == "checkpoint"


def test_an_adapters_folder_is_answered_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": SMOLLM2}))
    with pytest.raises(ModelError, match=f"{SMOLLM2} --adapter"):
        resolve_source(str(tmp_path))


@pytest.mark.parametrize("name", ["smollm3", "./outputs/x", "/absent/model", "a/b/c", ""])
def test_a_name_that_can_be_nothing_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="no such model"):
        resolve_source(name)


def test_a_gguf_file_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such GGUF file"):
        resolve_source(str(tmp_path / "absent.gguf"))
    (tmp_path / "text.gguf").write_text("text")
    with pytest.raises(ModelError, match="not a GGUF file"):
        resolve_source(str(tmp_path / "text.gguf"))


def test_a_model_that_the_hub_does_not_give_is_one_message() -> None:
    assert resolve_source("nobody/nothing").kind == "hub"
    with pytest.raises(ModelError, match="nobody/nothing: no folder of this name is here") as refused:
        load_model("nobody/nothing")
    assert "\n" not in str(refused.value)


def test_a_damaged_checkpoint_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="the model cannot be loaded") as refused:
        load_model(str(tmp_path))
    assert "\n" not in str(refused.value)
