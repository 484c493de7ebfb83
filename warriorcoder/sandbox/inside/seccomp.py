"""The filter of system calls that code under test runs behind, assembled here into BPF.

A second wall behind the namespaces: it keeps the code from parts of the kernel where a bug would
undo them, and it takes away what the other limits do not count. Three answers: the process is
ended with SIGSYS (nothing but an escape asks for it), EPERM (programs ask for it and can go on
without), ENOSYS (libraries know a way without it).
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator

_LOAD, _EQUAL, _GREATER, _GREATER_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_END_PROCESS, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16

# linux/audit.h; and the numbers of each system call on x86_64 and aarch64 (asm/unistd_64.h, asm-generic/unistd.h).
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

# x86_64's other calling convention: the same calls under numbers from here on.
_X32 = 0x40000000

# The last system call of Linux 6.4's table that was looked at. Later ones do not exist for the code.
_LAST_KNOWN = 450

# Namespaces in clone()'s flags: mounts, control groups, names, IPC, users, processes, network.
_NEW_NAMESPACES = 0x7E020000

_FAKE_INPUT = (0x5412, 0x541C)
"""ioctl requests TIOCSTI and TIOCLINUX: typing into a terminal."""

_ENDS: dict[str, tuple[int, int | None]] = {
    # Other processes' memory and descriptors
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # Namespaces and mounts
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # Programs in the kernel, and its largest doors
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "fanotify_init": (300, 262),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    # The machine
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
}
_ABSENT: dict[str, tuple[int, int | None]] = {
    # clone3's flags are behind a pointer, which a filter cannot follow; libraries go back to clone.
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    # Memory that belongs to no process: the limit on memory would not see it.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}
_CLONE, _SOCKET, _IOCTL, _PRLIMIT = (56, 220), (41, 198), (16, 29), (302, 261)


def supported() -> bool:
    """Whether this machine's system calls are known."""
    return os.uname().machine in _ARCHITECTURES


def program() -> bytes:
    """The filter for this machine, as `struct sock_filter` instructions. KeyError on an architecture not supported."""
    architecture, column = _ARCHITECTURES[os.uname().machine]
    refused = _ERROR | errno.EPERM
    code = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, architecture, 1, 0),
        _step(_RETURN, _END_PROCESS),
        _step(_LOAD, _NUMBER),
        *_when(_GREATER_EQUAL, _X32, _END_PROCESS),
        *_when(_GREATER, _LAST_KNOWN, _ERROR | errno.ENOSYS),
    ]
    for answer, calls in ((_END_PROCESS, _ENDS), (_ERROR | errno.ENOSYS, _ABSENT)):
        for numbers in calls.values():
            if (number := numbers[column]) is not None:
                code += _when(_EQUAL, number, answer)
    code += _judged(_CLONE[column], 0, [*_when(_ANY_BIT, _NEW_NAMESPACES, _END_PROCESS), _step(_RETURN, _ALLOW)])
    code += _judged(_SOCKET[column], 0, [*_when(_EQUAL, socket.AF_UNIX, _ALLOW), _step(_RETURN, refused)])
    # A limit of another process; of this one it can only be lowered.
    code += _judged(_PRLIMIT[column], 0, [*_when(_EQUAL, 0, _ALLOW), _step(_RETURN, refused)])
    requests = [step for request in _FAKE_INPUT for step in _when(_EQUAL, request, refused)]
    code += _judged(_IOCTL[column], 1, [*requests, _step(_RETURN, _ALLOW)])
    return b"".join([*code, _step(_RETURN, _ALLOW)])


def _step(operation: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", operation, if_true, if_false, operand)


def _when(test: int, operand: int, answer: int) -> Iterator[bytes]:
    """Give the answer where what was loaded last passes the test; else go on."""
    yield _step(test, operand, 0, 1)
    yield _step(_RETURN, answer)


def _judged(number: int, argument: int, steps: list[bytes]) -> Iterator[bytes]:
    """Steps for one system call, with the low half of one of its arguments loaded. They end in an answer."""
    yield _step(_EQUAL, number, 0, len(steps) + 1)
    yield _step(_LOAD, _FIRST_ARGUMENT + 8 * argument)
    yield from steps
