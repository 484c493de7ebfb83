"""What a failed request means: try again, look again, or tell the user."""

import errno
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from warriorcoder.errors import HubError, HubUnreachable

if TYPE_CHECKING:
    from requests import Response

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try."""

LONGEST_WAIT = 300.0
"""Of what a server may ask for with Retry-After, in seconds."""

_PASSING = (408, 425, 429, 500, 502, 503, 504)
_MOVED = (409, 412)

Result = TypeVar("Result")


class Passing(Exception):
    """A fault that may be over at the next try, after `wait` seconds where the server said so."""

    def __init__(self, words: str, wait: float | None = None) -> None:
        super().__init__(words)
        self.wait = wait


class Moved(Exception):
    """The repository is not what it was when it was looked at: somebody was quicker, or the request came twice."""


Tell = Callable[[str], object]


def patiently(
    call: Callable[[], Result], doing: str, tell: Tell, sleep: Callable[[float], object] = time.sleep
) -> Result:
    """What a call that may be repeated returns, tried again after passing faults. Raises HubError, Moved."""
    for wait in WAITS:
        try:
            return once(call, doing)
        except Passing as fault:
            tell(waiting(doing, fault, wait))
            sleep(fault.wait or wait)
    try:
        return once(call, doing)
    except Passing as fault:
        raise HubUnreachable(unreachable(doing, fault)) from fault


def once(call: Callable[[], Result], doing: str) -> Result:
    """What a call returns. Raises Passing, Moved or HubError for what it raises.

    What the Hub does not have, and what is no fault of its, is raised as it is.
    """
    try:
        return call()
    except HubError:
        raise
    except Exception as error:
        meaning = _meaning(error, doing)
        if meaning is error:
            raise
        raise meaning from error


def waiting(doing: str, fault: Passing, wait: float) -> str:
    return f"{doing}: {fault}; trying again in {fault.wait or wait:g} s"


def unreachable(doing: str, fault: Passing) -> str:
    return f"the Hub does not take part while {doing}: {fault}. The same command goes on from here once it does."


def _meaning(error: Exception, doing: str) -> Exception:
    import requests
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    for each in _chain(error):
        response = getattr(each, "response", None)
        if response is not None:
            if isinstance(each, (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError)):
                return each
            return _of_status(each, response, doing)
        if isinstance(each, OSError) and each.errno == errno.ENOSPC:
            return HubError(f"while {doing}: no room is left on the disk. Make room, then run the same command again.")
        if type(each).__name__ == "OfflineModeIsEnabled":
            return HubError("HF_HUB_OFFLINE is set, so the Hub cannot be asked. Unset it for this command.")
        if isinstance(each, HFValidationError):
            return HubError(f"this cannot be a repository's name: {_short(each)}.")
        if isinstance(each, ValueError) and "Invalid metadata in README.md" in str(each):
            return HubError(f"the Hub refuses the card: {' '.join(str(each).split())}. Correct the YAML of README.md.")
        if isinstance(each, requests.RequestException):
            return Passing(f"{type(each).__name__}: {_short(each)}")
    return error


def _of_status(error: BaseException, response: "requests.Response", doing: str) -> Exception:  # type: ignore[name-defined]  # noqa: F821
    status = response.status_code
    if status in _PASSING:
        return Passing(f"it answers {status}", _retry_after(response.headers.get("Retry-After")))
    if status in _MOVED:
        return Moved(_said(error, response))
    if status == 401:
        return HubError(
            f"the Hub does not know you (while {doing}). Log in with `hf auth login`, or set HF_TOKEN to a token with "
            "the right to write; tokens are made in the Hub's settings."
        )
    if status == 403:
        return HubError(
            f"the Hub refuses it (while {doing}): {_said(error, response)}. Use a token with the right to write, of "
            "somebody who may write there."
        )
    return HubError(f"the Hub refuses it with {status} (while {doing}): {_said(error, response)}.")


def _said(error: BaseException, response: "Response") -> str:
    return _short(getattr(error, "server_message", None) or response.headers.get("X-Error-Message") or error)


def _short(said: object) -> str:
    return " ".join(str(said).split())[:300].rstrip(".")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, the outermost first."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _retry_after(written: str | None) -> float | None:
    try:
        return min(LONGEST_WAIT, max(0.0, float(written))) if written else None
    except ValueError:
        return None
