"""No process outlives the run: children die with their parent, however it ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, kill -9 included (Linux; elsewhere nothing).

    The signal is tied to the thread that started this process, so start it from one that stays.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent or parent == 1:
        os._exit(1)


def forks_die_with_parent() -> None:
    """The same for every process that this one forks from now on, multiprocessing's included."""
    os.register_at_fork(after_in_child=die_with_parent)
