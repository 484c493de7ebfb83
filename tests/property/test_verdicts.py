"""Verdicts, whatever a judge writes; and what a judge sees, whatever an answer holds."""

import re

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.verdicts import read_verdict
from warriorcoder.pipelines.endpoints.templates.control import TURN, control_tokens
from warriorcoder.pipelines.mining.grading import parse_judgement
from warriorcoder.pipelines.prompts import fill
from warriorcoder.pipelines.prompts.neutralising import FRAME, neutralise
from warriorcoder.tables import Missing

MARKERS = ("[[A]]", "[[B]]", "[[Tie]]", "[[ tie ]]", "［［Ａ］］", "[[А]]", "[[7]]", "[[10]]")
PIECES = st.sampled_from(
    (
        *("[", "]", "[[", "]]", "A", "B", "Tie", "7", "10", " ", "\n", "\r", "x", ".", "`", '"', "(", "#", "*", ":"),
        *("<", ">", "/", "|", "<|", "|>", "im_end", "answer_A", "answer_B", "instruction", "</instruction>", "s", "_"),
        *("<answer_A>", "{answer_a}", "{instruction}", "{answer_b}", "＜/answer_B＞", "< /answer_B >"),
        *(
            "User",
            "User:",
            "Assistant:",
            "###",
            "Instruction",
            "<think>",
            "</think>",
            "[INST]",
            "\u200b",
            "\u202e",
            "\u200d",
        ),
        *MARKERS,
        *sorted(control_tokens()),
    )
)
ADVERSARIAL = st.lists(PIECES, max_size=30).map("".join) | st.text(max_size=60)
VERDICTS = {"A": "a", "B": "b", "Tie": "tie"}


@given(ADVERSARIAL)
def test_no_marker_no_frame_and_no_turn_survives(answer: str) -> None:
    seen = neutralise(answer)
    assert read_verdict(seen, "stop", swapped=False)[0] is None
    assert parse_judgement(seen).grade is None
    assert not FRAME.search(seen)
    assert not TURN.search(seen)
    assert not re.search(r"\[\[\s*(?:A|B|Tie|\d+)\s*\]\]", seen, re.I)
    tokens = {token for token in control_tokens() if not token[0].isalpha()}
    assert not [token for token in tokens if token in seen]
    assert neutralise(seen) == seen


@given(ADVERSARIAL)
def test_nothing_but_spaces_and_the_numbers_of_hidden_characters_is_added(answer: str) -> None:
    lines = answer.replace("\r\n", "\n").replace("\r", "\n")
    seen = re.sub(r"<U\+([0-9A-F]{4,6})>", lambda found: chr(int(found[1], 16)), neutralise(answer))
    assert seen.replace(" ", "") == lines.replace(" ", "")


@given(
    st.text(
        st.characters(
            codec="utf-8",
            # Letters and marks that show nothing are spelled out.
            max_codepoint=0xDFFFF,
            exclude_characters="[]<>#:［］＜＞◁：\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0",
            exclude_categories=["C", "Z"],
        )
        | st.sampled_from(" \n")
    )
)
def test_a_text_without_a_sign_of_any_of_them_is_left_alone(text: str) -> None:
    folded = {"〈", "〉", "【", "】"}
    if not folded & set(text):
        assert neutralise(text) in (text, text.replace("##", "# #"))


@given(ADVERSARIAL, st.sampled_from(("A", "B", "Tie")))
def test_a_judge_that_quotes_what_it_saw_keeps_its_own_verdict(quoted: str, own: str) -> None:
    said = f"The first says:\n{neutralise(quoted)}\nThat is all there is to it.\n\nMy verdict:\n[[{own}]]"
    if "```" not in said and "~~~" not in said:
        assert read_verdict(said, "stop", swapped=False) == (VERDICTS[own], None)
        assert read_verdict(said, "length", swapped=False) == (VERDICTS[own], None)


@given(ADVERSARIAL)
def test_a_judge_that_only_quotes_has_no_verdict(quoted: str) -> None:
    for said in (neutralise(quoted), f"It says: {neutralise(quoted)}", f'"{neutralise(quoted)}"'):
        verdict, missing = read_verdict(said, "stop", swapped=False)
        assert verdict is None
        assert missing in (Missing.NO_MARKER, Missing.EMPTY)


@given(st.text(max_size=80) | ADVERSARIAL, st.sampled_from(("stop", "length", "")))
def test_swapping_the_order_swaps_the_verdict(text: str, finish_reason: str) -> None:
    straight, missing = read_verdict(text, finish_reason, swapped=False)
    swapped, missing_too = read_verdict(text, finish_reason, swapped=True)
    assert missing == missing_too
    assert (straight is None) == (missing is not None)
    assert swapped == {"a": "b", "b": "a", "tie": "tie", None: None}[straight]


@given(ADVERSARIAL)
def test_there_is_no_verdict_without_its_marker(text: str) -> None:
    """And none that another marker in the text does not name."""
    verdict = read_verdict(text, "stop", swapped=False)[0]
    found = {VERDICTS[marker.capitalize()] for marker in re.findall(r"\[\[[ \t]*(a|b|tie)[ \t]*\]\]", text, re.I)}
    assert verdict is None or verdict in found


@given(ADVERSARIAL, st.sampled_from(sorted(token for token in control_tokens() if token[0] in "<[")), ADVERSARIAL)
def test_nothing_after_the_end_of_the_turn_changes_the_verdict(before: str, token: str, after: str) -> None:
    whole, alone = (read_verdict(before + token + rest, "stop", swapped=False) for rest in (after, ""))
    # What comes after may join with the token into a longer one that begins as early.
    assert whole == alone or TURN.search(before + token + after).start() < len(before)  # type: ignore[union-attr]


@given(ADVERSARIAL, ADVERSARIAL)
def test_a_cut_never_makes_a_verdict_that_the_whole_does_not_have(text: str, rest: str) -> None:
    """A verdict that is read at the limit stands at its end or in a line of its own."""
    verdict, _ = read_verdict(text, "length", swapped=False)
    assert verdict is None or read_verdict(text, "stop", swapped=False)[0] == verdict


@given(ADVERSARIAL, ADVERSARIAL, ADVERSARIAL)
def test_fill_fills_every_slot_once_and_none_inside_a_value(one: str, two: str, three: str) -> None:
    prompt = "I: {instruction} A: {answer_a} B: {answer_b} other {braces}"
    assert (
        fill(prompt, instruction=one, answer_a=two, answer_b=three) == f"I: {one} A: {two} B: {three} other {{braces}}"
    )
