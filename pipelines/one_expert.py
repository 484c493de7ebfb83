"""One expert of a recipe, asked outside of a run of the arena: its server, its journal, its share of the budget."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from warriorcoder.endpoint_kinds import EmbeddedEndpoint
from warriorcoder.errors import RunFailed
from warriorcoder.pipelines.beforehand import check_expert
from warriorcoder.pipelines.conversation import Conversation, Placed
from warriorcoder.pipelines.endpoints.budget import Purse, spent_so_far
from warriorcoder.pipelines.endpoints.calls import Address, Call
from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.exchange import Exchange
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.pipelines.lines import Lines
from warriorcoder.pipelines.pace import Pace
from warriorcoder.pipelines.stopping import Interrupted, signals
from warriorcoder.recipe import Expert, Recipe

POLL_SECONDS = 0.2
STOPPING = "stopping: what is in flight ends first; Ctrl-C again stops now"

Say = Callable[[str], None]
"""Shows a line to the user."""


class OneExpert:
    """Asks one expert as a run does: journal, retries, limits, patience, price and budget are those of a run.

    Its answers are kept in the file `journal`, as those of `stage`; what that file has spent counts against the
    recipe's budget. A local server, with its log in the folder `logs`, and the journal are opened when the first
    call is asked, and closed with the block. Raises RecipeError for a key that is not there, ModelError for weights
    that are not, before that.
    """

    def __init__(self, recipe: Recipe, expert: Expert, journal: Path, logs: Path, stage: str, say: Say) -> None:
        check_expert(expert, raw=False)
        self.weights = weights_of([expert])[expert.name]
        self._recipe = recipe
        self._expert = expert
        self._journal = journal
        self._logs = logs
        self._stage = stage
        self._say = say
        self._open = ExitStack()
        self._place: _Place | None = None
        self._dead: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def replies(self, calls: Sequence[Call]) -> Iterator[list[Placed]]:
        """The replies with their calls' places, in the order in which they come, a list whenever some are there.

        A call that failed for good comes as a reply with its error. Every other reply is in the journal before it is
        given out. Ctrl-C lets the calls in flight end; a second one, or SIGTERM, does not. `say` hears every ten
        seconds how far it is.

        Raises Interrupted then, and what the exchange and the journal raise, and RunFailed where the local server
        ended too early: each after the replies that came before it.
        """
        self._place = self._place or self._begin()
        asking = self._ask(self._place, calls)
        # Whoever uses the replies may leave in the middle: then they end before the server and the journal do.
        self._open.callback(asking.close)
        return asking

    def _ask(self, place: "_Place", calls: Sequence[Call]) -> Generator[list[Placed], None, None]:
        stopped = threading.Event()
        progress = Progress(self._stage, began=time.time())
        exchange = Exchange(
            {self._expert.name: place.address},
            place.keeper,
            place.purse,
            progress,
            self._recipe.patience,
            stopped.is_set,
        )
        lines, pace = Lines(self._say, time.monotonic()), Pace()
        with signals() as stop, Conversation(exchange, progress, stopped, calls) as conversation:
            while not conversation.is_over:
                if replies := conversation.take(POLL_SECONDS):
                    yield replies
                if stop.at_once:
                    raise Interrupted(stop.number)
                if stop.asked:
                    conversation.finish()
                if self._dead:
                    raise RunFailed(self._dead[0])
                now = time.monotonic()
                pace.note(now, {self._stage: progress})
                lines.show(now, {self._stage: progress}, STOPPING if stop.asked else "", pace)
            conversation.end()
            if stop.asked:
                raise Interrupted(stop.number)

    def _begin(self) -> "_Place":
        if isinstance(self._expert.endpoint, EmbeddedEndpoint):
            self._say(f"starting the server of {self._expert.name} on this machine")
        weights = {self._expert.name: self.weights}
        alone = self._recipe.model_copy(update={"experts": [self._expert]})
        (address,) = self._open.enter_context(serve(alone, weights, self._logs, self._dead.append))
        with Journal(self._journal) as journal:
            journal.begin_run()
            if journal.rescued:
                self._say(journal.rescued)
            spent = spent_so_far(self._recipe, journal.spent())
        keeper = JournalKeeper(self._journal, self._stage)
        self._open.callback(keeper.close)
        return _Place(address, keeper, Purse(self._recipe, spent))


@dataclass(frozen=True)
class _Place:
    address: Address
    keeper: JournalKeeper
    purse: Purse
