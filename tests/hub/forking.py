"""A process that has imported the clients and forks for every command. It ends when its input does."""

import importlib
import json
import os
import signal
import sys
import traceback
from typing import Any

import warriorcoder.cli
from warriorcoder.pipelines.mining.privacy import findings

PRELOADED = (
    "datasets",
    "huggingface_hub.hf_api",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "rich.table",
    "scipy.io",
    "warriorcoder.check",
    "warriorcoder.dataset_card.card",
    "warriorcoder.pipelines.hub.publish",
    "warriorcoder.pipelines.hub.pull",
)


def main() -> None:
    for module in PRELOADED:
        importlib.import_module(module)
    findings("token: 0123456789abcdefghij")  # it imports what it searches with at its first search
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            answer = {"code": os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1])}
        elif "kill" in asked:
            os.kill(asked["kill"], signal.SIGKILL)
            answer = {}
        else:
            answer = {"pid": _fork(asked)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _fork(asked: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        output = os.open(asked["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(asked["environment"])
        code = _run(asked)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run(asked: dict[str, Any]) -> int:
    if "python" in asked:
        exec(compile(asked["python"], "<test>", "exec"), {"__name__": "__main__"})
        return 0
    try:
        warriorcoder.cli.main(asked["warrior"], prog_name="warrior")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    return 0


if __name__ == "__main__":
    main()
