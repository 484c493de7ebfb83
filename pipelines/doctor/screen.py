"""What the doctor is doing: a status line on a terminal, plain lines elsewhere, nothing where it shall be quiet."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text


class DoctorScreen:
    """Shows what `examine` tells it."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._doing: dict[str, str] = {}
        self._began = time.monotonic()
        self._status = console.status("") if console.is_terminal and not quiet else None

    def __enter__(self) -> Self:
        if self._status:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def tell(self, expert: str, what: str) -> None:
        """Take what is being done with an expert; "" when it is done with."""
        self._doing.pop(expert, None)
        if what:
            self._doing[expert] = what
        if self._status:
            doing = "; ".join(f"{name}: {what}" for name, what in self._doing.items())
            self._status.update(Text(doing, overflow="ellipsis", no_wrap=True))
        elif what and not self._quiet:
            line = f"[{time.monotonic() - self._began:4.0f} s] {expert}: {what}"
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
