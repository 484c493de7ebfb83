"""What can go wrong with one request, told apart by what it means for the call and for its endpoint."""

from enum import StrEnum


class FaultKind(StrEnum):
    """Why an attempt brought no answer."""

    KEY = "key"
    """401: the key is missing or wrong."""
    FORBIDDEN = "forbidden"
    """403: the key may not do this, or the text is not allowed."""
    MODEL = "model"
    """The server does not serve the model that was asked for."""
    ROUTE = "route"
    """404, 405 for the path itself: a wrong address, or a server without raw completion or chat."""
    REQUEST = "request"
    """Other 4xx: this request will never be taken, too long for the context for example."""
    THROTTLED = "throttled"
    """429: the endpoint wants fewer requests."""
    SERVER = "server"
    """500: the server failed at this request."""
    DOWN = "down"
    """502, 503, 504, a refused or broken connection: nobody answers."""
    TIMEOUT = "timeout"
    """No answer within the endpoint's `timeout`."""
    GARBLED = "garbled"
    """An answer that is no completion: cut off, not JSON, or without the fields of the protocol."""


OF_THE_ENDPOINT = frozenset({FaultKind.KEY, FaultKind.MODEL, FaultKind.ROUTE})
"""No other request can succeed either: somebody must mend the recipe or the server."""

OF_THE_REQUEST = frozenset({FaultKind.FORBIDDEN, FaultKind.REQUEST})
"""This request would be refused again; others may be taken."""

OF_THE_ANSWER = frozenset({FaultKind.SERVER, FaultKind.GARBLED})
"""The server is there, and answers badly."""

MAY_BE_BILLED = frozenset({FaultKind.TIMEOUT, FaultKind.GARBLED})
"""The model may have written all of an answer that never arrived whole."""


class Fault(Exception):
    """An attempt without an answer. `wait` is the endpoint's Retry-After in seconds, None where it gave none."""

    def __init__(self, kind: FaultKind, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait
