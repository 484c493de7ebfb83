"""A process that ended before its time, in words."""

import signal

OUT_OF_MEMORY = (
    "Out of memory? The kernel kills the largest process then, and `dmesg` says so. Everything answered so far is "
    "kept. Give the run more memory, or less to do; the same command goes on from here."
)
"""What most often kills a process, and what to do about it."""


def how_it_ended(code: int) -> str:
    """An exit code in words; a negative one is the signal that killed."""
    if code >= 0:
        return f"ended by itself, with exit code {code}"
    try:
        return f"was killed (signal {-code}, {signal.Signals(-code).name})"
    except ValueError:
        return f"was killed (signal {-code})"
