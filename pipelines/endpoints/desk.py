"""One expert's part of the exchange: its servers, and the calls that wait for one of them."""

from collections import deque
from dataclasses import dataclass, field

from warriorcoder.pipelines.endpoints.calls import Address, Call
from warriorcoder.pipelines.endpoints.clients import Client
from warriorcoder.pipelines.endpoints.faults import Fault
from warriorcoder.pipelines.endpoints.server import Server


@dataclass(eq=False, slots=True)
class Ticket:
    """A call on its way: the places in the list of replies that wait for it, and how it has fared."""

    call: Call
    key: str
    places: list[int]
    tries: int = 0
    failed_at: float = 0.0
    fault: Fault | None = None


@dataclass(eq=False)
class Desk:
    """An expert's servers and its waiting calls. `answers` and `refusals` count what it has had so far."""

    address: Address
    clients: list[tuple[Server, Client]] = field(default_factory=list)
    waiting: deque[Ticket] = field(default_factory=deque)
    answers: int = 0
    refusals: int = 0

    def with_most_room(self, now: float) -> tuple[Server, Client] | None:
        """The server that can take most calls now; None where none can take one."""
        best = max(self.clients, key=lambda each: each[0].free(now))
        return best if best[0].free(now) else None

    def lacks_calls(self, now: float) -> bool:
        """Whether a server could take a call and none waits."""
        return not self.waiting and any(server.free(now) for server, _ in self.clients)

    def wait_again(self, ticket: Ticket) -> None:
        """Put a call that failed in line for another try.

        At a server in trouble every call gets its turn; elsewhere an old call comes before new ones.
        """
        if any(server.trouble_since is not None for server, _ in self.clients):
            self.waiting.append(ticket)
        else:
            self.waiting.appendleft(ticket)

    def stuck_for(self, now: float) -> float:
        """For how many seconds no server of this expert has answered although each was asked; 0 while one may yet."""
        troubles = [server.troubled_for(now) for server, _ in self.clients]
        if any(server.in_flight for server, _ in self.clients):
            return 0.0
        return min(troubles, default=0.0)
