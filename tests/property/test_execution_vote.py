"""The execution judge's vote: symmetric, and only on evidence."""

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.execution.evidence import AnswerEvidence, Evidence, Stage, Tally, Witness
from warriorcoder.pipelines.battles.execution.vote import vote

SMALL = st.integers(0, 6)
TALLIES = st.builds(Tally, SMALL, SMALL)
ANSWERS = st.builds(
    AnswerEvidence,
    stage=st.sampled_from(Stage),
    used=st.booleans(),
    named=st.sampled_from([None, True, False]),
    examples=TALLIES,
    claims=TALLIES,
    meets=SMALL,
    returned=SMALL,
    crashes=SMALL,
    edge_crashes=SMALL,
    misfits=SMALL,
)
PAIRS = st.builds(
    Evidence,
    wanted=st.sampled_from([True, True, False]),
    a=ANSWERS,
    b=ANSWERS,
    inputs=SMALL,
    usual=SMALL,
    agreed=st.integers(0, 12),
    values=SMALL,
    disagreed=st.integers(0, 2),
    witnesses=st.just((Witness("(1,)", "2", "3"),)),
)
OTHER = {"a": "b", "b": "a", "tie": "tie", None: None}


@given(PAIRS)
def test_the_answers_places_do_not_matter(evidence: Evidence) -> None:
    here, there = vote(evidence), vote(evidence.swapped())
    assert there.verdict == OTHER[here.verdict]
    assert there.rule == here.rule
    assert evidence.swapped().swapped() == evidence


@given(ANSWERS, PAIRS)
def test_equal_answers_are_never_parted(answer: AnswerEvidence, pair: Evidence) -> None:
    alike = Evidence(pair.wanted, answer, answer, pair.inputs, pair.usual, pair.agreed, pair.values, pair.disagreed)
    assert vote(alike).verdict in ("tie", None)


@given(PAIRS)
def test_the_reason_is_one_line_and_names_the_better_one(evidence: Evidence) -> None:
    given_vote = vote(evidence)
    assert given_vote.reason
    assert "\n" not in given_vote.reason
    assert "{" not in given_vote.reason


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30))
def test_disagreement_alone_names_nobody(agreed: int, disagreed: int, values: int) -> None:
    clean = AnswerEvidence(Stage.CLEAN, entry_point="f", named=True, returned=agreed + disagreed)
    pair = Evidence(True, clean, clean, 60, 40, agreed, values, disagreed)
    assert vote(pair).verdict is None
