"""All experts behind one distilabel LLM: each call goes to the endpoint of the expert it names."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from distilabel.models.llms.base import AsyncLLM
from pydantic import PrivateAttr

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.endpoints.budget import Purse, spent_so_far
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.exchange import Exchange
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper
from warriorcoder.pipelines.endpoints.progress import ProgressFile
from warriorcoder.pipelines.endpoints.ray_keeper import RayKeeper
from warriorcoder.pipelines.endpoints.traces import progress_folder, read_addresses, record_failure, stop_file
from warriorcoder.pipelines.endpoints.working import Work, work_out
from warriorcoder.recipe import Recipe, load_recipe


class ExpertPanel(AsyncLLM):
    """The experts of an arena as one AsyncLLM.

    distilabel blanks a whole batch when one call fails, and cannot resume. So every call goes
    through the exchange, which looks it up in the journal first and tries it on its own.

    `arena` is the arena folder; its `.work/addresses.json` says where each expert is. The answers are kept in
    the arena's journal: by this process, or by the desk of the run where the pipeline is `on_ray`.
    """

    arena: str
    stage: str
    on_ray: bool = False

    _recipe: Recipe = PrivateAttr()
    _keeper: JournalKeeper | RayKeeper = PrivateAttr()
    _progress: ProgressFile = PrivateAttr()
    _purse: Purse = PrivateAttr()
    _exchange: Exchange = PrivateAttr()
    _stop_file: Path = PrivateAttr()

    @property
    def model_name(self) -> str:
        return "experts"

    def load(self) -> None:
        super().load()
        folder = ArenaFolder(self.arena)
        try:
            self._open(folder)
        except Exception as error:
            # distilabel says of a step that cannot be loaded only that it cannot.
            record_failure(folder, self.stage, error)
            raise

    def _open(self, folder: ArenaFolder) -> None:
        self._recipe = load_recipe(folder.recipe_path)
        if self.on_ray:
            self._keeper = RayKeeper(self.stage)
            os.environ |= self._keeper.keys()
        else:
            self._keeper = JournalKeeper(folder.journal_path, self.stage)
        self._progress = ProgressFile(progress_folder(folder), self.stage)
        self._purse = Purse(self._recipe)
        self._stop_file = stop_file(folder)
        self._exchange = Exchange(
            read_addresses(folder),
            self._keeper,
            self._purse,
            self._progress.progress,
            self._recipe.patience,
            self._stop_file.exists,
        )

    def finish(self) -> None:
        """Note that the stage came to its end: what it did not use of the journal, `warrior journal prune` may drop."""
        self._keeper.finish()

    def unload(self) -> None:
        self._keeper.close()
        super().unload()

    def ask(self, calls: Iterable[Call], total: int | None = None) -> list[Reply]:
        """The replies to the calls, in their order; concurrently, as each endpoint's limit allows.

        Calls that are made one by one are taken in as there is room for them; `total` says how many come.
        """
        if total is None:
            calls = list(calls)
            total = len(calls)
        replies: list[Reply] = self.event_loop.run_until_complete(self._ask(calls, total))
        return replies

    async def _ask(self, calls: Iterable[Call], total: int) -> list[Reply]:
        # Stages run one after another, so what the others spent is known when one of them begins to ask.
        self._purse.spent = spent_so_far(self._recipe, self._keeper.spent())
        async with self._progress.kept_up():
            try:
                return await self._exchange.ask(calls, total)
            finally:
                self._progress.progress.journal_seconds = self._keeper.busy_seconds

    def work_out(self, keys: Sequence[str], work: Work) -> list[str]:
        """The texts of tasks that this machine does itself, in their order, looked up in the journal by their keys."""
        texts: list[str] = self.event_loop.run_until_complete(self._work_out(keys, work))
        return texts

    async def _work_out(self, keys: Sequence[str], work: Work) -> list[str]:
        async with self._progress.kept_up():
            return await work_out(keys, work, self._keeper, self._progress.progress, self._stop_file.exists)

    def cost(self) -> dict[str, dict[str, Any]]:
        """What this stage's answers cost, by expert: calls, tokens, and dollars where a price is given.

        Answers taken from the journal count like those asked now: it is the cost of the tables.
        `unmetered` counts the answers whose tokens nobody counted.
        """
        costs: dict[str, dict[str, Any]] = {}
        for name, share in sorted(self._progress.progress.experts.items()):
            dollars = self._purse.dollars(name, share["input_tokens"], share["output_tokens"])
            costs[name] = {**share, "dollars": dollars if self._purse.has_price(name) else None}
        return costs

    async def _agenerate(self, inputs: Any, num_generations: int = 1, **kwargs: Any) -> Any:
        """distilabel's own way in: the replies as its outputs. `num_generations` is always 1; draws are calls."""
        replies = await self._ask(inputs, len(inputs))
        return [_output(reply) for reply in replies]

    async def agenerate(self, input: Call, num_generations: int = 1) -> Any:
        """The reply to one call.

        Args:
            input: the call.
            num_generations: always 1; draws are calls of their own.
        """
        outputs: Sequence[Any] = await self._agenerate([input], num_generations)
        return outputs[0]


def _output(reply: Reply) -> dict[str, Any]:
    """A reply as distilabel hands outputs on."""
    return {
        "generations": [reply.text or None],
        "statistics": {"input_tokens": [reply.input_tokens or 0], "output_tokens": [reply.output_tokens or 0]},
        "reply": [reply],
    }
