"""What can go wrong with one request, told apart by what it means for the call and for its endpoint."""

from enum import StrEnum


class FaultKind(StrEnum):
    """Why an attempt brought no answer."""

    KEY = "key"
    """401, 403: the key is missing, wrong or not allowed here."""
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


FOR_GOOD = frozenset({FaultKind.KEY, FaultKind.MODEL, FaultKind.ROUTE, FaultKind.REQUEST})
"""Asking again would bring the same."""

OF_THE_ENDPOINT = frozenset({FaultKind.KEY, FaultKind.MODEL, FaultKind.ROUTE})
"""No other request of this kind can succeed either, so long as none has."""

OF_THE_CONNECTION = frozenset({FaultKind.DOWN, FaultKind.TIMEOUT})
"""The endpoint may be down, which is no fault of the call's."""


class Fault(Exception):
    """An attempt without an answer. `wait` is the endpoint's Retry-After in seconds, None where it gave none."""

    def __init__(self, kind: FaultKind, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.wait = wait
