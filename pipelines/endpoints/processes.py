"""No process outlives the run: children die with their parent, however it ends."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, kill -9 included (Linux; elsewhere nothing).

    `parent` is the process that should be the parent. Where it is another one, the parent has ended already and
    its orphan went to process 1, or to whoever takes orphans in: this process ends at once. The signal is tied
    to the thread that started this process, so start it from one that stays.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def forks_die_with_parent() -> None:
    """The same for every process that this one forks from now on, multiprocessing's included, and for their forks."""
    parent = os.getpid()

    def tie() -> None:
        nonlocal parent
        die_with_parent(parent)
        parent = os.getpid()

    os.register_at_fork(after_in_child=tie)


def child_command(module: str, *arguments: str) -> list[str]:
    """The command that runs a module as a child of this process, which ends with it from its first moment on."""
    return [sys.executable, "-m", "warriorcoder.pipelines.endpoints.child", str(os.getpid()), module, *arguments]
