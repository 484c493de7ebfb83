"""Runs the README's commands, so that what it tells people to type is known to work.

A fenced block opened with ```bash is a script: it is run from the repository root, with the environment's
programs first on the path, and every command in it must succeed. A block that cannot be run on a bare machine has
this comment above it, with the reason:  <!-- not run: needs an account on the Hub -->
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w-]*)")
_NOT_RUN = re.compile(r"^\s*<!--\s*not run:(?P<reason>.*?)-->\s*$")


@dataclass(frozen=True)
class Block:
    """A bash block: its first line's number in the file, its script, and why it is not run, if it is not."""

    line: int
    script: str
    not_run: str | None = None

    @property
    def commands(self) -> list[str]:
        """Its commands: continued lines joined, comments and empty lines left out."""
        lines = self.script.replace("\\\n", " ").splitlines()
        return [" ".join(line.split()) for line in lines if line.strip() and not line.strip().startswith("#")]

    def without(self, done: list[str]) -> "Block":
        """The block less the lines that are exactly a command that was run already."""
        kept = [line for line in self.script.splitlines() if line.split("#")[0].strip() not in done]
        return Block(self.line, "\n".join(kept), self.not_run)


def bash_blocks(text: str) -> list[Block]:
    """The bash blocks of a Markdown text, in order. Raises ValueError for an open block or an empty reason."""
    return list(_blocks(text.splitlines()))


def _blocks(lines: list[str]) -> Iterator[Block]:
    reason: str | None = None
    numbered = iter(enumerate(lines, start=1))
    for number, line in numbered:
        if comment := _NOT_RUN.match(line):
            reason = comment["reason"].strip()
            if not reason:
                raise ValueError(f"line {number}: `not run:` needs a reason")
        elif opening := _FENCE.match(line):
            body = []
            for _, inner in numbered:
                if inner.strip().startswith(opening["fence"]) and not inner.strip().strip(opening["fence"][0]):
                    break
                body.append(inner.removeprefix(opening["indent"]))
            else:
                raise ValueError(f"line {number}: this block is never closed")
            if opening["language"] == "bash":
                yield Block(number + 1, "\n".join(body), reason)
            reason = None
        elif line.strip():
            reason = None


def run(block: Block, root: Path) -> int:
    """Run one block from `root`; its output goes straight through. Returns the exit code."""
    programs = root / ".venv" / "bin"
    environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.script],
        cwd=root,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the bash blocks of a README, in order.")
    parser.add_argument("file", type=Path, nargs="?", default=ROOT / "README.md")
    parser.add_argument("--root", type=Path, default=ROOT, help="folder to run in")
    parser.add_argument("--done", action="append", default=[], metavar="COMMAND", help="a command that ran already")
    options = parser.parse_args(arguments)
    try:
        blocks = bash_blocks(options.file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return 2
    if not blocks:
        print(f"{options.file}: no bash block in it, so nothing would be checked.", file=sys.stderr)
        return 2
    return _run_all(blocks, options.file, options.root, options.done)


def _run_all(blocks: list[Block], file: Path, root: Path, done: list[str]) -> int:
    ran = 0
    for block in blocks:
        place = f"{file.name}:{block.line}"
        left = block.without(done)
        if block.not_run is not None:
            print(f"-- {place}: not run: {block.not_run}", flush=True)
            continue
        if not left.commands:
            print(f"-- {place}: ran already", flush=True)
            continue
        print("\n".join([f"-- {place}", *(f"$ {command}" for command in left.commands)]), flush=True)
        started = time.monotonic()
        code = run(left, root)
        if code:
            print(f"-- {place}: failed with exit code {code}", file=sys.stderr, flush=True)
            return 1
        ran += 1
        print(f"-- {place}: done in {time.monotonic() - started:.0f} s", flush=True)
    print(f"-- {file.name}: {ran} of {len(blocks)} blocks run", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
