"""An evaluation's folder: what was asked with which settings, and every answer, so that none is asked for twice.

settings.json               what decides the answers: model, benchmark, prompts, sampling
samples.jsonl               one line a sample: the exact prompt, the answer, the program, its outcome
results.json                the score and what it was computed from
evalplus_eval_results.json  the same outcomes in evalplus's format
"""

import fcntl
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import write_atomically
from warriorcoder.errors import EvaluationError

Sample = dict[str, Any]
"""`task_id` and `draw` name it; the rest are the fields of an answer and, once it is tested, of its program."""

Key = tuple[str, int]


def key_of(sample: Mapping[str, Any]) -> Key:
    return sample["task_id"], sample["draw"]


class EvaluationFolder:
    """One evaluation on disk. Files are complete or absent; in samples.jsonl a kill costs the line being written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def claimed(self, settings: Mapping[str, Any]) -> Iterator[dict[Key, Sample]]:
        """Hold the folder for an evaluation; the samples that it already has.

        Raises EvaluationError where the folder is another evaluation's, holds other files, or is held by another
        process: two would pay for the same answers.
        """
        self._take(settings)
        with (self.path / "settings.json").open("rb") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise EvaluationError(
                    f"{self.path}: another evaluation is at work in it. Wait for it, or name another folder with --out."
                ) from None
            try:
                samples = self._samples()
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise self._damaged(error) from error
            yield samples

    def _take(self, settings: Mapping[str, Any]) -> None:
        """Write the settings of a new evaluation, or compare those that are there."""
        place = self.path / "settings.json"
        if not place.exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise EvaluationError(f"{self.path}: holds files of something else. Name another folder with --out.")
            self._write(place, json.dumps(settings, indent=2, sort_keys=True))
            return
        try:
            before = json.loads(place.read_text(encoding="utf-8"))
            other = sorted(key for key in {*settings, *before} if before.get(key) != settings.get(key))
        except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise self._damaged(error) from error
        if other:
            raise EvaluationError(
                f"{self.path}: holds an evaluation with another {', '.join(other)}. Name another folder with --out."
            )

    def _damaged(self, error: Exception) -> EvaluationError:
        return EvaluationError(f"{self.path}: its files are damaged ({error}). Name another folder with --out.")

    def append(self, samples: Iterable[Sample]) -> None:
        """Add new samples; they are on disk when this returns."""
        lines = "".join(_line(sample) + "\n" for sample in samples)
        try:
            with (self.path / "samples.jsonl").open("ab") as file:
                file.write(_encoded(lines))
        except OSError as error:
            raise EvaluationError(f"{self.path}: the samples cannot be kept: {error}") from error

    def write_samples(self, samples: Iterable[Sample]) -> None:
        """Write all samples anew, with what came of them."""
        self._write(self.path / "samples.jsonl", "\n".join(map(_line, samples)))

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        self._write(self.path / name, json.dumps(content, indent=2, ensure_ascii=False))

    def _samples(self) -> dict[Key, Sample]:
        place = self.path / "samples.jsonl"
        if not place.exists():
            return {}
        whole, _, broken = place.read_bytes().rpartition(b"\n")
        if broken:
            # What was being written when the process was killed; the next append must not go on in that line.
            write_atomically(place, whole + b"\n" if whole else b"")
        rows = [json.loads(line) for line in whole.decode("utf-8").split("\n") if line]
        for row in rows:
            # All that is read of an answer later on.
            texts = [row["task_id"], row["style"], row["solution" if "solution" in row else "completion"]]
            if not all(isinstance(text, str) for text in texts) or not isinstance(row["draw"], int):
                raise TypeError(f"a sample is none: {row['task_id']}")
        return {key_of(sample): sample for sample in rows}

    def _write(self, place: Path, text: str) -> None:
        write_atomically(place, _encoded(text + "\n"))


def _encoded(text: str) -> bytes:
    # Half a surrogate pair has no UTF-8; within JSON a backslash and its number mean the same.
    return text.encode("utf-8", "backslashreplace")


def _line(sample: Sample) -> str:
    return json.dumps(sample, ensure_ascii=False, sort_keys=True)
