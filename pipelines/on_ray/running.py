"""What the pipeline's process does on Ray: join it, open the desk that keeps the journal, watch the actors."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distilabel.pipeline.ray import RayPipeline

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.ray_keeper import cause_of_death, open_desk
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.pipelines.on_ray.address import LOCAL
from warriorcoder.pipelines.watching import LOOK_EVERY_SECONDS, Report

LOOPBACK = "127.0.0.1"


@contextmanager
def joined(folder: ArenaFolder, address: str, own: Path | None) -> Iterator[None]:
    """Join the cluster at an address, or start Ray on this machine with its files in `own`; the desk is open inside.

    The keys of the arena's endpoints leave this process's environment first, and go to the desk alone.
    """
    names = {each.api_key_env for each in read_addresses(folder).values() if each.api_key_env}
    keys = {name: os.environ.pop(name) for name in sorted(names) if name in os.environ}
    if address == LOCAL and own:
        _stay_on_this_machine(own)
    import ray

    if address == LOCAL:
        ray.init(address=LOCAL, include_dashboard=False, _node_ip_address=LOOPBACK, _temp_dir=str(own))
    else:
        ray.init(address=address)
    try:
        desk = open_desk(folder.journal_path, keys)
        yield
        ray.get(desk.flush.remote())
    finally:
        ray.shutdown()


def _stay_on_this_machine(own: Path) -> None:
    """Ray's settings for a Ray that nobody else can reach or hear of. Ray reads them when it is imported."""
    token = own / "token"
    token.touch(mode=0o600)
    token.write_text(os.urandom(32).hex(), encoding="ascii")
    os.environ.pop("RAY_ADDRESS", None)
    os.environ |= {
        # The name is Ray's; what it does is to give this machine its loopback address, and to listen there alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_metrics_collection": "0",
    }


def actors_of(pipeline: RayPipeline) -> tuple[dict[str, str], list[str]]:
    """distilabel's names of the actors that run the steps, with the step of each, and of those that are its queues.

    Its queue for logs is not among them: it ends a moment before the pipeline does.
    """
    steps = {f"distilabel-{pipeline.name}-{step}-0": step for step in pipeline.dag}
    queues = [f"distilabel-{pipeline.name}-input-queue-{step}" for step in pipeline.dag]
    return steps, [*queues, *(f"distilabel-{pipeline.name}-{kind}-queue" for kind in ("output", "load"))]


def watch_actors(pipeline: RayPipeline, report: Report) -> None:
    """Watch a pipeline's actors in a thread: Ray tells nobody else that one has died, and distilabel waits for it."""
    steps, queues = actors_of(pipeline)
    threading.Thread(target=_watch, args=(steps, queues, report), name="watch", daemon=True).start()


def _watch(steps: dict[str, str], queues: Sequence[str], report: Report) -> None:
    import ray

    calls: dict[str, Any] = {}
    ended: set[str] = set()
    while True:
        for name in {*steps, *queues} - calls.keys() - ended:
            try:
                # It is answered when the step has returned, or has died; by a queue, at once.
                calls[name] = ray.get_actor(name).__ray_ready__.remote()
            except ValueError:
                continue
        done, _ = ray.wait(list(calls.values()), num_returns=len(calls), timeout=0) if calls else ([], [])
        for name, call in list(calls.items()):
            if call not in done:
                continue
            del calls[name]
            try:
                ray.get(call)
            except ray.exceptions.RayActorError as error:
                what = f"the process of the step {steps[name]}" if name in steps else f"{name}, one of the queues,"
                report(f"{what} on the cluster has ended: {cause_of_death(error)}")
                return
            if name in steps:
                ended.add(name)
        time.sleep(LOOK_EVERY_SECONDS)
