"""Which candidates enter the arena: exact duplicates, grades, near-duplicates, bands, size."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.duplicates import near_duplicates
from warriorcoder.pipelines.mining.grading import band_of
from warriorcoder.pipelines.mining.languages import language_named
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import Reason


@dataclass(frozen=True)
class Candidate:
    """A mined instruction and the draw that gave it."""

    instruction_id: str
    instruction: str
    miner: str
    draw: int
    temperature: float
    top_p: float

    def to_row(self) -> Row:
        return asdict(self)


def curate(
    candidates: list[Candidate], grades: Mapping[str, int], curation: Curation, seed: int
) -> tuple[list[Row], list[Row]]:
    """The rows of `instructions` and of `rejected`; together as many as the candidates.

    `grades` holds the grade (1-10) by instruction id, and lacks those that no grader graded. Of a
    cluster of near-duplicates the best graded stays. Rows come out best grade first, equal grades
    in an order drawn from the seed.
    """
    rejected: list[Row] = []

    def reject(candidate: Candidate, reason: Reason, detail: str) -> None:
        rejected.append(rejected_row("curate", reason, detail, candidate.instruction, candidate.miner, candidate.draw))

    first: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.instruction_id in first:
            reject(candidate, Reason.EXACT_DUPLICATE, f"mined by {first[candidate.instruction_id].miner} too")
        else:
            first[candidate.instruction_id] = candidate
    graded = []
    for candidate in first.values():
        if candidate.instruction_id in grades:
            graded.append(candidate)
        else:
            reject(candidate, Reason.UNGRADED, "no grader gave a readable grade")

    def preference(candidate: Candidate) -> tuple[int, int]:
        return -grades[candidate.instruction_id], seed_from(seed, "curate", candidate.instruction_id)

    graded.sort(key=preference)
    repeats = near_duplicates([candidate.instruction for candidate in graded], curation.near_duplicate, seed)
    kept: list[Candidate] = []
    for place, candidate in enumerate(graded):
        band = band_of(grades[candidate.instruction_id])
        if place in repeats:
            original, similarity = repeats[place]
            reject(
                candidate,
                Reason.NEAR_DUPLICATE,
                f"of {graded[original].instruction_id}, Jaccard {similarity:.2f}",
            )
        elif band not in curation.keep_bands:
            reject(candidate, Reason.BAND, f"{band}, grade {grades[candidate.instruction_id]}")
        elif curation.size is not None and len(kept) >= curation.size:
            reject(candidate, Reason.SURPLUS, f"beyond the wanted size of {curation.size}")
        else:
            kept.append(candidate)
    return list(_rows(kept, grades)), rejected


def _rows(kept: Iterable[Candidate], grades: Mapping[str, int]) -> Iterable[Row]:
    for candidate in kept:
        grade = grades[candidate.instruction_id]
        yield {
            **candidate.to_row(),
            "language": language_named(candidate.instruction),
            "task": task_class(candidate.instruction),
            "grade": grade,
            "band": band_of(grade),
            "rouge_l_max": None,
            "nearest_reference": None,
        }
