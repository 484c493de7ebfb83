"""A whole run with keys planted in its environment: they reach the endpoint, and nothing else ever holds them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from scripted_experts import KEY_VARIABLE, recipe, script
from unit.scripted_server import Asked, Fault, ScriptedServer, scripted_server

from warriorcoder.pipelines.endpoints.journal.upkeep import Upkeep

PLANTED = {
    KEY_VARIABLE: "wc-k3y-0f-the-endpoint-9a81",
    "HF_TOKEN": "hf_" + "PlantedTokenOfTheHub0123456789",
    "OPENAI_API_KEY": "sk-" + "planted-key-of-another-service-42",
}


def leaky(asked: Asked) -> str | Fault:
    """A server that repeats the key that it was sent, in answers, in refusals and in passing faults."""
    sent = asked.headers["Authorization"]
    place = len(asked.text) % 9
    if place == 0:
        return Fault(400, f"you sent {sent}".encode())
    if place == 1 and asked.number == 0:
        return Fault(500, f'{{"error": "broke with {sent}"}}'.encode())
    answer = script(asked)
    return f"{answer}\n# {sent}" if asked.chat and isinstance(answer, str) and place == 2 else answer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(leaky) as running:
        yield running


def test_no_key_is_written_printed_or_listed(server: ScriptedServer, tmp_path: Path) -> None:
    home, arena = tmp_path / "home", tmp_path / "arena"
    home.mkdir()
    (tmp_path / "recipe.yaml").write_text(recipe(server.url).to_yaml(), encoding="utf-8")
    command = [sys.executable, "-m", "warriorcoder.cli", "run", "recipe.yaml", "--into", "arena"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, **PLANTED, "HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    lines: set[str] = set()
    while process.poll() is None:
        lines |= _command_lines(process.pid)
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
    assert process.stdout is not None
    printed = process.stdout.read()
    process.stdout.close()
    assert process.returncode == 0, printed.decode()

    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {PLANTED[KEY_VARIABLE]}"}
    assert any("pipelines.arena" in line for line in lines)
    files = {str(file): _content(file) for file in tmp_path.rglob("*") if file.is_file()}
    assert {"arena.json", "journal.sqlite", "pipeline.log", "README.md"} <= {Path(file).name for file in files}
    assert any(b"[key]" in content for content in files.values()), "the server never repeated a key"
    for secret in PLANTED.values():
        assert [file for file, content in files.items() if secret.encode() in content] == []
        assert secret.encode() not in printed
        assert [line for line in lines if secret in line] == []
    assert arena.is_dir()


def _content(file: Path) -> bytes:
    """A file's bytes, and what they stand for where they are compressed."""
    content = file.read_bytes()
    if file.suffix == ".parquet":
        content += str(pq.read_table(file).to_pylist()).encode()
    if file.name == "journal.sqlite":
        journal = Upkeep(file)
        content += b"".join(entry.reply.text.encode() for entry, _ in journal.entries())
        journal.close()
    return content


def _command_lines(pid: int) -> set[str]:
    """What any user of the machine can read of a process and of all that it started."""
    try:
        parent = psutil.Process(pid)
        return {" ".join(each.cmdline()) for each in (parent, *parent.children(recursive=True))}
    except psutil.NoSuchProcess:
        return set()
