"""What begins or ends a turn: the registry's strings, published templates' tokens; and code that looks like them."""

import re
from pathlib import Path

import pytest

from warriorcoder.pipelines.endpoints.templates import FAMILIES
from warriorcoder.pipelines.endpoints.templates.control import TURN, control_tokens

PUBLISHED = sorted((Path(__file__).resolve().parents[1] / "data" / "chat_templates").glob("*.jinja"))
MARKUP = re.compile(r"<[^<>\s'\"{}%=]{1,40}>|\[/?[A-Z_]{3,30}\]|\[\|[^|\s]+\|\]|<</?SYS>>")
# Tags of XML within a turn: text like any other, and no token of any tokenizer.
WITHIN_A_TURN = re.compile(r"</?(?:tools|documents|response|arg_key|arg_value|function-name|args-json-object)>|</?SYS>")


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if family.chat])
def test_every_string_of_a_family_is_found_where_a_line_begins(name: str) -> None:
    family = FAMILIES[name]
    for text in (*family.stop, *family.markers):
        assert TURN.search(f"It runs.\n{text.strip()} and more")
        assert text.strip() in control_tokens()


def test_the_line_end_of_base_models_ends_no_turn() -> None:
    assert "" not in control_tokens()
    assert not TURN.search("one\n\ntwo\n")


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_the_control_tokens_of_published_templates_are_found(path: Path) -> None:
    found = {text for text in MARKUP.findall(path.read_text(encoding="utf-8")) if not WITHIN_A_TURN.fullmatch(text)}
    assert [text for text in sorted(found) if not TURN.search(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "a <| b |> c",
        "x <|> y <||> z",
        "if (a<b || c>d) {}",
        "std::vector<int> v; Map<String, List<T>> m;",
        "table[MAX_SIZE] and buffer[BUFSIZ], [OK], [TODO], [ERROR] failed",
        "cat < in.txt > out.txt | sort",
        "<div><strong>bold</strong></div> <T> <answer>",
        "class User:\n    name: str",
        "the user: a person; Users: all of them",
        "# User model\n# Response time\n### Solution\n#### Users\n## Human readable",
        "[| 1; 2; 3 |]",
        "print('User: x')",
    ],
)
def test_code_and_prose_hold_none(text: str) -> None:
    assert not TURN.search(text)
