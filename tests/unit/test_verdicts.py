"""Reading a judge's verdict: only from its own turn, only where it is said, and never a tie for want of one."""

import json
from pathlib import Path

import pytest

from warriorcoder.pipelines.battles.judging import PROMPTS
from warriorcoder.pipelines.battles.verdicts import FORMS, Verdict, read_verdict
from warriorcoder.pipelines.endpoints.templates.control import control_tokens
from warriorcoder.pipelines.prompts import read_prompt
from warriorcoder.tables import Missing

REAL = Path(__file__).resolve().parents[1] / "data" / "judge_replies.jsonl"


def read(text: str, finish_reason: str = "stop") -> tuple[Verdict | None, Missing | None]:
    return read_verdict(text, finish_reason, swapped=False)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Better: [[A]]", "a"),
        ("Better: [[B]]", "b"),
        ("Equal: [[Tie]]", "tie"),
        ("equal: [[tie]] ", "tie"),
        ("**[[ b ]]**", "b"),
        ("It runs, the other does not.\n\n**Final verdict:** [[A]]", "a"),
        ("### Verdict\n\n`[[B]]`", "b"),
        ("```\n[[A]]\n```", "a"),
        ('"[[A]]"', "a"),
        ("- [[A]]", "a"),
        ("> [[Tie]].", "tie"),
        ("Answer A is right, so my verdict is [[A]]. Answer B fails for the empty list and for negative numbers.", "a"),
        ("[[A]] because answer B never returns anything at all", "a"),
        ("In short I choose [[B]], since it is the only one of the two that runs.", "b"),
        ("答案是[[A]]", "a"),
        ("The marker [[A]] would be right if it ran. It does not, though, whatever is said there.\n\n[[B]]", "b"),
        ("One says [[B]] if B is better. I say\n\n[[A]]\n\nBecause it runs.", "a"),
        ('The first one claims "[[B]]" for itself. It is wrong.\nVerdict: [[A]]', "a"),
        ("It picks rows by `x[[B]]`, which works.\n\n[[A]]", "a"),
        ("[[A]]\n\nNote that x[[B]] is an index.", "a"),
        ("[[A]]\n\n[[A]]\n\n[[A]]", "a"),
        ("### Response A\n\nIt runs.\n\n### Response B\n\nIt does not.\n\n### Verdict\n\n[[A]]", "a"),
        ("A says [[A]], B says [[B]].\n\nThe better one is [[B]]", "b"),
    ],
)
def test_the_last_marker_that_is_said_counts(text: str, verdict: Verdict) -> None:
    assert read(text) == (verdict, None)


@pytest.mark.parametrize(("shown", "verdict"), [("A", "b"), ("B", "a"), ("Tie", "tie")])
def test_a_swapped_order_is_mapped_back(shown: str, verdict: Verdict) -> None:
    assert read_verdict(f"[[{shown}]]", "stop", swapped=True) == (verdict, None)


@pytest.mark.parametrize(
    "text",
    [
        "A is better.",
        "[A]",
        "**A**",
        "(A)",
        r"\boxed{A}",
        r"\[[A]\]",
        "[[C]]",
        "[[A or B]]",
        "[[A/B]]",
        "[[Answer A]]",
        "[[Tie",
        "[[\nA\n]]",
        "［［Ａ］］",
        "[[А]]",
        "[[\u200bA]]",
        "&#91;&#91;A&#93;&#93;",
        "[ [A] ]",
        "matrix[[0]]",
        "rows[[A]]",
        "f(x)[[A]]",
        "It reads `np.take(x, [[A]])` in the third line.",
        "[[[A]]]",
        "[[A]](https://example.org)",
        "Verdict: A]]",
        "[[A]] if answer A is better",
        'It ends with "The better one is [[A]]", which is no argument for it at all.',
        "The answer uses `y = [[A]]` for its matrix, and so does the other.",
        "```python\ny = [[A]]\n```",
    ],
)
def test_without_a_marker_that_is_said_the_verdict_is_missing_and_never_a_tie(text: str) -> None:
    assert read(text) == (None, Missing.NO_MARKER)
    assert read(text, "length") == (None, Missing.CUT_OFF)


@pytest.mark.parametrize(
    "text",
    [
        "[[A]] or [[B]]",
        "[[A]]/[[B]]",
        "[[A]] was my first thought, but it must be [[B]].",
        "[[A]]\n\n[[B]]\n\n[[Tie]]",
        "Answer A: [[A]]\nAnswer B: [[B]]",
        "[[A]]\n\nOne might say [[B]] just as well, of course, since both of them run.",
    ],
)
def test_a_judge_that_shows_several_verdicts_has_not_decided(text: str) -> None:
    assert read(text) == (None, Missing.SEVERAL)


def test_the_prompt_echoed_is_no_verdict() -> None:
    """Small models continue a prompt by repeating its last sentences, which name all three verdicts."""
    for name in PROMPTS.values():
        prompt = read_prompt(name)
        for echoed in (prompt, prompt.rstrip().rpartition("\n\n")[2], prompt.rstrip().rpartition("\n\n")[2] * 3):
            assert read(echoed)[0] is None
    assert read("- [[A]] if answer A is better\n- [[B]] if answer B is better\n- [[Tie]] if they are equal")[0] is None


@pytest.mark.parametrize(
    "text", ["", "  \n", "<|im_end|>", "<instruction>\nNothing of its own. [[A]]", "User: And? [[A]]"]
)
def test_nothing_of_its_own_is_empty(text: str) -> None:
    assert read(text) == (None, Missing.EMPTY)


def test_nothing_at_all_at_the_limit_is_cut_off() -> None:
    """As servers send that keep a model's thoughts to themselves."""
    assert read("", "length") == (None, Missing.CUT_OFF)


@pytest.mark.parametrize("token", sorted(control_tokens()))
def test_every_familys_tokens_end_the_turn(token: str) -> None:
    assert read(f"It runs.\n[[A]]\n{token}\nAnd another one.\n[[B]]") == ("a", None)
    assert read(f"It runs.\n{token}\nuser\nAnd another one.\n[[B]]") == (None, Missing.NO_MARKER)


@pytest.mark.parametrize(
    "next_turn",
    [
        "<instruction>\nWrite another\n</instruction>\nThis time [[B]]",
        "<answer_A>\nx\n</answer_A>\n[[B]]",
        "### Instruction:\nCompare again\n\n### Response:\n[[B]]",
        "### Instruction\nCompare again [[B]]",
        "User: and now?\n\nAssistant: [[B]]",
        "**User:** and now?\n[[B]]",
        "Human: and now?\n[[B]]",
        "[INST] and now? [/INST] [[B]]",
        "<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n[[B]]",
        "<｜User｜>And now?<｜Assistant｜>[[B]]",
    ],
)
def test_what_comes_after_the_judges_own_turn_does_not_count(next_turn: str) -> None:
    assert read(f"It runs.\n\n[[A]]\n\n{next_turn}") == ("a", None)
    # The turn was over before the limit came, so nothing of it was cut off.
    assert read(f"It runs, so [[A]] because of that.\n\n{next_turn}", "length") == ("a", None)
    assert read(f"It runs.\n\n{next_turn}")[0] is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("<think>Is it [[B]]? No.</think>\n\nIt runs. [[A]]", "a"),
        ("Okay, [[B]] perhaps.\nUser: wants a loop.\n</think>\n\n[[A]]", "a"),
        ("<think>x</think>Well.<think>y [[B]]</think>[[A]]", "a"),
        ("[THINK]\n[[B]]\n[/THINK]\n[[A]]", "a"),
        ("◁think▷[[B]]◁/think▷[[A]]", "a"),
        ("<reasoning>\n[[B]]\n</reasoning>\n[[Tie]]", "tie"),
    ],
)
def test_thoughts_are_not_the_verdict(text: str, verdict: Verdict) -> None:
    assert read(text) == (verdict, None)


@pytest.mark.parametrize(
    "text", ["<think>\nIt must be\n[[A]]", "<think>a</think>Hm.\n<think>[[B]]", "<think>[[A]]<|im_end|>\n</think>[[B]]"]
)
@pytest.mark.parametrize("finish_reason", ["stop", "length"])
def test_thoughts_without_an_end_hold_no_verdict(text: str, finish_reason: str) -> None:
    assert read(text, finish_reason) == (None, Missing.UNFINISHED_REASONING)


@pytest.mark.parametrize("text", ["<think>[[A]]</think>", "<think>[[A]]</think>\n\n"])
def test_thoughts_alone_are_no_verdict(text: str) -> None:
    assert read(text) == (None, Missing.EMPTY)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("It runs. [[A]]", "a"),
        ("It runs, and so\n\n[[A]]\n\nbecause it ret", "a"),
        ("[[A]]\n\n<instruction>\nWrite a fun", "a"),
        ("[[A]] would be right at first sight, but", None),
        ("[[A]] because it run", None),
        ("It runs. [[A", None),
        ("It runs. [[A]", None),
    ],
)
def test_what_the_limit_cut_counts_only_where_nothing_was_to_come(text: str, verdict: Verdict | None) -> None:
    assert read(text, "length") == (verdict, None if verdict else Missing.CUT_OFF)


def test_the_judges_own_label_is_not_another_turn() -> None:
    assert read("Assistant: It runs. [[A]]") == ("a", None)
    assert read("<|im_start|>assistant\nIt runs. [[A]]") == ("a", None)


def test_a_text_of_every_form_is_read() -> None:
    texts = {
        "verdict": "B loses the last factor.\n[[A]]",
        "rubric": "Correctness: A\nCompleteness: A\nClarity: equal\nEfficiency: B is faster: O(n)\n[[A]]",
        "reference": "Reference: sum(x)\nAnswer A: the same\nAnswer B: starts with 1\n[[A]]",
    }
    assert texts.keys() == FORMS.keys() == PROMPTS.keys()
    assert {read(text) for text in texts.values()} == {("a", None)}


REPLIES = [json.loads(line) for line in REAL.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("reply", REPLIES, ids=[f"{reply['model']}-{number}" for number, reply in enumerate(REPLIES)])
def test_what_real_models_wrote(reply: dict[str, str]) -> None:
    assert read(reply["text"], reply["finish_reason"]) == (reply["verdict"], reply["missing"])
