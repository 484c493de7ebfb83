"""The stages `mine` and `curate`: from the experts to the instructions of the arena."""

from dataclasses import dataclass, field

from warriorcoder.arena_folder import Row
from warriorcoder.errors import RunFailed
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.pipelines.mining.curation import Candidate, curate
from warriorcoder.pipelines.mining.draws import cell_of, mining_call, next_round
from warriorcoder.pipelines.mining.grading import graders_of, grading_call, middle_grade, parse_judgement
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.pipelines.stage import AskingStage
from warriorcoder.recipe import Expert
from warriorcoder.tables import Reason


@dataclass
class _Mine:
    """One expert's mine so far."""

    expert: Expert
    drawn: int = 0
    kept: dict[str, Candidate] = field(default_factory=dict)
    rejected: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        """Whether the expert has been asked and has never answered."""
        return 0 < self.drawn == len(self.errors)


class Mine(AskingStage):
    """Draw instructions out of every expert until enough are kept or the cap on draws is reached."""

    @property
    def inputs(self) -> list[str]:
        return ["expert"]

    @property
    def outputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner", "draw", "temperature", "top_p"]

    def work(self, rows: list[Row]) -> list[Row]:
        mines = [_Mine(self._recipe.expert(row["expert"])) for row in rows]
        while not any(mine.dead for mine in mines):
            round_ = [(mine, draw) for mine in mines for draw in self._next_draws(mine)]
            if not round_:
                break
            replies = self.panel.ask([self._call(mine, draw) for mine, draw in round_])
            for (mine, draw), reply in zip(round_, replies, strict=True):
                self._take(mine, draw, reply)
        kept = [candidate.to_row() for mine in mines for candidate in mine.kept.values()]
        rejected = [row for mine in mines for row in mine.rejected]
        draws = sum(mine.drawn for mine in mines)
        self._folder.write_stage("mine", {"rejected": rejected})
        self.record_counts(_counts(draws, kept, rejected, "draws"))
        self.record_cost()
        for mine in mines:
            if mine.dead:
                raise RunFailed(f"{mine.expert.name}: every draw failed; the first error: {mine.errors[0]}")
        if not kept:
            raise RunFailed(
                f"no instruction was kept of {draws} draws; the reasons are in {self._folder.path / 'rejected'}. "
                "Is each expert's template right?"
            )
        return kept

    def _next_draws(self, mine: _Mine) -> range:
        return next_round(len(mine.kept), mine.drawn, self._recipe.mining.per_expert, self._recipe.mining.draws)

    def _call(self, mine: _Mine, draw: int) -> Call:
        grid = self._recipe.grid_of(mine.expert)
        return mining_call(mine.expert.name, template_of(mine.expert), grid, draw, self._recipe.seed)

    def _take(self, mine: _Mine, draw: int, reply: Reply) -> None:
        mine.drawn += 1
        name = mine.expert.name
        reading = read_draw(reply.text, reply.finish_reason, template_of(mine.expert))
        identity = instruction_id(reading.text)
        reason, detail = reading.reason, reading.detail
        if reply.error is not None:
            mine.errors.append(reply.error)
            reason, detail = Reason.ENDPOINT_ERROR, reply.error
        elif reason is None and identity in mine.kept:
            reason, detail = Reason.EXACT_DUPLICATE, f"of draw {mine.kept[identity].draw}"
        elif reason is None and len(mine.kept) >= self._recipe.mining.per_expert:
            reason, detail = Reason.SURPLUS, "the expert had brought enough already"
        if reason is not None:
            mine.rejected.append(rejected_row("mine", reason, detail, reading.text, name, draw))
            return
        cell = cell_of(self._recipe.grid_of(mine.expert), draw)
        mine.kept[identity] = Candidate(identity, reading.text, name, draw, cell.temperature, cell.top_p)


class Curate(AskingStage):
    """Drop duplicates, have every instruction graded, keep the bands and the number that the recipe wants."""

    @property
    def inputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner", "draw", "temperature", "top_p"]

    @property
    def outputs(self) -> list[str]:
        return ["instruction_id", "instruction", "miner"]

    def work(self, rows: list[Row]) -> list[Row]:
        candidates = [Candidate(**row) for row in rows]
        grades = self._grade(candidates)
        kept, rejected = curate(candidates, grades, self._recipe.curation, self._recipe.seed)
        self._folder.write_stage("curate", {"instructions": kept, "rejected": rejected})
        self.record_counts(_counts(len(rows), kept, rejected, "entered"))
        self.record_cost()
        if not kept:
            raise RunFailed(
                f"curation kept none of {len(rows)} instructions; the reasons are in "
                f"{self._folder.path / 'rejected'}. Widen curation.keep_bands, or see whether the graders grade at all."
            )
        return kept

    def _grade(self, candidates: list[Candidate]) -> dict[str, int]:
        """The median grade by instruction id; graders that gave none are asked again up to the recipe's limit."""
        weights = {name: address.weights for name, address in read_addresses(self._folder).items()}
        texts = {candidate.instruction_id: candidate for candidate in candidates}
        open_ = [
            (identity, grader)
            for identity, candidate in texts.items()
            for grader in graders_of(self._recipe, candidate.miner, weights)
        ]
        found: dict[str, list[int]] = {}
        for attempt in range(self._recipe.curation.attempts):
            calls = (
                grading_call(self._recipe, grader, texts[identity].instruction, attempt) for identity, grader in open_
            )
            again = []
            for (identity, grader), reply in zip(open_, self.panel.ask(calls, len(open_)), strict=True):
                grade = parse_judgement(reply.text).grade
                if grade is not None:
                    found.setdefault(identity, []).append(grade)
                elif reply.error is None:
                    again.append((identity, grader))
            open_ = again
        middles = {identity: middle_grade(grades) for identity, grades in found.items()}
        return {identity: grade for identity, grade in middles.items() if grade is not None}


def _counts(entered: int, kept: list[Row], rejected: list[Row], name: str) -> dict[str, int]:
    return {name: entered, "kept": len(kept), "rejected": len(rejected)}
