"""Programs that try to escape, each in the sandbox for real. The machine is as before, and so is the pool."""

import os
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from sandbox_attacks import FILES, HELPERS, NETWORK, PRIVILEGES, PROCESSES, RESOURCES, Attack

from warriorcoder.sandbox.inside import seccomp
from warriorcoder.sandbox.results import Limits
from warriorcoder.sandbox.sandbox import Sandbox

LIMITS = Limits(
    memory_bytes=128 * 1024**2, cpu_s=1.5, wall_s=2.5, processes=12, file_bytes=4 * 1024**2, output_bytes=256 * 1024
)
CALLS = {
    name: numbers[0 if os.uname().machine == "x86_64" else 1]
    for name, numbers in {**seccomp._ENDS, **seccomp._ABSENT, "clone": seccomp._CLONE}.items()
}
FORBIDDEN_CALLS = [name for name in seccomp._ENDS if CALLS[name] is not None]

# What a program finds where an earlier one could have left something.
LOOK = """
import builtins, json, os, sys, threading
def listing(path):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
print(listing("/tmp"), listing("/dev/shm"), [p for p in os.listdir("/proc") if p.isdigit()], threading.active_count())
print(os.getpid(), os.getcwd(), sorted(os.environ), len(vars(builtins)), json.loads("[1]"), sorted(sys.modules))
print(sys.getrecursionlimit(), os.umask(0), sys.path, [name for name in dir(sys) if "evil" in name])
"""


@dataclass(frozen=True)
class Host:
    """Things on this machine that code could reach if it got out."""

    words: dict[str, str]
    listeners: list[socket.socket]
    victim: "subprocess.Popen[bytes]"
    home: Path

    def fill(self, program: str) -> str:
        for name, value in self.words.items():
            program = program.replace(f"@{name}@", value)
        return program


@pytest.fixture(autouse=True)
def no_process_left() -> None:
    """The pool outlives the single test: `host` looks for what is left once it is closed."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    home = tmp_path_factory.mktemp("home")
    home.chmod(0o755)
    (home / "secret").write_text("SECRET")
    mark = f"mark-{uuid.uuid4().hex}"
    # A Unix socket's address is short.
    with tempfile.TemporaryDirectory() as folder:
        unix = str(Path(folder, "socket"))
        families = [(socket.AF_INET, socket.SOCK_STREAM), (socket.AF_INET, socket.SOCK_DGRAM)]
        listeners = [socket.socket(*family) for family in [*families, *[(socket.AF_UNIX, socket.SOCK_STREAM)] * 2]]
        for listener, address in zip(
            listeners, (("127.0.0.1", 0), ("127.0.0.1", 0), unix, f"\0{mark}".encode()), strict=True
        ):
            listener.bind(address)
            listener.setblocking(False)
            with suppress(OSError):
                listener.listen()
        Path(unix).chmod(0o777)
        victim = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        words = {
            "PORT": str(listeners[0].getsockname()[1]),
            "UDP": str(listeners[1].getsockname()[1]),
            "SOCKET": unix,
            "ABSTRACT": mark,
            "HOME": str(home),
            "VICTIM": str(victim.pid),
            "MARK": mark,
            "CLONE": str(CALLS["clone"]),
        }
        mounts = Path("/proc/self/mountinfo").read_text()
        yield Host(words, listeners, victim, home)
        assert Path("/proc/self/mountinfo").read_text() == mounts
        assert victim.poll() is None
        victim.communicate(b"\n")
        for listener in listeners:
            listener.close()
    assert sorted(path.name for path in home.iterdir()) == ["secret"]
    for folder in ("/", "/tmp", "/var/tmp", "/dev/shm", "/dev", "/etc", "/usr/lib", "/run", "/home", str(Path.home())):
        with suppress(FileNotFoundError):
            assert mark not in os.listdir(folder)


@pytest.fixture(scope="module")
def sandbox(host: Host) -> Iterator[Sandbox]:
    os.environ["TOKEN"] = "SECRET"
    with Sandbox(LIMITS, workers=1) as opened:
        yield opened
        worker = psutil.Process(_worker(opened))
        # bubblewrap's init, the zygote, and for the next run the warden, its cell's init and the code's process.
        while len(processes := worker.children(recursive=True)) < 5:
            assert worker.is_running()
        assert len(processes) == 5
    # bubblewrap leaves its init to the one of the machine, which takes a moment to see it.
    assert psutil.wait_procs(processes, timeout=5)[1] == []
    del os.environ["TOKEN"]


@pytest.fixture(scope="module")
def untouched(sandbox: Sandbox) -> tuple[int, str]:
    """The worker's process, and what a program sees that runs first."""
    return _worker(sandbox), sandbox.run(LOOK).stdout


def _worker(sandbox: Sandbox) -> int:
    worker = sandbox._idle.get()
    sandbox._idle.put(worker)
    assert not isinstance(worker, int)
    return worker._process.pid


@pytest.mark.parametrize(
    "attack", [*NETWORK, *FILES, *PROCESSES, *PRIVILEGES, *RESOURCES], ids=lambda attack: attack.name
)
def test_an_attack_fails(attack: Attack, host: Host, sandbox: Sandbox, untouched: tuple[int, str]) -> None:
    result = sandbox.run(host.fill(HELPERS + attack.program))
    assert result.outcome in attack.outcomes.split(), result
    for word in attack.forbidden:
        assert word not in result.stdout + result.detail
    # Not even a forked copy of the program is cut short: a wall held, not an accident.
    assert result.outcome != "passed" or "Traceback" not in result.stderr, result
    assert result.seconds < LIMITS.wall_s + 2
    assert len(result.stdout) + len(result.stderr) <= LIMITS.output_bytes
    assert_untouched(host, sandbox, untouched)


@pytest.mark.parametrize("name", FORBIDDEN_CALLS)
def test_a_forbidden_system_call_ends_the_program(name: str, sandbox: Sandbox) -> None:
    program = f"{HELPERS}\nlibc.syscall({CALLS[name]}, 0, 0, 0, 0, 0, 0)\nprint('ESCAPED')"
    result = sandbox.run(program)
    assert (result.outcome, result.stdout) == ("blocked", ""), result


@pytest.mark.parametrize("name", list(seccomp._ABSENT))
def test_a_system_call_that_is_taken_away_is_not_there(name: str, sandbox: Sandbox) -> None:
    program = f"{HELPERS}\nprint(libc.syscall({CALLS[name]}, 0, 0, 0, 0, 0, 0), ctypes.get_errno())"
    assert sandbox.run(program).stdout == "-1 38\n"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x86_64's second table of system calls")
def test_the_other_table_of_system_calls_is_shut(sandbox: Sandbox) -> None:
    assert sandbox.run(f"{HELPERS}\nlibc.syscall(0x40000000 + 39)").outcome == "blocked"


# What a program leaves behind, for the next one to find.
POISONS = {
    "files": "[open(f'{d}/left', 'w').write('x') for d in ('/tmp', '/dev/shm', '.')]",
    "modules": "import json, builtins; json.loads = print; builtins.len = lambda x: 0; builtins.evil = 1",
    "the interpreter": "import sys; sys.setrecursionlimit(77); sys.evil = 1; sys.path.clear(); sys.modules.clear()",
    "the package": "import sys; m = sys.modules['warriorcoder.sandbox.inside.warden']; m.main = m.frames.send = exit",
    "a listener": "import os, socket, time\ns = socket.socket(1); s.bind('\\0evil'); s.listen()\n"
    "if os.fork() == 0: time.sleep(60)",
    "the environment": "import os; os.environ['evil'] = '1'; os.putenv('evil', '1'); os.umask(0o777); os.chdir('/')",
    "frozen": "import os\nfor _ in range(5):\n    if os.fork() == 0: os.kill(os.getpid(), 19)",
}


@pytest.mark.parametrize("poison", POISONS)
def test_the_next_run_finds_nothing(poison: str, host: Host, sandbox: Sandbox, untouched: tuple[int, str]) -> None:
    sandbox.run(POISONS[poison])
    assert_untouched(host, sandbox, untouched)
    probe = "import socket\ntry: socket.socket(1).connect('\\0evil')\nexcept ConnectionRefusedError: print('none')"
    assert sandbox.run(probe).stdout == "none\n"


def assert_untouched(host: Host, sandbox: Sandbox, untouched: tuple[int, str]) -> None:
    """Nobody was reached, nobody was hurt, and the pool is what it was."""
    for listener in host.listeners:
        with pytest.raises(BlockingIOError):
            listener.recv(1) if listener.type == socket.SOCK_DGRAM else listener.accept()
    assert host.victim.poll() is None
    assert psutil.Process(host.victim.pid).status() != psutil.STATUS_STOPPED
    worker, seen = untouched
    assert sandbox.run(LOOK).stdout == seen
    assert _worker(sandbox) == worker
