"""What the journal of an arena answers already: the calls of a run are made, looked up, and never sent."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.journal import Journal, Spent

LOOKED_UP_AT_ONCE = 500

Item = TypeVar("Item", bound=Hashable)


def prompt_bytes(call: Call) -> int:
    """The length of what is sent, in UTF-8."""
    texts = [call.prompt] if call.prompt is not None else [each["content"] for each in call.messages or []]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


@dataclass
class Seen:
    """Answers of the journal that this recipe's calls have: what their prompts and their tokens come to."""

    calls: int = 0
    first_calls: int = 0
    counted: int = 0
    prompt_bytes: int = 0
    input_tokens: int = 0


@dataclass
class Waiting:
    """Questions that the journal does not answer to the end: so many, and so long.

    `attempts` is how often each may yet be asked. `open_instructions` and `open_answers` are the
    texts within them that are not written yet, `prompt_bytes` is the length of the rest.
    """

    attempts: int
    questions: int = 0
    prompt_bytes: int = 0
    open_instructions: int = 0
    open_answers: int = 0


@dataclass
class Held:
    """The journal as an estimate sees it; None where the arena has none yet.

    `seen` collects, by stage and expert, what the looked-up answers took.
    """

    journal: Journal | None
    addresses: Mapping[str, Address]
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    spent: Mapping[tuple[str, str], Spent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.journal is not None:
            self.spent = self.journal.spent()

    def has_of(self, expert: str) -> bool:
        """Whether an expert has ever answered."""
        return any(name == expert for _, name in self.spent)

    def has_beyond(self, *stages: str) -> bool:
        """Whether anything was ever asked in other stages than these."""
        return any(name not in stages for name, _ in self.spent)

    def look_up(self, stage: str, calls: Iterable[Call], attempt: int = 0) -> Iterator[tuple[Call, str, Reply | None]]:
        """Each call with its key and its answer, None where it was never answered."""
        every = iter(calls)
        while batch := [
            (call, self.addresses[call.expert].journal_key(call)) for call in islice(every, LOOKED_UP_AT_ONCE)
        ]:
            known = self.journal.get_many([key for _, key in batch]) if self.journal is not None else {}
            for call, key in batch:
                if (reply := known.get(key)) is not None:
                    self._see(stage, call, reply, attempt)
                yield call, key, reply

    def texts(self, keys: Sequence[str]) -> dict[str, str]:
        """What is kept under these keys of what no expert is asked, by key."""
        found = self.journal.get_many(keys) if self.journal is not None else {}
        return {key: reply.text for key, reply in found.items()}

    def _see(self, stage: str, call: Call, reply: Reply, attempt: int) -> None:
        seen = self.seen.setdefault((stage, call.expert), Seen())
        seen.calls += 1
        seen.first_calls += attempt == 0
        if reply.input_tokens is not None:
            seen.counted += 1
            seen.prompt_bytes += prompt_bytes(call)
            seen.input_tokens += reply.input_tokens

    def ask_again(
        self,
        stage: str,
        items: Iterable[Item],
        attempts: int,
        call_of: Callable[[Item, int], Call],
        settles: Callable[[Item, Reply], bool],
        most: int | None = None,
    ) -> dict[str, dict[int, Waiting]]:
        """What is open, by expert and by the attempts that are left, of questions that are asked until one is settled.

        Questions that are the same to the letter are asked once. After `most` calls nothing is asked again.
        """
        waiting: dict[str, dict[int, Waiting]] = {}
        asked: set[str] = set()
        open_ = list(items)
        calls = 0
        for attempt in range(attempts):
            left = attempts - attempt
            calls += len(open_)
            again = []
            answers = self.look_up(stage, (call_of(item, attempt) for item in open_), attempt)
            for item, (call, key, reply) in zip(open_, answers, strict=True):
                if reply is None and key not in asked:
                    asked.add(key)
                    pile = waiting.setdefault(call.expert, {}).setdefault(left, Waiting(left))
                    pile.questions += 1
                    pile.prompt_bytes += prompt_bytes(call)
                elif reply is not None and not settles(item, reply):
                    again.append(item)
            open_ = again if most is None else again[: most - calls]
        return waiting
