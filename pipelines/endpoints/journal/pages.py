"""Reads a damaged journal page by page, past SQLite, which gives up at the first page that makes no sense.

Every row carries a seal over all that it says, so whatever passes for a row on any page, of the file
or of its write-ahead log, either is an answer as it was stored or is dropped. The layout of pages, cells and
records is SQLite's file format (https://www.sqlite.org/fileformat2.html).
"""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from warriorcoder.pipelines.endpoints.journal.log import (
    FRAME_BYTES,
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    frames,
    log_of,
)
from warriorcoder.pipelines.endpoints.journal.rows import PAGE_BYTES, BrokenSeal, Row, Spent, check, to_spent

_LEAF = 0x0D
_MOST_LOCAL = PAGE_BYTES - 35
_LEAST_LOCAL = (PAGE_BYTES - 12) * 32 // 255 - 23
_CHAINED = PAGE_BYTES - 4
_LARGEST = 2**28
"""No answer is longer than this; only a damaged length is."""
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

_ANSWER_COLUMNS = 13
_SPENT_COLUMNS = 9

PageOf = Callable[[int], bytes]
"""A page by its number."""

Found = Row | tuple[tuple[str, str], Spent]
"""An answer, or a running total with its stage and expert."""


def readable(path: Path) -> Iterator[Found]:
    """Every answer and running total that is still as it was stored in a journal of this version.

    A row may come several times; of a running total also older states come.
    """
    with ExitStack() as stack:
        main = stack.enter_context(path.open("rb")) if path.exists() else None
        wal = stack.enter_context(log_of(path).open("rb")) if log_of(path).exists() else None
        in_main = _reader(main, None)
        newest = _reader(main, wal)
        of_log = (wal, HEADER_BYTES + FRAME_HEADER_BYTES, FRAME_BYTES)
        for source, first, step in ((main, 0, PAGE_BYTES), of_log):
            for page in _images(source, first, step):
                for cell in _cells(page):
                    row = _sound(page, cell, newest) or _sound(page, cell, in_main)
                    if row is not None:
                        yield row


def _images(source: BinaryIO | None, first: int, step: int) -> Iterator[bytes]:
    """The pages of a file that begin at `first` and every `step` bytes after it."""
    if source is None:
        return
    size = os.fstat(source.fileno()).st_size
    for offset in range(first, size, step):
        yield os.pread(source.fileno(), PAGE_BYTES, offset)


def _reader(main: BinaryIO | None, wal: BinaryIO | None) -> PageOf:
    """Pages by number; those of the log, the last ones written, before those of the file."""
    places = {} if wal is None else {page: number for number, page, _ in frames(wal.fileno())}

    def page_of(number: int) -> bytes:
        if wal is not None and (frame := places.get(number)):
            return os.pread(wal.fileno(), PAGE_BYTES, HEADER_BYTES + frame * FRAME_BYTES - PAGE_BYTES)
        return os.pread(main.fileno(), PAGE_BYTES, (number - 1) * PAGE_BYTES) if main is not None and number else b""

    return page_of


def _cells(page: bytes) -> Iterator[int]:
    """Where the cells of a table's leaf begin; none on any other page."""
    if len(page) < 8 or page[0] != _LEAF:
        return
    count = int.from_bytes(page[3:5], "big")
    for place in range(8, min(8 + 2 * count, len(page) - 1), 2):
        offset = int.from_bytes(page[place : place + 2], "big")
        if offset < len(page):
            yield offset


def _sound(page: bytes, cell: int, page_of: PageOf) -> Found | None:
    """The answer or the running total in a cell; None where the cell holds neither, or not as it was stored."""
    try:
        values = _record(_payload(page, cell, page_of))
        if len(values) == _ANSWER_COLUMNS:
            _, *sealed, _, text = values
            sealed[7] = float(sealed[7])
            row = (*sealed, text)
            check(row)
            return row
        if len(values) == _SPENT_COLUMNS:
            values[7] = float(values[7])
            return to_spent(values[1:])
    except (BrokenSeal, IndexError, TypeError, ValueError, struct.error):
        pass
    return None


def _payload(page: bytes, cell: int, page_of: PageOf) -> bytes:
    """The record in a cell, with what flowed over onto other pages."""
    length, cell = _varint(page, cell)
    _, cell = _varint(page, cell)
    if length > _LARGEST:
        raise ValueError("no answer is so long")
    if length <= _MOST_LOCAL:
        return page[cell : cell + length]
    local = _LEAST_LOCAL + (length - _LEAST_LOCAL) % _CHAINED
    if local > _MOST_LOCAL:
        local = _LEAST_LOCAL
    parts = [page[cell : cell + local]]
    missing = length - local
    number = int.from_bytes(page[cell + local : cell + local + 4], "big")
    seen = set()
    while missing > 0:
        chained = page_of(number)
        if len(chained) < PAGE_BYTES or number in seen:
            raise ValueError("the chain of pages is broken")
        seen.add(number)
        parts.append(chained[4 : 4 + missing])
        missing -= _CHAINED
        number = int.from_bytes(chained[:4], "big")
    return b"".join(parts)


def _record(payload: bytes) -> list[Any]:
    """The values of a record."""
    end, place = _varint(payload, 0)
    types = []
    while place < end:
        kind, place = _varint(payload, place)
        types.append(kind)
    if len(types) not in (_ANSWER_COLUMNS, _SPENT_COLUMNS):
        return []
    values: list[Any] = []
    for kind in types:
        length = _INTEGERS.get(kind, 8 if kind == 7 else 0) if kind < 12 else (kind - 12) // 2
        raw = payload[place : place + length]
        if len(raw) < length:
            raise ValueError("the record ends too early")
        place += length
        values.append(_value(kind, raw))
    return values


def _value(kind: int, raw: bytes) -> Any:
    if kind >= 12:
        return raw.decode("utf-8") if kind % 2 else raw
    if kind == 7:
        return struct.unpack(">d", raw)[0]
    if kind in (8, 9):
        return kind - 8
    return int.from_bytes(raw, "big", signed=True) if raw else None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next thing begins."""
    value = 0
    for _ in range(8):
        byte = data[place]
        place += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place
    return value << 8 | data[place], place + 1
