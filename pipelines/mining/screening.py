"""What instructions must pass before anybody is paid for a grade: no benchmark's task, and nothing that is known."""

from collections.abc import Sequence
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.mining.candidates import Candidate
from warriorcoder.pipelines.mining.decontamination import Decontaminator
from warriorcoder.pipelines.mining.novelty import nearest
from warriorcoder.pipelines.mining.references import References, read_references
from warriorcoder.pipelines.mining.sources import opened, tasks_of
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import Reason


@dataclass(frozen=True)
class Near:
    """The highest ROUGE-L F1 of an instruction against the reference sets, and the name of the reference."""

    rouge_l: float
    reference: str | None


@dataclass(frozen=True)
class Screened:
    """The candidates that go on, the nearest reference by instruction id, and rows of `rejected`; they add up."""

    candidates: list[Candidate]
    near: dict[str, Near]
    rejected: list[Row]


class Screening:
    """The sets that a recipe's curation names, read once. Raises RecipeError where one cannot be read."""

    def __init__(self, curation: Curation) -> None:
        self._threshold = curation.novelty.threshold
        self._references: References | None = None
        if curation.novelty.references:
            self._references = read_references([opened(source) for source in curation.novelty.references])
        self._decontaminator = decontaminator_of(curation)

    @property
    def revisions(self) -> dict[str, str]:
        """The reference sets, and which revision of each was read."""
        return self._references.revisions if self._references else {}

    def screen(self, candidates: Sequence[Candidate]) -> Screened:
        """Drop exact duplicates, tasks of benchmarks, and what a reference says already."""
        rejected: list[Row] = []
        first: dict[str, Candidate] = {}
        for candidate in candidates:
            if candidate.instruction_id in first:
                detail = f"{first[candidate.instruction_id].origin} has it too"
                rejected.append(_dropped(candidate, Reason.EXACT_DUPLICATE, detail))
            elif self._decontaminator and (hits := self._decontaminator.hits(candidate.instruction)):
                rejected.append(_dropped(candidate, Reason.CONTAMINATED, str(hits[0])))
            else:
                first[candidate.instruction_id] = candidate
        near = self._near(list(first.values()))
        passed = []
        for identity, candidate in first.items():
            found = near.get(identity)
            if found and self._threshold is not None and found.rouge_l > self._threshold:
                detail = f"ROUGE-L {found.rouge_l:.2f} with {found.reference}"
                rejected.append(_dropped(candidate, Reason.NOT_NOVEL, detail))
            else:
                passed.append(candidate)
        return Screened(passed, near, rejected)

    def _near(self, candidates: list[Candidate]) -> dict[str, Near]:
        if self._references is None or not candidates:
            return {}
        values, places = nearest([candidate.instruction for candidate in candidates], self._references.texts)
        return {
            candidate.instruction_id: Near(float(value), self._references.names[place] if value > 0 else None)
            for candidate, value, place in zip(candidates, values, places, strict=True)
        }


def decontaminator_of(curation: Curation) -> Decontaminator | None:
    """What looks for the benchmarks' tasks in instructions and answers; None where the recipe names no benchmark."""
    tasks = tasks_of(curation.decontaminate)
    return Decontaminator(tasks, curation.ngram) if tasks else None


def _dropped(candidate: Candidate, reason: Reason, detail: str) -> Row:
    return rejected_row("curate", reason, detail, candidate.instruction, candidate.origin, candidate.draw)
