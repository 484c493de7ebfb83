"""Two real KTO steps on a real model, and an evaluation with what came out."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from kto_arena import ANSWERS, write_kto_arena

from warriorcoder.cli import main
from warriorcoder.errors import ModelError, TrainingError
from warriorcoder.eval.local_answers import LocalModel
from warriorcoder.gguf_weights import load_model
from warriorcoder.train.kto import train

pytestmark = pytest.mark.models

RECIPE = Path(__file__).parents[2] / "train" / "recipes" / "smollm2-135m" / "kto_lora.yaml"
SMALL = ["max_steps=2", "save_steps=1", "per_device_train_batch_size=2", "max_length=128"]
MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An adapter of two steps, and the lines that its training said."""
    folder = tmp_path_factory.mktemp("train")
    lines: list[str] = []
    train(write_kto_arena(folder / "arena"), RECIPE, folder / "adapter", SMALL, say=lines.append)
    return folder, lines


def test_the_adapter_and_its_report(trained: tuple[Path, list[str]]) -> None:
    folder, lines = trained
    adapter = folder / "adapter"
    report = json.loads((adapter / "report.json").read_text())
    assert (report["rows"], report["desirable"], report["undesirable"]) == (6, 3, 3)
    assert (report["steps"], report["resumed_from"], report["base"]) == (2, None, MODEL)
    # Before the first update the model is its own reference: a reward of zero and a loss of one half.
    assert report["first_loss"] == pytest.approx(0.5, abs=1e-4)
    assert report["first_margin"] == pytest.approx(0, abs=1e-4)
    assert report["last_loss"] != report["first_loss"]
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == MODEL
    assert not (adapter / "tokenizer.model").exists(), "the GGUF was copied as if it were a vocabulary"
    assert "not in the local Hub cache" in lines[0]
    assert [line.split()[1] for line in lines if line.startswith("step")] == ["1/2", "2/2", "2,"]
    assert str(adapter) in lines[-1]


def test_the_same_command_does_not_write_over_it(trained: tuple[Path, list[str]]) -> None:
    folder, _ = trained
    weights = (folder / "adapter" / "adapter_model.safetensors").read_bytes()
    with pytest.raises(TrainingError, match="holds a finished adapter"):
        train(folder / "arena", RECIPE, folder / "adapter", SMALL)
    assert (folder / "adapter" / "adapter_model.safetensors").read_bytes() == weights


def test_a_broken_off_training_ends_with_the_same_weights(trained: tuple[Path, list[str]]) -> None:
    from safetensors.torch import load_file

    folder, _ = trained
    output = folder / "broken_off"

    def interrupt(line: str) -> None:
        if line.startswith("step 2/2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(folder / "arena", RECIPE, output, SMALL, say=interrupt)
    assert not (output / "report.json").exists()
    report = train(folder / "arena", RECIPE, output, SMALL, say=lambda _: None)
    assert report.resumed_from == 1
    assert report.steps == 2
    assert report.tokens == json.loads((folder / "adapter" / "report.json").read_text())["tokens"]
    undisturbed = load_file(folder / "adapter" / "adapter_model.safetensors")
    resumed = load_file(output / "adapter_model.safetensors")
    assert undisturbed.keys() == resumed.keys()
    assert all((undisturbed[name] - resumed[name]).abs().max() < 1e-6 for name in undisturbed)


def test_evaluation_with_the_adapter_goes_on_where_it_stopped(
    trained: tuple[Path, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = trained
    out = folder / "eval"
    command = ["eval", "run", MODEL, "--adapter", str(folder / "adapter"), "--out", str(out), "--max-tokens", "48"]

    def warrior(*more: str) -> str:
        ended = CliRunner(mix_stderr=False).invoke(main, [*command, *more])
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    assert "humaneval pass@1 " in warrior("--limit", "2")
    samples = (out / "samples.jsonl").read_text()
    sample = json.loads(samples.splitlines()[0])
    assert sample["task_id"] == "HumanEval/0"
    assert sample["prompt"].count("<|im_start|>") == 3
    assert "def has_close_elements" in sample["prompt"]
    assert 0 < sample["output_tokens"] <= 48
    results = json.loads((out / "results.json").read_text())
    assert len(results["tasks"]) == 2
    assert results["adapter"] == str(folder / "adapter")
    assert results["settings"]["adapter"]

    def refuse(*_: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(LocalModel, "answers", refuse)
    assert "2 of 2 answers are there already." in warrior("--limit", "2")
    assert json.loads((out / "results.json").read_text()) == results
    assert (out / "samples.jsonl").read_text() == samples
    trained_anew = shutil.copytree(folder / "adapter", folder / "anew") / "adapter_model.safetensors"
    trained_anew.write_bytes(trained_anew.read_bytes()[:-1] + b"\0")
    other = CliRunner(mix_stderr=False).invoke(main, [*command[:4], str(folder / "anew"), *command[5:]])
    assert other.exit_code == 2
    assert "holds an evaluation with another adapter" in other.stderr


def test_an_adapter_that_does_not_fit_is_refused(trained: tuple[Path, list[str]], tmp_path: Path) -> None:
    folder, _ = trained
    config = json.loads((folder / "adapter" / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(config | {"r": 4}))
    (tmp_path / "adapter_model.safetensors").write_bytes(
        (folder / "adapter" / "adapter_model.safetensors").read_bytes()
    )
    with pytest.raises(ModelError, match="does not fit") as refused:
        load_model(MODEL, tmp_path)
    assert "\n" not in str(refused.value)


def test_nothing_is_left_where_training_cannot_start(tmp_path: Path) -> None:
    arena = write_kto_arena(tmp_path / "arena", [answer for answer in ANSWERS if answer[2]])
    with pytest.raises(TrainingError, match="3 desirable and 0 undesirable"):
        train(arena, RECIPE, tmp_path / "adapter", SMALL)
    with pytest.raises(TrainingError, match="unknown keys: max_step"):
        train(write_kto_arena(tmp_path / "whole"), RECIPE, tmp_path / "adapter", ["max_step=1"])
    with pytest.raises(ModelError, match="no such model"):
        train(tmp_path / "whole", RECIPE, tmp_path / "adapter", ["model_name_or_path=smollm3"])
    assert not (tmp_path / "adapter").exists()
