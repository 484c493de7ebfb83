"""Where Ray is, as `--ray` says it."""

import re

from warriorcoder.errors import WarriorError

LOCAL = "local"
"""A Ray of our own on this machine, started for the run and ended with it."""

AUTO = "auto"
"""The cluster that this machine belongs to, as Ray itself finds it."""

_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


class ClusterError(WarriorError):
    """A Ray cluster that cannot be joined, or on which this run would not work."""


def read_address(text: str) -> str:
    """An address of `--ray`, checked for its form: local, auto or host:port. Raises ClusterError."""
    if text in (LOCAL, AUTO):
        return text
    if text.startswith("ray://"):
        raise ClusterError(
            f"--ray {text}: Ray's client is not supported: the journal needs this machine to be one of the cluster's. "
            f"Start the run on one of them, with --ray {AUTO}."
        )
    match = _HOST_AND_PORT.fullmatch(text)
    if match and 0 < int(match[2]) < 65536:
        return text
    raise ClusterError(
        f"--ray takes an address: {AUTO}, or the host:port of the cluster's head; found {text!r}. For a Ray of its "
        "own, give --ray alone, behind all else: warrior run RECIPE --ray."
    )


def host_and_port(address: str) -> tuple[str, int] | None:
    """The two parts of a host:port; None for local and auto."""
    match = _HOST_AND_PORT.fullmatch(address)
    return (match[1].strip("[]"), int(match[2])) if match else None
