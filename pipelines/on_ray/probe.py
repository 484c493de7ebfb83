"""Joins a cluster for a moment: a child (`endpoints/child.py`) with the arguments ADDRESS FOLDER [sandbox].

Every machine reads a marker in the folder and leaves its own beside it. The last line printed is
JSON: `unjoined`, why the cluster could not be joined; or its `address`, how many `others` there
are besides this machine, `strangers`, machines without this version of warriorcoder, in words,
`blind`, machines that do not share the folder, and, where asked for, `bare`, machines without a
sandbox, in words.
"""

import json
import logging
import os
import sys
import threading
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any

JOINED_WITHIN_SECONDS = 20.0
ANSWERED_WITHIN_SECONDS = 120.0
"""A machine's first task has to start a worker."""


def main() -> None:
    address, folder = sys.argv[1], Path(sys.argv[2])
    late = threading.Timer(JOINED_WITHIN_SECONDS, _give_up)
    late.daemon = True
    late.start()
    try:
        import ray

        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        _say({"unjoined": " ".join(str(error).split())})
        return
    late.cancel()
    _say(_look(folder, sandbox=sys.argv[3:] == ["sandbox"]))


def _say(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)


def _give_up() -> None:
    _say({"unjoined": f"what listens there did not answer as Ray does within {JOINED_WITHIN_SECONDS:.0f} s."})
    os._exit(0)


def _look(folder: Path, *, sandbox: bool) -> dict[str, Any]:
    import ray

    here = ray.get_runtime_context()
    nodes = {node["NodeID"]: node for node in ray.nodes() if node["Alive"]}
    names = {key: f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})" for key, node in nodes.items()}
    marker = folder / f".warrior-{uuid.uuid4().hex}"
    ours, word = f"warriorcoder {version('warriorcoder')}", uuid.uuid4().hex
    strangers, blind, bare = [], [], []
    marker.write_text(word, encoding="ascii")
    try:
        for key, (installed, read, why_bare) in _ask(list(nodes), marker, sandbox=sandbox).items():
            own = _own(marker, key)
            if installed != ours:
                strangers.append(
                    f"the machine {names[key]} has {installed}, and this one {ours}: all must have the same"
                )
            if read != word or not own.is_file() or own.read_text(encoding="ascii") != word:
                blind.append(names[key])
            if why_bare:
                bare.append(f"On {names[key]}: {why_bare}")
    finally:
        for file in folder.glob(f"{marker.name}*"):
            file.unlink(missing_ok=True)
    others = sum(key != here.get_node_id() for key in nodes)
    return {"address": here.gcs_address, "others": others, "strangers": strangers, "blind": blind, "bare": bare}


def _own(marker: Path, node: str) -> Path:
    """Where a machine leaves its own marker."""
    return marker.with_name(f"{marker.name}-{node[:12]}")


def _ask(nodes: list[str], marker: Path, *, sandbox: bool) -> dict[str, tuple[str, str, str]]:
    """What each machine has installed, what it read, and why it has no sandbox, "" where it has or nobody asks."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # It travels by value, so it also runs where there is no warriorcoder.
    def copy(marker: str, own: str) -> tuple[str, str, str]:
        from importlib import metadata

        try:
            installed = f"warriorcoder {metadata.version('warriorcoder')}"
        except metadata.PackageNotFoundError:
            installed = "no warriorcoder"
        try:
            with open(marker, encoding="ascii") as file:
                word = file.read()
            with open(own, "w", encoding="ascii") as file:
                file.write(word)
        except OSError as error:
            word = str(error)
        if not sandbox:
            return installed, word, ""
        try:
            from warriorcoder.sandbox.sandbox import usable_binary

            usable_binary()
        except Exception as error:
            return installed, word, str(error)
        return installed, word, ""

    task = ray.remote(copy)
    calls = {}
    for node in nodes:
        where = NodeAffinitySchedulingStrategy(node, soft=False)
        calls[node] = task.options(num_cpus=0, scheduling_strategy=where).remote(str(marker), str(_own(marker, node)))
    answers = {}
    for node, call in calls.items():
        try:
            answers[node] = ray.get(call, timeout=ANSWERED_WITHIN_SECONDS)
        except ray.exceptions.RayError as error:
            answers[node] = (f"answered nothing ({type(error).__name__})", "", "")
    return answers


if __name__ == "__main__":
    main()
