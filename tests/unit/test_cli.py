"""The command line: help at once, a user's mistake as one message, exit codes."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from unit.arena_builder import build_arena

from warriorcoder import __version__
from warriorcoder.cli import main

RECIPE = {
    "name": "demo",
    "experts": [
        {
            "name": name,
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m", "api_key_env": "NO_KEY"},
        }
        for name in ("one", "two")
    ],
}


def warrior(*arguments: str | Path) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, [str(argument) for argument in arguments])


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(RECIPE))
    return path


def mistake(result: Result) -> str:
    """The one message of a command that a user got wrong."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("warrior: ")
    return result.stderr.removeprefix("warrior: ").rstrip("\n")


def test_help_lists_the_commands_in_the_order_of_the_work() -> None:
    shown = warrior("--help").stdout
    commands = [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines() if line.startswith("  ")]
    made = ["doctor", "estimate", "run", "mine", "battle", "rate", "build"]
    first = [*made, "report", "audit", "ablate", "simulate", "check"]
    assert commands[: len(first)] == first
    assert all(line == line.rstrip() and len(line) <= 100 for line in shown.splitlines())


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_has_help(command: str) -> None:
    for flag in ("-h", "--help"):
        result = warrior(command, flag)
        assert result.exit_code == 0
        assert result.stdout.startswith(f"Usage: main {command} ")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom warriorcoder.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'distilabel', 'datasets', 'pydantic', 'numpy', 'pyarrow', 'yaml', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_version() -> None:
    assert warrior("--version").stdout == f"warrior, version {__version__}\n"


def test_a_mistake_in_the_recipe_makes_no_arena(recipe: Path, tmp_path: Path) -> None:
    result = warrior("run", recipe, "--into", tmp_path / "arena", "--set", "minning.per_expert=3")
    assert mistake(result).startswith(f"{recipe}: minning: unknown key; allowed here: name, seed, ")
    assert not (tmp_path / "arena").exists()


def test_several_mistakes_are_a_line_each(recipe: Path, tmp_path: Path) -> None:
    result = warrior("mine", recipe, "--set", "seed=x", "--set", "rating.k=-1")
    assert result.exit_code == 2
    assert [line.split(": ")[-2] for line in result.stderr.splitlines()] == ["seed", "rating.k"]


def test_a_missing_recipe_and_a_missing_key(recipe: Path, tmp_path: Path) -> None:
    assert "none.yaml: the recipe cannot be read: No such file" in mistake(warrior("run", tmp_path / "none.yaml"))
    assert "the environment variable NO_KEY is not set" in mistake(warrior("run", recipe, "--into", tmp_path / "a"))
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("command", ["battle", "rate", "build", "report", "check", "card"])
def test_a_folder_that_is_no_arena(tmp_path: Path, command: str) -> None:
    assert "there is no such folder" in mistake(warrior(command, tmp_path / "none"))
    assert "not an arena, it has no arena.json" in mistake(warrior(command, tmp_path))


@pytest.mark.parametrize("command", ["battle", "rate", "build"])
def test_a_wrong_override_changes_nothing(tmp_path: Path, command: str) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4)
    before = contents(folder.path)
    said = mistake(warrior(command, folder.path, "--set", "rating.alpha=2"))
    assert said.endswith("rating.alpha: found 2; input should be less than or equal to 1.")
    assert contents(folder.path) == before


def test_check_says_whether_an_arena_adds_up(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4)
    sound = warrior("check", folder.path)
    assert sound.exit_code == 0
    assert "FAILED" not in sound.stdout
    folder.update_manifest({"counts": {"judge": {**folder.manifest()["counts"]["judge"], "votes": 999_999}}})
    broken = warrior("check", folder.path)
    assert broken.exit_code == 1
    assert "FAILED" in broken.stdout
    assert broken.stderr.startswith(f"warrior: {folder.path}: the arena does not add up")


def test_report_and_card_of_an_arena(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4)
    assert "smollm2" in warrior("report", folder.path).stdout
    made = warrior("card", folder.path)
    assert made.stdout == f"{folder.path / 'README.md'}\n"
    assert (folder.path / "README.md").is_file()


def test_an_unknown_option_is_a_usage_error() -> None:
    result = warrior("run", "recipe.yaml", "--fast")
    assert result.exit_code == 2
    assert "No such option" in result.stderr
