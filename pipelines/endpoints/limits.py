"""How many calls a server takes at once, found out from its refusals."""

LOWER = 0.7
"""What one wave of refusals leaves of the limit."""


class AdaptiveLimit:
    """Additive increase, multiplicative decrease, as TCP finds the width of a path (RFC 5681).

    It begins at `cap`, the recipe's concurrency, and never passes it. A refusal (429) lowers it; a
    whole round of answers without one raises it by one. Times are in seconds of one steady clock.
    """

    def __init__(self, cap: int) -> None:
        self._cap = float(cap)
        self._limit = float(cap)
        self._lowered_at = float("-inf")

    @property
    def allowed(self) -> int:
        """How many calls may be in flight, 1 or more."""
        return int(self._limit)

    def answered(self) -> None:
        """Take note of an answer."""
        self._limit = min(self._cap, self._limit + 1.0 / self._limit)

    def refused(self, begun: float, now: float) -> None:
        """Take note of a refusal of a call that began at `begun`; one wave of them lowers the limit once."""
        if begun >= self._lowered_at:
            self._limit = max(1.0, self._limit * LOWER)
            self._lowered_at = now
