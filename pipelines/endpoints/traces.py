"""The small files in `.work/` by which a run's processes tell each other where things are and how they went."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import RunFailed, WarriorError
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.tables import STAGES


@dataclass(frozen=True)
class Failure:
    """What a stage failed with; `expected` where it is something that a user can mend, with its exit code."""

    stage: str
    message: str
    expected: bool
    exit_code: int


def write_addresses(folder: ArenaFolder, addresses: Sequence[Address]) -> None:
    """Say where each expert is reached."""
    text = json.dumps([address.to_json() for address in addresses], indent=1)
    folder.write_text(folder.work / "addresses.json", text)


def read_addresses(folder: ArenaFolder) -> dict[str, Address]:
    """Where each expert is reached, by its name."""
    entries = json.loads((folder.work / "addresses.json").read_text(encoding="utf-8"))
    return {entry["expert"]: Address.from_json(entry) for entry in entries}


def stop_file(folder: ArenaFolder) -> Path:
    """While this file is there, no new call is begun."""
    return folder.work / "stop"


def progress_folder(folder: ArenaFolder) -> Path:
    """Where each stage writes how far it is."""
    return folder.work / "progress"


def record_failure(folder: ArenaFolder, stage: str, error: Exception) -> None:
    """Keep what went wrong. The first failure stands: later ones follow from it."""
    file = _failure_file(folder)
    if file.exists():
        return
    if isinstance(error, WarriorError):
        failure = Failure(stage, str(error), True, error.exit_code)
    else:
        failure = Failure(stage, f"{type(error).__name__}: {error}", False, RunFailed.exit_code)
    beside = file.with_suffix(f".{os.getpid()}")
    beside.write_text(json.dumps(asdict(failure)), encoding="utf-8")
    beside.replace(file)


def read_failure(folder: ArenaFolder) -> Failure | None:
    """What the run failed with; None while nothing has."""
    file = _failure_file(folder)
    return Failure(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def record_finished(folder: ArenaFolder, stage: str) -> None:
    """Keep that a stage did its work in this run: its tables may lie there from an earlier one."""
    _finished_file(folder, stage).touch()


def has_finished(folder: ArenaFolder, stage: str) -> bool:
    """Whether a stage did its work in this run."""
    return _finished_file(folder, stage).exists()


def clear_traces(folder: ArenaFolder) -> None:
    """Forget how the last run went: its stop, its failure, its progress, its finished stages."""
    stop_file(folder).unlink(missing_ok=True)
    _failure_file(folder).unlink(missing_ok=True)
    shutil.rmtree(progress_folder(folder), ignore_errors=True)
    for stage in STAGES:
        _finished_file(folder, stage).unlink(missing_ok=True)


def _finished_file(folder: ArenaFolder, stage: str) -> Path:
    return folder.work / f"finished-{stage}"


def _failure_file(folder: ArenaFolder) -> Path:
    return folder.work / "failure.json"
