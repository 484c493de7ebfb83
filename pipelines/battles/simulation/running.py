"""The whole simulation: what `warrior simulate` runs, and its figures summed up."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import numpy as np

from warriorcoder.errors import WarriorError
from warriorcoder.pipelines.battles.simulation.budgets import Measured, at_budgets
from warriorcoder.pipelines.battles.simulation.faults import Effect, Orders, cases, effects_of, orders_of
from warriorcoder.pipelines.battles.simulation.world import Setting

Row = TypeVar("Row")

KEYS = ("pairing", "share", "method", "case", "k")
"""The columns that say what a row is about; the others, but for the seed, are figures."""


@dataclass(frozen=True)
class Simulation:
    """Rows of one seed each, of all three experiments."""

    setting: Setting
    seeds: int
    seed: int
    budgets: Sequence[Measured]
    faults: Sequence[Effect]
    orders: Sequence[Orders]


def simulate(setting: Setting, seeds: int, seed: int, tell: Callable[[str], None]) -> Simulation:
    """Run all three experiments on `seeds` arenas drawn from `seed`; `tell` hears what is being done.

    Raises WarriorError for a panel in which nobody can judge, or that has fewer judges than lazy ones.
    """
    if setting.panel == "uninvolved" and setting.experts < 3:
        raise WarriorError("of two experts none is uninvolved; give --experts 3 or more, or --panel outside.")
    if setting.lazy > setting.seats:
        raise WarriorError(
            f"{setting.lazy} of {setting.seats} judges cannot be lazy; give --lazy {setting.seats} or less."
        )
    tell(f"{seeds} arenas: every method at every budget")
    budgets = at_budgets(setting, seeds, seed)
    tell(f"{seeds} arenas: one fault of the judges at a time")
    faults = effects_of(cases(setting), seeds, seed)
    tell(f"{seeds} arenas: the same battles in many orders")
    return Simulation(setting, seeds, seed, budgets, faults, orders_of(setting, seeds, seed))


def means(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows that are about the same as one: every figure's mean over the seeds, None where there is none, and its
    standard error as `<figure>_error`, None for a single seed."""
    found = []
    for key, same in grouped(rows, lambda row: tuple(getattr(row, name, None) for name in KEYS)).items():
        records = [asdict(row) for row in same]
        one: dict[str, Any] = {name: value for name, value in zip(KEYS, key, strict=True) if name in records[0]}
        for name in records[0].keys() - {"seed", *KEYS}:
            values = [record[name] for record in records if record[name] is not None]
            one[name] = float(np.mean(values)) if values else None
            one[f"{name}_error"] = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
        found.append(dict(sorted(one.items())))
    return found


def grouped(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
