"""What the examinations of a recipe share: the session, the account, and what was examined already."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import aiohttp

from warriorcoder.endpoint_kinds import EmbeddedEndpoint
from warriorcoder.ids import value_digest
from warriorcoder.pipelines.doctor.account import Account
from warriorcoder.pipelines.doctor.line import Line
from warriorcoder.pipelines.doctor.servers import ServerExam
from warriorcoder.pipelines.doctor.verdicts import Verdicts, examine_judge
from warriorcoder.pipelines.endpoints.calls import Address
from warriorcoder.recipe import Expert, Recipe

T = TypeVar("T")

Tell = Callable[[str, str], None]
"""Called with an expert's name and what is being done with it, "" when that is over."""


class Ward:
    """Examines each server and each judge once, however many experts are served by it.

    One examination at a time is at a server, and at all servers on this machine together, so that
    what is measured alone is alone.
    """

    def __init__(self, recipe: Recipe, session: aiohttp.ClientSession, account: Account, tell: Tell) -> None:
        self.recipe = recipe
        self.tell = tell
        self._session = session
        self._account = account
        self._servers: _Once[ServerExam] = _Once()
        self._judges: _Once[Verdicts] = _Once()
        self._alone: dict[str, asyncio.Lock] = {}

    def line(self, address: Address, base_url: str) -> Line:
        return Line(address, base_url, self._session, self._account)

    @asynccontextmanager
    async def alone(self, expert: Expert, base_url: str) -> AsyncIterator[None]:
        """Nobody else is at an expert's server meanwhile; models behind one address are servers of their own."""
        place = "here" if isinstance(expert.endpoint, EmbeddedEndpoint) else f"{base_url} {expert.endpoint.model}"
        async with self._alone.setdefault(place, asyncio.Lock()):
            try:
                yield
            finally:
                self.tell(expert.name, "")

    async def server_exam(self, expert: Expert, address: Address, base_url: str, *, chats: bool) -> ServerExam:
        """The examination of a server, as far as it is the same for all experts that it serves."""

        async def examine() -> ServerExam:
            exam = ServerExam(self.line(address, base_url), expert, chats=chats)
            async with self.alone(expert, base_url):
                self.tell(expert.name, "the server, and whether raw completion is raw")
                await exam.run()
            return exam

        return await self._servers.of([_identity(address), base_url, chats], examine)

    async def verdicts(self, expert: Expert, address: Address, base_url: str) -> Verdicts:
        """How a judge judges; twins that are asked in the same way judge alike."""

        async def examine() -> Verdicts:
            line = self.line(address, base_url)
            async with self.alone(expert, base_url):
                self.tell(expert.name, "can it judge")
                return await examine_judge(self.recipe, expert, line)

        return await self._judges.of([_identity(address), str(expert.template_or_default)], examine)


class _Once(Generic[T]):
    """What is found out once for all who ask."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[T]] = {}

    async def of(self, key: list[Any], examine: Callable[[], Coroutine[Any, Any, T]]) -> T:
        digest = value_digest(key)
        if digest not in self._tasks:
            self._tasks[digest] = asyncio.create_task(examine())
        return await self._tasks[digest]


def server_name(expert: Expert, base_url: str) -> str:
    """A server as the table names it."""
    if isinstance(expert.endpoint, EmbeddedEndpoint):
        return "local"
    return urlsplit(base_url).netloc if base_url else f"provider {getattr(expert.endpoint, 'provider', '')}"


def _identity(address: Address) -> Any:
    """What makes two experts the same to a server."""
    return [address.protocol, address.base_urls, address.provider, address.model, address.api_key_env, address.extra]
