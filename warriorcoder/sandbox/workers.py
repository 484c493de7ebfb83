"""The outer end of a worker: a process that has started up once and forks for each run."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import warriorcoder
from warriorcoder.sandbox import bubblewrap
from warriorcoder.sandbox.inside import frames
from warriorcoder.sandbox.inside.walls import Walls

START_S = 60.0
"""Seconds that a worker may take to start, on a busy machine."""

LATE_S = 30.0
"""Seconds past a run's limit on wall time after which its worker is given up."""


END_S = 10.0
"""Seconds that a worker may take to end by itself before it is killed."""


class WorkerLost(Exception):
    """A worker that ended, or fell silent. Its runs have ended with it."""


class Worker:
    """A zygote in a sandbox, or without one (`unsafe`). Raises WorkerLost, with what it said, where it does not start.

    bubblewrap ends with the thread that starts it: let that be one that lives as long as the worker.
    """

    def __init__(
        self, binary: str | None, packages: Sequence[str], preload: Sequence[str], namespace: int | None, number: int
    ) -> None:
        self.number = number
        self._folder = None if binary else tempfile.TemporaryDirectory(prefix="warrior-unsafe-")
        first = 1 + 2 * number % bubblewrap.USERS
        walls = Walls(
            apart=binary is not None,
            users=(first, first + 1) if namespace is not None else None,
            folder=self._folder.name if self._folder else "",
            packages=bubblewrap.HOME_OF_PACKAGES if binary else _folder_of(packages),
            preload=tuple(preload),
        )
        home = str(Path(warriorcoder.__file__).parent.parent)
        self._control, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as complaints:
            self._process = subprocess.Popen(
                bubblewrap.command(binary, walls, packages, namespace) if binary else bubblewrap.python(walls),
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                cwd="/",
                env={} if binary else bubblewrap.environment(home),
                pass_fds=() if namespace is None else (namespace,),
                start_new_session=True,
            )
            theirs.close()
            try:
                self._control.settimeout(START_S)
                started = frames.receive(self._control)
                if "wrong" in started:
                    raise EOFError(started["wrong"])
            except (OSError, EOFError) as error:
                self.close()
                complaints.seek(0)
                raise WorkerLost(complaints.read().decode("utf-8", "replace") or str(error)) from None
            except BaseException:
                self.close()
                raise

    def run(self, job: dict[str, Any]) -> dict[str, Any]:
        """Have a job done. WorkerLost where no reply comes."""
        self._control.settimeout(job["limits"]["wall_s"] + LATE_S)
        try:
            frames.send(self._control, job)
            reply = frames.receive(self._control)
        except (OSError, EOFError) as error:
            raise WorkerLost(str(error) or type(error).__name__) from None
        assert isinstance(reply, dict)
        return reply

    def close(self) -> None:
        """End it with all its processes, and wait until they are gone."""
        self._control.close()
        # The warden ends what it runs once nobody is there to tell, and the rest follows, the last one last. To kill
        # bubblewrap's outermost process is quicker, but says nothing of when the others are gone.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)
        self._process.kill()
        self._process.wait()
        if self._folder is not None:
            self._folder.cleanup()


def _folder_of(packages: Sequence[str]) -> str:
    """Where the first of the packages lies: without a sandbox all its neighbours can be imported too."""
    return next((str(path.parent) for path in bubblewrap.package_files(packages)), "")


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0))
