"""A run from outside: servers up, the pipeline's process started and watched, all of it ended together."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.endpoint_kinds import EmbeddedEndpoint
from warriorcoder.errors import ArenaError, RunFailed
from warriorcoder.pipelines.battles.pairing import require_judges
from warriorcoder.pipelines.beforehand import check_expert, require_sandbox
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.deaths import OUT_OF_MEMORY, how_it_ended
from warriorcoder.pipelines.endpoints.embedded import serve, server_settings, weights_of
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.processes import child_command
from warriorcoder.pipelines.endpoints.progress import Progress, read_progress
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.endpoints.traces import (
    clear_traces,
    has_finished,
    progress_folder,
    read_failure,
    stop_file,
    write_addresses,
)
from warriorcoder.pipelines.mining.sources import check_sources
from warriorcoder.pipelines.on_ray.address import LOCAL, ClusterError
from warriorcoder.pipelines.on_ray.cluster import look_over, require_ray
from warriorcoder.pipelines.stopping import Interrupted, Stop, signals
from warriorcoder.recipe import Recipe
from warriorcoder.tables import STAGES, TABLES

POLL_SECONDS = 0.2
SHELL_SIGNALS = 128
"""The guard of a Ray of our own gives a signal as an exit code above this one, as shells do."""

GUARDED_END_SECONDS = 20.0
"""How long the guard of a Ray of our own may take to end all that belongs to it."""

ASKS_NOBODY = ("rate", "build")
"""The parts of a run that work on tables alone."""

JUDGES = ("run", "battle")
"""The parts of a run in which battles are judged."""

PACKAGES = ("warriorcoder", "distilabel", "datasets", "xllamacpp")

LAST_STAGE = {"run": "build", "mine": "curate", "battle": "judge", "rate": "rate", "build": "build"}
"""The stage that each part of a run ends with."""

_EXCEPTION = re.compile(r"[\w.]+(?:Error|Exception|Interrupt): ")


class Watch(Protocol):
    """Called a few times a second with the progress of each stage and a message, "" for none."""

    def __call__(self, progress: dict[str, Progress], message: str, *, stays: bool = False) -> None:
        """`stays`: the message is no word on what is being done, but to be read and kept."""


class StageFailed(RunFailed):
    """A stage ended the run; exit code 2 where the recipe or an endpoint must be mended first."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def run_part(
    recipe: Recipe, path: Path, part: str, watch: Watch, ray: str | None = None, *, unsafe_no_sandbox: bool = False
) -> ArenaFolder:
    """Run the pipeline, or a part of it, in the arena folder at `path`, which is made where it is absent.

    `ray` is where it runs: None for processes of this machine, else an address of `--ray`. `unsafe_no_sandbox`: the
    execution judge runs code with limits alone.

    Raises RecipeError, ModelError, SandboxError, ClusterError or ArenaError before anything in the arena has changed,
    RunFailed when a stage fails, Interrupted when the user stops the run. Whatever was answered is in the journal.
    """
    _check_before(recipe, part)
    needs_sandbox = part in JUDGES and recipe.battles.execution_weight is not None and not unsafe_no_sandbox
    if needs_sandbox:
        require_sandbox(recipe)
    if ray:
        ray = _check_cluster(recipe, path, ray, watch, needs_sandbox=needs_sandbox)
    folder = ArenaFolder.prepare(path)
    with _alone(folder), _experts(recipe, folder, part, watch) as experts, signals() as stop:
        addresses, identity, dead = experts
        folder.clear_broken_writes()
        # The manifest comes first: it is what tells an arena from another folder, should the run be killed here.
        folder.update_manifest({**identity, "recipe_digest": recipe.digest, "packages": _packages()})
        folder.write_text(folder.recipe_path, recipe.to_yaml())
        clear_traces(folder)
        _clear_distilabel(folder)
        write_addresses(folder, addresses)
        if part not in ASKS_NOBODY:
            _begin_in_journal(folder, watch)
        watch({}, "starting the pipeline")
        _run_pipeline(folder, _command(folder, part, ray, unsafe_no_sandbox), ray, dead, stop, watch)
        _clear_distilabel(folder)
    _verify(folder, part)
    return folder


def _clear_distilabel(folder: ArenaFolder) -> None:
    """distilabel reads its cache even when told not to use it, and fails at a file that a kill cut off."""
    shutil.rmtree(folder.work / "distilabel", ignore_errors=True)


def _check_before(recipe: Recipe, part: str) -> None:
    """Everything that can be known to be wrong before a folder is touched or a server started."""
    if part in ASKS_NOBODY:
        return
    check_sources(recipe)
    for expert in recipe.experts:
        check_expert(expert, raw=not template_of(expert).chat or part in ("run", "mine"))
    server_settings(recipe)


def _check_cluster(recipe: Recipe, path: Path, ray: str, watch: Watch, *, needs_sandbox: bool) -> str:
    """The address of a Ray on which this run can work, before anything is begun.

    Raises ClusterError, SandboxError, ArenaError.
    """
    require_ray()
    if ray == LOCAL:
        return ray
    watch({}, f"looking the Ray cluster at {ray} over")
    cluster = look_over(ray, path, needs_sandbox=needs_sandbox)
    for expert in recipe.experts:
        if cluster.others and isinstance(expert.endpoint, EmbeddedEndpoint):
            raise ClusterError(
                f"experts.{expert.name}.endpoint: kind embedded answers on this machine alone, and the cluster has "
                f"{cluster.others} more. Serve the model where all of them reach it and give kind: openai and its "
                "base_url, or run on this machine: --ray alone, or no --ray."
            )
    return cluster.address


@contextmanager
def _experts(
    recipe: Recipe, folder: ArenaFolder, part: str, watch: Watch
) -> Iterator[tuple[list[Address], dict[str, Any], list[str]]]:
    """The experts' addresses, their servers running, what the manifest says of the arena and its experts, and a list
    that has an entry, in words, for each server that ended too early.

    The parts that ask nobody need nothing of it, so they work where the models are not.
    """
    if part in ASKS_NOBODY:
        yield [], {}, []
        return
    watch({}, "reading the experts' weights")
    weights = weights_of(recipe.experts)
    if LAST_STAGE[part] in ("judge", "build"):
        # Mining and answering cost money, too: better said now than after them.
        require_judges(recipe, weights)
    experts = {
        expert.name: {
            "kind": expert.endpoint.kind,
            "model": expert.endpoint.model,
            "weights": weights[expert.name],
            "template": name if isinstance(name := expert.template_or_default, str) else "literal",
            "system": expert.system,
        }
        for expert in recipe.experts
    }
    watch({}, "starting local models")
    dead: list[str] = []
    with serve(recipe, weights, folder.work / "logs", dead.append) as addresses:
        yield addresses, {"name": folder.name, "version": None, "parent": None, "experts": experts}, dead


def _begin_in_journal(folder: ArenaFolder, watch: Watch) -> None:
    """Open the journal before anybody is asked, so that a damaged one is mended and the user hears of it."""
    with Journal(folder.journal_path) as journal:
        journal.begin_run()
        if journal.rescued:
            watch({}, journal.rescued, stays=True)


def _packages() -> dict[str, str]:
    return {package: version(package) for package in PACKAGES}


@contextmanager
def _alone(folder: ArenaFolder) -> Iterator[None]:
    """One run an arena at a time. Raises ArenaError where another one is at it."""
    with (folder.work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArenaError(f"{folder.path}: another run is at work in this arena. Wait for it or stop it.") from None
        yield


def _run_pipeline(
    folder: ArenaFolder, command: list[str], ray: str | None, dead: list[str], stop: Stop, watch: Watch
) -> None:
    """Run the pipeline's process to its end, or end it with all that it started. `dead` are local servers."""
    log = _log(folder)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            # The guard lives for as long as this pipe is open.
            stdin=subprocess.PIPE if ray == LOCAL else subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while process.poll() is None:
            progress = read_progress(progress_folder(folder))
            in_flight = sum(stage.in_flight for stage in progress.values())
            if stop.asked:
                stop_file(folder).touch()
                watch(progress, f"stopping: {in_flight} calls in flight end first; Ctrl-C again stops now")
                if stop.at_once or (stop.settled and not in_flight):
                    raise Interrupted(stop.number)
            else:
                watch(progress, "")
            if dead:
                raise RunFailed(dead[0])
            if read_failure(folder):
                break
            time.sleep(POLL_SECONDS)
        code = process.poll()
        watch(read_progress(progress_folder(folder)), "")
    finally:
        _end(process)
    if failure := read_failure(folder):
        advice = "" if failure.expected else f" The log has more: {log}"
        raise StageFailed(f"stage {failure.stage}: {failure.message}{advice}", failure.exit_code)
    if code and (code < 0 or code > SHELL_SIGNALS):
        signal_ = code if code < 0 else SHELL_SIGNALS - code
        raise RunFailed(f"the pipeline's own process {how_it_ended(signal_)}. {OUT_OF_MEMORY}")


def _command(folder: ArenaFolder, part: str, ray: str | None, unsafe_no_sandbox: bool) -> list[str]:
    """What is started: the pipeline's process; for a Ray of our own, its guard with the process under it."""
    module, arguments = "warriorcoder.pipelines.arena", ["--unsafe-no-sandbox"] * unsafe_no_sandbox
    arguments += [str(folder.path), part, *([ray] if ray else [])]
    if ray == LOCAL:
        return [sys.executable, "-m", "warriorcoder.pipelines.on_ray.guard", sys.executable, "-m", module, *arguments]
    return child_command(module, *arguments)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the pipeline's process with all that it started."""
    if process.stdin:
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GUARDED_END_SECONDS)
    # distilabel's children outlive it and go on asking: the whole group ends here.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _verify(folder: ArenaFolder, part: str) -> None:
    """distilabel's own end means nothing.

    The last stage must have done its work in this run, and all up to it have left their tables and counts.
    """
    last = STAGES.index(LAST_STAGE[part])
    counts = folder.manifest().get("counts", {})
    stages = STAGES[: last + 1]
    missing = [name for name, table in TABLES.items() if table.stage in stages and not folder.has_table(name)]
    missing += [stage for stage in stages if stage not in counts]
    if not has_finished(folder, LAST_STAGE[part]):
        missing.append(f"the end of the stage {LAST_STAGE[part]}")
    if missing:
        raise RunFailed(
            f"the pipeline ended without {', '.join(missing)}. Last error: {_last_error(_log(folder))}. "
            f"The log has more: {_log(folder)}. The same command tries again; nothing is asked twice."
        )


def _log(folder: ArenaFolder) -> Path:
    return folder.work / "logs" / "pipeline.log"


def _last_error(log: Path) -> str:
    """The last exception that was logged, in its own words."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((line for line in reversed(lines) if _EXCEPTION.match(line)), "none was logged")
