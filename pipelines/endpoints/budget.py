"""The recipe's budget: no call begins that could pass it."""

from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.journal import Spent
from warriorcoder.recipe import Budget, Recipe

TEMPLATE_TOKENS = 64
"""What a chat template may add to a prompt, at most."""


@dataclass(frozen=True)
class Amount:
    """What calls cost: dollars of the priced experts, calls, tokens in and out."""

    dollars: float = 0.0
    calls: int = 0
    tokens: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.dollars + other.dollars, self.calls + other.calls, self.tokens + other.tokens)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.dollars - other.dollars, self.calls - other.calls, self.tokens - other.tokens)


class Purse:
    """What is spent and what the calls in flight may yet cost, against the recipe's budget."""

    def __init__(self, recipe: Recipe, spent: Amount = Amount()) -> None:
        self._budget = recipe.budget
        self._prices = {expert.name: expert.price for expert in recipe.experts}
        self._limited = self._budget != Budget()
        self.spent = spent
        self._reserved = Amount()

    def dollars(self, expert: str, input_tokens: int, output_tokens: int) -> float:
        """What tokens of an expert cost; 0 where it has no price."""
        price = self._prices[expert]
        return (input_tokens * price.input + output_tokens * price.output) / 1e6 if price else 0.0

    def has_price(self, expert: str) -> bool:
        return self._prices[expert] is not None

    @property
    def needs_tokens(self) -> bool:
        """Whether the budget cannot be kept without counted tokens."""
        return self._budget.tokens is not None

    def at_most(self, call: Call) -> Amount:
        """The most that a call can cost: a byte is a token at most, and the answer is as long as it may be."""
        texts = [call.prompt] if call.prompt is not None else [each["content"] for each in call.messages or []]
        into = sum(len(text.encode("utf-8", "replace")) + TEMPLATE_TOKENS for text in texts)
        out = int(call.sampling.get("max_tokens", 0))
        return Amount(self.dollars(call.expert, into, out), 1, into + out)

    def reserve(self, call: Call) -> Amount | None:
        """Set aside the most that a call can cost; None where the budget does not reach that far."""
        if not self._limited:
            return Amount()
        most = self.at_most(call)
        if self._passed_by(self.spent + self._reserved + most):
            return None
        self._reserved += most
        return most

    def release(self, reserved: Amount) -> None:
        """Take back what was set aside for a call that cost nothing."""
        self._reserved -= reserved

    def pay(self, reserved: Amount, expert: str, reply: Reply) -> None:
        """Exchange what was set aside for what an answer cost."""
        self.release(reserved)
        into, out = reply.input_tokens or 0, reply.output_tokens or 0
        self.spent += Amount(self.dollars(expert, into, out), 1, into + out)

    def forfeit(self, reserved: Amount) -> None:
        """Count what was set aside as spent: the call brought nothing, yet the endpoint may charge for it."""
        self.release(reserved)
        self.spent += reserved

    def refusal(self, call: Call) -> str:
        """Why a call may not begin, in words."""
        most = self.at_most(call)
        key = self._passed_by(self.spent + self._reserved + most)
        limit, spent, next_ = (getattr(each, key) for each in (self._budget, self.spent, most))
        shown = "${:.4f}".format if key == "dollars" else "{:,}".format
        return (
            f"the budget ends here: budget.{key} is {shown(limit)}, {shown(spent)} of it is spent, and the next call "
            f"to {call.expert} may take up to {shown(next_)}"
        )

    def _passed_by(self, amount: Amount) -> str:
        """The key of the budget that an amount passes, "" for none."""
        for key in ("dollars", "calls", "tokens"):
            limit = getattr(self._budget, key)
            if limit is not None and getattr(amount, key) > limit:
                return key
        return ""


def spent_so_far(recipe: Recipe, totals: Mapping[tuple[str, str], Spent]) -> Amount:
    """What the journal's totals, by stage and expert, come to at the recipe's prices."""
    purse = Purse(recipe)
    known = {expert.name for expert in recipe.experts}
    amount = Amount()
    for (_, expert), spent in totals.items():
        into, out = spent.input_tokens, spent.output_tokens
        amount += Amount(purse.dollars(expert, into, out) if expert in known else 0.0, spent.calls, into + out)
    return amount
