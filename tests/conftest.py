"""Every test gets a home and caches of its own, no tokens, no network, and leaves no process behind."""

import os
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

MARK = "WARRIORCODER_TEST"
"""Environment variable that marks a test's children, so that they are found when their parent is gone."""

GRACE_S = 10.0
"""How long a child that was told to end may take, on a busy machine."""

_SECRET_SUFFIXES = ("_TOKEN", "_KEY", "_SECRET", "_PASSWORD")
_USER_PREFIXES = ("HF_", "HUGGING_FACE_", "HUGGINGFACE_", "XDG_", "TRANSFORMERS_", "ARGILLA_", "WANDB_", "WARRIOR")
_PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


def _is_the_users(name: str) -> bool:
    name = name.upper()
    return name.startswith(_USER_PREFIXES) or name.endswith(_SECRET_SUFFIXES) or name in _PROXIES


def _environment(home: Path) -> dict[str, str]:
    """What makes `home` the only place where anything is kept."""
    return {
        "HOME": str(home),
        "HF_HOME": str(home / ".cache" / "huggingface"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


# huggingface_hub and datasets read their folders when they are imported, which a test module does
# before any fixture runs.
_session_home = tempfile.TemporaryDirectory(prefix="warriorcoder-tests-", ignore_cleanup_errors=True)
for _name in filter(_is_the_users, list(os.environ)):
    del os.environ[_name]
os.environ.update(_environment(Path(_session_home.name)))
os.environ["MPLBACKEND"] = "agg"

_guard = str(Path(__file__).parent / "network_guard")
sys.path.insert(0, _guard)
sys.modules.pop("sitecustomize", None)
import sitecustomize  # noqa: E402, F401

os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_guard, os.environ.get("PYTHONPATH")]))


def pytest_unconfigure() -> None:
    _session_home.cleanup()


@pytest.fixture(autouse=True)
def own_home(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A fresh home; tests of real models share the session's, where Gemma's 253 MB are put together once.

    A test with a Hub of its own sets HF_ENDPOINT and takes HF_HUB_OFFLINE away, for its child processes.
    """
    if request.node.get_closest_marker("models"):
        return Path(_session_home.name)
    home = tmp_path_factory.mktemp("home")
    for name, value in _environment(home).items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture(autouse=True)
def no_process_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails a test that leaves a child process running, and ends that process."""
    mark = uuid.uuid4().hex
    monkeypatch.setenv(MARK, mark)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    started = time.time()
    yield
    deadline = time.monotonic() + GRACE_S
    while (left := _left(mark, before, started)) and time.monotonic() < deadline:
        psutil.wait_procs(left, timeout=0.2)
    lines = [_line(process) for process in left]
    for process in left:
        process.kill()
    if lines:
        pytest.fail("the test left processes running: " + "; ".join(lines))


def _left(mark: str, before: set[int], started: float) -> list[psutil.Process]:
    children = {child.pid for child in psutil.Process().children(recursive=True)} - before
    left = []
    for process in psutil.process_iter():
        try:
            # Start times are told in clock ticks since boot: a second's slack.
            if process.pid != os.getpid() and process.create_time() >= started - 1 and process.pid not in before:
                ours = process.pid in children or process.environ().get(MARK) == mark
                if ours and process.status() != psutil.STATUS_ZOMBIE and not _lives_with_python(process):
                    left.append(process)
        except psutil.Error:
            continue
    return left


def _lives_with_python(process: psutil.Process) -> bool:
    """multiprocessing keeps these two until the interpreter ends."""
    line = " ".join(process.cmdline())
    return "multiprocessing.resource_tracker" in line or "multiprocessing.forkserver" in line


def _line(process: psutil.Process) -> str:
    try:
        return f"{process.pid} {' '.join(process.cmdline())[:200]}"
    except psutil.Error:
        return f"{process.pid} (ended meanwhile)"


# Examples take as long as a busy machine lets them. New ones are for who can look at what they find, not for CI.
settings.register_profile("house", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "house")
