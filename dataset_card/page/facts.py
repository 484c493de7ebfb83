"""What stands on the page above the battles: ratings, who beat whom, judges, funnel, cost, for its template."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from warriorcoder.arena_folder import REPORTS, ArenaFolder, Row
from warriorcoder.summary import Cost, Expense, concerns, expenses, funnel, headline, judges
from warriorcoder.tables import STAGES

SHADES = 10
"""Steps of the colour that a win rate has."""

AUDIT = next(name for name in REPORTS["rate"] if name.endswith(".json"))


def facts(folder: ArenaFolder, manifest: Mapping[str, Any], done: Sequence[str]) -> dict[str, Any]:
    """Everything that the template says. `done` are the stages that have run."""
    stages = list(done)
    ratings = folder.read_table("ratings") if "rate" in stages else []
    ratings.sort(key=lambda row: (-row["elo"], row["model"]))
    paid = expenses(manifest)
    return {
        "name": manifest.get("name", folder.name),
        "version": manifest.get("version"),
        "waiting": [stage for stage in STAGES if stage not in stages],
        "headline": headline(manifest["counts"], stages) if stages else [],
        "funnel": funnel(manifest["counts"], stages) if stages else [],
        "ratings": ratings,
        "controlled": any(row["controlled"] is not None for row in ratings),
        "duels": duels(folder, [row["model"] for row in ratings]) if "rate" in stages else [],
        "judges": judges(manifest, stages),
        "weights": {name: record.get("weight", 1.0) for name, record in manifest.get("judges", {}).items()},
        "audit": audit_rows(folder),
        "concerns": concerns(manifest, stages),
        "expenses": paid,
        "stages": list(dict.fromkeys(each.stage for each in paid)),
        "cost": Cost.of(paid),
        "cost_of": lambda stage: Cost.of(each for each in paid if each.stage == stage),
        "priced": any(each.dollars is not None for each in paid),
        "priced_in": lambda stage: any(each.dollars is not None for each in paid if each.stage == stage),
    }


def duels(folder: ArenaFolder, models: Sequence[str]) -> list[tuple[str, list[dict[str, Any] | None]]]:
    """Each model's record against each other one, in the models' order; None against itself and where none fought.

    {"rate": wins and half the ties over decided battles, "wins", "ties", "losses", "shade": 0..SHADES}
    """
    rows = folder.read_columns("battles", ["attacker", "defender", "winner"])
    counted = rows.filter(pc.is_valid(rows["winner"])).group_by(rows.column_names).aggregate([([], "count_all")])
    records: dict[tuple[str, str], dict[str, int]] = {}
    for row in counted.to_pylist():
        for own, other in ((row["attacker"], row["defender"]), (row["defender"], row["attacker"])):
            kind = "wins" if row["winner"] == own else "losses" if row["winner"] == other else "ties"
            record = records.setdefault((own, other), {"wins": 0, "ties": 0, "losses": 0})
            record[kind] += row["count_all"]
    return [(own, [_duel(records.get((own, other))) for other in models]) for own in models]


def _duel(record: Mapping[str, int] | None) -> dict[str, Any] | None:
    if record is None:
        return None
    rate = (record["wins"] + record["ties"] / 2) / sum(record.values())
    return {**record, "rate": rate, "shade": round(rate * SHADES)}


def audit_rows(folder: ArenaFolder) -> list[Row]:
    """What `warrior audit` found of each judge, where it has been run: {"judge", "figures": [{"name", "value", …}]}."""
    path = folder.path / AUDIT
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        below = found["below"]
        return [
            {
                "judge": judge["judge"],
                "below": {breach["key"] for breach in below.get(judge["judge"], [])},
                "figures": [_figure(judge, keys) for keys, _ in AUDITED],
            }
            for judge in found["judges"]
        ]
    except (ValueError, KeyError, TypeError):
        # A page without the audit is better than none: the next `warrior audit` writes it anew.
        return []


AUDITED = (
    (("consistency",), "same verdict in both orders"),
    (("first",), "for the answer shown first"),
    (("majority", "share"), "with most other models"),
    (("execution", "share"), "with the execution judge"),
    (("self_preference",), "own family beyond the others' votes"),
    (("length", "longer"), "for the longer answer"),
)
"""The figures of the audit that the page shows, by their place in audit.json, and their headings."""


def _figure(judge: Mapping[str, Any], keys: Iterable[str]) -> Mapping[str, Any]:
    """{"value", "low", "high", "of", "why"}; value is None where it cannot be told, and `why` says so."""
    at: Any = judge
    for key in keys:
        at = at[key]
    return {key: at[key] for key in ("value", "low", "high", "of", "why")}


def tokens(of: Expense | Cost, count: int) -> str:
    """Tokens of one kind, or a dash where nobody counted."""
    return f"{count:,}" if of.known else "–"
