"""Evaluations: a model's answers to a benchmark's tasks, or given samples, tested and scored."""

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warriorcoder.code_extraction import Extraction, Style, extract_program
from warriorcoder.errors import EvaluationError
from warriorcoder.eval.contamination import Contamination, contamination_of
from warriorcoder.eval.evalplus_format import TestedRun, TestedSample, to_evalplus
from warriorcoder.eval.given_samples import read_samples
from warriorcoder.eval.questions import Answerer, Sampling, prompt_digest, questions
from warriorcoder.eval.results import UNANSWERED, Results
from warriorcoder.eval.samples import EvaluationFolder, Key, Sample, key_of
from warriorcoder.eval.tasks import Benchmark, Task
from warriorcoder.eval.testing import PACKAGES, Tested, Tester
from warriorcoder.sandbox.results import Outcome
from warriorcoder.sandbox.sandbox import Sandbox, UnsafeSandboxWarning

Say = Callable[[str], None]

SAY_EVERY = 10.0
"""Seconds between two lines on progress, where there are several samples a task."""


@dataclass(frozen=True)
class Trial:
    """What is evaluated: the first `limit` tasks of a benchmark, into the folder `out`.

    `arena` is the one that the model was trained on, where it was: its contamination is told. `cache` keeps the
    expected outputs (default: the user's cache folder). `unsafe`: no sandbox, limits alone.
    """

    benchmark: Benchmark
    out: Path
    limit: int | None = None
    arena: Path | None = None
    cache: Path | None = None
    unsafe: bool = False

    @property
    def tasks(self) -> list[Task]:
        return self.benchmark.tasks[: self.limit]


def evaluate(
    trial: Trial,
    answerer: Answerer,
    sampling: Sampling,
    style: Style | None = None,
    adapter: str | None = None,
    say: Say = print,
) -> Results:
    """Have a model answer the tasks, test its programs, and write and return the results.

    Answers that the folder already has from the same settings are tested again but not asked for again; a larger
    `limit` or more samples add to them. `style` is the answerer's own unless given. Raises WarriorError.
    """
    contamination = contamination_of(trial.arena, trial.benchmark) if trial.arena else None
    # First of all: where there can be no sandbox, no model is loaded for nothing.
    with _tester(trial, say) as (tester, workers):
        style = style or answerer.style
        asked = questions(trial.tasks, style, sampling)
        settings = _settings(trial.benchmark, answerer.identity, style, sampling)
        folder = EvaluationFolder(trial.out)
        with folder.claimed(settings) as kept:
            wanted = {(question.task.task_id, question.draw) for question in asked}
            samples = {key: sample for key, sample in kept.items() if key in wanted}
            if samples:
                say(f"{trial.out}: {len(samples):,} of {len(asked):,} answers are there already.")
            missing = [question for question in asked if (question.task.task_id, question.draw) not in samples]
            with _Testing(trial.tasks, tester, workers, len(asked), say) as testing:
                for sample in samples.values():
                    testing.add(sample)
                for answers in answerer.answers(missing, sampling) if missing else ():
                    new = [asdict(answer) | {"style": style} for answer in answers]
                    folder.append(new)
                    for sample in new:
                        testing.add(sample)
                tested = testing.finish()
            results = _results(trial, answerer.model, adapter, settings | {"samples": sampling.samples}, tested)
            return _write(folder, trial, results, {**kept, **tested}, tested, contamination, say)


def evaluate_samples(trial: Trial, file: Path, say: Say = print) -> Results:
    """Test the samples of a file, and write and return the results. Tasks without a sample count as failed.

    Raises WarriorError, before anything is run, where the file cannot be read or has no sample of the benchmark.
    """
    given = read_samples(file, trial.tasks, trial.benchmark)
    contamination = contamination_of(trial.arena, trial.benchmark) if trial.arena else None
    for line in given.notes:
        say(line)
    with _tester(trial, say) as (tester, workers):
        folder = EvaluationFolder(trial.out)
        settings = {"benchmark": _named(trial.benchmark), "samples_digest": given.digest}
        with folder.claimed(settings), _Testing(trial.tasks, tester, workers, len(given.samples), say) as testing:
            for sample in given.samples:
                testing.add(sample)
            tested = testing.finish()
            results = _results(trial, _model_of(file), None, settings | {"samples_file": file.name}, tested)
            return _write(folder, trial, results, tested, tested, contamination, say)


@contextmanager
def _tester(trial: Trial, say: Say) -> Iterator[tuple[Tester, int]]:
    with warnings.catch_warnings():
        if trial.unsafe:
            say("WARNING: what the model wrote is run without a sandbox: it can read your files and use the network.")
            warnings.simplefilter("ignore", UnsafeSandboxWarning)
        with Sandbox(packages=PACKAGES, unsafe=trial.unsafe) as sandbox:
            yield Tester(sandbox, trial.cache), sandbox.workers


class _Testing:
    """Tests samples beside the work that makes them, and says what came of them."""

    def __init__(self, tasks: Sequence[Task], tester: Tester, workers: int, total: int, say: Say) -> None:
        self._tasks = {task.task_id: task for task in tasks}
        self._tester = tester
        self._pool = ThreadPoolExecutor(workers, "testing")
        self._total = total
        self._say = say
        self._running: list[tuple[Sample, Future[tuple[Extraction, Tested]]]] = []
        self._tested: dict[Key, Sample] = {}
        self._said = time.monotonic()

    def __enter__(self) -> "_Testing":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def add(self, sample: Sample) -> None:
        task = self._tasks[sample["task_id"]]
        self._running.append((sample, self._pool.submit(_tested, task, sample, self._tester)))
        while self._running and self._running[0][1].done():
            self._take()

    def finish(self) -> dict[Key, Sample]:
        """All samples with what came of them, when all are tested."""
        while self._running:
            self._take()
        return self._tested

    def _take(self) -> None:
        sample, future = self._running.pop(0)
        extraction, tested = future.result()
        done = sample | {
            "program": extraction.program,
            "extraction": "as given" if "solution" in sample else extraction.describe(),
            "outcome": str(tested.outcome),
            "detail": tested.detail,
            "base": None if tested.base is None else str(tested.base),
            "plus": None if tested.plus is None else str(tested.plus),
            "base_fails": list(tested.base_fails),
            "plus_fails": list(tested.plus_fails),
        }
        self._tested[key_of(done)] = done
        if self._total <= len(self._tasks):
            self._say(_line(done))
        elif time.monotonic() - self._said > SAY_EVERY:
            self._said = time.monotonic()
            passed = sum(each["outcome"] == Outcome.PASSED for each in self._tested.values())
            self._say(f"{len(self._tested):,} of {self._total:,} samples tested, {passed:,} passed")


def _tested(task: Task, sample: Sample, tester: Tester) -> tuple[Extraction, Tested]:
    if "solution" in sample:
        # A whole program by its own account: it is run as it is.
        extraction = Extraction(sample["solution"], parses=True, defines=True)
    else:
        extraction = extract_program(sample["completion"], task.prompt, task.entry_point, sample["style"])
    if extraction.program is None or (extraction.parses and not extraction.defines):
        return extraction, _without_code(task)
    return extraction, tester.test(task, extraction.program)


def _without_code(task: Task) -> Tested:
    base = Outcome.NO_CODE if task.test or task.base_inputs else None
    plus = Outcome.NO_CODE if task.plus_inputs else None
    return Tested(Outcome.NO_CODE, f"no code that defines {task.entry_point}", base, plus)


def _line(sample: Sample) -> str:
    tokens = sample.get("output_tokens")
    counted = "" if tokens is None else f"{tokens:>4} tokens"
    cut = ", cut off" if sample.get("finish") == "length" else ""
    return f"{sample['task_id']:<14} {sample['outcome']:<8} {counted}{cut}  {_short(sample['detail'])}".rstrip()


def _short(detail: str) -> str:
    line = " ".join(detail.split())
    return line if len(line) <= 80 else line[:79] + "…"


def _model_of(file: Path) -> str:
    """A file's name, or its folder's where the file is called after the benchmark, or samples."""
    plain = file.stem.lower() in ("humaneval", "mbpp", "samples")
    return file.resolve().parent.name if plain else file.stem


def _named(benchmark: Benchmark) -> str:
    return f"{benchmark.name}:{benchmark.digest}"


def _settings(benchmark: Benchmark, identity: Mapping[str, Any], style: Style, sampling: Sampling) -> dict[str, Any]:
    """What decides the answers. Not the number of samples: more of them add to those that are there."""
    drawn = {key: value for key, value in asdict(sampling).items() if key != "samples"}
    return {
        **identity,
        "benchmark": _named(benchmark),
        "style": style,
        # Of the whole benchmark: the same for each limit.
        "prompt_digest": prompt_digest(benchmark.tasks, style),
        **(drawn if sampling.temperature else {"temperature": 0.0, "max_tokens": sampling.max_tokens}),
    }


def _results(
    trial: Trial, model: str, adapter: str | None, settings: Mapping[str, Any], tested: Mapping[Key, Sample]
) -> Results:
    by_task: dict[str, list[Sample]] = {task.task_id: [] for task in trial.tasks}
    for _, sample in sorted(tested.items()):
        by_task[sample["task_id"]].append(sample)
    has_base = any(task.plus_inputs and (task.test or task.base_inputs) for task in trial.tasks)

    def outcomes(column: str) -> dict[str, list[str]]:
        return {
            task: [str(sample[column] or sample["outcome"]) for sample in samples] or [UNANSWERED]
            for task, samples in by_task.items()
        }

    return Results(
        model,
        adapter,
        trial.benchmark.name,
        trial.benchmark.digest,
        {**settings, "origin": trial.benchmark.origin},
        outcomes("outcome"),
        outcomes("base") if has_base else None,
    )


def _write(
    folder: EvaluationFolder,
    trial: Trial,
    results: Results,
    kept: Mapping[Key, Sample],
    tested: Mapping[Key, Sample],
    contamination: Contamination | None,
    say: Say,
) -> Results:
    order = {task.task_id: place for place, task in enumerate(trial.benchmark.tasks)}
    folder.write_samples(kept[key] for key in sorted(kept, key=lambda key: (order.get(key[0], len(order)), key[1])))
    told = contamination.to_json(results) if contamination else None
    folder.write_json("results.json", results.to_json() | {"contamination": told})
    rows: dict[str, list[TestedSample]] = {task.task_id: [] for task in trial.tasks}
    for _, sample in sorted(tested.items()):
        rows[sample["task_id"]].append(
            TestedSample(
                sample["program"] or "",
                sample["base"] or sample["outcome"],
                sample["plus"],
                sample["base_fails"],
                sample["plus_fails"],
            )
        )
    answered = {task: samples for task, samples in rows.items() if samples}
    run = TestedRun(time.strftime("%Y-%m-%d %H:%M"), trial.benchmark.digest, answered)
    folder.write_json("evalplus_eval_results.json", to_evalplus(run))
    say(results.line())
    for line in contamination.lines(results) if contamination else ():
        say(line)
    return results


def check_limit(limit: int | None, benchmark: Benchmark) -> None:
    """Raises EvaluationError for a number of tasks that there cannot be."""
    if limit is not None and not 1 <= limit <= len(benchmark.tasks):
        raise EvaluationError(f"--limit {limit}: {benchmark.name} has {len(benchmark.tasks)} tasks.")
