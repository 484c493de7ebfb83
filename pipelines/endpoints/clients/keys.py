"""A key on its way: into the request's header, and out of everything that comes back."""

import os
import re
from html.entities import codepoint2name

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
        self._pattern = re.compile("".join(map(_written, self.value)))
        # No way of writing touches letters and digits, so most texts are seen to be free of it at a glance.
        self._mark = max(re.findall("[A-Za-z0-9]*", self.value), key=len)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry it."""
        return {"Authorization": f"Bearer {self.value}"} if self.value else {}

    def hidden(self, text: str) -> str:
        """The text without the key."""
        if len(self.value) < SECRET_FROM or self._mark not in text:
            return text
        return self._pattern.sub(HIDDEN, text)


def _written(character: str) -> str:
    """A pattern for one character of a key, in all the ways that it is written."""
    if re.fullmatch("[A-Za-z0-9]", character):
        return character
    code = ord(character)
    in_a_url = "".join(f"%{byte:02x}" for byte in character.encode())
    forms = [re.escape(character), in_a_url, rf"\\u{code:04x}", rf"&\#(?:{code}|x0*{code:x});"]
    forms += [f"&{name};"] if (name := codepoint2name.get(code)) else []
    forms += [r"\+"] if character == " " else []
    return rf"(?i:\\?(?:{'|'.join(forms)}))"
