"""`warrior eval report`: several runs in one table, for a model card or a README."""

from collections.abc import Sequence
from typing import Any

from warriorcoder.eval.runs import EvaluatedRun
from warriorcoder.eval.statistics import DRAWS, mean_over_tasks, pass_at_k
from warriorcoder.ids import seed_from
from warriorcoder.intervals import wilson_interval
from warriorcoder.markdown import inline

KS = (1, 10, 100)
"""The k of pass@k that are told, where every task has that many samples."""


def percent(share: float) -> str:
    """A share in percent, with one digit."""
    return f"{100 * share:.1f} %"


def points(share: float) -> str:
    """A difference of shares in percentage points, signed, with one digit."""
    rounded = round(100 * share, 1)
    return f"{rounded:+.1f} points" if rounded else "0.0 points"


def report_rows(runs: Sequence[EvaluatedRun], seed: int = 0, draws: int = DRAWS) -> list[dict[str, Any]]:
    """One row of plain JSON values a run, and one more for each k of pass@k that its samples allow.

    Intervals at 95 %: Wilson's where every task has one sample, else the bootstrap over tasks.
    """
    rows = []
    for run in runs:
        n = [len(samples) for samples in run.tasks.values()]
        c = [list(samples).count("passed") for samples in run.tasks.values()]
        for k in (k for k in KS if k <= min(n)):
            values = pass_at_k(n, c, k)
            if max(n) == 1:
                value, (low, high) = sum(c) / len(c), wilson_interval(sum(c), len(c))
            else:
                estimate = mean_over_tasks(values, seed_from(seed, "eval report", run.name, run.benchmark, k), draws)
                value, low, high = estimate.value, estimate.low, estimate.high
            rows.append(
                {
                    "model": run.name,
                    "benchmark": run.benchmark,
                    "benchmark_digest": run.digest,
                    "tasks": len(n),
                    "samples": sum(n),
                    "k": k,
                    "value": value,
                    "low": low,
                    "high": high,
                    "failures": dict(sorted(run.failures.items())),
                }
            )
    return rows


def report_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of `report_rows` as a Markdown table with a line on how to read it."""
    lines = [
        "| model | benchmark | tasks | | score | 95 % interval | not passed |",
        "|---|---|---:|---|---:|---|---|",
    ]
    for row in rows:
        failures = ", ".join(f"{count:,} {inline(kind)}" for kind, count in row["failures"].items()) or "none"
        interval = f"{percent(row['low'])} to {percent(row['high'])}"
        lines.append(
            f"| {inline(row['model'])} | {inline(row['benchmark'])} | {row['tasks']:,} | pass@{row['k']} "
            f"| {percent(row['value'])} | {interval} | {failures} |"
        )
    several = any(row["samples"] != row["tasks"] for row in rows)
    how = "Wilson's interval" + ("; with several samples a task the bootstrap over tasks." if several else ".")
    return "\n".join([*lines, "", how, ""])
