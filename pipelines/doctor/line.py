"""One server as the doctor asks it: within the budget, with little patience, every call timed and counted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import aiohttp

from warriorcoder.pipelines.doctor.findings import Spending
from warriorcoder.pipelines.endpoints.budget import Purse
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.faults import MAY_BE_BILLED, Fault, FaultKind
from warriorcoder.pipelines.endpoints.server import backoff
from warriorcoder.pipelines.endpoints.usage import metered

TRIES = 3
LONGEST_PAUSE_SECONDS = 10.0
"""The doctor waits no longer for a server that is busy; a run does."""

SHORT_CALL_SECONDS = 60.0
"""A few tokens take no longer, the loading of a sleeping model included."""

TOGETHER = 8
"""So many calls are in flight at a server at most, however many the recipe allows."""

_PASSING = frozenset({FaultKind.THROTTLED, FaultKind.SERVER, FaultKind.DOWN, FaultKind.GARBLED})


class BudgetSpent(Exception):
    """The recipe's budget does not reach to the next call."""


@dataclass(frozen=True)
class Answered:
    """A reply, the seconds it took, and whether the server itself counted its tokens."""

    reply: Reply
    seconds: float
    counted: bool


class Line:
    """Asks one server in the name of one expert."""

    def __init__(
        self, address: Address, base_url: str, session: aiohttp.ClientSession, purse: Purse, spending: Spending
    ) -> None:
        self.address = address
        self.base_url = base_url
        self.session = session
        self.purse = purse
        self.throttled = 0
        """How often the server wanted fewer calls."""
        self._spending = spending
        short = replace(address, timeout=min(address.timeout, SHORT_CALL_SECONDS))
        self._client = connect(address, base_url, session)
        self._short_client = connect(short, base_url, session)

    async def ask(self, call: Call, *, short: bool = False) -> Answered:
        """The answer. Raises Fault, after further tries where it might pass, and BudgetSpent.

        A `short` call is one of a few tokens, for which nobody waits long.
        """
        for tries in range(1, TRIES + 1):
            try:
                return await self._try(call, short=short)
            except Fault as fault:
                self.throttled += fault.kind is FaultKind.THROTTLED
                if tries == TRIES or fault.kind not in _PASSING:
                    raise
                await asyncio.sleep(min(max(fault.wait or 0.0, backoff(tries)), LONGEST_PAUSE_SECONDS))
        raise AssertionError("the last try returns or raises")

    async def ask_together(self, calls: Sequence[Call]) -> list[Answered | Fault]:
        """The answers to several calls, `together` of them in flight at once. Raises BudgetSpent."""
        places = asyncio.Semaphore(self.together)

        async def one(call: Call) -> Answered | Fault | BudgetSpent:
            async with places:
                try:
                    return await self.ask(call)
                except (Fault, BudgetSpent) as trouble:
                    return trouble

        answers = []
        for outcome in await asyncio.gather(*map(one, calls)):
            if isinstance(outcome, BudgetSpent):
                raise outcome
            answers.append(outcome)
        return answers

    @property
    def together(self) -> int:
        """How many calls are in flight at once where several are asked."""
        return min(self.address.concurrency, TOGETHER)

    async def _try(self, call: Call, *, short: bool) -> Answered:
        reserved = self.purse.reserve(call)
        if reserved is None:
            raise BudgetSpent(self.purse.refusal(call))
        self._spending.calls += 1
        begun = time.monotonic()
        try:
            given = await (self._short_client if short else self._client).ask(call)
        except Fault as fault:
            self._spending.failed += 1
            (self.purse.forfeit if fault.kind in MAY_BE_BILLED else self.purse.release)(reserved)
            raise
        seconds = time.monotonic() - begun
        reply = metered(self.address, call, given)
        self.purse.pay(reserved, call.expert, reply)
        self._count(call.expert, reply)
        return Answered(reply, seconds, given.input_tokens is not None and given.output_tokens is not None)

    def _count(self, expert: str, reply: Reply) -> None:
        spending, into, out = self._spending, reply.input_tokens, reply.output_tokens
        spending.input_tokens += into or 0
        spending.output_tokens += out or 0
        spending.unmetered += into is None or out is None
        spending.dollars += self.purse.dollars(expert, into or 0, out or 0)
        if not self.purse.has_price(expert):
            spending.unpriced.add(expert)
