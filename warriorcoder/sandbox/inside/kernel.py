"""The system calls that Python 3.11 has no names for. Linux only; an error is an OSError."""

import ctypes
import os
import struct
from typing import Any

NEW_MOUNTS = 0x00020000
NEW_IPC = 0x08000000
NEW_USERS = 0x10000000
NEW_PIDS = 0x20000000

MOUNT_NOSUID, MOUNT_NODEV, MOUNT_NOEXEC, MOUNT_BIND, MOUNT_REC, MOUNT_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000

_SET_DUMPABLE, _SET_SECCOMP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS, _CAP_AMBIENT = 4, 22, 36, 38, 47
_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p]
_libc.prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]


def unshare(namespaces: int) -> None:
    """Leave the namespaces named by the flags for new ones (PID: the next children will)."""
    _checked(_libc.unshare(namespaces), "unshare")


def enter(namespace: int, kind: int) -> None:
    """Enter a namespace, given as an open file of /proc/PID/ns (PID: the next children will)."""
    _checked(_libc.setns(namespace, kind), "setns")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), f"mount {target}")


def set_dumpable(dumpable: bool) -> None:
    """Whether processes of the same user may read this one's memory and /proc files."""
    _checked(_libc.prctl(_SET_DUMPABLE, dumpable, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has ended."""
    _checked(_libc.prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def drop_capabilities() -> None:
    """Give up every capability, for good: no program started later gains any."""
    _checked(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    _checked(_libc.prctl(_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl")
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def filter_system_calls(program: bytes) -> None:
    """Put this process and all its children under a seccomp filter, given as BPF instructions."""

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    _checked(_libc.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")
    loaded = Filter(len(program) // 8, program)
    _checked(_libc.prctl(_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(loaded), 0, 0), "seccomp")


def _checked(returned: Any, what: str) -> None:
    if returned != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
