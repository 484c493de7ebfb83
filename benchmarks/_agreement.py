"""Do our outcomes agree with results that were published, task by task, and if not, who is right?

Takes samples and evalplus's results of them (by default both of one name: NAME.jsonl, NAME_eval_results.json).
For every task on which a base or plus outcome differs, the input that is said to have failed is given to the reference
and to the sample once more: what both return, how far apart they are, and the seconds it takes stand beside it.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _report import at_most, finish, say

from warriorcoder.eval.evaluate import Trial, evaluate_samples
from warriorcoder.eval.tasks import Task, load, to_call
from warriorcoder.sandbox.results import Limits, Returned
from warriorcoder.sandbox.sandbox import Sandbox

LIMITS = Limits(memory_bytes=4 * 1024**3, cpu_s=120, wall_s=600)


@dataclass(frozen=True)
class Difference:
    """Outcomes of a task as (base, base and plus), published and ours, and an input that is said to have failed."""

    task: Task
    published: tuple[bool, bool]
    ours: tuple[bool, bool]
    failed_on: list[Any] | None
    program: str


def differences(tasks: list[Task], published: dict[str, Any], out: Path) -> Iterator[Difference]:
    results = json.loads((out / "results.json").read_text(encoding="utf-8"))
    rows = [json.loads(line) for line in (out / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    programs = {row["task_id"]: row["program"] for row in rows}
    for task in tasks:
        row = published[task.task_id][0]
        base = row["base_status"] == "pass"
        theirs = base, base and row["plus_status"] == "pass"
        whole = results["tasks"][task.task_id] == ["passed"]
        ours = results["base"][task.task_id] == ["passed"], whole
        if ours != theirs:
            failed = [*row["base_fail_tests"], *row["plus_fail_tests"]]
            yield Difference(task, theirs, ours, failed[0] if failed else None, programs[task.task_id])


def explain(difference: Difference, sandbox: Sandbox) -> str:
    """What the reference and the sample make of the input."""
    if difference.failed_on is None:
        return "no input is named"
    came = []
    for program in (difference.task.reference, difference.program):
        called = to_call(difference.task, program)
        calls = sandbox.call(*called, [difference.failed_on], limits=LIMITS)
        if not calls.answers or not isinstance(calls.answers[0], Returned):
            return f"{json.dumps(difference.failed_on)[:60]}: {calls.result.outcome} {calls.result.detail}"
        came.append(calls.answers[0])
    expected, got = came
    same = "the same" if expected.value == got.value else f"{expected.value!r:.60} and {got.value!r:.60}"
    seconds = f"{expected.cpu_seconds:.2f} s and {got.cpu_seconds:.2f} s"
    return f"{json.dumps(difference.failed_on)[:60]}: reference and sample return {same}, in {seconds}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--published", type=Path, help="evalplus's results of these samples")
    parser.add_argument("--benchmark", required=True, help="humaneval+ or mbpp+")
    parser.add_argument("--source", type=Path, help="the version of the benchmark that was published on")
    options = parser.parse_args()
    place = options.published or options.samples.with_name(f"{options.samples.stem}_eval_results.json")
    published = json.loads(place.read_text(encoding="utf-8"))["eval"]
    benchmark = load(options.benchmark, options.source)
    with tempfile.TemporaryDirectory() as scratch, Sandbox() as sandbox:
        out = Path(scratch) / "out"
        score = evaluate_samples(Trial(benchmark, out), options.samples, lambda _: None).line()
        say(score)
        found = list(differences(benchmark.tasks, published, out))
        for each in found:
            outcomes = [["fail", "pass"][passed] for passed in (*each.published, *each.ours)]
            said = "published {} / {}, ours {} / {}".format(*outcomes)
            say(f"{each.task.task_id}: {said}; {explain(each, sandbox)}")
    tasks = len(benchmark.tasks)
    finish([at_most(f"tasks of {tasks} on which the outcomes differ", len(found), 0.05 * tasks)])


if __name__ == "__main__":
    main()
