"""The audit of known judges finds what they are known for."""

import numpy as np
import pytest
from unit.cast_votes import Row, Verdict, answers, votes

from warriorcoder.pipelines.battles.audit.judges import Audit, audit
from warriorcoder.pipelines.battles.families import family_of, kin_of

NOBODY: dict[str, frozenset[str]] = {}


def judged(cast: list[Row], said: list[Row] | None = None, kin: dict[str, frozenset[str]] | None = None) -> Audit:
    return audit(cast, said or [], kin or NOBODY, 200, 0)


def drawn(judge: str, for_a: float, battles: int, seed: int) -> list[Row]:
    """A judge that is consistent and chooses x with a probability."""
    random = np.random.default_rng(seed)
    chosen: list[Verdict] = ["a" if each < for_a else "b" for each in random.random(battles)]
    return votes(judge, *[(each, each) for each in chosen])


def test_votes_are_counted_with_what_is_missing() -> None:
    (judge,) = judged(votes("j", ("a", "tie"), ("tie", None), (None, None))).judges
    assert (judge.judge, judge.given, judge.ties, judge.missing) == ("j", 3, 2, {"no_marker": 3})


def test_the_same_votes_give_the_same_audit_in_any_order() -> None:
    cast = [row for seed, judge in enumerate("jkl") for row in drawn(judge, 0.7, 30, seed)]
    shuffled = [cast[place] for place in np.random.default_rng(1).permutation(len(cast))]
    assert judged(cast) == judged(shuffled)


def test_agreement_with_the_majority_of_the_others() -> None:
    # Of each battle j says a; k and l say a in the first ten, b in the others.
    cast = votes("j", *[("a", "a")] * 20)
    cast += [row for judge in "kl" for row in votes(judge, *[("a", "a")] * 10, *[("b", "b")] * 10)]
    j, k, _ = judged(cast).judges
    assert (j.majority.share.value, j.majority.share.of) == (0.5, 20)
    # Of k's others j and l cancel out in the last ten: a tie, which k does not say.
    assert k.majority.share.value == 0.5
    assert k.others["l"].kappa.value == 1
    assert k.others["j"].share.value == 0.5


def test_the_majority_is_of_models() -> None:
    execution, j = judged(votes("j", *[("a", "a")] * 9) + votes("execution", *[("b", "b")] * 9)).judges
    assert j.majority.share.why == "no other model judged its battles"
    assert execution.majority.share.value == 0
    assert execution.execution.share.why == "it is the execution judge"


def test_the_execution_judges_ties_are_left_out() -> None:
    cast = votes("execution", *[("tie", "tie")] * 10, *[("a", "a")] * 5, *[("b", "b")] * 5)
    cast += votes("j", *[("a", "a")] * 20)
    j = judged(cast).judges[1]
    assert (j.execution.share.value, j.execution.share.of) == (0.5, 10)


def test_a_win_and_a_loss_are_a_tie() -> None:
    j, _ = judged(votes("j", *[("a", "b")] * 10) + votes("k", *[("tie", "tie")] * 10)).judges
    assert j.majority.share.value == 1


def test_self_preference_is_what_the_others_do_not_share() -> None:
    kin = {"biased": frozenset({"x"}), "fair": frozenset[str](), "other": frozenset[str]()}
    # x is the better one for all; the biased judge gives it 0.9 where others give 0.6.
    cast = drawn("biased", 0.9, 400, 1) + drawn("fair", 0.6, 400, 2) + drawn("other", 0.6, 400, 3)
    biased, fair, _ = judged(cast, kin=kin).judges
    own = biased.self_preference
    assert own.value == pytest.approx(0.3, abs=0.06)
    assert own.low is not None
    assert own.low > 0.2
    assert (own.chance, own.of) == (0.0, 400)
    assert fair.self_preference.why == "no contestant is of its family"


def test_kin_of_the_judge_does_not_say_what_the_others_think() -> None:
    kin = {"one": frozenset({"x"}), "twin": frozenset({"x"})}
    one, _ = judged(drawn("one", 0.9, 20, 1) + drawn("twin", 0.9, 20, 2), kin=kin).judges
    assert one.self_preference.why == "no other judge ruled on its kin's battles"


def test_length_preference_is_what_the_others_do_not_share() -> None:
    cast = drawn("long", 0.9, 400, 1) + drawn("fair", 0.6, 400, 2)
    fair, long = judged(cast, answers({"x": 500, "y": 100}, 400)).judges
    assert long.length.longer.value == pytest.approx(0.9, abs=0.04)
    assert long.length.beyond.value == pytest.approx(0.3, abs=0.06)
    assert fair.length.beyond.value == pytest.approx(-long.length.beyond.value)  # type: ignore[operator]


def test_lengths_that_hardly_differ_say_nothing() -> None:
    (judge,) = judged(drawn("j", 0.5, 20, 0), answers({"x": 124, "y": 100}, 20)).judges
    assert judge.length.longer.value is None
    assert "1.25 times as long" in (judge.length.longer.why or "")
    (judge,) = judged(drawn("j", 0.5, 20, 0), answers({"x": 125, "y": 100}, 20)).judges
    assert judge.length.longer.of == 40


def test_nonsense_alone_is_null_with_reasons_and_no_division_by_zero() -> None:
    found = judged(votes("j", *[(None, None)] * 20))
    (judge,) = found.judges
    figures = (judge.standing.consistency, judge.standing.first, judge.majority.share, judge.length.longer, found.alpha)
    assert [figure.value for figure in figures] == [None] * 5
    assert all(figure.why for figure in figures)


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "qwen"),
        ("Qwen/QwQ-32B-Preview", "qwen"),
        ("Nexusflow/Athene-V2-Chat", "qwen"),
        ("deepseek-ai/deepseek-coder-6.7b-instruct", "deepseek"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "llama"),
        ("meta-llama/CodeLlama-7b-hf", "llama"),
        ("mistralai/Codestral-22B-v0.1", "mistral"),
        ("microsoft/phi-4", "phi"),
        ("gemma-3-270m", "gemma"),
        ("/models/NewModel-3B/", "newmodel"),
        ("123", "123"),
    ],
)
def test_the_family_of_a_model(model: str, family: str) -> None:
    assert family_of(model) == family


def test_kin_are_of_one_family_or_have_the_same_weights() -> None:
    families = {"q": "qwen", "qwq": "qwen", "renamed": "secret", "other": "phi", "unknown": "granite"}
    kin = kin_of(families, {"q": "1", "qwq": "2", "renamed": "1", "other": None})
    assert kin["q"] == {"q", "qwq", "renamed"}
    assert kin["qwq"] == {"q", "qwq"}
    assert kin["other"] == {"other"}
