"""The report on the screen and for programs, and the command."""

import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from unit.patients import Patient, hospital, recipe_of

from warriorcoder.cli import main
from warriorcoder.pipelines.doctor.findings import (
    CHECKS,
    Cell,
    Check,
    Report,
    Row,
    Spending,
    green,
    left_out,
    red,
    yellow,
)
from warriorcoder.pipelines.doctor.screen import DoctorScreen
from warriorcoder.pipelines.doctor.table import print_doctor
from warriorcoder.pipelines.doctor.words import one_line
from warriorcoder.recipe import Recipe

WELL: dict[Check, Cell] = {check: green("12ms 83/s" if check == "speed" else "") for check in CHECKS}


def report(*rows: Row, whole: tuple[Cell, ...] = (), spending: Spending | None = None) -> Report:
    return Report("demo", list(rows), list(whole), [], spending or Spending(calls=15))


def printed(found: Report, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width)
    print_doctor(found, console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_all_is_well() -> None:
    text = printed(report(Row("one", "h:1", WELL), Row("two", "h:2", WELL)))
    assert text.splitlines()[0].split() == ["expert", *CHECKS]
    assert "A run can begin: all is well." in text
    assert "This took 15 calls; 0 tokens in, 0 out; no prices are given" in text


WORST: dict[Check, Cell] = {
    "reach": red("unreachable", "f", "a"),
    "key": red("malformed", "f", "a"),
    "model": red("not served", "f", "a"),
    "raw": red("chat only", "f", "a"),
    "prefix": red("unknown", "f", "a"),
    "chat": red("raw only", "f", "a"),
    "usage": red("tokenizer", "f", "a"),
    "judge": yellow("always second", "f", "a"),
    "speed": yellow("123.4s 1234/s 429", "f", "a"),
}


@pytest.mark.parametrize("width", [80, 100, 160])
def test_usual_tables_fit_and_no_word_is_broken(width: int) -> None:
    some = {**WELL, "raw": WORST["raw"], "judge": WORST["judge"]}
    rows = [Row("qwen2.5-coder-7b-instruct", "gpu-17.example.org:8000", cells) for cells in (some, WELL)]
    table = printed(report(*rows), width).partition("\n\n")[0]
    assert all(len(line.rstrip()) <= width for line in table.splitlines())
    assert "…" not in table
    for word in ("✗ chat", "only", "! always", "second", "✓ 12ms", "83/s"):
        assert word in table


def test_the_worst_table_fits_a_hundred_columns_with_a_name() -> None:
    table = printed(report(Row("llama", "h:1", WORST))).partition("\n\n")[0]
    assert all(len(line.rstrip()) <= 100 for line in table.splitlines())
    for cell in WORST.values():
        assert all(word in table for word in cell.word.split())


def test_advice_is_given_once_for_all_who_need_it_and_red_comes_first() -> None:
    bad, broken = yellow("none", "no usage", "name a tokenizer"), red("failed", "HTTP 500", "look at its log")
    text = printed(
        report(
            Row("one", "h:1", {**WELL, "usage": bad}),
            Row("two", "h:2", {**WELL, "usage": bad, "raw": broken, "chat": broken}),
            whole=(yellow("budget", "the budget ends here", "raise it"),),
        )
    )
    heads = [line for line in text.splitlines() if " · " in line]
    assert heads == ["✗ two · raw, chat: HTTP 500", "! one, two · usage: no usage", "! the recipe · budget: the budget ends here"]  # fmt: skip  # noqa: E501
    assert text.count("name a tokenizer") == 1
    assert "A run would fail, or make junk: 2 red, 3 yellow." in text


def test_servers_of_one_expert_are_told_apart() -> None:
    rows = [Row("one", "h:1", WELL), Row("one", "h:2", {"reach": red("refused", "nothing listens", "start it")})]
    text = printed(report(*rows))
    assert "one at h:2 · reach: nothing listens" in text
    assert text.splitlines()[2].startswith("one ")
    assert [line.split()[0] for line in text.splitlines()[3:5]] == ["h:1", "h:2"]


def test_what_it_took_in_dollars_and_in_part() -> None:
    spent = Spending(calls=1, failed=1, input_tokens=1200, unmetered=2, dollars=0.01234, unpriced={"two"}, seconds=7.4)
    text = printed(report(Row("one", "h:1", WELL), spending=spent), 200)
    assert "1 call, 1 of them without an answer; 1,200 tokens in, 0 out (2 answers uncounted)" in text
    assert "$0.0123 (experts without a price: 1); 7 s." in text


def test_nothing_that_a_model_or_a_server_wrote_reaches_the_terminal_raw() -> None:
    row = Row("one", "h:1", {"raw": red("failed", "HTTP 500: \x1b[2J\x07[bold]boo[/bold]\nmore", "a")})
    text = printed(report(row))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]boo[/bold] more" in text


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("a\n\tb  c", 10, "a b c"),
        ("a\u202eb\u200b\x9b", 10, "a�b��"),
        ("word " * 10, 10, "word word…"),
        ("x" * 100, 10, "x" * 9 + "…"),
        ("x" + " " * 100, 10, "x…"),
        ("ä漢", 10, "ä漢"),
    ],
)
def test_one_line(text: str, limit: int, shown: str) -> None:
    assert one_line(text, limit) == shown
    assert len(one_line(text, limit)) <= limit


def test_progress_is_plain_lines_in_a_pipe_and_nothing_when_quiet() -> None:
    for quiet, lines in ((False, 2), (True, 0)):
        console = Console(file=StringIO(), width=40)
        with DoctorScreen(console, quiet=quiet) as screen:
            screen.tell("one", "the server, and whether raw completion is raw [really]")
            screen.tell("one", "can it judge")
        assert isinstance(console.file, StringIO)
        assert console.file.getvalue().count("\n") == lines


# the command


def warrior_doctor(recipe: Recipe, tmp_path: Path, *options: str) -> Result:
    path = tmp_path / "recipe.yaml"
    path.write_text(recipe.to_yaml(), encoding="utf-8")
    into = ["--into", str(tmp_path / "arena")]
    return CliRunner(mix_stderr=False).invoke(main, ["doctor", str(path), *into, *options])


def test_the_command_says_by_its_exit_code_whether_a_run_would_fail(tmp_path: Path) -> None:
    with hospital(well := Patient(), ill := Patient(wraps=True)):
        sound = warrior_doctor(recipe_of({name: {"base_url": well.url} for name in "abc"}), tmp_path)
        sick = warrior_doctor(recipe_of({name: {"base_url": ill.url} for name in "abc"}), tmp_path, "-q")
    assert (sound.exit_code, sick.exit_code) == (0, 1)
    assert "all is well" in sound.stdout
    assert "a: can it judge" in sound.stderr
    assert "✗ a, b, c · raw: a chat template is wrapped" in sick.stdout
    assert sick.stderr.startswith("warrior: ")
    assert sick.stderr.count("\n") == 1


def test_json_is_all_that_is_on_the_standard_output(tmp_path: Path) -> None:
    with hospital(well := Patient()):
        result = warrior_doctor(recipe_of({name: {"base_url": well.url} for name in "abc"}), tmp_path, "--json")
    found = json.loads(result.stdout)
    assert found["would_fail"] is False
    assert [row["expert"] for row in found["rows"]] == ["a", "b", "c"]
    assert found["rows"][0]["checks"]["raw"]["colour"] == "green"
    assert found["rows"][0]["checks"]["key"] == {"colour": "none", "word": "", "found": "", "advice": ""}
    assert found["spent"]["calls"] == len(well.asked)


def test_it_starts_without_the_heavy_ones() -> None:
    code = (
        "import sys\nimport warriorcoder.pipelines.doctor.examine\n"
        "print(sorted({'distilabel', 'torch', 'transformers', 'huggingface_hub.inference'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_what_was_not_examined_is_neither_good_nor_bad() -> None:
    assert "– raw" in printed(report(Row("one", "h:1", {**WELL, "chat": left_out("raw")})))
