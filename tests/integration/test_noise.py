"""What a real run prints to the last line, on a terminal and in a pipe: progress and report, no library's word."""

import os
import pty
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from integration.test_pipeline import KEY, recipe, script
from unit.scripted_server import ScriptedServer, scripted_server

WARRIOR = str(Path(sys.executable).with_name("warrior"))
ROWS, COLUMNS = 30, 100

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
SAYS = "reading the experts' weights|starting local models|starting the pipeline|working on the tables"
CELLS = r"[\w,.]+ of [\w,.]+ calls(, [\w,.]+ (from the journal|in flight|retried|failed|tokens in|out))*(, \$[\d.]+)?"
PLAIN = re.compile(rf"\[ *\d+ s\] ({SAYS}|(mine|curate|answer|judge): {CELLS}(, .+ left)?)")
PANEL = re.compile(
    rf"|{SAYS}|<?\d+ (s|min)( · [\w,.]+( of about [\w,.]+)? calls( · \$[\d.]+( of about \$[\d.]+)?)?)?"
    r"|stage .* time|(mine|curate|answer|judge) +[━╸╺]* +[\w,.]+/~?[\w,.]+( .*)?"
)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


@pytest.fixture
def command(server: ScriptedServer, tmp_path: Path) -> list[str]:
    (tmp_path / "recipe.yaml").write_text(recipe(server.url).to_yaml())
    return [WARRIOR, "run", str(tmp_path / "recipe.yaml"), "--into", str(tmp_path / "arena")]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "SCRIPTED_KEY": KEY, "COLUMNS": str(COLUMNS), **more}


def report(tmp_path: Path) -> str:
    shown = subprocess.run(
        [WARRIOR, "report", str(tmp_path / "arena")], capture_output=True, text=True, check=True, env=environment()
    )
    assert shown.stderr == ""
    return shown.stdout


def in_a_pipe(command: list[str]) -> "subprocess.CompletedProcess[str]":
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert run.returncode == 0, run.stderr
    return run


def on_a_terminal(command: list[str]) -> str:
    """All that a command writes to a terminal."""
    ours, its = pty.openpty()
    ioctl(its, TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment(TERM="xterm-256color"))
    os.close(its)
    written = b""
    while True:
        try:
            some = os.read(ours, 65536)
        except OSError:
            # Linux says so at the end of a terminal.
            break
        if not some:
            break
        written += some
    os.close(ours)
    assert process.wait() == 0, written.decode()
    return written.decode()


def foreign(lines: list[str], ours: re.Pattern[str]) -> list[str]:
    return [line for line in lines if not ours.fullmatch(line)]


def test_in_a_pipe(command: list[str], tmp_path: Path) -> None:
    run = in_a_pipe(command)
    assert foreign(run.stderr.splitlines(), PLAIN) == []
    assert "judge: " in run.stderr
    assert run.stdout == report(tmp_path)
    # What the libraries said is in the log, where the answers were asked for.
    assert "distilabel" in (tmp_path / "arena" / ".work" / "logs" / "pipeline.log").read_text()


def test_quietly(command: list[str], tmp_path: Path) -> None:
    run = in_a_pipe([*command, "-q"])
    assert run.stderr == ""
    assert run.stdout == report(tmp_path)


def test_on_a_terminal(command: list[str], tmp_path: Path) -> None:
    text = ESCAPE.sub("", on_a_terminal(command)).replace("\r", "\n")
    lines = [line.rstrip() for line in text.splitlines()]
    of_the_report = {line.rstrip() for line in report(tmp_path).splitlines()}
    assert foreign([line for line in lines if line not in of_the_report], PANEL) == []
    assert [line for line in lines if line.startswith("judge ")]
    assert max(len(line) for line in lines if line not in of_the_report) <= COLUMNS
    quiet = ESCAPE.sub("", on_a_terminal([*command, "-q"])).replace("\r", "").splitlines()
    assert [line.rstrip() for line in quiet] == [line.rstrip() for line in report(tmp_path).splitlines()]
