"""The vote: from evidence to a verdict, by rules that anyone can read."""

from collections.abc import Callable
from dataclasses import dataclass

from warriorcoder.pipelines.battles.execution.evidence import AnswerEvidence, Evidence, Stage
from warriorcoder.pipelines.battles.verdicts import Verdict

LEAST_CRASHES, LEAST_SHARE, LEAST_AGREED, LEAST_VALUES, LEAST_MET = 2, 0.5, 5, 2, 2


@dataclass(frozen=True)
class Vote:
    """A verdict, None where there is no evidence for one; the rule that gave it, and one line that says why."""

    verdict: Verdict | None
    rule: str
    reason: str


def vote(evidence: Evidence) -> Vote:
    """The first rule that tells the answers apart decides. "One" and "other" stand for a and b, either way round.

    | rule | one wins, where |
    |---|---|
    | runnable | it has a program that parses and does something, and the other has none |
    | examples | more of the instruction's examples hold for it, and fewer break |
    | name | it defines what the instruction names, and the other does not |
    | crashes | the other crashes on half of the usual inputs (2 at least), where it returns; it does on none |
    | results | the other returns nothing, or a type that is excluded, on half of the usual inputs; it does on none |
    | run | it runs cleanly and answers half of the inputs (without inputs: its program uses it), the other's fails |
    | claims | the other breaks its own examples; it breaks none, and holds its own or all of the other's (2 at least) |

    Where none does, it is a tie if the answers were measured to be equal: they agree on all generated inputs (on
    5 at least, with 2 different values), or all of the instruction's examples hold for both, or none for either, and
    they disagree nowhere. Otherwise there is no
    vote: no Python is asked for, nothing can be run, or nothing parts them that names one. Disagreement alone names
    nobody, and neither do crashes on edge cases (an empty list) or on few inputs, since made inputs may break what
    an instruction takes for granted. vote(e.swapped()) is vote(e) with a and b changed.
    """
    if not evidence.wanted:
        return Vote(None, "not asked", "no Python code is asked for")
    for name, rule in _RULES:
        a, b = rule(evidence, evidence.a, evidence.b), rule(evidence, evidence.b, evidence.a)
        if a and not b:
            return Vote("a", name, a.format(one="a", other="b"))
        if b and not a:
            return Vote("b", name, b.format(one="b", other="a"))
    if not evidence.a.stage.runnable:
        return Vote(None, "not run", f"neither can be run (a: {evidence.a.stage}; b: {evidence.b.stage})")
    return _equal(evidence)


def _equal(evidence: Evidence) -> Vote:
    a, b = evidence.a, evidence.b
    if evidence.disagreed:
        compared = evidence.agreed + evidence.disagreed
        return Vote(
            None,
            "disagreement",
            f"they differ on {evidence.disagreed} of {compared} inputs, and nothing says who is right",
        )
    parted = a.crashes or b.crashes or a.misfits != b.misfits
    if evidence.agreed >= LEAST_AGREED and evidence.values >= LEAST_VALUES and not parted:
        return Vote("tie", "agreement", f"both return the same on all {evidence.agreed} inputs that both answer")
    alike = a.examples == b.examples and 0 in (a.examples.held, a.examples.broken)
    if a.examples.tried and alike and not parted:
        return Vote(
            "tie", "examples", f"{a.examples.held} of {a.examples.tried} examples of the instruction hold for both"
        )
    return Vote(None, "no evidence", "both can be run, and nothing parts them")


def _runnable(_: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    if not one.stage.runnable or other.stage.runnable:
        return ""
    return "{one} has a program, {other} " + ("has no code" if other.stage == Stage.NO_CODE else f"{other.stage}")


def _examples(_: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    if one.examples.held <= other.examples.held or one.examples.broken >= other.examples.broken:
        return ""
    held, tried = other.examples.held, other.examples.tried
    ours = f"{one.examples.held} of {one.examples.tried}"
    return f"{ours} examples of the instruction hold for {{one}}, {held} of {tried} for {{other}}"


def _name(_: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    return "{one} defines what the instruction names, {other} does not" if one.named and other.named is False else ""


def _crashes(evidence: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    if one.crashes or other.crashes < max(LEAST_CRASHES, LEAST_SHARE * evidence.usual):
        return ""
    return f"{{other}} crashes on {other.crashes} of {evidence.usual} usual inputs, where {{one}} returns"


def _results(evidence: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    if one.misfits or other.misfits < max(LEAST_CRASHES, evidence.usual / 2):
        return ""
    missed = f"{other.misfits} of {evidence.usual}"
    return f"{{other}} returns nothing, or the wrong type, on {missed} usual inputs; {{one}} does not"


def _run(evidence: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    # Definitions that nobody calls run cleanly, whatever is in them.
    shown = 2 * one.returned >= evidence.inputs if evidence.inputs else one.used
    if one.stage != Stage.CLEAN or other.stage != Stage.FAULTY or not shown:
        return ""
    return "{one} runs cleanly, {other} fails when it is run"


def _claims(_: Evidence, one: AnswerEvidence, other: AnswerEvidence) -> str:
    tried = other.claims.tried
    fulfils = tried >= LEAST_MET and one.meets == tried
    if not other.claims.broken or one.claims.broken or not (one.claims.held or fulfils):
        return ""
    does = "{one} fulfils them all" if fulfils else "{one} holds its own"
    return f"{{other}} breaks {other.claims.broken} of its own {tried} examples, {does}"


_RULES: tuple[tuple[str, Callable[[Evidence, AnswerEvidence, AnswerEvidence], str]], ...] = (
    ("runnable", _runnable),
    ("examples", _examples),
    ("name", _name),
    ("crashes", _crashes),
    ("results", _results),
    ("run", _run),
    ("claims", _claims),
)
