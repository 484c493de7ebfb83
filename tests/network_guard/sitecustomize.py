"""Keeps tests off the network. Python imports a module of this name at start, so child processes are kept off too.

An audit hook sees every connection that Python code opens, whatever library asks for it.
"""

import ipaddress
import socket
import sys
from typing import Any

NAMES_OF_THIS_MACHINE = {"", "localhost", socket.gethostname()}


class NetworkBlocked(PermissionError):
    """A test tried to reach another machine."""


def is_this_machine(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None:
        return True
    if not isinstance(name, str):
        return False
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return name in NAMES_OF_THIS_MACHINE
    return address.is_loopback or address.is_unspecified


def refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    match event, arguments:
        case ("socket.connect" | "socket.sendto" | "socket.sendmsg", (opened, (host, *_))) if opened.family in (
            socket.AF_INET,
            socket.AF_INET6,
        ):
            pass
        case "socket.getaddrinfo", (host, *_):
            pass
        case _:
            return
    if not is_this_machine(host):
        raise NetworkBlocked(f"tests reach 127.0.0.1 only, this one asked for {host!r} ({event})")


sys.addaudithook(refuse_other_machines)
