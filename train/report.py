"""What a training did, in a few lines and as report.json."""

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Report:
    """A finished training. Times in seconds, lengths in tokens, metrics as TRL logs them; None: not logged."""

    adapter: str
    base: str
    arena: str
    recipe: str
    table_digest: str
    recipe_digest: str
    rows: int
    desirable: int
    undesirable: int
    truncated: int
    dropped: int
    desirable_weight: float
    undesirable_weight: float
    steps: int
    resumed_from: int | None
    first_loss: float | None
    last_loss: float | None
    test_rows: int
    last_test_loss: float | None
    last_kl: float | None
    first_margin: float | None
    last_margin: float | None
    tokens: int | None
    seconds: float
    peak_memory_gib: float
    packages: dict[str, str]

    def lines(self) -> list[str]:
        """The report for the screen."""
        resumed = f", the first {self.resumed_from} in an earlier run" if self.resumed_from else ""
        return [
            f"rows      {self.rows}: {self.desirable} desirable (weight {self.desirable_weight:g}), "
            f"{self.undesirable} undesirable (weight {self.undesirable_weight:g}); "
            f"{self.truncated} cut to length, {self.dropped} dropped as too long",
            f"steps     {self.steps}{resumed}, {_number(self.tokens, '{:,}')} tokens, {self.seconds:.0f} s, "
            f"{self.peak_memory_gib:.1f} GiB of memory at its peak",
            f"loss      {_number(self.first_loss)} -> {_number(self.last_loss)}    KL {_number(self.last_kl)}    "
            f"reward margin {_number(self.first_margin)} -> {_number(self.last_margin)}",
            *([f"test      loss {_number(self.last_test_loss)} on {self.test_rows:,} rows"] if self.test_rows else []),
            f"adapter   {self.adapter} (base {self.base})",
        ]


def first_and_last(log: list[dict[str, Any]], key: str) -> tuple[float | None, float | None]:
    """The first and the last finite value that the steps logged under a key; None where there is none."""
    values = [entry[key] for entry in log if isinstance(entry.get(key), int | float) and math.isfinite(entry[key])]
    return (values[0], values[-1]) if values else (None, None)


def step_line(logs: dict[str, Any], step: int, steps: int, seconds: float) -> str:
    """One line on one logged step."""
    return (
        f"step {step:>{len(str(steps))}}/{steps}  loss {_number(logs.get('loss'))}  KL {_number(logs.get('kl'))}  "
        f"margin {_number(logs.get('rewards/margins'))}  {seconds:.0f} s"
    )


def _number(value: float | None, form: str = "{:.4f}") -> str:
    return "-" if value is None else form.format(value)
