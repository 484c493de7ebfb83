"""The process of the code under test. Nothing that it says about itself is believed; the values it returns are data.

It is told the program, runs it as a script, or runs it and then answers requests: calls of what it
defines. A lie in its answers is a wrong value, no more: the right ones never come in here.
"""

import atexit
import os
import socket
import sys
import threading
import traceback
import types
from contextlib import suppress
from typing import Any, NoReturn

from warriorcoder.sandbox.inside import frames, values
from warriorcoder.sandbox.inside.cells import CHANNEL
from warriorcoder.sandbox.inside.confine import confine
from warriorcoder.sandbox.inside.reports import describe, know_source
from warriorcoder.sandbox.inside.walls import Walls

SOURCE = "program.py"


def main(walls: Walls) -> None:
    channel = socket.socket(fileno=CHANNEL)
    told = frames.receive(channel)
    confine(walls, 0, told["limits"], told["folder"], told["files"])
    know_source(SOURCE, told["program"])
    if told["mode"] == "run":
        _take_input(bytes.fromhex(told["stdin"]))
        _run(channel, told["program"])
    _serve(channel, told["program"], told["entry_point"], by_reference=told["mode"] == "check")


def _run(channel: socket.socket, program: str) -> NoReturn:
    """Run the program as Python runs a script, to the end of its threads and exit functions."""
    me = os.getpid()
    report: list[Any] = ["ended"]
    sys.argv = [SOURCE]
    try:
        try:
            _execute(program, "__main__")
        finally:
            for thread in threading.enumerate():
                if thread is not threading.current_thread() and not thread.daemon:
                    thread.join()
            atexit._run_exitfuncs()
    except BaseException as error:
        if not isinstance(error, SystemExit) or error.code not in (None, 0):
            report = ["raised", *describe(error, SOURCE)]
        if not isinstance(error, SystemExit):
            _print(error)
    _leave(channel, report, me)


def _serve(channel: socket.socket, program: str, entry_point: str, by_reference: bool) -> NoReturn:
    """Run the program, then answer requests until nobody is there to ask."""
    me = os.getpid()
    try:
        namespace = _execute(program, "candidate")
    except BaseException as error:
        _print(error)
        _leave(channel, ["raised", *describe(error, SOURCE)], me)
    objects = _Objects(namespace)
    refer = objects.refer if by_reference else None
    frames.send(channel, ["ready", entry_point in namespace])
    while True:
        try:
            request = frames.receive_text(channel)
        except EOFError:
            os._exit(0)
        try:
            answer = objects.answer(values.decode(request, objects.resolve), refer)
        except BaseException as error:
            answer = ["raised", *describe(error, SOURCE)]
        if os.getpid() != me:
            os._exit(0)
        _flush()
        frames.send(channel, answer)


class _Objects:
    """What the program defines, and what it gave out that is no data: each object under a number."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._objects: list[object] = []
        self._numbers: dict[int, int] = {}

    def refer(self, value: object) -> dict[str, Any]:
        number = self._numbers.setdefault(id(value), len(self._objects))
        if number == len(self._objects):
            self._objects.append(value)
        return {"reference": [number, values.type_name(value)]}

    def resolve(self, number: Any) -> object:
        return self._objects[number]

    def answer(self, request: list[Any], refer: Any) -> list[Any]:
        """The answer to [operation, target, arguments, named arguments]. `refer`: also tell of changed arguments."""
        operation, target, arguments, named = request
        if operation == "names":
            found = {name: self._namespace[name] for name in arguments if name in self._namespace}
            return ["returned", values.encode(found, refer), []]
        if operation == "call_name":
            operation, target = "call", self._namespace[target]
        before = [values.encode(argument, refer) if refer else None for argument in arguments]
        returned = values.encode(_OPERATIONS[operation](target, *arguments, **named), refer)
        if refer is None:
            return ["returned", returned]
        after = [values.encode(argument, refer) for argument in arguments]
        return ["returned", returned, [[place, new] for place, new in enumerate(after) if new != before[place]]]


_OPERATIONS: dict[str, Any] = {
    "call": lambda target, *arguments, **named: target(*arguments, **named),
    "get": getattr,
    "iterate": iter,
    "next": next,
    "length": len,
    "item": lambda target, key: target[key],
    "contains": lambda target, item: item in target,
    "text": str,
    "repr": repr,
}


def _execute(program: str, name: str) -> dict[str, Any]:
    module = types.ModuleType(name)
    module.__file__ = SOURCE
    sys.modules[name] = module
    exec(compile(program, SOURCE, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def _take_input(text: bytes) -> None:
    """Make the text the standard input, by way of a file that is gone at once."""
    if text:
        with open(".stdin", "w+b") as file:
            os.unlink(".stdin")
            file.write(text)
            file.seek(0)
            os.dup2(file.fileno(), 0)


def _print(error: BaseException) -> None:
    """The traceback as Python prints it, from the program's first line on."""
    with suppress(BaseException):
        first = error.__traceback__
        while first is not None and first.tb_frame.f_code.co_filename != SOURCE:
            first = first.tb_next
        traceback.print_exception(type(error), error, first)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()


def _leave(channel: socket.socket, report: list[Any], me: int) -> NoReturn:
    """Say how it went and end, threads or not. A fork of the program that came as far has nothing to say."""
    _flush()
    if os.getpid() == me:
        frames.send(channel, report)
    os._exit(0)
