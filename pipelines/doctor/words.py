"""What models wrote, as a terminal may show it."""

import re
import unicodedata

_SPACE = re.compile(r"\s+")


def one_line(text: str, limit: int) -> str:
    """A text on one line of at most `limit` characters, without a character that moves the cursor or hides others."""
    shown = "".join(
        character if character.isspace() or unicodedata.category(character)[0] != "C" else "�"
        for character in text[: 4 * limit]
    )
    shown = _SPACE.sub(" ", shown).strip()
    return shown if len(shown) <= limit and len(text) <= 4 * limit else shown[: limit - 1] + "…"
