"""Curation, whatever was mined: nothing is lost, and of alike instructions the best graded stays."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.candidates import Candidate
from warriorcoder.pipelines.mining.curation import Curated, curate
from warriorcoder.pipelines.mining.duplicates import jaccard, words
from warriorcoder.pipelines.mining.grading import Grade, band_of
from warriorcoder.pipelines.mining.screening import Screening
from warriorcoder.recipe_mining import Curation
from warriorcoder.tables import MINED

TEXTS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6).map(" ".join)


@st.composite
def mined(draw: st.DrawFn) -> tuple[list[Candidate], dict[str, int]]:
    texts = draw(st.lists(TEXTS, max_size=12))
    candidates = [
        Candidate(instruction_id(text), text, draw(st.sampled_from(("one", "two"))), MINED, number, 1.0, 1.0)
        for number, text in enumerate(texts)
    ]
    grades = {
        candidate.instruction_id: grade
        for candidate in candidates
        if (grade := draw(st.none() | st.integers(1, 10))) is not None
    }
    return candidates, grades


def curated(candidates: list[Candidate], grades: dict[str, int], curation: Curation, seed: int) -> Curated:
    screened = Screening(curation).screen(candidates)
    return curate(screened, {identity: Grade(grade) for identity, grade in grades.items()}, curation, seed)


BANDS = st.lists(st.sampled_from(("poor", "average", "good", "excellent")), min_size=1, unique=True)


@given(mined(), BANDS, st.sampled_from((0.0, 0.4, 0.7, 1.0)), st.none() | st.integers(1, 5), st.integers(0, 2**40))
def test_kept_and_rejected_are_the_candidates(
    arena: tuple[list[Candidate], dict[str, int]], bands: list[str], threshold: float, size: int | None, seed: int
) -> None:
    candidates, grades = arena
    given = {"keep_bands": bands, "near_duplicate": threshold, "size": size, "decontaminate": []}
    found = curated(candidates, grades, Curation.model_validate(given), seed)
    kept, rejected = found.rows, found.rejected
    drawn = sorted([row["draw"] for row in kept] + [row["draw"] for row in rejected])
    assert drawn == [candidate.draw for candidate in candidates]
    assert len({row["instruction_id"] for row in kept}) == len(kept)
    assert all(row["band"] in bands for row in kept)
    assert size is None or len(kept) <= size
    assert [row["grade"] for row in kept] == sorted((row["grade"] for row in kept), reverse=True)


@given(mined(), st.integers(0, 1000))
def test_of_a_cluster_the_best_graded_stays(arena: tuple[list[Candidate], dict[str, int]], seed: int) -> None:
    candidates, grades = arena
    curation = Curation(near_duplicate=0.7, keep_bands=["poor", "average", "good", "excellent"], decontaminate=[])
    found = curated(candidates, grades, curation, seed)
    kept, rejected = found.rows, found.rejected
    by_id = {row["instruction_id"]: row for row in kept}
    for row in rejected:
        if row["reason"] == "near_duplicate":
            original = by_id[row["detail"].split()[1].rstrip(",")]
            assert original["grade"] >= grades[row["instruction_id"]]
            assert jaccard(words(original["instruction"]), words(row["text"])) >= 0.7
    best = max((grades[c.instruction_id] for c in candidates if c.instruction_id in grades), default=None)
    assert [row["grade"] for row in kept][:1] == ([] if best is None else [best])
    assert all(row["band"] == band_of(row["grade"]) for row in kept)
