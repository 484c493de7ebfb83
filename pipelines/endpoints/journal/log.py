"""Whether SQLite overlooks a part of the journal's write-ahead log.

It takes the log's first bad frame for its end, as it is after a power cut, and writes over the rest. A bad frame in
the midst of the log would so lose the answers after it without a word. The layout of the log and of its
index is SQLite's (https://www.sqlite.org/fileformat2.html#walformat, https://www.sqlite.org/walformat.html).
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from warriorcoder.pipelines.endpoints.journal.rows import PAGE_BYTES

HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES

_MAGICS = {0x377F0682: "<", 0x377F0683: ">"}
"""What a log begins with, and the byte order of its sums."""

_LAST_FRAME_AT = 16


def log_of(path: Path) -> Path:
    """The write-ahead log of a journal."""
    return path.with_name(path.name + "-wal")


def frames(log: int, after: int = 0) -> Iterator[tuple[int, int, int]]:
    """The frames of the log's present round that come after one: numbers from 1, numbers of their pages, ends.

    The end is 0, or in a frame that ends a transaction how many pages the file has. `log` is an open descriptor.
    """
    header = os.pread(log, HEADER_BYTES + FRAME_HEADER_BYTES, 0)
    # The first frame has the same salts: a round begins with both.
    salts = header[16:24] if _is_header(header[:HEADER_BYTES]) else header[HEADER_BYTES + 8 : HEADER_BYTES + 16]
    size = os.fstat(log).st_size
    for number in range(after + 1, (size - HEADER_BYTES) // FRAME_BYTES + 1):
        header = os.pread(log, FRAME_HEADER_BYTES, HEADER_BYTES + (number - 1) * FRAME_BYTES)
        if header[8:16] == salts:
            page, end = struct.unpack(">II", header[:8])
            yield number, page, end


def log_trouble(path: Path) -> str | None:
    """What SQLite overlooks in the log of a journal that is open now; None where it reads it to its end."""
    try:
        log = os.open(log_of(path), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if os.fstat(log).st_size < HEADER_BYTES:
            return None
        if not _is_header(os.pread(log, HEADER_BYTES, 0)):
            return "its log has no header"
        last = _last_frame_read(path)
        if last is not None and any(end for _, _, end in frames(log, last)):
            return f"its log is broken after {last} pages"
        return None
    finally:
        os.close(log)


def _is_header(header: bytes) -> bool:
    order = _MAGICS.get(int.from_bytes(header[:4], "big"))
    if order is None:
        return False
    first = second = 0
    words = struct.unpack(f"{order}6I", header[:24])
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return (first, second) == struct.unpack(">II", header[24:32])


def _last_frame_read(path: Path) -> int | None:
    """The last frame that SQLite knows of, from the index of the log that it shares between processes."""
    try:
        with path.with_name(path.name + "-shm").open("rb") as index:
            head = index.read(_LAST_FRAME_AT + 4)
    except FileNotFoundError:
        return None
    return struct.unpack_from("=I", head, _LAST_FRAME_AT)[0] if len(head) == _LAST_FRAME_AT + 4 else None
