"""What running two answers has shown, as data."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Stage(StrEnum):
    """How far an answer's program comes."""

    UNTRIED = "was not tried"
    NO_CODE = "no code"
    BROKEN = "does not parse"
    IDLE = "does nothing"
    FAULTY = "fails when it is run"
    WANTING = "wants what is not here"
    CLEAN = "runs"

    @property
    def runnable(self) -> bool:
        return self in (Stage.FAULTY, Stage.WANTING, Stage.CLEAN)


@dataclass(frozen=True)
class Tally:
    """Of examples that were tried: how many hold, how many do not."""

    held: int = 0
    broken: int = 0

    @property
    def tried(self) -> int:
        return self.held + self.broken


@dataclass(frozen=True)
class AnswerEvidence:
    """What is known of one answer.

    `used`: whether the program itself calls something at its top level, so that to run it shows more than that its
    definitions stand. `named`: whether it defines what the instruction names (None: no name is fixed).
    `examples` are the instruction's, `claims` its own; `meets` counts the other answer's claims that this one fulfils.
    Of the generated inputs: `crashes` and `edge_crashes` are those (usual, edge) where it fails by an error that it
    does not raise on purpose, or does not end, while the other answer returns a value that fits; `misfits` are usual
    inputs where it returns nothing or a type that the instruction excludes.
    """

    stage: Stage
    detail: str = ""
    used: bool = False
    entry_point: str | None = None
    named: bool | None = None
    examples: Tally = Tally()
    claims: Tally = Tally()
    meets: int = 0
    returned: int = 0
    crashes: int = 0
    edge_crashes: int = 0
    misfits: int = 0


@dataclass(frozen=True)
class Witness:
    """An input on which the answers part, and what each made of it."""

    given: str
    a: str
    b: str


@dataclass(frozen=True)
class Evidence:
    """What is known of a pair.

    `wanted`: Python is asked for. `inputs` were tried (`usual` of them no edge cases). On `agreed` both returned the
    same value (not None), `values` different ones in all; on `disagreed` both returned, and not the same.
    `witnesses`: a few inputs that part them.
    """

    wanted: bool
    a: AnswerEvidence
    b: AnswerEvidence
    inputs: int = 0
    usual: int = 0
    agreed: int = 0
    values: int = 0
    disagreed: int = 0
    witnesses: tuple[Witness, ...] = ()

    def swapped(self) -> "Evidence":
        """The same with the answers' places changed."""
        witnesses = tuple(Witness(witness.given, witness.b, witness.a) for witness in self.witnesses)
        return replace(self, a=self.b, b=self.a, witnesses=witnesses)

    def as_data(self) -> dict[str, Any]:
        """JSON data, for the vote's row."""
        return asdict(self)
