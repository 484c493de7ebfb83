"""The execution judge that runs code: evidence of two answers to one instruction, and the vote on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.execution import programs, shapes
from warriorcoder.pipelines.battles.execution.asking import asks_for_python
from warriorcoder.pipelines.battles.execution.calling import LONGEST_SHOWN, Came, Loaded, Runner, answers_to, load
from warriorcoder.pipelines.battles.execution.comparing import comparable, same, shows, text_of
from warriorcoder.pipelines.battles.execution.evidence import AnswerEvidence, Evidence, Stage, Tally, Witness
from warriorcoder.pipelines.battles.execution.examples import Example, calls_of, claims_of, examples_of
from warriorcoder.pipelines.battles.execution.inputs import Input, inputs_of
from warriorcoder.pipelines.battles.execution.shapes import Shape
from warriorcoder.pipelines.battles.execution.signature import Parameter, Signature, signature_of
from warriorcoder.pipelines.battles.execution.vote import Vote, vote

MOST_WITNESSES = 3


def judge_by_execution(
    instruction: str, program_a: str | None, program_b: str | None, runner: Runner, *, seed: int = 0
) -> tuple[Vote, Evidence]:
    """The vote on two answers' programs (None: an answer without code), and the evidence that it stands on.

    Deterministic where the programs are; the answers' places do not matter.
    """
    try:
        evidence = evidence_of(instruction, program_a, program_b, runner, seed=seed)
    except RecursionError:
        evidence = Evidence(True, AnswerEvidence(_unrun(program_a)), AnswerEvidence(_unrun(program_b)))
        return Vote(None, "nested", "what they write or return is nested too deep to be read"), evidence
    return vote(evidence), evidence


def evidence_of(
    instruction: str, program_a: str | None, program_b: str | None, runner: Runner, *, seed: int = 0
) -> Evidence:
    """Everything that running the programs shows. Nothing is run where no Python is asked for."""
    if not asks_for_python(instruction):
        return Evidence(False, AnswerEvidence(_unrun(program_a)), AnswerEvidence(_unrun(program_b)))
    a, b = load(program_a, runner), load(program_b, runner)
    signature, trees = signature_of(instruction), [x.tree for x in (a, b) if x.tree]
    if signature and signature.name and not any(signature.name in programs.defined(tree) for tree in trees):
        # A name that neither has is one that the reading of the instruction made up, or tells them nothing apart.
        signature = replace(signature, name=None)
    in_words = signature is not None and not any(parameter.name for parameter in signature.parameters or ())
    if signature and in_words and not all(programs.entry_point(tree, signature) for tree in trees):
        # Words leave inputs out ("remove the elements of a list present in another"): the answers know better.
        signature = replace(signature, parameters=None)
    examples = examples_of(instruction, signature_of(instruction))
    sides = [_Side.of(loaded, signature, examples, runner) for loaded in (a, b)]
    sides = [side.meeting(other, runner) for side, other in zip(sides, reversed(sides), strict=True)]
    return _cross_checked(instruction, signature, examples, sides[0], sides[1], runner, seed)


def _unrun(program: str | None) -> Stage:
    return Stage.UNTRIED if program and program.strip() else Stage.NO_CODE


@dataclass(frozen=True)
class _Side:
    """One answer, with what is known of it so far."""

    loaded: Loaded
    found: AnswerEvidence
    claims: tuple[Example, ...] = ()
    calls: tuple[tuple[Any, ...], ...] = ()

    @classmethod
    def of(cls, loaded: Loaded, signature: Signature | None, examples: list[Example], runner: Runner) -> "_Side":
        found = AnswerEvidence(loaded.stage, loaded.detail)
        if loaded.tree is None:
            return cls(loaded, found)
        found = replace(found, used=programs.used(loaded.tree))
        entry_point = programs.entry_point(loaded.tree, signature)
        named = signature.name in programs.defined(loaded.tree) if signature and signature.name else None
        found = replace(found, entry_point=entry_point, named=named)
        if entry_point is None:
            # Tests call the function by its name; where it has another one they all fail.
            return cls(loaded, replace(found, examples=Tally(0, len(examples))) if named is False else found)
        claims = claims_of(loaded.source, entry_point, signature)
        asked = [*examples, *claims]
        held = _hold(loaded, entry_point, asked, runner)
        of_instruction, of_itself = held[: len(examples)], held[len(examples) :]
        found = replace(found, examples=_tally(of_instruction), claims=_tally(of_itself))
        return cls(loaded, found, tuple(claims), tuple(calls_of(loaded.source, entry_point)) if loaded.callable else ())

    def meeting(self, other: "_Side", runner: Runner) -> "_Side":
        """With how many of the other answer's claims this one fulfils, where that one breaks any."""
        if not other.found.claims.broken or self.found.entry_point is None:
            return self
        held = _hold(self.loaded, self.found.entry_point, other.claims, runner)
        return replace(self, found=replace(self.found, meets=held.count(True)))


def _hold(loaded: Loaded, entry_point: str, examples: Sequence[Example], runner: Runner) -> list[bool | None]:
    """For each example whether it holds; None where that cannot be told."""
    if not examples:
        return []
    if loaded.callable is None:
        return [False if loaded.stage == Stage.FAULTY else None] * len(examples)
    came = answers_to(loaded, entry_point, [example.arguments for example in examples], runner)
    return [_holds(one, example) for one, example in zip(came, examples, strict=True)]


def _holds(came: Came, example: Example) -> bool | None:
    if came.kind != "value":
        return None if came.kind == "unknown" else False
    if example.by == "print":
        return shows(came.value, example.expected)
    if example.by == "truth":
        return bool(came.value) is bool(example.expected)
    return same(came.value, example.expected)


def _tally(held: list[bool | None]) -> Tally:
    return Tally(held.count(True), held.count(False))


def _cross_checked(
    instruction: str,
    signature: Signature | None,
    examples: list[Example],
    a: _Side,
    b: _Side,
    runner: Runner,
    seed: int,
) -> Evidence:
    evidence = Evidence(True, a.found, b.found)
    if a.found.entry_point is None or b.found.entry_point is None or not (a.loaded.callable and b.loaded.callable):
        return evidence
    wanted = _wanted(signature, examples, a, b)
    if wanted is None:
        return evidence
    given = [example.arguments for example in examples]
    claimed = sorted({text_of(arguments): arguments for side in (a, b) for arguments in side.calls}.items())
    inputs = inputs_of(wanted, [*given, *(arguments for _, arguments in claimed)], seed_from(instruction, seed))
    arguments = [each.arguments for each in inputs]
    came_a = answers_to(a.loaded, a.found.entry_point, arguments, runner)
    came_b = answers_to(b.loaded, b.found.entry_point, arguments, runner)
    return _counted(evidence, inputs, came_a, came_b, signature.returns if signature else None)


def _counted(
    evidence: Evidence, inputs: list[Input], came_a: list[Came], came_b: list[Came], returns: Shape | None
) -> Evidence:
    witnesses: list[Witness] = []
    values: set[str] = set()
    agreed = disagreed = 0
    for each, one, other in zip(inputs, came_a, came_b, strict=True):
        both = one.kind == other.kind == "value" and comparable(one.value) and comparable(other.value)
        equal = both and same(one.value, other.value)
        if equal and one.value is not None:
            agreed += 1
            values.add(text_of(one.value))
        disagreed += both and not equal
        parts = (both and not equal) or {one.kind, other.kind} == {"value", "crashed"}
        if parts and len(witnesses) < MOST_WITNESSES:
            witnesses.append(Witness(text_of(each.arguments)[:LONGEST_SHOWN], str(one), str(other)))
    return replace(
        evidence,
        a=_counts(evidence.a, inputs, came_a, came_b, returns),
        b=_counts(evidence.b, inputs, came_b, came_a, returns),
        inputs=len(inputs),
        usual=sum(not each.edge for each in inputs),
        agreed=agreed,
        values=len(values),
        disagreed=disagreed,
        witnesses=tuple(witnesses),
    )


def _counts(
    found: AnswerEvidence, inputs: list[Input], mine: list[Came], others: list[Came], returns: Shape | None
) -> AnswerEvidence:
    def sound(came: Came) -> bool:
        return came.kind == "value" and came.value is not None and (returns is None or shapes.fits(came.value, returns))

    rows = list(zip(inputs, mine, others, strict=True))
    crashed = [each.edge for each, one, other in rows if one.kind == "crashed" and sound(other)]
    misfits = sum(
        not each.edge
        and one.kind == "value"
        and not sound(one)
        and sound(other)
        # Nothing stands for False with many, and is as true.
        and not (one.value is None and other.value is False)
        for each, one, other in rows
    )
    return replace(
        found,
        returned=sum(one.kind == "value" for one in mine),
        crashes=crashed.count(False),
        edge_crashes=crashed.count(True),
        misfits=misfits,
    )


def _wanted(signature: Signature | None, examples: list[Example], a: _Side, b: _Side) -> list[Shape] | None:
    """The shapes of the inputs to make: told by the instruction (annotations, words, examples), or by both answers
    alike (their annotations, the inputs that they give themselves). None where they are not told."""
    functions = [
        programs.function(s.loaded.tree, s.found.entry_point) for s in (a, b) if s.loaded.tree and s.found.entry_point
    ]
    nodes = [node for node in functions if node is not None]
    if len(nodes) < 2:
        return None
    places = [[*node.args.posonlyargs, *node.args.args] for node in nodes]
    parameters: Sequence[Parameter] | None = signature.parameters if signature else None
    if parameters is None:
        if len(places[0]) != len(places[1]) or not places[0]:
            return None
        parameters = [Parameter("")] * len(places[0])
    parameters = [parameter for parameter in parameters if not parameter.optional]
    if not any(p.name for p in parameters) and not all(programs.takes(node, len(parameters)) for node in nodes):
        return None
    told: list[Shape] = []
    for place, parameter in enumerate(parameters):
        shape = _of_place(place, [example.arguments for example in examples])
        shape = (
            (shapes.merge([parameter.shape, shape]) or shape) if shape and parameter.shape else shape or parameter.shape
        )
        if shape is None or not shape.complete:
            annotated = [shapes.of_annotation(args[place].annotation) if place < len(args) else None for args in places]
            called = [_of_place(place, side.calls) for side in (a, b)]
            crossed = [shapes.merge([annotated[0], called[1]]), shapes.merge([annotated[1], called[0]])]
            shape = _first_complete(shape, [shapes.merge(annotated), shapes.merge(called), *sorted(crossed, key=repr)])
        if shape is None:
            return None
        told.append(shape)
    return told


def _of_place(place: int, calls: Sequence[tuple[Any, ...]]) -> Shape | None:
    held = [shapes.of_value(arguments[place]) for arguments in calls if place < len(arguments)]
    return shapes.merge(held) if held else None


def _first_complete(known: Shape | None, others: list[Shape | None]) -> Shape | None:
    for other in others:
        merged = shapes.merge([known, other]) if known and other else other
        if merged is not None and merged.complete:
            return merged
    return None
