"""The tests' process. Only the tests run here: what they ask of the code under test goes to the code's own process.

So the code can neither read the expected results, nor patch what judges it, nor speak for it.
"""

import builtins
import importlib
import os
import socket
import sys
import types
from collections.abc import Iterator
from typing import Any

from warriorcoder.sandbox.inside import frames
from warriorcoder.sandbox.inside.cells import CHANNEL, PEER
from warriorcoder.sandbox.inside.confine import confine
from warriorcoder.sandbox.inside.remote import CandidateEnded, Peer
from warriorcoder.sandbox.inside.reports import describe, know_source
from warriorcoder.sandbox.inside.walls import Walls

SOURCE = "tests.py"


def main(walls: Walls, job: dict[str, Any], folder: str) -> None:
    channel, peer = socket.socket(fileno=CHANNEL), socket.socket(fileno=PEER)
    confine(walls, 1, job["limits"], folder, {})
    frames.send(channel, verdict(Peer(peer, job["limits"]["output_bytes"]), job))
    os._exit(0)


def verdict(peer: Peer, job: dict[str, Any]) -> list[Any]:
    """["passed"], ["ended"] where the code's process did, ["no_entry"], or ["raised", what]."""
    try:
        match peer.hear():
            case ["ready", True]:
                _test(peer, job["prelude"], job["test"], job["entry_point"])
                return ["passed"]
            case ["ready", False]:
                return ["no_entry"]
            case ["raised", *description] if len(description) == 4:
                return ["raised", *description]
        return ["ended"]
    except CandidateEnded:
        return ["ended"]
    except BaseException as error:
        return ["raised", *describe(error, SOURCE)]


def _test(peer: Peer, prelude: str, test: str, entry_point: str) -> None:
    namespace: dict[str, Any] = {"__name__": "tests"}
    exec(compile(prelude, "prelude.py", "exec", dont_inherit=True), namespace)
    know_source(SOURCE, test)
    compiled = compile(test, SOURCE, "exec", dont_inherit=True)
    wanted = {name for name in _names(compiled) if name not in namespace and not hasattr(builtins, name)}
    # Never by way of the code under test: it could hand over a `math` of its own.
    namespace |= {name: importlib.import_module(name) for name in wanted & sys.stdlib_module_names}
    wanted = wanted - namespace.keys() | {entry_point}
    given = peer.ask("names", None, *sorted(wanted))
    namespace |= {name: given[name] for name in wanted if name in given}
    exec(compiled, namespace)
    if isinstance(check := namespace.get("check"), types.FunctionType):
        check(namespace[entry_point])


def _names(code: types.CodeType) -> Iterator[str]:
    """Every name that the code may look up, its functions' too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
