"""The examination of one server: there, key, model, raw completion, chat, usage."""

from warriorcoder.endpoint_kinds import HFInferenceEndpoint
from warriorcoder.pipelines.doctor.account import BudgetSpent
from warriorcoder.pipelines.doctor.blame import CHAT_ONLY_ADVICE, NO_CHAT_ADVICE, cell_of
from warriorcoder.pipelines.doctor.canary import (
    HALF_WORD,
    ORDER,
    TWICE,
    by_half_word,
    by_order,
    by_sameness,
    by_tokens,
    chat_call,
    raw_call,
    raw_cell,
)
from warriorcoder.pipelines.doctor.findings import Cell, Check, Colour, green, red, yellow
from warriorcoder.pipelines.doctor.line import Answered, Line
from warriorcoder.pipelines.doctor.reaching import key_cell, model_cell, probe, what_was_meant
from warriorcoder.pipelines.endpoints.calls import Call
from warriorcoder.pipelines.endpoints.faults import Fault, FaultKind
from warriorcoder.recipe import Expert

_ABOUT_THE_FORM = frozenset({FaultKind.ROUTE, FaultKind.MODEL, FaultKind.REQUEST, FaultKind.FORBIDDEN})
"""Faults by which servers say that they do not answer in this form, among other things."""


class ServerExam:
    """One server, examined in the name of one of the experts that it serves."""

    def __init__(self, line: Line, expert: Expert, *, chats: bool) -> None:
        self.cells: dict[Check, Cell] = {}
        self.budget_spent = ""
        self._line = line
        self._expert = expert
        self._chats = chats
        self._served: tuple[str, ...] | None = None
        self._refusal = ""
        self._answers: list[Answered] = []

    def is_good(self, check: Check) -> bool:
        """Whether raw completion, or chat, works here."""
        return check in self.cells and self.cells[check].colour in (Colour.GREEN, Colour.YELLOW)

    @property
    def counts(self) -> bool:
        """Whether it counted the tokens of all that it answered."""
        return bool(self._answers) and all(answered.counted for answered in self._answers)

    async def run(self) -> None:
        """Fill the cells, as far as the server lets itself be examined."""
        try:
            await self._run()
        except BudgetSpent as spent:
            self.budget_spent = str(spent)

    async def _run(self) -> None:
        line = self._line
        found = await probe(line.address, line.base_url, line.session)
        key = key_cell(line.address)
        self.cells |= {"reach": found.reach, "key": key}
        if Colour.RED in (found.reach.colour, key.colour):
            return
        self._served = found.served
        self._refusal = _refusal(self._expert)
        if self._refusal:
            raw: Answered | Fault = Fault(FaultKind.ROUTE, self._refusal)
        else:
            raw = await self._ask(raw_call(self._expert.name, ORDER))
        chat = None
        if self._chats or (isinstance(raw, Fault) and raw.kind in _ABOUT_THE_FORM):
            of_everybody = isinstance(raw, Fault) and raw.kind not in _ABOUT_THE_FORM
            chat = raw if of_everybody else await self._ask(chat_call(self._expert.name, ORDER))
        if isinstance(raw, Fault) and (chat is None or isinstance(chat, Fault)):
            await self._blame_both(raw, chat)
            return
        self.cells |= {"reach": green(), "model": model_cell(line.address, self._served)}
        if isinstance(chat, Answered) and self._chats:
            self.cells["chat"] = green()
        elif isinstance(chat, Fault):
            self._blame_chat(chat)
        if isinstance(raw, Fault):
            await self._blame_raw(raw)
        else:
            await self._examine_raw(raw, chat if isinstance(chat, Answered) else None)

    async def _examine_raw(self, order: Answered, chat: Answered | None) -> None:
        """Is it raw? A server that reads the text with a template around it is told by what it says."""
        half = await self._ask(raw_call(self._expert.name, HALF_WORD))
        twice = await self._ask(raw_call(self._expert.name, TWICE, 1)) if chat is None else None
        for other in (half, twice):
            if isinstance(other, Fault):
                await self._blame_raw(other)
                return
        assert isinstance(half, Answered)
        assert not isinstance(twice, Fault)
        # As the server gave them: what is counted here says nothing of what is done there.
        message = chat.given if chat else None
        self.cells["raw"] = raw_cell(
            [
                by_tokens(order.given, message, twice.given if twice else None),
                by_order(order.given),
                by_half_word(half.given),
                by_sameness(order.given, message),
            ]
        )

    async def _ask(self, call: Call) -> Answered | Fault:
        try:
            answered = await self._line.ask(call, short=True)
        except Fault as fault:
            return fault
        self._answers.append(answered)
        return answered

    async def _blame_both(self, raw: Fault, chat: Fault | None) -> None:
        """Nothing works here: each fault where it belongs, unless all of it comes of a wrong address."""
        line = self._line
        if raw.kind is FaultKind.ROUTE and not self._refusal:
            meant = await what_was_meant(line.address, line.base_url, line.session)
            check, cell = cell_of(raw, "raw", line.address, self._served)
            if meant or chat is None or chat.kind is FaultKind.ROUTE:
                advice = f"Give {meant}. There a server answers." if meant else cell.advice
                self.cells[check] = red(cell.word, cell.found, advice)
                return
        self.cells["reach"] = green()
        if self._refusal:
            await self._blame_raw(raw)
        else:
            self.cells |= [cell_of(raw, "raw", line.address, self._served)]
        if chat is not None:
            self.cells |= [cell_of(chat, "chat", line.address, self._served)]

    async def _blame_raw(self, fault: Fault) -> None:
        """Raw completion alone does not work: the form is not to be had, whatever the server calls that."""
        line, cell = self._line, cell_of(fault, "raw", self._line.address, self._served)[1]
        if fault.kind in _ABOUT_THE_FORM - {FaultKind.REQUEST}:
            other_kind = line.address.protocol != "openai" and not self._refusal
            meant = await what_was_meant(line.address, line.base_url, line.session) if other_kind else ""
            advice = f"It speaks another protocol: give {meant}." if meant else CHAT_ONLY_ADVICE
            cell = red("chat only", f"raw completion is not to be had: {fault}", advice)
        self.cells["raw"] = cell

    def _blame_chat(self, fault: Fault) -> None:
        cell = cell_of(fault, "chat", self._line.address, self._served)[1]
        of_the_form = fault.kind in _ABOUT_THE_FORM
        self.cells["chat"] = red("raw only", f"there is no chat: {fault}", NO_CHAT_ADVICE) if of_the_form else cell

    def usage_cell(self, expert: Expert) -> Cell | None:
        """Whether tokens are counted, which an expert with a price needs; None where nothing was answered."""
        if not self._answers:
            return None
        if self.counts:
            return green()
        replies = [answered.reply for answered in self._answers]
        if self._line.no_tokenizer:
            return red("tokenizer", self._line.no_tokenizer, "The run would end at the first answer without usage.")
        if not any(None in (reply.input_tokens, reply.output_tokens) for reply in replies):
            return green("tokenizer", f"the server reports no usage; tokens are counted with {expert.tokenizer}")
        advice = (
            "Name the model's tokenizer (`tokenizer`: a folder or a Hub id) and tokens are counted here, or ask for "
            "usage to be reported."
        )
        purse = self._line.purse
        if purse.has_price(expert.name):
            return red("none", "it has a price, but the server reports no usage: nobody would know the cost", advice)
        if purse.needs_tokens:
            return red("none", "budget.tokens is given, but the server reports no usage", advice)
        return yellow("none", "the server reports no usage: tokens and cost of this expert stay unknown", advice)


def _refusal(expert: Expert) -> str:
    """Why the recipe alone says that an expert cannot be mined; "" where it does not."""
    if not isinstance(expert.endpoint, HFInferenceEndpoint):
        return ""
    from warriorcoder.pipelines.endpoints.clients.hf_inference import raw_completion_refusal

    return raw_completion_refusal(expert) or ""
