"""Files of tasks as rows: JSON lines (packed by gzip or not), one JSON list, parquet."""

import gzip
import hashlib
import json
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from warriorcoder.errors import EvaluationError

Row = dict[str, Any]

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


def content_digest(content: bytes) -> str:
    """SHA-256 of a file's content: unpacked, since the same tasks are packed differently by everyone.

    EOFError, OSError or zlib.error where the packed content is damaged.
    """
    return hashlib.sha256(unpacked(content)).hexdigest()


def unpacked(content: bytes) -> bytes:
    return gzip.decompress(content) if content.startswith(_GZIP) else content


def read_rows(paths: Sequence[Path], what: str = "tasks") -> tuple[list[Row], str]:
    """The rows of files of `what`, and the SHA-256 of their content (of several: of their digests, one a line).

    Raises EvaluationError where a file cannot be read or holds anything but rows.
    """
    rows: list[Row] = []
    digests = []
    for path in paths:
        try:
            content = unpacked(path.read_bytes())
            found = _parse(path, content)
        except (OSError, EOFError, zlib.error, ValueError, RecursionError) as error:
            raise EvaluationError(f"{path}: cannot be read as {what}: {_said(error)}. {_WHAT_TO_DO}") from error
        for number, row in enumerate(found, 1):
            if not isinstance(row, dict):
                raise EvaluationError(f"{path}: row {number} is no object but {type(row).__name__}. {_WHAT_TO_DO}")
        rows += found
        digests.append(hashlib.sha256(content).hexdigest())
    if not rows:
        raise EvaluationError(f"{', '.join(map(str, paths))}: holds no {what}. {_WHAT_TO_DO}")
    return rows, digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


_WHAT_TO_DO = "Get the file again, or give another."


def _parse(path: Path, content: bytes) -> list[Any]:
    if content.startswith(_PARQUET):
        import pyarrow.parquet as pq

        rows: list[Any] = pq.read_table(path).to_pylist()
        return rows
    text = content.decode("utf-8")
    if text.lstrip().startswith("["):
        found: list[Any] = json.loads(text)
        return found
    # Not splitlines(): prompts may have other line ends within them.
    return [_row(line, number) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _row(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number}, column {error.colno}: {error.msg}") from error


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
