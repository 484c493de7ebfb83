"""An evaluation's folder: what was asked with which settings, and every answer, so that none is asked for twice.

settings.json   what decides the answers: model, adapter, benchmark, prompt, sampling
samples.jsonl   one line a task: the exact prompt, the answer, the program's outcome
results.json    the score and what it was computed from
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import write_atomically
from warriorcoder.errors import EvaluationError

Sample = dict[str, Any]


class EvaluationFolder:
    """One evaluation on disk. Every file is complete or absent."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, settings: Mapping[str, Any]) -> dict[str, Sample]:
        """Take the folder for an evaluation; the samples that it already has, by task.

        Raises EvaluationError where the folder is another evaluation's or holds other files.
        """
        place = self.path / "settings.json"
        if not place.exists():
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise EvaluationError(f"{self.path}: holds files of something else. Name another folder with --out.")
            self._write(place, json.dumps(settings, indent=2, sort_keys=True))
            return {}
        try:
            before = json.loads(place.read_text(encoding="utf-8"))
            samples = self._samples()
        except (OSError, ValueError, KeyError) as error:
            raise EvaluationError(
                f"{self.path}: its files are damaged ({error}). Name another folder with --out."
            ) from error
        other = sorted(key for key in settings if before.get(key) != settings[key])
        if other:
            raise EvaluationError(
                f"{self.path}: holds an evaluation with another {', '.join(other)}. Name another folder with --out."
            )
        return samples

    def write_samples(self, samples: Mapping[str, Sample]) -> None:
        lines = [json.dumps(sample, ensure_ascii=False, sort_keys=True) for sample in samples.values()]
        self._write(self.path / "samples.jsonl", "\n".join(lines))

    def write_results(self, results: Mapping[str, Any]) -> None:
        self._write(self.path / "results.json", json.dumps(results, indent=2, ensure_ascii=False))

    def _samples(self) -> dict[str, Sample]:
        place = self.path / "samples.jsonl"
        if not place.exists():
            return {}
        lines = place.read_text(encoding="utf-8").split("\n")
        return {sample["task_id"]: sample for line in lines if line for sample in [json.loads(line)]}

    def _write(self, place: Path, text: str) -> None:
        write_atomically(place, (text + "\n").encode("utf-8", "surrogatepass"))
