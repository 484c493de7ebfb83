"""Many calls to many servers at once: each has its own fate, and every answer is durable before it is given out."""

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import islice

import aiohttp

from warriorcoder.errors import ModelError, WarriorError
from warriorcoder.pipelines.endpoints.budget import Amount, Purse
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients import Client, connect
from warriorcoder.pipelines.endpoints.desk import Desk, Ticket
from warriorcoder.pipelines.endpoints.endings import (
    budget_is_spent,
    cannot_answer,
    has_no_usage,
    is_down,
    refuses_everything,
)
from warriorcoder.pipelines.endpoints.faults import (
    MAY_BE_BILLED,
    OF_THE_ANSWER,
    OF_THE_ENDPOINT,
    OF_THE_REQUEST,
    Fault,
    FaultKind,
)
from warriorcoder.pipelines.endpoints.keeping import Keeper
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.endpoints.server import Breaker, Server, backoff
from warriorcoder.pipelines.endpoints.usage import metered

TRIES = 5
"""So often a call is tried while its server answers others; then it has failed for good."""

REFUSALS = 8
"""So many refused requests at first, and no answer, mean that the endpoint takes none of this kind."""

CERTAIN_AFTER_SECONDS = 60.0
"""When nothing but failing calls is left, the server is given so long before they are given up."""

OPEN_AT_MOST = 10_000
"""So many calls are in memory at once, unless more are in flight."""

LOOKED_UP_AT_ONCE = 256
LOOKS_EVERY_SECONDS = 0.25


class Exchange:
    """Asks the experts of an arena.

    A call is looked up in the journal first. One that must be asked goes to the server of its
    expert with the most room, waits for its next try without holding a place there, and ends as an
    answer or as an error; no other call notices. A server that is down holds up its own calls alone.

    Raises, after the calls in flight have ended and been kept: ModelError for an endpoint that can
    answer nobody (wrong key, model or address), RunFailed where a server is down for longer than
    `patience` seconds or the budget is spent.
    """

    def __init__(
        self,
        addresses: dict[str, Address],
        keeper: Keeper,
        purse: Purse,
        progress: Progress,
        patience: float,
        is_stopped: Callable[[], bool],
    ) -> None:
        self._addresses = addresses
        self._keeper = keeper
        self._purse = purse
        self._progress = progress
        self._patience = patience
        self._is_stopped = is_stopped
        self._servers: dict[str, Server] = {}
        self._desks = {name: Desk(address) for name, address in addresses.items()}
        self._later: list[tuple[float, int, Ticket]] = []
        self._open: dict[str, Ticket] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._replies: list[Reply | None] = []
        self._deliver: Callable[[int, Reply], object] | None = None
        self._wake = asyncio.Event()
        self._end: WarriorError | None = None
        self._unexpected: BaseException | None = None

    async def ask(
        self, calls: Iterable[Call], total: int, deliver: Callable[[int, Reply], object] | None = None
    ) -> list[Reply]:
        """The replies to `total` calls, in their order. `deliver` gets each one's place, and it, as it comes."""
        self._replies = [None] * total
        self._deliver = deliver
        self._progress.total += total
        self._wake = asyncio.Event()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            self._connect(session)
            try:
                await self._work(enumerate(calls))
            finally:
                for task in self._tasks:
                    task.cancel()
                await asyncio.gather(*self._tasks, return_exceptions=True)
        given = [reply for reply in self._replies if reply is not None]
        if len(given) != total:
            raise RuntimeError(f"{total} calls came to {len(given)} replies")
        return given

    def _connect(self, session: aiohttp.ClientSession) -> None:
        """The servers, shared by experts of the same model there; their limits and troubles stay between rounds."""
        for desk in self._desks.values():
            address = desk.address
            desk.clients = []
            for url in address.base_urls:
                place = f"{url or address.provider} ({address.model})"
                server = self._servers.setdefault(place, Server(place, address.concurrency))
                desk.clients.append((server, connect(address, url, session)))

    async def _work(self, calls: Iterator[tuple[int, Call]]) -> None:
        """Take in calls as there is room for them, start them, and see to those that failed, until none is left."""
        more = True
        while (more or self._open) and not (self._end or self._unexpected):
            if self._is_stopped():
                await self._finish_what_is_in_flight()
                # The run is being stopped: this process is ended from outside, with nothing half done.
                await asyncio.Event().wait()
            self._bring_back()
            self._start()
            while more and self._has_room():
                more = self._take_in(calls)
                self._start()
                # A journal may answer a million calls in a row: the progress is told meanwhile.
                await asyncio.sleep(0)
            await self._look_after_the_stuck()
            self._progress.notes = self._notes()
            if self._open and not self._end:
                await self._rest()
        await self._finish_what_is_in_flight()
        if error := self._unexpected or self._end:
            raise error

    def _take_in(self, calls: Iterator[tuple[int, Call]]) -> bool:
        """Look the next calls up in the journal; those without an answer wait at their desks. False at the end."""
        batch = [
            (place, call, self._addresses[call.expert].journal_key(call))
            for place, call in islice(calls, LOOKED_UP_AT_ONCE)
        ]
        known = self._keeper.look_up([key for _, _, key in batch])
        for place, call, key in batch:
            if (reply := known.get(key)) is not None:
                self._desks[call.expert].answers += 1
                self._progress.replayed += 1
                self._give(place, call.expert, reply)
            elif key in self._open:
                self._open[key].places.append(place)
            else:
                self._open[key] = ticket = Ticket(call, key, [place])
                self._desks[call.expert].waiting.append(ticket)
        return len(batch) == LOOKED_UP_AT_ONCE

    def _has_room(self) -> bool:
        """Whether a server could take a call for which none waits, and memory more that wait."""
        now = time.monotonic()
        return len(self._open) < OPEN_AT_MOST and any(desk.lacks_calls(now) for desk in self._desks.values())

    def _bring_back(self) -> None:
        """Calls whose time for another try has come wait at their desks again."""
        now = time.monotonic()
        while self._later and self._later[0][0] <= now:
            ticket = heappop(self._later)[2]
            self._desks[ticket.call.expert].wait_again(ticket)

    def _start(self) -> None:
        """Begin as many calls as servers and budget allow, desk by desk in turn so that none is starved."""
        desks = [desk for desk in self._desks.values() if desk.waiting]
        while desks:
            now = time.monotonic()
            desks = [desk for desk in desks if self._start_one(desk, now) and desk.waiting]

    def _start_one(self, desk: Desk, now: float) -> bool:
        place = desk.with_most_room(now)
        if place is None:
            return False
        server, client = place
        call = desk.waiting[0].call
        reserved = self._purse.reserve(call)
        if reserved is None:
            # What the calls in flight set aside may come back; when none is left, this is the end of the budget.
            if not self._tasks:
                self._end = budget_is_spent(self._purse.refusal(call))
            return False
        ticket = desk.waiting.popleft()
        server.in_flight += 1
        task = asyncio.create_task(self._try(desk, server, client, ticket, reserved))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._unexpected = error
        self._wake.set()

    async def _try(
        self,
        desk: Desk,
        server: Server,
        client: Client,
        ticket: Ticket,
        reserved: Amount,
    ) -> None:
        """One try of one call."""
        progress, begun = self._progress, time.monotonic()
        progress.in_flight += 1
        try:
            try:
                reply = await client.ask(ticket.call)
            finally:
                server.in_flight -= 1
                self._wake.set()
            now = time.monotonic()
            server.answered(now)
            desk.answers += 1
            reply = await self._counted(desk.address, ticket.call, reply)
            self._purse.pay(reserved, ticket.call.expert, reply)
            await self._keeper.keep(ticket.key, ticket.call.expert, desk.address.model, reply, now - begun)
            self._require_usage(ticket.call.expert, reply)
            progress.asked_seconds += now - begun
            progress.asked_dollars = self._purse.spent.dollars
            self._settle(ticket, reply)
        except Fault as fault:
            (self._purse.forfeit if fault.kind in MAY_BE_BILLED else self._purse.release)(reserved)
            self._failed(desk, server, ticket, fault, begun)
        finally:
            progress.in_flight -= 1

    async def _counted(self, address: Address, call: Call, reply: Reply) -> Reply:
        """The reply with its tokens counted. A tokenizer that cannot be loaded ends the run, not before it is kept."""
        if address.tokenizer is None or None not in (reply.input_tokens, reply.output_tokens):
            return reply
        try:
            # Loading a tokenizer takes seconds, in which other calls go on.
            return await asyncio.to_thread(metered, address, call, reply)
        except ModelError as error:
            self._end = self._end or error
            return reply

    def _failed(self, desk: Desk, server: Server, ticket: Ticket, fault: Fault, begun: float) -> None:
        """What a fault means: for the endpoint, for the call, or only that it is tried again."""
        now = time.monotonic()
        if fault.kind in OF_THE_ENDPOINT or (fault.kind is FaultKind.FORBIDDEN and not desk.answers):
            self._end = self._end or cannot_answer(desk.address, fault)
            return
        if fault.kind in OF_THE_REQUEST:
            desk.refusals += 1
            if desk.refusals >= REFUSALS and not desk.answers:
                self._end = self._end or refuses_everything(desk.address, REFUSALS, fault)
            self._settle(ticket, Reply(error=str(fault)))
            return
        server.failed(fault, begun, now)
        self._progress.retries += 1
        ticket.fault = fault
        if fault.kind is not FaultKind.THROTTLED:
            ticket.failed_at = ticket.failed_at or now
            ticket.tries += 1
        if ticket.tries >= TRIES and server.answered_at > ticket.failed_at:
            self._give_up(ticket)
            return
        wait = max(fault.wait or 0.0, backoff(max(ticket.tries, 1)))
        heappush(self._later, (now + wait, id(ticket), ticket))

    def _give_up(self, ticket: Ticket) -> None:
        self._settle(ticket, Reply(error=f"{ticket.fault} ({ticket.tries} tries)"))

    def _settle(self, ticket: Ticket, reply: Reply) -> None:
        del self._open[ticket.key]
        for place in ticket.places:
            self._give(place, ticket.call.expert, reply)

    def _give(self, place: int, expert: str, reply: Reply) -> None:
        self._replies[place] = reply
        dollars = self._purse.dollars(expert, reply.input_tokens or 0, reply.output_tokens or 0)
        self._progress.count(expert, reply, dollars)
        if self._deliver:
            self._deliver(place, reply)

    def _require_usage(self, expert: str, reply: Reply) -> None:
        """A price, or a budget of tokens, is worth nothing where nobody counts the tokens."""
        counted = reply.input_tokens is not None and reply.output_tokens is not None
        if not counted and (self._purse.has_price(expert) or self._purse.needs_tokens):
            what = "has a price" if self._purse.has_price(expert) else "counts against budget.tokens"
            self._end = self._end or has_no_usage(expert, what)

    async def _look_after_the_stuck(self) -> None:
        """End the run, or give calls up, where all servers of an expert have brought nothing for too long."""
        now = time.monotonic()
        for desk in self._desks.values():
            stuck_for = desk.stuck_for(now)
            if not stuck_for or stuck_for < min(CERTAIN_AFTER_SECONDS, self._patience):
                continue
            mine = [ticket for ticket in self._open.values() if ticket.call.expert == desk.address.expert]
            if not mine:
                continue
            hopeless = all(ticket.tries >= TRIES for ticket in mine)
            if hopeless and all(ticket.fault and ticket.fault.kind in OF_THE_ANSWER for ticket in mine):
                self._give_all_up(desk, mine)
            elif stuck_for > self._patience:
                # A server that is there, and fails at each of these calls, fails because of them.
                if hopeless and any([await client.is_alive() for _, client in desk.clients]):
                    self._give_all_up(desk, mine)
                else:
                    servers = [server for server, _ in desk.clients]
                    self._end = self._end or is_down(desk.address, servers, stuck_for, self._patience)

    def _give_all_up(self, desk: Desk, tickets: list[Ticket]) -> None:
        self._later = [entry for entry in self._later if entry[2] not in tickets]
        desk.waiting.clear()
        for ticket in tickets:
            self._give_up(ticket)

    def _notes(self) -> list[str]:
        """What a user should know of the servers now."""
        now = time.monotonic()
        notes = []
        for server in self._servers.values():
            if not (troubled := server.troubled_for(now)):
                continue
            if server.breaker(now) is not Breaker.CLOSED:
                notes.append(f"{server.name} is down for {troubled:.0f} s; tried again until {self._patience:g} s")
            elif server.last_fault and server.last_fault.kind is FaultKind.THROTTLED:
                notes.append(f"{server.name} wants fewer calls: {server.limit.allowed} at once now")
        return notes

    async def _rest(self) -> None:
        """Wait until a call ends, or until something may begin."""
        now = time.monotonic()
        times = [server.closed_until for server in self._servers.values() if server.closed_until > now]
        times += [self._later[0][0]] if self._later else []
        pause = min([LOOKS_EVERY_SECONDS, *(max(0.0, moment - now) for moment in times)])
        timer = asyncio.get_running_loop().call_later(pause, self._wake.set)
        await self._wake.wait()
        timer.cancel()
        self._wake.clear()

    async def _finish_what_is_in_flight(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
