"""Candidates for the arena: what one draw came to, and what a row of a set that was brought came to."""

from dataclasses import asdict, dataclass, field
from typing import Literal

from warriorcoder.arena_folder import Row
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.mining.brought import BroughtInstruction, read_brought
from warriorcoder.pipelines.mining.draws import cell_of
from warriorcoder.pipelines.mining.languages import Wish, wish_of
from warriorcoder.pipelines.mining.privacy import Finding, findings, mask
from warriorcoder.pipelines.mining.reading import read_draw
from warriorcoder.pipelines.mining.sources import opened
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_mining import Mining
from warriorcoder.tables import MINED, Reason

Privacy = Literal["mask", "drop", "keep"]


@dataclass(frozen=True)
class Candidate:
    """An instruction and where it is from.

    Mined: the `miner`, the number of the draw and its sampling. Brought: `source` names the set, `draw` is the row's
    number in it, and the other three are None.
    """

    instruction_id: str
    instruction: str
    miner: str | None
    source: str
    draw: int
    temperature: float | None
    top_p: float | None

    @property
    def origin(self) -> str:
        """The expert that it was mined from, or the set that it was brought from."""
        return self.miner or self.source

    def to_row(self) -> Row:
        return asdict(self)


@dataclass(frozen=True)
class Admitted:
    """A text after the look for private data: masked, kept or to be dropped for `reason`; and what was found."""

    text: str
    reason: Reason | None
    detail: str
    found: list[Finding]


def admit(text: str, privacy: Privacy) -> Admitted:
    """Look for private data in a text, and do with it what the recipe says."""
    if privacy == "keep":
        return Admitted(text, None, "", [])
    found = findings(text)
    if found and privacy == "drop":
        kinds = ", ".join(sorted({finding.kind.value for finding in found}))
        return Admitted(mask(text, found), Reason.PRIVATE, kinds, found)
    return Admitted(mask(text, found), None, "", found)


@dataclass
class Haul:
    """What a source of instructions gave: `kept` by instruction id, rows of `rejected`, what was private in each."""

    kept: dict[str, Candidate] = field(default_factory=dict)
    rejected: list[Row] = field(default_factory=list)
    private: list[list[Finding]] = field(default_factory=list)


@dataclass
class Lode(Haul):
    """What was mined out of one expert so far."""

    expert: Expert = field(kw_only=True)
    drawn: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def dead(self) -> bool:
        """Whether the expert has been asked and has never answered."""
        return 0 < self.drawn == len(self.errors)

    def take(self, recipe: Recipe, draw: int, reply: Reply) -> None:
        """Keep what a draw gave, or reject it."""
        self.drawn += 1
        cell = cell_of(recipe.grid_of(self.expert), draw)
        reading = read_draw(reply.text, reply.finish_reason, template_of(self.expert), wish(recipe.mining, cell.system))
        reason, detail, text = reading.reason, reading.detail, reading.text
        if reply.error is not None:
            self.errors.append(reply.error)
            reason, detail = Reason.ENDPOINT_ERROR, reply.error
        if reason is None:
            admitted = admit(text, recipe.curation.privacy)
            self.private.append(admitted.found)
            reason, detail, text = admitted.reason, admitted.detail, admitted.text
        identity = instruction_id(text)
        if reason is None and identity in self.kept:
            reason, detail = Reason.EXACT_DUPLICATE, f"of draw {self.kept[identity].draw}"
        elif reason is None and len(self.kept) >= recipe.mining.per_expert:
            reason, detail = Reason.SURPLUS, "the expert had brought enough already"
        name = self.expert.name
        if reason is None:
            self.kept[identity] = Candidate(identity, text, name, MINED, draw, cell.temperature, cell.top_p)
        else:
            self.rejected.append(rejected_row("mine", reason, detail, text, name, draw))


def wish(mining: Mining, system: str) -> Wish:
    """The languages that an instruction may be in: those that the system prompt names, where the recipe wants that."""
    programming = wish_of(system).programming if mining.language == "asked" else frozenset[str]()
    return Wish(programming, frozenset(mining.natural_languages))


@dataclass
class Brought(Haul):
    """What the recipe's sets brought, and how many rows were read of which revisions."""

    read: int = 0
    revisions: dict[str, str] = field(default_factory=dict)


def read_sets(recipe: Recipe) -> Brought:
    """The instructions of the sets that the recipe brings. Raises RecipeError where one cannot be read."""
    brought = Brought()
    for source in recipe.mining.brought:
        texts = opened(source, recipe.mining.column)
        found = read_brought(texts)
        brought.read += found.read
        brought.rejected += found.rejected
        brought.revisions[texts.name] = texts.revision
        for instruction in found.instructions:
            _bring(brought, instruction, recipe.curation.privacy)
    return brought


def _bring(brought: Brought, instruction: BroughtInstruction, privacy: Privacy) -> None:
    admitted = admit(instruction.instruction, privacy)
    brought.private.append(admitted.found)
    identity = instruction_id(admitted.text)
    reason, detail = admitted.reason, admitted.detail
    if reason is None and (known := brought.kept.get(identity)):
        reason, detail = Reason.EXACT_DUPLICATE, f"of {known.source} row {known.draw}"
    if reason is None:
        brought.kept[identity] = Candidate(identity, admitted.text, None, instruction.name, instruction.row, None, None)
    else:
        brought.rejected.append(rejected_row("mine", reason, detail, admitted.text, instruction.name, instruction.row))
