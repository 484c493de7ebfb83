"""The examination of one expert: its servers, then its draws, its answer, its verdicts, its speed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.doctor.account import BudgetSpent
from warriorcoder.pipelines.doctor.blame import cell_of
from warriorcoder.pipelines.doctor.findings import Colour, Row, left_out, red, yellow
from warriorcoder.pipelines.doctor.judging import JudgeRecord, known_pairs
from warriorcoder.pipelines.doctor.line import Answered
from warriorcoder.pipelines.doctor.measurements import Measured
from warriorcoder.pipelines.doctor.prefixes import (
    DRAWS,
    MARKERS,
    enough,
    is_foreign,
    marker_call,
    prefix_cell,
    sample_of,
)
from warriorcoder.pipelines.doctor.servers import ServerExam
from warriorcoder.pipelines.doctor.speed import kind_of, measured_of, speed_cell
from warriorcoder.pipelines.doctor.ward import Ward, server_name
from warriorcoder.pipelines.endpoints.asking import answer_call
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.faults import Fault
from warriorcoder.pipelines.endpoints.templates import Template, template_of
from warriorcoder.pipelines.mining.draws import mining_call
from warriorcoder.recipe import Expert


@dataclass
class ExpertExam:
    """What was found of one expert: a row a server, the first that works carrying what concerns the expert."""

    rows: list[Row]
    measured: list[Measured] = field(default_factory=list)
    record: JudgeRecord | None = None
    judged_in: Row | None = None
    budget_spent: str = ""


async def examine_expert(ward: Ward, expert: Expert, address: Address, *, judges: bool) -> ExpertExam:
    """Examine an expert. `judges` says that it will judge battles or grade instructions."""
    template = _template(expert)
    chats = not isinstance(template, Template) or template.chat
    servers = await asyncio.gather(*(ward.server_exam(expert, address, url, chats=chats) for url in address.base_urls))
    found = ExpertExam([Row(expert.name, server_name(expert, url)) for url in address.base_urls])
    for row, server in zip(found.rows, servers, strict=True):
        row.cells |= server.cells
        found.budget_spent = found.budget_spent or server.budget_spent
        if (usage := server.usage_cell(expert)) is not None:
            row.cells["usage"] = usage
        if not chats:
            row.cells["chat"] = left_out("raw")
    _forgive_the_absent(found.rows)
    best = max(range(len(servers)), key=lambda number: _worth(servers[number]))
    if not _worth(servers[best]):
        return found
    row, server, url = found.rows[best], servers[best], address.base_urls[best]
    if isinstance(template, RecipeError):
        row.cells["prefix"] = red("unknown", str(template), "Every call of this expert needs its template.")
        return found
    await _Bedside(ward, expert, address, url, template, server, row, found).examine(judges=judges)
    return found


class _Bedside:
    """The examination of an expert at the one of its servers that works best."""

    def __init__(
        self,
        ward: Ward,
        expert: Expert,
        address: Address,
        url: str,
        template: Template,
        server: ServerExam,
        row: Row,
        found: ExpertExam,
    ) -> None:
        self._ward = ward
        self._expert = expert
        self._address = address
        self._url = url
        self._template = template
        self._server = server
        self._row = row
        self._found = found
        self._line = ward.line(address, url)
        self._alone: list[Answered] = []

    async def examine(self, *, judges: bool) -> None:
        speaks = self._server.is_good("chat") if self._template.chat else self._server.is_good("raw")
        try:
            async with self._ward.alone(self._expert, self._url):
                if self._server.is_good("raw"):
                    self._ward.tell(self._expert.name, "its draws")
                    await self._draw()
                if speaks:
                    self._ward.tell(self._expert.name, "its answer")
                    await self._answer()
        except BudgetSpent as spent:
            self._found.budget_spent = str(spent)
        throttled = self._line.throttled
        if judges and speaks and not self._found.budget_spent:
            throttled += await self._judge()
        if self._alone:
            self._row.cells["speed"] = speed_cell(self._alone, throttled, self._address)

    async def _draw(self) -> None:
        """Mine a little, as a run will; more where the first draws leave doubts."""
        recipe, grid = self._ward.recipe, self._ward.recipe.grid_of(self._expert)
        drawn: list[Answered] = []
        for first in (0, DRAWS):
            for draw in range(first, first + DRAWS):
                call = mining_call(self._expert.name, self._template, grid, draw, recipe.seed)
                try:
                    drawn.append(await self._line.ask(call))
                except Fault as fault:
                    self._row.cells |= [cell_of(fault, "prefix", self._address, None)]
                    return
            if enough([answered.reply for answered in drawn], self._template):
                break
        replies = [answered.reply for answered in drawn]
        foreign = await self._foreign_marker()
        self._row.cells["prefix"] = prefix_cell(replies, self._template, grid, foreign)
        self._row.sample = sample_of(replies, self._template)
        self._alone += drawn
        self._found.measured.append(measured_of(self._address, "mine", "raw", 1, drawn))

    async def _foreign_marker(self) -> str:
        """The template's marker of a turn, if it is no token of the model; "" where it is, or where nobody can tell."""
        call = marker_call(self._expert.name, self._template)
        if call is None or not self._server.counts:
            return ""
        try:
            answered = await self._line.ask(call, short=True)
        except Fault:
            return ""
        marker = str(call.prompt)[: len(str(call.prompt)) // MARKERS]
        return marker if is_foreign(answered.given) else ""

    async def _answer(self) -> None:
        """One answer, as a run will ask for it."""
        call = answer_call(self._ward.recipe, self._expert, known_pairs()[0].instruction)
        try:
            answered = await self._line.ask(call)
        except Fault as fault:
            self._row.cells |= [cell_of(fault, "chat", self._address, None)]
            return
        if not answered.reply.text.strip():
            self._row.cells["chat"] = yellow(
                "empty",
                f"its answer to a simple instruction has no text (it ended by {answered.reply.finish_reason or '?'})",
                "A model that thinks first may use up answers.max_tokens before it answers; or is `stop` in `extra`?",
            )
        self._alone.append(answered)
        self._found.measured.append(measured_of(self._address, "answer", kind_of(self._template), 1, [answered]))

    async def _judge(self) -> int:
        """The verdicts go into the row later, when all judges are known; how often it was throttled."""
        verdicts = await self._ward.verdicts(self._expert, self._address, self._url)
        if verdicts.trouble is not None:
            self._row.cells |= [verdicts.trouble]
        if verdicts.measured is not None:
            self._found.measured.append(replace(verdicts.measured, expert=self._expert.name))
        self._found.budget_spent = self._found.budget_spent or verdicts.budget_spent
        self._found.record, self._found.judged_in = verdicts.record, self._row
        return verdicts.throttled


def _template(expert: Expert) -> Template | RecipeError:
    try:
        return template_of(expert)
    except RecipeError as error:
        return error


def _worth(server: ServerExam) -> int:
    return 2 * server.is_good("raw") + server.is_good("chat")


def _forgive_the_absent(rows: Sequence[Row]) -> None:
    """A server that cannot be reached fails no run as long as another one of the same expert works."""
    if any(row.worst() is not Colour.RED for row in rows):
        for row in rows:
            reach = row.cell("reach")
            if reach.colour is Colour.RED and reach.word != "no route":
                advice = f"{reach.advice} The run goes on with the expert's other servers."
                row.cells["reach"] = yellow(reach.word, reach.found, advice)
