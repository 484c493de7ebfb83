"""The output folder of a training: new, to be continued from its last checkpoint, or finished."""

import json
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import write_atomically
from warriorcoder.errors import TrainingError

BEGUN, FINISHED = "training.json", "report.json"


def claim(output: Path, identity: dict[str, str]) -> Path | None:
    """Take a folder for a training named by `identity`; the checkpoint to go on from, or None for a new start.

    Raises TrainingError where the folder holds a finished adapter, another training or other files.
    """
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        write_json(output / BEGUN, identity)
        return None
    if (output / FINISHED).exists():
        raise TrainingError(
            f"{output}: holds a finished adapter, which is not written over. Name another folder with --output, "
            "or move this one away."
        )
    if not (output / BEGUN).is_file():
        raise TrainingError(f"{output}: holds files of something else. Name another folder with --output.")
    begun = json.loads((output / BEGUN).read_text(encoding="utf-8"))
    other = sorted(key for key in identity if begun.get(key) != identity[key])
    if other:
        raise TrainingError(
            f"{output}: holds an unfinished training with another {' and '.join(other)}. Repeat its command to finish "
            "it, name another folder with --output, or remove it."
        )
    return last_checkpoint(output)


def last_checkpoint(output: Path) -> Path | None:
    """The newest whole checkpoint. The trainer writes trainer_state.json last, so it marks a whole one."""
    whole = [path for path in output.glob("checkpoint-*") if path.name[11:].isdigit() and _is_whole(path)]
    return max(whole, key=lambda path: int(path.name[11:]), default=None)


def tokens_until(checkpoint: Path) -> int:
    """The tokens that were trained on before a checkpoint, as its log has them."""
    state = json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    return int(max((entry.get("num_tokens", 0) for entry in state["log_history"]), default=0))


def _is_whole(checkpoint: Path) -> bool:
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, text.encode("utf-8"))
