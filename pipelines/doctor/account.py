"""What the doctor's calls cost, against the recipe's budget."""

import asyncio

from warriorcoder.pipelines.doctor.findings import Spending
from warriorcoder.pipelines.endpoints.budget import Amount, Purse
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.faults import MAY_BE_BILLED, Fault


class BudgetSpent(Exception):
    """The recipe's budget does not reach to the next call."""


class Account:
    """The purse of a recipe, shared by all examinations, and a record of what they took."""

    def __init__(self, purse: Purse) -> None:
        self.purse = purse
        self.spending = Spending()
        self._in_flight = 0
        self._one_ended = asyncio.Event()

    async def begin(self, call: Call) -> Amount:
        """Set aside what a call may cost. Raises BudgetSpent where nothing in flight could still make room for it."""
        while (reserved := self.purse.reserve(call)) is None:
            if not self._in_flight:
                raise BudgetSpent(self.purse.refusal(call))
            await self._one_ended.wait()
        self._in_flight += 1
        self.spending.calls += 1
        return reserved

    def answered(self, reserved: Amount, expert: str, reply: Reply) -> None:
        """Pay for an answer."""
        self.purse.pay(reserved, expert, reply)
        spending, into, out = self.spending, reply.input_tokens, reply.output_tokens
        spending.input_tokens += into or 0
        spending.output_tokens += out or 0
        spending.unmetered += into is None or out is None
        if self.purse.has_price(expert):
            spending.dollars = (spending.dollars or 0.0) + self.purse.dollars(expert, into or 0, out or 0)
        else:
            spending.unpriced.add(expert)
        self._end()

    def failed(self, reserved: Amount, fault: Fault) -> None:
        """Count a call without an answer; some of these are billed all the same."""
        (self.purse.forfeit if fault.kind in MAY_BE_BILLED else self.purse.release)(reserved)
        self.spending.failed += 1
        self._end()

    def _end(self) -> None:
        self._in_flight -= 1
        self._one_ended.set()
        self._one_ended = asyncio.Event()
