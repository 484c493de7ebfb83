"""The stages `mine` and `curate`: from the experts, and sets that were brought, to the instructions of the arena."""

from dataclasses import asdict

from warriorcoder.arena_folder import Row
from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.endpoints.calls import Call
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.pipelines.mining.candidates import Candidate, Haul, Lode, read_sets
from warriorcoder.pipelines.mining.curation import curate
from warriorcoder.pipelines.mining.draws import mining_call, next_round
from warriorcoder.pipelines.mining.grading import Grade, Grading, graders_of, grading_call
from warriorcoder.pipelines.mining.mining_report import mining_findings
from warriorcoder.pipelines.mining.privacy import counts
from warriorcoder.pipelines.mining.screening import Screening
from warriorcoder.pipelines.rejections import reasons_told
from warriorcoder.pipelines.stage import AskingStage


class Mine(AskingStage):
    """Draw instructions out of every expert until enough are kept or the cap is reached, and add what is brought."""

    @property
    def inputs(self) -> list[str]:
        return ["expert"]

    @property
    def outputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner", "source", "draw", "temperature", "top_p"]

    def work(self, rows: list[Row]) -> list[Row]:
        brought = read_sets(self._recipe)
        lodes = [Lode(expert=self._recipe.expert(row["expert"])) for row in rows]
        while not any(lode.dead for lode in lodes):
            round_ = [(lode, draw) for lode in lodes for draw in self._next_draws(lode)]
            if not round_:
                break
            replies = self.panel.ask([self._call(lode, draw) for lode, draw in round_])
            for (lode, draw), reply in zip(round_, replies, strict=True):
                lode.take(self._recipe, draw, reply)
        hauls: list[Haul] = [*lodes, brought]
        kept = [candidate.to_row() for haul in hauls for candidate in haul.kept.values()]
        rejected = [row for haul in hauls for row in haul.rejected]
        draws = sum(lode.drawn for lode in lodes)
        self._folder.write_stage("mine", {"rejected": rejected})
        self.record_counts(
            {"draws": draws, "brought": brought.read, "kept": len(kept), "rejected": len(rejected)},
            private={"mine": counts(found for haul in hauls for found in haul.private)},
            sets={"mine": brought.revisions},
        )
        self.record_cost()
        for lode in lodes:
            if lode.dead:
                raise RunFailed(f"{lode.expert.name}: every draw failed; the first error: {lode.errors[0]}")
        if not kept:
            raise RunFailed(
                f"no instruction was kept of {draws + brought.read}: {reasons_told(rejected)}. `warrior report "
                f"{self._folder.path} --mining` shows the yields, and the table `rejected` the texts. Is each expert's "
                "template right?"
            )
        return kept

    def _next_draws(self, lode: Lode) -> range:
        return next_round(len(lode.kept), lode.drawn, self._recipe.mining.per_expert, self._recipe.mining.draws)

    def _call(self, lode: Lode, draw: int) -> Call:
        grid = self._recipe.grid_of(lode.expert)
        return mining_call(lode.expert.name, template_of(lode.expert), grid, draw, self._recipe.seed)


class Curate(AskingStage):
    """Drop what is contaminated or known, have the rest graded, and keep the best, the most diverse, as wanted."""

    @property
    def inputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner", "source", "draw", "temperature", "top_p"]

    @property
    def outputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner"]

    def work(self, rows: list[Row]) -> list[Row]:
        recipe = self._recipe
        screening = Screening(recipe.curation)
        screened = screening.screen([Candidate(**row) for row in rows])
        grades = self._grade(screened.candidates)
        curated = curate(screened, grades, recipe.curation, recipe.seed)
        self._folder.write_stage("curate", {"instructions": curated.rows, "rejected": curated.rejected})
        grids = {expert.name: recipe.grid_of(expert) for expert in recipe.experts} if recipe.mining.per_expert else {}
        dropped = self._folder.read_table("rejected")
        self.record_counts(
            {"entered": len(rows), "kept": len(curated.rows), "rejected": len(curated.rejected)},
            sets={"curate": screening.revisions},
            diversity=asdict(curated.diversity) | {"embedding": curated.embedding},
            findings={"curate": mining_findings(dropped, curated.rows, grids, curated.diversity)},
        )
        self.record_cost()
        if not curated.rows:
            raise RunFailed(
                f"curation kept none of {len(rows)} instructions: {reasons_told(curated.rejected)}. `warrior report "
                f"{self._folder.path} --mining` shows them, and the table `rejected` the texts. Widen "
                "curation.keep_bands, or see whether the graders grade at all."
            )
        return curated.rows

    def _grade(self, candidates: list[Candidate]) -> dict[str, Grade]:
        """The grades by instruction id; graders that gave none are asked again up to the recipe's limit."""
        weights = {name: address.weights for name, address in read_addresses(self._folder).items()}
        texts = {candidate.instruction_id: candidate.instruction for candidate in candidates}
        open_ = [
            (candidate.instruction_id, grader)
            for candidate in candidates
            for grader in graders_of(self._recipe, candidate.miner, weights)
        ]
        grading = Grading()
        for attempt in range(self._recipe.curation.attempts):
            calls = (grading_call(self._recipe, grader, texts[identity], attempt) for identity, grader in open_)
            replies = self.panel.ask(calls, len(open_))
            open_ = [
                (identity, grader)
                for (identity, grader), reply in zip(open_, replies, strict=True)
                if reply.error is None and not grading.take(identity, grader.name, reply.text)
            ]
        return grading.grades()
