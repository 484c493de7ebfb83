"""Run a command and all that it starts, wait for every one of them, and write down what they took.

python benchmarks/_cpu_time.py RESULT.json COMMAND…

A process of its own: whoever its parent was, each descendant's time ends up here.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from _processes import adopt_orphans


def main() -> None:
    adopt_orphans()
    began = time.monotonic()
    process = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL)
    code = 1
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            break
        if pid == process.pid:
            code = os.waitstatus_to_exitcode(status)
            wall = time.monotonic() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    Path(sys.argv[1]).write_text(json.dumps({"cpu": used.ru_utime + used.ru_stime, "wall": wall}))
    sys.exit(code)


if __name__ == "__main__":
    main()
