"""Digests that name things: the same text has the same id in every version and on every machine."""

import hashlib
import json
import unicodedata
from typing import Any


def instruction_id(instruction: str) -> str:
    """The id of an instruction: 16 hexadecimal digits of the SHA-256 of its normalised text.

    Normalised: Unicode NFC, line ends as "\\n", no white space at the ends. Case and inner
    spacing count, since they can matter in code.
    """
    unified = instruction.replace("\r\n", "\n").replace("\r", "\n")
    return text_digest(unicodedata.normalize("NFC", unified).strip())


def text_digest(text: str) -> str:
    """16 hexadecimal digits of the SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def value_digest(value: Any) -> str:
    """The SHA-256, in full, of a JSON value written with sorted keys and no spaces."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def seed_from(*parts: Any) -> int:
    """A seed in [0, 2**31) that depends on nothing but the parts."""
    return int(value_digest(list(parts))[:8], 16) & 0x7FFFFFFF
