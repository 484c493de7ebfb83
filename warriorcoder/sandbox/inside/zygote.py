"""The first process inside: it imports what runs need and forks a warden for each. It never sees a job.

Started as `python -c "from warriorcoder.sandbox.inside.zygote import main; main()" WALLS` with the
control socket as its standard input. It says "ready" over it, or what is wrong.
"""

import gc
import importlib
import os
import socket
import sys
import traceback

from warriorcoder.sandbox.inside import frames, warden
from warriorcoder.sandbox.inside.walls import Walls

# What most programs import: done once here, not in every run.
COMMON = """
bisect collections.abc contextlib copy dataclasses datetime decimal fractions functools hashlib heapq inspect
itertools json math operator queue random re statistics string textwrap typing
"""


def main() -> None:
    walls = Walls.from_text(sys.argv.pop())
    control = socket.socket(fileno=os.dup(0))
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    try:
        if walls.packages:
            sys.path.append(walls.packages)
        for name in (*COMMON.split(), *walls.preload):
            importlib.import_module(name)
    except Exception:
        frames.send(control, {"wrong": traceback.format_exc()})
        return
    # Where this package lies: the code has no business there.
    sys.path.remove(os.environ["PYTHONPATH"])
    os.dup2(null, 1)
    os.dup2(null, 2)
    # Out of the collector's sight, so that it does not write to pages that all forks share.
    gc.collect()
    gc.freeze()
    frames.send(control, {"ready": True})
    while True:
        child = os.fork()
        if child == 0:
            try:
                warden.main(control, walls, null)
            finally:
                os._exit(1)
        if os.waitpid(child, 0)[1] != 0:
            return
