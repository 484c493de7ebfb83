"""`warrior eval`: generate a benchmark's answers with a model, run them, and say how many pass."""

import hashlib
import importlib.metadata
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from warriorcoder.errors import EvaluationError, ModelError
from warriorcoder.eval.benchmarks import Benchmark, Task, load_benchmark
from warriorcoder.eval.execution import LIMITS, Program, execute_all
from warriorcoder.eval.generation import Answer, generate, program_source, prompt_digest, style_of
from warriorcoder.eval.samples import EvaluationFolder, Sample
from warriorcoder.gguf_weights import Source, load_model, quiet_libraries, resolve_source
from warriorcoder.intervals import wilson_interval
from warriorcoder.sandbox.results import Outcome, Result
from warriorcoder.sandbox.sandbox import Sandbox, UnsafeSandboxWarning

MAX_NEW_TOKENS = 512
BATCH_SIZE = 4
PACKAGES = ("transformers", "torch", "peft")


@dataclass(frozen=True)
class Results:
    """The score of a model on the first `total` tasks of a benchmark; `low` and `high` bound it at 95 % (Wilson)."""

    model: str
    adapter: str | None
    benchmark: str
    total: int
    passed: int
    pass_at_1: float
    low: float
    high: float
    outcomes: dict[str, int]
    tasks: dict[str, str]
    out: str

    def line(self) -> str:
        others = ", ".join(f"{count} {kind}" for kind, count in self.outcomes.items() if kind != Outcome.PASSED)
        return (
            f"{self.benchmark} pass@1 {self.pass_at_1:.1%} ({self.passed} of {self.total} tasks; 95 % interval "
            f"{self.low:.1%} to {self.high:.1%}){'; ' + others if others else ''}"
        )


def evaluate(
    model: str,
    benchmark: str = "humaneval",
    limit: int | None = None,
    adapter: Path | None = None,
    out: Path | None = None,
    say: Callable[[str], None] = print,
    *,
    unsafe: bool = False,
) -> Results:
    """Evaluate a model, with an adapter on it or without, on the first `limit` tasks of a benchmark.

    Answers are greedy, so the same command gives the same answers. Answers that `out` already has
    from the same settings are run again but not generated again; a larger `limit` adds to them.
    Programs run in the sandbox; `unsafe`: without one, with limits alone. Raises WarriorError.
    """
    if limit is not None and limit < 1:
        raise EvaluationError(f"--limit {limit}: give the number of tasks, 1 or more.")
    chosen = load_benchmark(benchmark)
    tasks = chosen.tasks[:limit]
    source = resolve_source(model)
    if unsafe:
        say("WARNING: what the model wrote is run without a sandbox: it can read your files and use the network.")
        warnings.simplefilter("ignore", UnsafeSandboxWarning)
    # First of all: where there can be no sandbox, no model is loaded for nothing.
    with Sandbox(LIMITS, unsafe=unsafe) as sandbox:
        return _evaluate(chosen, tasks, source, adapter, out, say, sandbox)


def _evaluate(
    chosen: Benchmark,
    tasks: Sequence[Task],
    source: Source,
    adapter: Path | None,
    out: Path | None,
    say: Callable[[str], None],
    sandbox: Sandbox,
) -> Results:
    folder = EvaluationFolder(out or default_out(source, chosen.name, adapter))
    samples = folder.claim(_settings(source, adapter, chosen))
    if source.note:
        say(source.note)
    ready = [task for task in tasks if task.task_id in samples]
    if ready:
        say(f"{folder.path}: {len(ready)} of {len(tasks)} tasks are answered already.")
        _run(ready, samples, say, sandbox)
    missing = [task for task in tasks if task.task_id not in samples]
    if missing:
        with quiet_libraries():
            weights, tokenizer = load_model(source, adapter)
        began = time.monotonic()
        batches = generate(weights, tokenizer, missing, max_new_tokens=MAX_NEW_TOKENS, batch_size=BATCH_SIZE, say=say)
        for answers in batches:
            seconds = time.monotonic() - began
            style = style_of(tokenizer)
            samples |= {answer.task_id: _sample(answer, style, seconds / len(answers)) for answer in answers}
            folder.write_samples(samples)
            answered = {answer.task_id for answer in answers}
            _run([task for task in missing if task.task_id in answered], samples, say, sandbox)
            began = time.monotonic()
    folder.write_samples(samples)
    results = _results(tasks, samples, source, adapter, chosen.name, folder.path)
    packages = {name: importlib.metadata.version(name) for name in PACKAGES}
    folder.write_results(asdict(results) | {"limits": asdict(LIMITS), "packages": packages})
    say(results.line())
    return results


def default_out(source: Source, benchmark: str, adapter: Path | None) -> Path:
    """outputs/eval/<benchmark>-<model>[-<adapter>]."""
    names = [benchmark, Path(source.identity).name, *([adapter.resolve().name] if adapter else [])]
    return Path("outputs") / "eval" / "-".join(names)


def _settings(source: Source, adapter: Path | None, benchmark: Benchmark) -> dict[str, Any]:
    """What decides the answers. A model is named by its place; an adapter by its weights, since its folder is ours."""
    return {
        "model": f"{source.kind}:{source.identity}",
        "adapter": None if adapter is None else _adapter_digest(adapter),
        "benchmark": f"{benchmark.name}:{benchmark.digest}",
        "chat prompt": prompt_digest("chat"),
        "completion prompt": prompt_digest("completion"),
        "decoding": "greedy",
        "max_new_tokens": MAX_NEW_TOKENS,
    }


def _adapter_digest(adapter: Path) -> str:
    weights = sorted([*adapter.glob("adapter_model*.safetensors"), *adapter.glob("adapter_model*.bin")])
    if not weights:
        raise ModelError(
            f"{adapter}: no adapter there (adapter_model.safetensors). Give the folder of `warrior train`."
        )
    return hashlib.sha256(b"".join(path.read_bytes() for path in weights)).hexdigest()


def _sample(answer: Answer, style: str, seconds: float) -> Sample:
    return asdict(answer) | {"style": style, "seconds": round(seconds, 2)}


def _run(tasks: Sequence[Task], samples: dict[str, Sample], say: Callable[[str], None], sandbox: Sandbox) -> None:
    """Run the answers of tasks, put the outcomes into their samples and say a line on each."""
    programs = {}
    for task in tasks:
        sample = samples[task.task_id]
        sample["source"] = program_source(task, sample["completion"], sample["style"])
        if sample["source"] is not None:
            programs[task.task_id] = Program(sample["source"], task.test, task.entry_point, task.prompt)
    runs = dict(zip(programs, execute_all(sandbox, programs.values()), strict=True))
    for task in tasks:
        run = runs.get(task.task_id) or Result(Outcome.NO_CODE, f"no code that defines {task.entry_point}")
        samples[task.task_id] |= {"outcome": run.outcome, "detail": run.detail}
        say(_line(samples[task.task_id]))


def _line(sample: Sample) -> str:
    cut = ", cut off" if sample["finish"] == "length" else ""
    detail = " ".join(sample["detail"].split())[:60]
    return f"{sample['task_id']:<14} {sample['outcome']:<8} {sample['output_tokens']:>4} tokens{cut}  {detail}".rstrip()


def _results(
    tasks: Sequence[Task], samples: dict[str, Sample], source: Source, adapter: Path | None, benchmark: str, out: Path
) -> Results:
    outcomes = {task.task_id: str(samples[task.task_id]["outcome"]) for task in tasks}
    counts = Counter(outcomes.values())
    passed = counts[Outcome.PASSED]
    low, high = wilson_interval(passed, len(tasks))
    return Results(
        model=source.identity,
        adapter=str(adapter) if adapter else None,
        benchmark=benchmark,
        total=len(tasks),
        passed=passed,
        pass_at_1=passed / len(tasks),
        low=low,
        high=high,
        outcomes={str(kind): counts[kind] for kind in Outcome if counts[kind]},
        tasks=outcomes,
        out=str(out),
    )
