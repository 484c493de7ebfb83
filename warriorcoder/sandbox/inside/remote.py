"""The tests' view of the code under test, which runs in another process: functions and objects by reference.

Arguments and results cross as inert data. What is no data stays there and is a `Remote` here: it can
be called, asked for attributes and items, iterated and shown. It equals only itself, whatever the
`__eq__` over there says.
"""

import socket
from typing import Any

from warriorcoder.sandbox.inside import frames, values
from warriorcoder.sandbox.inside.reports import revive


class CandidateEnded(BaseException):
    """The other process is gone, or speaks nonsense. Not an Exception: tests shall not catch it."""


class CannotCross(Exception):
    """A test hands over something that is no data."""


class Peer:
    """The other process: one request at a time."""

    def __init__(self, connection: socket.socket, longest: int) -> None:
        self._connection = connection
        self._longest = longest

    def hear(self) -> list[Any]:
        """Its next message: a list that begins with a word."""
        try:
            message = values.decode(frames.receive_text(self._connection, self._longest), self._resolve)
        except (EOFError, OSError, ValueError, frames.TooLong) as error:
            raise CandidateEnded(str(error)) from None
        if not isinstance(message, list) or not message or not isinstance(message[0], str):
            raise CandidateEnded("an answer that is none")
        return message

    def ask(self, operation: str, target: Any, *arguments: Any, **named: Any) -> Any:
        """What it returns; what it raises is raised here. Arguments that it changed are changed here too."""
        request = [operation, target, list(arguments), named]
        try:
            frames.send(self._connection, values.encode(request, _refer))
        except OSError as error:
            raise CandidateEnded(str(error)) from None
        match self.hear():
            case ["returned", value, list(changed)]:
                for change in changed:
                    match change:
                        case [int(place), new] if 0 <= place < len(arguments):
                            _change(arguments[place], new)
                return value
            case ["raised", *description] if len(description) == 4:
                raise revive(description)
        raise CandidateEnded("an answer that is none")

    def _resolve(self, reference: Any) -> "Remote":
        number, type_name = reference
        return Remote(self, int(number), str(type_name))


class Remote:
    """An object of the other process."""

    __slots__ = ("_number", "_peer", "_type")

    def __init__(self, peer: Peer, number: int, type_name: str) -> None:
        self._peer = peer
        self._number = number
        self._type = type_name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remote) and other._number == self._number

    def __hash__(self) -> int:
        return hash(self._number)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._peer.ask("call", self, *arguments, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__name__", "__doc__"):
            raise AttributeError(name)
        return self._peer.ask("get", self, name)

    def __iter__(self) -> "RemoteIterator":
        return RemoteIterator(self._peer.ask("iterate", self))

    def __next__(self) -> Any:
        return self._peer.ask("next", self)

    def __len__(self) -> int:
        return int(self._peer.ask("length", self))

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, key: Any) -> Any:
        return self._peer.ask("item", self, key)

    def __contains__(self, item: Any) -> bool:
        return self._peer.ask("contains", self, item) is True

    def __str__(self) -> str:
        return str(self._peer.ask("text", self))

    def __repr__(self) -> str:
        return str(self._peer.ask("repr", self))


class RemoteIterator:
    """An iterator of the other process; what it gives that is data comes as data."""

    def __init__(self, remote: Any) -> None:
        self._remote = remote

    def __iter__(self) -> "RemoteIterator":
        return self

    def __next__(self) -> Any:
        return next(self._remote)


def _refer(value: object) -> dict[str, Any]:
    if isinstance(value, Remote):
        return {"reference": value._number}
    if isinstance(value, RemoteIterator):
        return _refer(value._remote)
    raise CannotCross(f"a test hands over a {values.type_name(value)}, which is no data")


def _change(old: Any, new: Any) -> None:
    """What the call did to an argument in place, done here."""
    if isinstance(old, list) and isinstance(new, list):
        old[:] = new
    elif isinstance(old, dict | set) and isinstance(new, type(old)):
        old.clear()
        old.update(new)
