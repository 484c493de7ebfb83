"""Are evaluations twice as fast as evalplus's, and does every reference solution pass, on a busy machine too?

The samples are the reference solutions of HumanEval+ (164) and MBPP+ (378), a program a task. Ours is `warrior eval
samples`, the peer `evalplus.evaluate`, each as a whole process from start to end, on two workers, by turns; what the
references return is in both caches before. Then ours once more while two processes to a core do nothing but count.
The benchmarks' files come from the options, from evalplus's own variables, or from its releases.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _report import Claim, at_least, finish, ratio_at_most, say

from warriorcoder.eval.tasks import load
from warriorcoder.eval.tasks.files import FILE_VARIABLES, locate

BAR = 0.5
DATASETS = {"humaneval+": "humaneval", "mbpp+": "mbpp"}
"""What evalplus calls them."""


class Side:
    """One benchmark's samples, and the two commands that evaluate them with caches of their own."""

    def __init__(self, name: str, source: Path | None, folder: Path) -> None:
        self.name = name
        self._folder = folder / DATASETS[name]
        self._folder.mkdir()
        file = locate(name, source).paths[0]
        self.tasks = load(name, file).tasks
        rows = [json.dumps({"task_id": task.task_id, "solution": task.reference}) + "\n" for task in self.tasks]
        self._samples = self._folder / "samples.jsonl"
        self._samples.write_text("".join(rows), encoding="utf-8")
        self._environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), FILE_VARIABLES[name]: str(file)}

    def ours(self) -> tuple[float, int]:
        """Seconds, and how many tasks passed."""
        out = self._folder / f"out-{time.monotonic_ns()}"
        warrior = Path(sys.executable).with_name("warrior")
        seconds = self._timed(
            [str(warrior), "eval", "samples", str(self._samples), "--benchmark", self.name, "--out", str(out)]
        )
        tasks = json.loads((out / "results.json").read_text(encoding="utf-8"))["tasks"]
        return seconds, sum(outcomes == ["passed"] for outcomes in tasks.values())

    def peers(self) -> tuple[float, int]:
        """The same of evalplus."""
        results = self._folder / "samples_eval_results.json"
        results.unlink(missing_ok=True)
        command = [sys.executable, "-m", "evalplus.evaluate", "--dataset", DATASETS[self.name]]
        options = ["--samples", str(self._samples), "--parallel", "2", "--i_just_wanna_run", "True"]
        seconds = self._timed([*command, *options])
        tasks = json.loads(results.read_text(encoding="utf-8"))["eval"]
        passed = [all(row["base_status"] == row["plus_status"] == "pass" for row in rows) for rows in tasks.values()]
        return seconds, sum(passed)

    def _timed(self, command: list[str]) -> float:
        began = time.perf_counter()
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return time.perf_counter() - began


def compare(side: Side, rounds: int) -> list[Claim]:
    """Both sides by turns, the middle of the rounds."""
    say(f"{side.name}: {len(side.tasks)} tasks; one round that fills the caches")
    side.ours()
    side.peers()
    ours, peers = [], []
    for number in range(rounds):
        # The first one finds the files in memory as much as the second: both have been read before.
        ours.append(side.ours())
        peers.append(side.peers())
        say(
            f"  round {number + 1}: ours {ours[-1][0]:.1f} s, {ours[-1][1]} passed; "
            f"evalplus {peers[-1][0]:.1f} s, {peers[-1][1]} passed"
        )
    mine, its = (statistics.median(seconds for seconds, _ in side_) for side_ in (ours, peers))
    return [
        ratio_at_most(f"seconds to evaluate {side.name}'s references, to evalplus", mine, its, BAR),
        at_least(f"references of {side.name} that pass", min(passed for _, passed in ours), len(side.tasks)),
    ]


def busy(side: Side) -> Claim:
    with burning(2 * (os.cpu_count() or 1)):
        seconds, passed = side.ours()
    say(f"{side.name} on a busy machine: {seconds:.1f} s, {passed} passed")
    return at_least(f"references of {side.name} that pass while all cores are busy", passed, len(side.tasks))


@contextmanager
def burning(count: int) -> Iterator[None]:
    """Processes that count for as long as it takes."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--humaneval-plus", type=Path, help="HumanEvalPlus.jsonl.gz, v0.1.10")
    parser.add_argument("--mbpp-plus", type=Path, help="MbppPlus.jsonl.gz, v0.2.0")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="one round of HumanEval+ alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sides = [Side("humaneval+", options.humaneval_plus, Path(scratch))]
        if not options.quick:
            sides.append(Side("mbpp+", options.mbpp_plus, Path(scratch)))
        claims = [claim for side in sides for claim in compare(side, 1 if options.quick else options.rounds)]
        finish([*claims, *(() if options.quick else map(busy, sides))])


if __name__ == "__main__":
    main()
