"""What a GGUF file says of its tokenizer. Only its head is read, never its weights."""

import mmap
import struct
from pathlib import Path
from typing import Any

from warriorcoder.errors import RecipeError

# The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
_NUMBERS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
CONTROL = 3
"""The type of a control token in `tokenizer.ggml.token_type`."""


def tokenizer_keys(path: Path) -> dict[str, Any]:
    """The file's `tokenizer.…` keys, without that beginning. Raises RecipeError for a file that is none or broken."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Head(data).keys("tokenizer.")
    except (OSError, ValueError, struct.error, KeyError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: no GGUF file that can be read ({error or type(error).__name__}).") from error


class _Head:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def keys(self, wanted: str) -> dict[str, Any]:
        if self._data[:4] != b"GGUF":
            raise ValueError("its first four bytes are not GGUF")
        self._at = 4
        version, _tensors, count = self._number("<I"), self._number("<Q"), self._number("<Q")
        if version not in (2, 3):
            raise ValueError(f"its version is {version}")
        found = {}
        for _ in range(count):
            name = self._string()
            value = self._value(self._number("<I"))
            if name.startswith(wanted):
                found[name.removeprefix(wanted)] = value
        return found

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._string()
        if kind != _ARRAY:
            return self._number(_NUMBERS[kind])
        kind, length = self._number("<I"), self._number("<Q")
        if kind not in _NUMBERS:
            return [self._value(kind) for _ in range(length)]
        form = f"<{length}{_NUMBERS[kind][1]}"
        values = list(struct.unpack_from(form, self._data, self._at))
        self._at += struct.calcsize(form)
        return values

    def _number(self, form: str) -> Any:
        (number,) = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return number

    def _string(self) -> str:
        length = self._number("<Q")
        text = self._data[self._at : self._at + length]
        if len(text) < length:
            raise ValueError("it ends in the middle")
        self._at += length
        return text.decode("utf-8", "replace")
