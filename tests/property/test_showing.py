"""What is shown of an answer, whatever it is: cut, masked, neutralised."""

import ast

from hypothesis import example, given
from hypothesis import strategies as st

from warriorcoder.pipelines.battles.cutting import cut
from warriorcoder.pipelines.battles.fences import fenced_blocks
from warriorcoder.pipelines.battles.masking import masked_names
from warriorcoder.pipelines.battles.naming import names_of
from warriorcoder.recipe import Recipe

LINES = st.sampled_from(("```python", "```", "~~~", "~~~~", "x = 1", "", "  ```", "> ```", "ä" * 9, "日本", "y" * 40))
MARKDOWN = st.lists(LINES | st.text(max_size=8), max_size=20).map("\n".join)
LIMITS = st.integers(1, 200)

EXPERTS = [
    {
        "name": name,
        "template": "chatml",
        "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": model},
    }
    for name, model in (("qwen", "Qwen/Qwen2.5-Coder-7B-Instruct"), ("zeta9", "acme/Zeta9-Chat"))
]
NAMES = names_of(Recipe.model_validate({"name": "demo", "experts": EXPERTS}))
WORDS = st.sampled_from(
    (
        *(
            "Qwen",
            "Qwen2.5",
            "qwen",
            "Zeta9",
            "acme",
            "ChatGPT",
            "GPT-4",
            "Llama",
            "Llama 3",
            "Gemma",
            "Phi",
            "Claude",
            "Google",
        ),
        *(
            "I am",
            "I'm",
            "as",
            "As",
            "created by",
            "by",
            ",",
            ".",
            "a model",
            "an AI assistant",
            "my name is",
            "Alibaba Cloud",
        ),
        *(
            "x",
            "=",
            "1",
            "#",
            "'",
            '"',
            '"""',
            "(",
            ")",
            "\n",
            "    ",
            "`",
            "```python\n",
            "\n```\n",
            "//",
            "def f():",
            "return",
        ),
    )
)
PROSE = st.lists(WORDS, max_size=25).map(" ".join)
CODE = st.lists(
    st.sampled_from(
        (
            *(
                "x = 'Qwen2.5'",
                "Qwen = 1",
                "# by Qwen",
                "llama = Gemma = 2  # ChatGPT",
                "import qwen, llama_cpp",
                "f('ChatGPT')",
            ),
            *(
                "class GPT4: Zeta9 = 'I am Qwen'",
                "def qwen(): return 'As Qwen, I say'",
                "print('created by Google')",
                "x[[Qwen]]",
            ),
        )
    ),
    max_size=8,
).map("\n".join)


@given(MARKDOWN, LIMITS)
def test_a_cut_keeps_the_limit_and_the_beginning(text: str, most: int) -> None:
    shown = cut(text, most)
    whole = not shown.left_out
    assert whole == (len(text.encode("utf-8", "replace")) <= most)
    if whole:
        assert shown.text == text
    else:
        kept = text[: len(text) - shown.left_out]
        assert shown.text.startswith(kept)
        assert len(kept.encode("utf-8", "replace")) <= most
        # Nothing is added but the end of a block that the cut opened.
        assert shown.text[len(kept) :].strip("> \t\n") in ("", "```", "~~~", "~~~~")
        assert all(block.closed for block in fenced_blocks(shown.text)) or kept == text


@given(MARKDOWN, MARKDOWN, LIMITS)
def test_what_is_shown_of_one_answer_does_not_depend_on_the_other(one: str, other: str, most: int) -> None:
    assert cut(one, most) == cut(one, most)
    if one.encode("utf-8", "replace")[: most + 1] == other.encode("utf-8", "replace")[: most + 1]:
        assert cut(one, most).text == cut(other, most).text


@given(MARKDOWN, LIMITS, LIMITS)
def test_a_higher_limit_never_shows_less(text: str, one: int, other: int) -> None:
    few, many = sorted((one, other))
    left_out = [cut(text, most).left_out for most in (few, many)]
    assert left_out[0] >= left_out[1] - max(map(len, text.split("\n")))


@example("Qwen created by Llama", "Write f.")
@given(PROSE, st.sampled_from(("Write f.", "What is Qwen?", "Compare Gemma with ChatGPT.")))
def test_masking_twice_is_masking_once(text: str, instruction: str) -> None:
    once = masked_names(text, NAMES, instruction)
    assert masked_names(once, NAMES, instruction) == once


@given(CODE)
def test_masked_code_is_the_same_code(code: str) -> None:
    seen = masked_names(f"```python\n{code}\n```", NAMES, "Write f.").removeprefix("```python\n").removesuffix("\n```")
    trees = [ast.parse(text) for text in (code, seen)]
    for tree in trees:
        for node in ast.walk(tree):
            # What a program says of its author is masked in its strings, too.
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.startswith(("I am", "As ", "[", "created"))
            ):
                node.value = ""
    assert ast.dump(trees[0]) == ast.dump(trees[1])
    assert "# by Qwen" not in seen


@given(st.text())
def test_a_text_without_a_name_is_left_alone(text: str) -> None:
    if not any(letter.isascii() and letter.isalpha() for letter in text):
        assert masked_names(text, NAMES, "Write f.") == text
