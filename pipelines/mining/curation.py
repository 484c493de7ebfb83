"""Which graded candidates enter the arena: grades, duplicates by words and by meaning, bands, the most diverse."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.mining.candidates import Candidate
from warriorcoder.pipelines.mining.classes import task_class
from warriorcoder.pipelines.mining.diversity import k_center_by_grade
from warriorcoder.pipelines.mining.diversity_measures import Diversity, diversity_of
from warriorcoder.pipelines.mining.duplicates import Repeats, near_duplicates, semantic_duplicates
from warriorcoder.pipelines.mining.embeddings import Embeddings, embed
from warriorcoder.pipelines.mining.grading import Grade, agreed_task, band_of
from warriorcoder.pipelines.mining.languages import language_named
from warriorcoder.pipelines.mining.novelty import self_nearest
from warriorcoder.pipelines.mining.screening import Screened
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import Reason


@dataclass(frozen=True)
class Curated:
    """The rows of `instructions` and of `rejected`, how diverse the former are, and what made their embeddings."""

    rows: list[Row]
    rejected: list[Row]
    diversity: Diversity
    embedding: str


def curate(screened: Screened, grades: Mapping[str, Grade], curation: Curation, seed: int) -> Curated:
    """The instructions of the arena, and why the others are none; together as many as were screened.

    `grades` is by instruction id, and lacks those that no grader graded. Of a cluster of duplicates the
    best graded stays. Rows come out best grade first, equal grades in an order drawn from the seed.
    """
    return _Curation(screened, grades, curation, seed).run()


class _Curation:
    def __init__(self, screened: Screened, grades: Mapping[str, Grade], curation: Curation, seed: int) -> None:
        self._screened = screened
        self._grades = grades
        self._curation = curation
        self._seed = seed
        self._rejected = list(screened.rejected)
        self._repeated: Counter[str] = Counter()

    def run(self) -> Curated:
        graded = sorted(self._graded(), key=self._preference)
        graded = self._without(graded, self._near(graded), Reason.NEAR_DUPLICATE, "Jaccard")
        if self._curation.semantic_duplicate is not None:
            repeats = semantic_duplicates(self._embed(graded).vectors, self._curation.semantic_duplicate)
            graded = self._without(graded, repeats, Reason.SEMANTIC_DUPLICATE, "cosine")
        kept = self._chosen([candidate for candidate in graded if self._is_in_a_kept_band(candidate)])
        texts, embeddings = [candidate.instruction for candidate in kept], self._embed(kept)
        among = self_nearest(texts)[0]
        diversity = diversity_of(texts, among, embeddings.vectors)
        return Curated(self._rows(kept, among.tolist()), self._rejected, diversity, embeddings.made_by)

    def _graded(self) -> list[Candidate]:
        graded = []
        for candidate in self._screened.candidates:
            if candidate.instruction_id in self._grades:
                graded.append(candidate)
            else:
                self._reject(candidate, Reason.UNGRADED, "no grader gave a readable grade")
        return graded

    def _preference(self, candidate: Candidate) -> tuple[int, int]:
        return -self._grade(candidate), seed_from(self._seed, "curate", candidate.instruction_id)

    def _near(self, graded: list[Candidate]) -> Repeats:
        texts = [candidate.instruction for candidate in graded]
        return near_duplicates(texts, self._curation.near_duplicate, self._seed)

    def _without(self, graded: list[Candidate], repeats: Repeats, reason: Reason, measure: str) -> list[Candidate]:
        """Those that repeat no other; the others are rejected, each with the one that stays in its cluster."""
        for place, (original, similarity) in sorted(repeats.items()):
            stays = graded[original].instruction_id
            self._repeated[stays] += 1
            self._reject(graded[place], reason, f"of {stays}, {measure} {similarity:.2f}")
        return [candidate for place, candidate in enumerate(graded) if place not in repeats]

    def _is_in_a_kept_band(self, candidate: Candidate) -> bool:
        grade = self._grade(candidate)
        if band_of(grade) in self._curation.keep_bands:
            return True
        self._reject(candidate, Reason.BAND, f"{band_of(grade)}, grade {grade}")
        return False

    def _chosen(self, kept: list[Candidate]) -> list[Candidate]:
        """The most diverse of them, where they are more than are wanted."""
        size = self._curation.size
        if size is None or len(kept) <= size:
            return kept
        strata = [self._stratum(candidate) for candidate in kept] if self._curation.strata else None
        grades = [self._grade(candidate) for candidate in kept]
        choice = k_center_by_grade(self._embed(kept).vectors, grades, size, self._seed, strata)
        chosen = set(choice.places.tolist())
        for place, candidate in enumerate(kept):
            if place not in chosen:
                self._reject(candidate, Reason.SURPLUS, f"beyond the wanted size of {size}; others are more diverse")
        return [candidate for place, candidate in enumerate(kept) if place in chosen]

    def _stratum(self, candidate: Candidate) -> tuple[str, ...]:
        of = {"band": band_of(self._grade(candidate)), "task": self._task(candidate)}
        return tuple(of[name] for name in self._curation.strata)

    def _embed(self, candidates: list[Candidate]) -> Embeddings:
        return embed([candidate.instruction for candidate in candidates], self._curation.embedding, self._seed)

    def _grade(self, candidate: Candidate) -> int:
        return self._grades[candidate.instruction_id].grade

    def _task(self, candidate: Candidate) -> str:
        by_rule = task_class(candidate.instruction)
        if self._curation.tasks == "rules":
            return by_rule
        return agreed_task(by_rule, self._grades[candidate.instruction_id].tasks)

    def _reject(self, candidate: Candidate, reason: Reason, detail: str) -> None:
        text, origin = candidate.instruction, candidate.origin
        self._rejected.append(rejected_row("curate", reason, detail, text, origin, candidate.draw))

    def _rows(self, kept: list[Candidate], among: list[float]) -> list[Row]:
        rows = []
        for candidate, rouge_l_self in zip(kept, among, strict=True):
            near = self._screened.near.get(candidate.instruction_id)
            grade = self._grade(candidate)
            rows.append(
                {
                    **candidate.to_row(),
                    "language": language_named(candidate.instruction),
                    "task": self._task(candidate),
                    "grade": grade,
                    "band": band_of(grade),
                    "repeats": self._repeated[candidate.instruction_id],
                    "rouge_l_max": near.rouge_l if near else None,
                    "nearest_reference": near.reference if near else None,
                    "rouge_l_self": rouge_l_self if len(kept) > 1 else None,
                }
            )
        return rows
