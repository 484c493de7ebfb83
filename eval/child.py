"""What runs in the tested code's process. Started by execution.py as a script, never imported.

It reads one JSON object from standard input (source, test, entry_point, token, limits), closes
the door behind it, runs the source and then the test, and writes `token` and a verdict to the
file descriptor that its argument names. Whoever does not know the token has no verdict.
"""

import json
import os
import resource
import signal
import sys
from typing import Any


def limit(limits: dict[str, int]) -> None:
    """Limits that the process cannot raise again, and an alarm in case nobody is left to end it."""
    # At the soft CPU limit SIGXCPU ends the process, which tells a timeout from a kill; a second later SIGKILL does.
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_seconds"], limits["cpu_seconds"] + 1))
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    signal.alarm(limits["wall_seconds"] + 5)


def run(source: str, test: str, entry_point: str) -> list[str]:
    """The verdict: [passed], or [failed | exited, the error's kind, its message]."""
    namespace: dict[str, Any] = {"__name__": "candidate"}
    try:
        exec(compile(source, "<candidate>", "exec"), namespace)
        exec(compile(test, "<test>", "exec"), namespace)
        namespace["check"](namespace[entry_point])
    except (SystemExit, KeyboardInterrupt) as error:
        return ["exited", type(error).__name__, str(error)]
    except BaseException as error:
        return ["failed", type(error).__name__, _message(error)]
    return ["passed"]


def _message(error: BaseException) -> str:
    try:
        return str(error)[:500]
    except BaseException:
        return "an error that cannot be shown"


def main() -> None:
    # Bound now: the tested code may put something else in their places.
    write, leave, dumps = os.write, os._exit, json.dumps
    verdict_file = int(sys.argv.pop())
    work = json.loads(sys.stdin.buffer.read())
    token = work.pop("token")
    limit(work.pop("limits"))
    verdict = run(**work)
    write(verdict_file, f"{token}{dumps(verdict)}".encode())
    # Threads that the code left behind would hold up a normal end.
    leave(0)


if __name__ == "__main__":
    main()
