"""A cluster looked over before a run: does it answer, and would the run work on each of its machines?"""

import json
import socket
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from warriorcoder.errors import ArenaError, SandboxError
from warriorcoder.pipelines.endpoints.processes import child_command
from warriorcoder.pipelines.on_ray.address import ClusterError, host_and_port

CONNECTED_WITHIN_SECONDS = 5.0
ENDED_WITHIN_SECONDS = 180.0


@dataclass(frozen=True)
class Cluster:
    """What was found: the address of the head, and how many machines there are besides this one."""

    address: str
    others: int


def require_ray() -> None:
    """Raises ClusterError where Ray is not installed."""
    if find_spec("ray") is None:
        raise ClusterError("Ray is not installed here. Install it with: pip install 'warriorcoder[ray]'")


def look_over(address: str, arena: Path, *, needs_sandbox: bool = False) -> Cluster:
    """The cluster at an address. Nothing of the arena is changed, nor is it made.

    Raises ClusterError where the cluster cannot be joined or one of its machines has another version, SandboxError
    where one has no sandbox and the run needs it, ArenaError where the arena's place is not on a file system that
    all its machines share.
    """
    _require_an_answer(address)
    folder = next(place for place in (arena.absolute(), *arena.absolute().parents) if place.is_dir())
    # Ray gives up on an address after two minutes, and ends the process: a process of its own takes that upon itself.
    command = child_command("warriorcoder.pipelines.on_ray.probe", address, str(folder), *["sandbox"] * needs_sandbox)
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=ENDED_WITHIN_SECONDS, check=False)
        found = json.loads(ended.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        raise ClusterError(f"--ray {address}: the cluster's machines did not answer.") from None
    except (IndexError, ValueError):
        lines = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        raise ClusterError(f"--ray {address}: the cluster cannot be joined: {lines[-1]}") from None
    if reason := found.get("unjoined"):
        raise ClusterError(
            f"--ray {address}: the cluster cannot be joined: {reason} The run must begin on a machine of the cluster, "
            "with the cluster's versions of Ray and Python; `ray start --address=HOST:PORT` makes this machine one."
        )
    if found["strangers"]:
        raise ClusterError(f"--ray {address}: {'; '.join(found['strangers'])}.")
    if found["bare"]:
        raise SandboxError(
            f"--ray {address}: battles.execution_weight: the execution judge runs code that models wrote, on any "
            f"machine of the cluster. {' '.join(found['bare'])}\n"
            "battles.execution_weight: null leaves the execution judge out."
        )
    if found["blind"]:
        raise ArenaError(
            f"{arena}: the arena must be in a folder that all machines of the cluster share, by NFS for example, and "
            f"may write to; that is not so on {', '.join(found['blind'])}. Give such a folder with --into."
        )
    return Cluster(found["address"], found["others"])


def _require_an_answer(address: str) -> None:
    place = host_and_port(address)
    if place is None:
        return
    try:
        socket.create_connection(place, CONNECTED_WITHIN_SECONDS).close()
    except OSError as error:
        raise ClusterError(
            f"--ray {address}: nobody answers there: {error.strerror or error}. Is the cluster up? Its head's port is "
            "6379 unless it was given another; `ray status` on the head tells."
        ) from None
