"""All experts behind one distilabel LLM: each call goes to the endpoint of the expert it names."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from distilabel.models.llms.base import AsyncLLM
from pydantic import PrivateAttr

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.openai_client import OpenAIClient
from warriorcoder.pipelines.endpoints.progress import ProgressFile
from warriorcoder.pipelines.endpoints.traces import progress_folder, read_addresses, stop_file
from warriorcoder.recipe import Recipe, load_recipe


class ExpertPanel(AsyncLLM):
    """The experts of an arena as one AsyncLLM.

    distilabel blanks a whole batch when one call fails, and cannot resume. So every call is looked
    up in the journal first, has retries of its own, and comes back as an answer or as an error,
    and no other call notices.

    `arena` is the arena folder; its `.work/addresses.json` says where each expert is.
    """

    arena: str
    stage: str

    _recipe: Recipe = PrivateAttr()
    _addresses: dict[str, Address] = PrivateAttr(default_factory=dict)
    _journal: Journal = PrivateAttr()
    _progress: ProgressFile = PrivateAttr()
    _clients: dict[str, OpenAIClient] = PrivateAttr(default_factory=dict)
    _places: dict[str, asyncio.Semaphore] = PrivateAttr(default_factory=dict)
    _cost: dict[str, dict[str, float]] = PrivateAttr(default_factory=dict)
    _stop_file: Path = PrivateAttr()

    @property
    def model_name(self) -> str:
        return "experts"

    def load(self) -> None:
        super().load()
        folder = ArenaFolder(self.arena)
        self._recipe = load_recipe(folder.recipe_path)
        self._addresses = read_addresses(folder)
        self._journal = Journal(folder.journal_path)
        self._progress = ProgressFile(progress_folder(folder), self.stage)
        self._stop_file = stop_file(folder)

    def ask(self, calls: Sequence[Call]) -> list[Reply]:
        """The replies to the calls, in their order; concurrently, as each endpoint's limit allows."""
        outputs = self.generate_outputs(list(calls))
        return [output["reply"][0] for output in outputs]

    def cost(self) -> dict[str, dict[str, Any]]:
        """What this stage's answers cost, by expert: calls, tokens, and dollars where a price is given.

        Answers taken from the journal count like those asked now: it is the cost of the tables.
        """
        costs = {}
        for name, counts in sorted(self._cost.items()):
            costs[name] = {**counts, "dollars": self._dollars(name, counts["input_tokens"], counts["output_tokens"])}
        return costs

    def _dollars(self, expert: str, input_tokens: float, output_tokens: float) -> float | None:
        """What tokens of an expert cost; None where it has no price."""
        price = self._recipe.expert(expert).price
        return (input_tokens * price.input + output_tokens * price.output) / 1e6 if price else None

    async def _agenerate(self, inputs: Any, num_generations: int = 1, **kwargs: Any) -> Any:
        """One HTTP session for the batch; a place at its endpoint for each call."""
        self._progress.progress.total += len(inputs)
        async with self._progress.kept_up(), aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            self._clients = {name: OpenAIClient(address, session) for name, address in self._addresses.items()}
            # Experts with the same weights at the same address share its capacity.
            places = {a.base_url: asyncio.Semaphore(a.concurrency) for a in self._addresses.values()}
            self._places = {name: places[address.base_url] for name, address in self._addresses.items()}
            outputs = await super()._agenerate(inputs, num_generations, **kwargs)
        return outputs

    async def agenerate(self, input: Call, num_generations: int = 1) -> Any:
        """The reply to one call.

        Args:
            input: the call.
            num_generations: always 1; draws are calls of their own.
        """
        key = self._addresses[input.expert].journal_key(input)
        reply = self._journal.get(key)
        if reply is None:
            async with self._places[input.expert]:
                reply = await self._ask_and_keep(input, key)
        else:
            self._progress.progress.replayed += 1
        self._count(input.expert, reply)
        return {
            "generations": [reply.text or None],
            "statistics": {"input_tokens": [reply.input_tokens], "output_tokens": [reply.output_tokens]},
            "reply": [reply],
        }

    async def _ask_and_keep(self, call: Call, key: str) -> Reply:
        if self._stop_file.exists():
            # The run is being stopped: calls in flight end, no new one begins, and this process is ended.
            await asyncio.Event().wait()
        progress, client = self._progress.progress, self._clients[call.expert]
        progress.in_flight += 1
        try:
            reply = await client.ask(call)
            if reply.error is None:
                self._journal.put(key, call.expert, reply)
        finally:
            progress.in_flight -= 1
            progress.retries = sum(client.retries for client in self._clients.values())
        return reply

    def _count(self, expert: str, reply: Reply) -> None:
        progress = self._progress.progress
        progress.done += 1
        if reply.error is not None:
            progress.failed += 1
        else:
            counts = self._cost.setdefault(expert, {"calls": 0, "input_tokens": 0, "output_tokens": 0})
            counts["calls"] += 1
            counts["input_tokens"] += reply.input_tokens
            counts["output_tokens"] += reply.output_tokens
            progress.input_tokens += reply.input_tokens
            progress.output_tokens += reply.output_tokens
            progress.dollars += self._dollars(expert, reply.input_tokens, reply.output_tokens) or 0.0
