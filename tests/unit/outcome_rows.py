"""Outcomes of small arenas that are given as rows, for the tests of what is built from them."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from warriorcoder.pipelines.battles.outcomes.building import READ, Outcomes, build_outcomes
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES

Row = dict[str, Any]


def recipe(names: Iterable[str], *, alpha: float = 0.7, seed: int = 0, **outcomes: Any) -> Recipe:
    """A recipe of these experts; what is given beside is its section `outcomes`."""
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m"}
    experts = [{"name": name, "template": "chatml", "endpoint": endpoint} for name in names]
    settings = {"rating": {"alpha": alpha}, "outcomes": outcomes, "seed": seed}
    return Recipe.model_validate({"name": "demo", "experts": experts, **settings})


def battle(identity: str, a: str, b: str, local_a: float | None) -> Row:
    local_b = None if local_a is None else 1 - local_a
    return {"instruction_id": identity, "attacker": a, "defender": b, "local_a": local_a, "local_b": local_b}


def instruction(identity: str, text: str = "", band: str = "good", task: str = "generation") -> Row:
    described = {"grade": 7, "band": band, "task": task, "language": None}
    return {"instruction_id": identity, "instruction": text or f"Do {identity}.", **described}


def answer(identity: str, expert: str) -> Row:
    return {"instruction_id": identity, "expert": expert, "answer": f"{expert} on {identity}"}


def ratings(elo: dict[str, float]) -> list[Row]:
    return [{"model": name, "elo": value, "elo_low": value - 9, "elo_high": value + 9} for name, value in elo.items()]


def built(
    instructions: list[Row], answers: list[Row], battles: list[Row], elo: dict[str, float], made: Recipe
) -> Outcomes:
    rows = {"instructions": instructions, "answers": answers, "battles": battles}
    tables = {}
    for name, columns in READ.items():
        features = TABLES[name].features.arrow_schema
        schema = pa.schema([features.field(column) for column in columns])
        tables[name] = pa.Table.from_pylist(rows[name], schema=schema)
    return build_outcomes(tables, ratings(elo), made)


def rows(outcomes: Outcomes, name: str, split: str | None = None) -> list[Row]:
    """The rows of a training table in their order, of one split or of all."""
    chosen = [split] if split else list(outcomes.tables[name])
    return [row for each in chosen for batch in outcomes.tables[name][each] for row in batch.to_pylist()]
