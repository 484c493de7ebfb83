"""The harness that runs the README's commands, and what the README promises of its commands."""

import re
from pathlib import Path

import pytest
import readme_commands
from readme_commands import ROOT, Block, bash_blocks

SAMPLE = """\
# Title

```bash
make demo    # some minutes
make test
```

Inline `bash` and ```bash in a line``` are no blocks.

```console
$ rm -rf /
```

1. A list:

   ```bash
   warrior run \\
     recipe.yaml
   # a comment
   ```

<!-- not run: needs an account on the Hub -->

```bash
warrior publish arenas/demo
```

<!-- not run: this paragraph stands between, so it says nothing of the block -->
A paragraph.

````bash
cat <<'EOF'
```
EOF
````
"""


def test_blocks_come_in_order_with_their_lines_and_reasons() -> None:
    blocks = bash_blocks(SAMPLE)
    assert [(block.line, block.not_run) for block in blocks] == [
        (4, None),
        (17, None),
        (25, "needs an account on the Hub"),
        (32, None),
    ]
    assert blocks[1].script == "warrior run \\\n  recipe.yaml\n# a comment"
    assert blocks[1].commands == ["warrior run recipe.yaml"]
    assert blocks[3].script == "cat <<'EOF'\n```\nEOF"
    assert all(SAMPLE.splitlines()[block.line - 1].strip() == block.script.splitlines()[0] for block in blocks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text\n```bash\nmake demo\n", "line 2: this block is never closed"),
        ("<!-- not run: -->\n```bash\nx\n```\n", "line 1: `not run:` needs a reason"),
    ],
)
def test_mistakes_in_the_readme_are_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        bash_blocks(text)


def test_what_ran_already_is_left_out() -> None:
    block = bash_blocks(SAMPLE)[0]
    assert block.without(["make test"]).commands == ["make demo # some minutes"]
    assert block.without(["make demo", "make test"]).commands == []
    assert Block(1, "make testing").without(["make test"]).commands == ["make testing"]


def run_readme(folder: Path, text: str, *options: str) -> int:
    (folder / "README.md").write_text(text, encoding="utf-8")
    return readme_commands.main([str(folder / "README.md"), "--root", str(folder), *options])


def test_blocks_run_in_the_root_with_the_environments_programs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / ".venv" / "bin" / "warrior"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nread -r line && echo "input: $line"\necho "warrior in $PWD"\n', encoding="utf-8")
    program.chmod(0o755)
    assert run_readme(tmp_path, "```bash\nwarrior\n```\n<!-- not run: no hub -->\n```bash\nexit 9\n```\n") == 0
    out = capfd.readouterr().out
    assert f"warrior in {tmp_path}" in out
    assert "input:" not in out
    assert "README.md:6: not run: no hub" in out
    assert "1 of 2 blocks run" in out


@pytest.mark.parametrize("failing", ["false\ntrue", "false | true", "echo $NO_SUCH_VARIABLE"])
def test_a_failing_command_stops_the_run(tmp_path: Path, failing: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = f"```bash\n{failing}\n```\n```bash\ntouch next\n```\n"
    assert run_readme(tmp_path, text) == 1
    assert "README.md:2: failed with exit code 1" in capfd.readouterr().err
    assert not (tmp_path / "next").exists()


def test_commands_that_ran_already_do_not_run_again(tmp_path: Path) -> None:
    assert run_readme(tmp_path, "```bash\ntouch first\nfalse\n```\n", "--done", "false") == 0
    assert (tmp_path / "first").exists()
    assert run_readme(tmp_path, "```bash\nfalse\n```\n", "--done", "false") == 0


def test_a_readme_without_commands_is_no_success(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_readme(tmp_path, "No commands.\n") == 2
    assert "no bash block" in capfd.readouterr().err


def test_the_readme_starts_with_the_two_commands() -> None:
    runnable = [block for block in bash_blocks((ROOT / "README.md").read_text(encoding="utf-8")) if not block.not_run]
    commands = [command.split(" #")[0] for block in runnable for command in block.commands]
    assert commands[:2] == ["make demo", "make test"]


def test_every_make_target_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"(?:^|`|\s)make ([a-z][a-z-]*)(?=[`\s.,)]|$)", _code_of_the_readme()))
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    benchmarks = {f"bench-{script.stem}" for script in (ROOT / "benchmarks").glob("*.py")}
    assert named
    assert named <= targets | benchmarks


def _code_of_the_readme() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    scripts = [block.script for block in bash_blocks(text)]
    return "\n".join([*scripts, *re.findall(r"`make [^`]*`", text)])
