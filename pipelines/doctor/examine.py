"""The doctor's round: local models started, every expert examined, the findings put together."""

import asyncio
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import aiohttp

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.endpoint_kinds import EmbeddedEndpoint
from warriorcoder.errors import ModelError, SandboxError, WarriorError
from warriorcoder.local_models import gguf_path
from warriorcoder.pipelines.beforehand import require_sandbox
from warriorcoder.pipelines.doctor.account import Account
from warriorcoder.pipelines.doctor.experts import ExpertExam, examine_expert
from warriorcoder.pipelines.doctor.findings import Cell, Report, Row, red, yellow
from warriorcoder.pipelines.doctor.judging import Office, judge_cell, judges_and_graders
from warriorcoder.pipelines.doctor.measurements import write_measurements
from warriorcoder.pipelines.doctor.ward import Tell, Ward, server_name
from warriorcoder.pipelines.endpoints.budget import Purse, spent_so_far
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.recipe import Expert, Recipe


class Stopped(WarriorError):
    """The user stopped the examination."""

    exit_code = 128 + signal.SIGINT


def examine(recipe: Recipe, path: Path, tell: Tell) -> Report:
    """Examine every endpoint of a recipe, and keep what was measured in the arena folder at `path`.

    No answer is kept. What the arena has spent already counts against the recipe's budget, as in a
    run. Raises ArenaError where no arena can be at `path`, Stopped when the user ends it.
    """
    try:
        return _examine(recipe, path, tell)
    except KeyboardInterrupt:
        raise Stopped("stopped. The doctor keeps no answers: the same command begins anew.") from None


def _examine(recipe: Recipe, path: Path, tell: Tell) -> Report:
    folder = ArenaFolder.prepare(path)
    began = time.monotonic()
    purse = Purse(recipe)
    if folder.journal_path.exists():
        with Journal(folder.journal_path) as journal:
            purse.spent = spent_so_far(recipe, journal.spent())
    account = Account(purse)
    with _addresses(recipe, folder.work / "logs" / "doctor", tell) as (addresses, absent):
        weights = {
            expert.name: addresses[expert.name].weights if expert.name in addresses else expert.endpoint.model
            for expert in recipe.experts
        }
        judges, graders = judges_and_graders(recipe, weights)
        exams = asyncio.run(_examine_all(recipe, addresses, judges | graders, account, tell))
    account.spending.seconds = time.monotonic() - began
    measured = [each for exam in exams.values() for each in exam.measured]
    if measured:
        write_measurements(folder, measured)
    _judge(recipe, judges, exams)
    whole = [*_nobody_judges(recipe, judges), *_sandbox(recipe), *_budget(exams)]
    rows = [row for expert in recipe.experts for row in _rows(expert, exams, absent)]
    return Report(recipe.name, rows, whole, measured, account.spending)


@contextmanager
def _addresses(recipe: Recipe, logs: Path, tell: Tell) -> Iterator[tuple[dict[str, Address], dict[str, str]]]:
    """Where each expert is reached, its server running; and why those are absent whose server does not start."""
    found: dict[str, Address] = {}
    absent: dict[str, str] = {}
    with ExitStack() as running:
        for group in _by_server(recipe.experts, absent):
            part = recipe.model_copy(update={"experts": group})
            if isinstance(group[0].endpoint, EmbeddedEndpoint):
                tell(group[0].name, "starting its server on this machine")
            try:
                addresses = running.enter_context(serve(part, weights_of(group), logs))
            except ModelError as error:
                absent |= {expert.name: str(error) for expert in group}
            else:
                found |= {address.expert: address for address in addresses}
        yield found, absent


def _by_server(experts: Sequence[Expert], absent: dict[str, str]) -> list[list[Expert]]:
    """The experts, those on one local file together; one whose file is missing becomes absent."""
    groups: dict[Path | str, list[Expert]] = {}
    for expert in experts:
        place: Path | str = expert.name
        if isinstance(expert.endpoint, EmbeddedEndpoint):
            try:
                place = gguf_path(expert.endpoint.model).resolve()
            except ModelError as error:
                absent[expert.name] = str(error)
                continue
        groups.setdefault(place, []).append(expert)
    return list(groups.values())


async def _examine_all(
    recipe: Recipe, addresses: dict[str, Address], judges: set[str], account: Account, tell: Tell
) -> dict[str, ExpertExam]:
    present = [expert for expert in recipe.experts if expert.name in addresses]
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        ward = Ward(recipe, session, account, tell)
        exams = await asyncio.gather(
            *(examine_expert(ward, expert, addresses[expert.name], judges=expert.name in judges) for expert in present)
        )
    return {expert.name: exam for expert, exam in zip(present, exams, strict=True)}


def _rows(expert: Expert, exams: dict[str, ExpertExam], absent: dict[str, str]) -> list[Row]:
    if expert.name in exams:
        return exams[expert.name].rows
    cell = red("no server", absent[expert.name], "Without this model a run does not begin.")
    return [Row(expert.name, server_name(expert, ""), {"reach": cell})]


def _judge(recipe: Recipe, judges: set[str], exams: dict[str, ExpertExam]) -> None:
    """Put the verdicts on the judges into their rows: how bad a bad one is depends on the others."""
    records = {name: exam.record for name, exam in exams.items() if exam.record is not None}
    nobody = not recipe.battles.execution_weight and all(
        name in records and records[name].missing == records[name].votes for name in judges
    )
    for name, record in records.items():
        row = exams[name].judged_in
        if row is not None:
            office = Office(name in judges, nobody and name in judges)
            row.cells.setdefault("judge", judge_cell(record, recipe, office))


def _nobody_judges(recipe: Recipe, judges: set[str]) -> list[Cell]:
    if judges or recipe.battles.execution_weight:
        return []
    what = "no battle has a judge: judges must have other weights than both contestants"
    return [red("no judge", what, "Add an expert with weights of its own, or set battles.execution_weight: 1.")]


def _sandbox(recipe: Recipe) -> list[Cell]:
    """Whether the execution judge can run code here, where the recipe wants that."""
    try:
        require_sandbox(recipe)
    except SandboxError as error:
        found, *advice = str(error).splitlines()
        return [red("no sandbox", found, " ".join(advice))]
    return []


def _budget(exams: dict[str, ExpertExam]) -> list[Cell]:
    """The first refusal of the budget stands for all."""
    said = next((exam.budget_spent for exam in exams.values() if exam.budget_spent), "")
    advice = "What is left blank was not examined, and a run would ask no more either. Raise the budget."
    return [yellow("budget", said, advice)] if said else []
