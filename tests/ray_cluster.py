"""A Ray cluster of two nodes on this machine's loopback, out of reach of the tests' own processes.

`python ray_cluster.py FOLDER` starts it with its files in FOLDER, prints its address, and keeps it
until its standard input ends.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

STARTED_WITHIN_S = 120.0

# The first is Ray's switch for giving a machine its loopback address; the second keeps idle workers from staying.
SETTINGS = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}


@dataclass(frozen=True)
class RunningCluster:
    """Its address, the folder of its files, what `warrior` needs in its environment, and its guard's process."""

    address: str
    folder: Path
    environment: dict[str, str]
    guard: psutil.Process

    def processes(self) -> list[psutil.Process]:
        return self.guard.children(recursive=True)

    def actors(self) -> list[psutil.Process]:
        """The cluster's workers that run an actor; Ray names them after it."""
        found = []
        for process in self.processes():
            try:
                title = " ".join(process.cmdline())
            except psutil.Error:
                continue
            if title.startswith("ray::") and "IDLE" not in title and "Agent" not in title:
                found.append(process)
        return found


@contextmanager
def two_nodes(tmp_path: Path) -> Iterator[RunningCluster]:
    """Start the cluster; it ends with the block, or with this process. The guard of our own Ray sees to that."""
    said = tmp_path / "cluster.out"
    command = [sys.executable, "-m", "warriorcoder.pipelines.on_ray.guard", sys.executable, __file__]
    read, write = os.pipe()
    # Not a child of this process: its workers come and go, and are no test's to answer for.
    with said.open("wb") as output:
        started = ["sh", "-c", 'exec 3<&0; "$@" <&3 2>&1 & echo $! >&2', "sh", *command]
        environment = {**os.environ, **SETTINGS}
        shell = subprocess.run(started, stdin=read, stdout=output, stderr=subprocess.PIPE, env=environment, check=True)
    os.close(read)
    try:
        guard = psutil.Process(int(shell.stderr.split()[0]))
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not (lines := [line for line in said.read_text().splitlines() if line.startswith("{")]):
            if not guard.is_running() or time.monotonic() > deadline:
                raise AssertionError(f"the cluster did not start: {said.read_text()}")
            time.sleep(0.1)
        found = json.loads(lines[0])
        environment = {**SETTINGS, "RAY_TMPDIR": found["folder"]}
        yield RunningCluster(found["address"], Path(found["folder"]), environment, guard)
    finally:
        os.close(write)
    guard.wait(60)


def main() -> None:
    folder = sys.argv[1]
    os.environ["RAY_TMPDIR"] = folder
    from ray.cluster_utils import Cluster

    Path(folder, "ray").mkdir()
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 2, "node_ip_address": "127.0.0.1", "include_dashboard": False},
    )
    cluster.add_node(num_cpus=2, node_ip_address="127.0.0.1")
    print(json.dumps({"address": cluster.address, "folder": folder}), flush=True)
    time.sleep(10**6)


if __name__ == "__main__":
    main()
