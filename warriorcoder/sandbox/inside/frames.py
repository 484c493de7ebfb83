"""Messages over a stream socket: four bytes of length, then JSON. JSON is only data, whoever sent it."""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct(">I")
LONGEST = 1024**3
"""Bytes of the longest message between parts that trust each other."""


class TooLong(Exception):
    """A message, or all of them together, over the limit."""


def pack(message: object) -> bytes:
    return frame(json.dumps(message, separators=(",", ":")).encode())


def frame(text: bytes) -> bytes:
    return _LENGTH.pack(len(text)) + text


def parse(text: bytes) -> Any:
    """The data of a message, or None where it is no JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def send(connection: socket.socket, message: object) -> None:
    connection.sendall(pack(message))


def receive_text(connection: socket.socket, longest: int = LONGEST) -> bytearray:
    """The next message, as text that nobody has parsed yet. EOFError where the other side is gone; TooLong."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > longest:
        raise TooLong(f"a message of {length} bytes")
    return _exactly(connection, length)


def receive(connection: socket.socket) -> Any:
    """The next message of a side that is trusted. EOFError where it is gone."""
    return json.loads(receive_text(connection))


def _exactly(connection: socket.socket, size: int) -> bytearray:
    read = bytearray(size)
    view = memoryview(read)
    while view:
        if (got := connection.recv_into(view)) == 0:
            raise EOFError("the other side is gone")
        view = view[got:]
    return read


class Unpacker:
    """Messages out of the pieces in which they come, as texts that nobody has parsed yet."""

    def __init__(self, longest: int, all_together: int) -> None:
        self._rest = bytearray()
        self._longest = longest
        self._left = all_together

    def feed(self, piece: bytes) -> list[bytes]:
        """The messages that this piece completes. TooLong once all pieces together are over the limit."""
        self._left -= len(piece)
        if self._left < 0:
            raise TooLong("all messages together")
        self._rest += piece
        complete = []
        begin = 0
        while len(self._rest) >= begin + _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest, begin)
            if length > self._longest:
                raise TooLong(f"a message of {length} bytes")
            end = begin + _LENGTH.size + length
            if len(self._rest) < end:
                break
            complete.append(bytes(self._rest[begin + _LENGTH.size : end]))
            begin = end
        del self._rest[:begin]
        return complete
