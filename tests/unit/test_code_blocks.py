from warriorcoder.code_blocks import code_blocks, prose

ANSWER = "```C++\nint x;\n```\ntext\n```\ny = '```'\n```\n```py\nz"


def test_blocks_know_their_language_and_their_end() -> None:
    assert [(block.language, block.code, block.closed) for block in code_blocks(ANSWER)] == [
        ("c++", "int x;\n", True),
        ("", "y = '```'\n", True),
        ("py", "z", False),
    ]


def test_prose_is_what_stands_outside_of_them() -> None:
    assert prose(ANSWER).split() == ["text"]
    assert prose("no code") == "no code"
