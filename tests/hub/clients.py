"""The unmodified clients in processes of their own, which is the only way to give them a Hub of one's own.

huggingface_hub and datasets read HF_ENDPOINT and their folders when they are imported, which takes seconds. So one
process imports them, and forks one for every command.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    code: int
    printed: str


@dataclass
class Running:
    """A command that may still be at work."""

    clients: "Clients"
    pid: int
    output: Path

    def wait(self) -> Ended:
        code = self.clients.ask({"wait": self.pid})["code"]
        return Ended(code, self.output.read_text(encoding="utf-8", errors="replace"))

    def kill(self) -> None:
        self.clients.ask({"kill": self.pid})


class Clients:
    """Runs `warrior` commands and Python code against the Hub at `url`, with `home` as the only place of caches."""

    def __init__(self, url: str, home: Path) -> None:
        self._outputs = home / "outputs"
        self._outputs.mkdir(parents=True)
        self._number = 0
        left_out = ("HF_HUB_OFFLINE", "HF_TOKEN")
        environment = {name: value for name, value in os.environ.items() if name not in left_out}
        environment |= {
            "HF_ENDPOINT": url,
            "HF_HOME": str(home / "huggingface"),
            "HOME": str(home),
            "HF_HUB_DISABLE_XET": "1",
            "PYTHONPATH": os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forking.py"))],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def start(self, *arguments: str, token: str | None = None) -> Running:
        """Begin a `warrior` command."""
        return self._fork({"warrior": list(arguments)}, token)

    def warrior(self, *arguments: str, token: str | None = None) -> Ended:
        return self.start(*arguments, token=token).wait()

    def python(self, code: str, token: str | None = None) -> Any:
        """What code prints as JSON. Raises AssertionError with what it printed where it fails."""
        ended = self._fork({"python": code}, token).wait()
        assert ended.code == 0, ended.printed
        return json.loads(ended.printed.splitlines()[-1])

    def ask(self, question: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def _fork(self, what: dict[str, Any], token: str | None) -> Running:
        self._number += 1
        output = self._outputs / f"{self._number}.txt"
        environment = {"HF_TOKEN": token} if token else {}
        pid = self.ask({**what, "environment": environment, "output": str(output)})["pid"]
        return Running(self, pid, output)
