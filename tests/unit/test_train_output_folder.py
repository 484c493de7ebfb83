import json
from pathlib import Path

import pytest

from warriorcoder.errors import TrainingError
from warriorcoder.train.output_folder import claim, last_checkpoint
from warriorcoder.train.report import first_and_last, step_line

IDENTITY = {"table": "t", "recipe": "r", "model": "m"}


def checkpoint(output: Path, step: int, state: str | None = "{}") -> Path:
    folder = output / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    if state is not None:
        (folder / "trainer_state.json").write_text(state, encoding="utf-8")
    return folder


def test_a_new_folder_is_claimed_and_continued(tmp_path: Path) -> None:
    output = tmp_path / "adapter"
    assert claim(output, IDENTITY) is None
    assert json.loads((output / "training.json").read_text()) == IDENTITY
    assert claim(output, IDENTITY) is None
    checkpoint(output, 9)
    newest = checkpoint(output, 12)
    checkpoint(output, 15, state=None)
    checkpoint(output, 18, state='{"torn')
    assert claim(output, IDENTITY) == newest == last_checkpoint(output)


def test_another_training_is_named_and_left_alone(tmp_path: Path) -> None:
    claim(tmp_path, IDENTITY)
    with pytest.raises(TrainingError, match="another recipe and table"):
        claim(tmp_path, IDENTITY | {"table": "T", "recipe": "R"})
    assert json.loads((tmp_path / "training.json").read_text()) == IDENTITY


def test_a_finished_adapter_and_foreign_files_are_not_written_over(tmp_path: Path) -> None:
    claim(tmp_path / "done", IDENTITY)
    (tmp_path / "done" / "report.json").write_text("{}")
    with pytest.raises(TrainingError, match="finished adapter"):
        claim(tmp_path / "done", IDENTITY)
    with pytest.raises(TrainingError, match="files of something else"):
        claim(tmp_path, IDENTITY)


def test_logs_without_a_value_are_skipped() -> None:
    log = [{"loss": 0.5, "kl": float("nan")}, {"loss": 0.4, "kl": 0.1}, {"train_runtime": 3.0}]
    assert first_and_last(log, "loss") == (0.5, 0.4)
    assert first_and_last(log, "kl") == (0.1, 0.1)
    assert first_and_last(log, "rewards/margins") == (None, None)
    assert step_line({"loss": 0.5}, 3, 12, 9.6) == "step  3/12  loss 0.5000  KL -  margin -  10 s"
