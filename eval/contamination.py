"""What the arena that a model was trained on had to do with the tasks that measure it."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.eval.report import percent, report_rows
from warriorcoder.eval.results import Results
from warriorcoder.eval.tasks import Benchmark
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import Reason

SHOWN = 8

# As decontamination writes its hits: benchmark, task, check, what matched.
_HIT = re.compile(r"^(?P<benchmark>.*?) (?P<task>\S+), (?:words|code|entry point): ", re.S)
_NUMBER = re.compile(r"(\d+)$")


@dataclass(frozen=True)
class Contamination:
    """Rows that an arena dropped because they gave away a task: by task of the benchmark, how many.

    `searched`: whether its curation has run, and looked for tasks of this benchmark.
    """

    arena: str
    benchmark: str
    searched: bool
    hits: dict[str, int]

    def lines(self, results: Results) -> list[str]:
        """What a user should know."""
        if not self.searched:
            return [
                f"WARNING: {self.arena} was not searched for tasks of {self.benchmark}: its rows may give some away. "
                "Name the benchmark in curation.decontaminate and make the arena anew."
            ]
        if not self.hits:
            return [f"{self.arena} was searched for tasks of {self.benchmark}: none was found in it."]
        names = ", ".join(list(self.hits)[:SHOWN])
        more = f" and {len(self.hits) - SHOWN} more" if len(self.hits) > SHOWN else ""
        left = results.without(set(self.hits))
        without = "no task is left without them"
        if left:
            score = report_rows([left])[0]
            without = (
                f"without them pass@1 is {percent(score['value'])} (95 % interval {percent(score['low'])} to "
                f"{percent(score['high'])}), with them {percent(results.scores[0]['value'])}"
            )
        return [
            f"WARNING: {sum(self.hits.values())} rows made for {self.arena} gave away {len(self.hits)} of the tasks "
            f"({names}{more}). They were dropped, but the experts know these tasks: {without}."
        ]

    def to_json(self, results: Results) -> dict[str, Any]:
        """For results.json."""
        left = results.without(set(self.hits))
        return {
            "arena": self.arena,
            "searched": self.searched,
            "hits": self.hits,
            "scores_without": report_rows([left]) if left and self.hits else [],
        }


def contamination_of(arena: Path, benchmark: Benchmark) -> Contamination:
    """The hits of an arena with a benchmark's tasks, from its rejected rows. Raises ArenaError, RecipeError.

    The tasks of HumanEval and HumanEval+ are the same, and so are MBPP's and MBPP+'s of one number.
    """
    folder = ArenaFolder.open(arena)
    family = family_of(benchmark.name)
    places = {_number(task.task_id): task.task_id for task in benchmark.tasks}
    hits: Counter[str] = Counter()
    dropped = folder.has_table("rejected")
    for row in folder.read_columns("rejected", ["reason", "detail"]).to_pylist() if dropped else ():
        found = _HIT.match(row["detail"] or "") if row["reason"] == Reason.CONTAMINATED else None
        if found is None or family not in (family_of(found["task"]), family_of(found["benchmark"])):
            continue
        if task := places.get(_number(found["task"])):
            hits[task] += 1
    sources = [str(source) for source in load_recipe(folder.recipe_path).curation.decontaminate]
    curated = "curate" in folder.manifest().get("counts", {})
    # A copy under another name is known by what was found with it.
    searched = curated and (bool(hits) or any(family_of(source) == family for source in sources))
    ordered = {task: hits[task] for task in places.values() if task in hits}
    return Contamination(str(arena), benchmark.name, searched, ordered)


def family_of(name: str) -> str:
    """humaneval or mbpp, as a benchmark, a file or a task is named; else the name."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((family for family in ("humaneval", "mbpp") if family in plain), name)


def _number(task_id: str) -> str:
    found = _NUMBER.search(task_id)
    return found[1] if found else task_id
