"""One server as the doctor asks it: within the budget, with little patience, every call timed and counted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import aiohttp

from warriorcoder.errors import ModelError
from warriorcoder.pipelines.doctor.account import Account, BudgetSpent
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.clients import connect
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
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


@dataclass(frozen=True)
class Answered:
    """A reply as the server gave it, the same with its tokens counted as a run counts them, and the seconds it took."""

    given: Reply
    reply: Reply
    seconds: float

    @property
    def counted(self) -> bool:
        """Whether the server itself counted the tokens."""
        return None not in (self.given.input_tokens, self.given.output_tokens)


class Line:
    """Asks one server in the name of one expert."""

    def __init__(self, address: Address, base_url: str, session: aiohttp.ClientSession, account: Account) -> None:
        self.address = address
        self.base_url = base_url
        self.session = session
        self.purse = account.purse
        self.throttled = 0
        """How often the server wanted fewer calls."""
        self.no_tokenizer = ""
        """Why tokens that the server does not count cannot be counted here."""
        self._account = account
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
        reserved = await self._account.begin(call)
        begun = time.monotonic()
        try:
            given = await (self._short_client if short else self._client).ask(call)
        except Fault as fault:
            self._account.failed(reserved, fault)
            raise
        seconds = time.monotonic() - begun
        reply = await self._metered(call, given)
        self._account.answered(reserved, call.expert, reply)
        return Answered(given, reply, seconds)

    async def _metered(self, call: Call, given: Reply) -> Reply:
        try:
            # A tokenizer takes seconds to load, while other servers are being timed.
            return await asyncio.to_thread(metered, self.address, call, given)
        except ModelError as error:
            self.no_tokenizer = str(error)
            return given
