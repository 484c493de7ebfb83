"""Every prompt, as a text file with a version in its name. A changed prompt is a new version."""

import re
from functools import cache
from importlib.resources import files

from warriorcoder.ids import text_digest


@cache
def read_prompt(name: str) -> str:
    """The text of a prompt, with `{slots}` to fill."""
    return files(__package__).joinpath(f"{name}.txt").read_text(encoding="utf-8")


def fill(prompt: str, **slots: str) -> str:
    """Fill slots by plain replacement in one pass, so that braces in code mean nothing and no value is filled again."""
    return re.sub(r"\{(" + "|".join(slots) + r")\}", lambda match: slots[match.group(1)], prompt)


def prompt_digest(name: str) -> str:
    """The digest of a prompt's text; votes carry it."""
    return text_digest(read_prompt(name))
