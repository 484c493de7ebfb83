"""A key on its way: into the request's header, and out of everything that comes back."""

import html
import json
import os
from urllib.parse import quote

HIDDEN = "[key]"

SECRET_FROM = 8
"""What is shorter is no secret but a placeholder such as EMPTY, which answers may well contain."""


class Key:
    """The key in an environment variable; `variable` is None where the server wants none.

    Endpoints repeat what they were sent, and what they say is kept and published: as it is, or as
    a URL, JSON or HTML writes it.
    """

    def __init__(self, variable: str | None) -> None:
        # A line end that came with it from a file would break the header.
        self.value = os.environ.get(variable, "").strip() if variable else ""
        self._forms = _forms(self.value) if len(self.value) >= SECRET_FROM else ()

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry it."""
        return {"Authorization": f"Bearer {self.value}"} if self.value else {}

    def hidden(self, text: str) -> str:
        """The text without the key."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text


def _forms(key: str) -> tuple[str, ...]:
    """The ways to write it, longest first: a short one may be part of a longer."""
    quoted = [quote(key, safe=safe) for safe in ("/", "")]
    escaped = "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in key)
    forms = {key, *quoted, *map(_lower_hexadecimal, quoted), escaped, json.dumps(key)[1:-1], html.escape(key)}
    forms |= {key.replace("/", "\\/")}
    return tuple(sorted(forms, key=len, reverse=True))


def _lower_hexadecimal(quoted: str) -> str:
    first, *others = quoted.split("%")
    return "%".join([first, *(other[:2].lower() + other[2:] for other in others)])
