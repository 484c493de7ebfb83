"""The journal is a dictionary in which the first value of a key stands, with sums beside it, whatever happens."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from unit.journal_files import key

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Spent
from warriorcoder.pipelines.endpoints.journal.upkeep import Choice, Upkeep

STAGES = ("mine", "judge")
KEYS = st.integers(0, 9).map(key)
TOKENS = st.none() | st.integers(0, 10**12)
REPLIES = st.builds(Reply, st.text(max_size=20), st.sampled_from(("stop", "length", "größe", "")), TOKENS, TOKENS)
# Sums of eighths do not depend on their order.
SECONDS = st.integers(0, 80).map(lambda eighths: eighths / 8)
EXPERTS = st.sampled_from(("one", "two"))
ENTRIES = st.builds(Entry, KEYS, EXPERTS, st.text(max_size=3), st.sampled_from(STAGES), REPLIES, SECONDS)
CHOICES = st.builds(
    Choice, st.none() | EXPERTS, st.none() | st.sampled_from(STAGES), st.none() | st.sampled_from((0.0, 1e12))
)
WHICH = st.integers(0, 1)


@dataclass
class Kept:
    """What the model knows of an answer."""

    entry: Entry
    used: int


class JournalMachine(RuleBasedStateMachine):
    """Two connections to one file, and plain dictionaries beside them."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.journals = [Upkeep(self.path), Upkeep(self.path)]
        self.kept: dict[str, Kept] = {}
        self.spent: dict[tuple[str, str], Spent] = {}
        self.run_number = 0
        self.finished: dict[str, int] = {}

    @rule(which=WHICH, entries=st.lists(ENTRIES, max_size=6))
    def put_many(self, which: int, entries: list[Entry]) -> None:
        self.journals[which].put_many(entries)
        for entry in entries:
            if entry.key in self.kept:
                continue
            self.kept[entry.key] = Kept(entry, self.run_number)
            spent = self.spent.setdefault((entry.stage, entry.expert), Spent())
            reply = entry.reply
            spent.calls += 1
            spent.input_tokens += reply.input_tokens or 0
            spent.output_tokens += reply.output_tokens or 0
            spent.unmetered += None in (reply.input_tokens, reply.output_tokens)
            spent.seconds += entry.seconds

    @rule(which=WHICH, entries=st.lists(ENTRIES, max_size=3))
    def refuse_an_error(self, which: int, entries: list[Entry]) -> None:
        bad = Entry(key("bad"), "one", "m", "mine", Reply(error="no"), 1.0)
        try:
            self.journals[which].put_many([*entries, bad])
        except ValueError:
            return
        raise AssertionError("an error was stored")

    @rule(which=WHICH, keys=st.lists(KEYS, max_size=4))
    def mark_used(self, which: int, keys: list[str]) -> None:
        self.journals[which].mark_used(keys)
        for each in keys:
            if each in self.kept:
                self.kept[each].used = self.run_number

    @rule(which=WHICH)
    def begin_run(self, which: int) -> None:
        self.run_number += 1
        assert self.journals[which].begin_run() == self.run_number

    @rule(which=WHICH, stage=st.sampled_from(STAGES), run=st.integers(0, 12))
    def finish_stage(self, which: int, stage: str, run: int) -> None:
        self.journals[which].finish_stage(stage, run)
        # A run that never began does not come to an end.
        if 1 <= run <= self.run_number:
            self.finished[stage] = max(run, self.finished.get(stage, 0))

    @rule(which=WHICH, choice=CHOICES, compact=st.booleans())
    def prune(self, which: int, choice: Choice, compact: bool) -> None:
        going = {each for each, kept in self.kept.items() if self._fits(choice, kept)}
        journal = self.journals[which]
        assert sum(count for count, _ in journal.chosen(choice).values()) == len(going)
        if choice == Choice():
            assert sum(group.unused for group in journal.groups()) == len(going)
        assert journal.drop(choice) == len(going)
        for each in going:
            del self.kept[each]
        if compact:
            journal.compact()

    def _fits(self, choice: Choice, kept: Kept) -> bool:
        if choice == Choice():
            return kept.used < self.finished.get(kept.entry.stage, 0)
        return (
            choice.expert in (None, kept.entry.expert)
            and choice.stage in (None, kept.entry.stage)
            and choice.before != 0.0
        )

    @rule(which=WHICH)
    def reopen(self, which: int) -> None:
        self.journals[which].close()
        self.journals[which] = Upkeep(self.path)

    @invariant()
    def holds_what_was_put(self) -> None:
        replies = {each: kept.entry.reply for each, kept in self.kept.items()}
        for journal in self.journals:
            assert journal.rescued is None
            assert len(journal) == len(self.kept)
            assert journal.run == self.run_number
            assert journal.get_many([key(number) for number in range(11)]) == replies
            assert journal.spent() == self.spent
            assert {entry.key: entry for entry, _ in journal.entries()} == {
                each: kept.entry for each, kept in self.kept.items()
            }

    def teardown(self) -> None:
        for journal in self.journals:
            journal.close()
        self.folder.cleanup()


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=30, stateful_step_count=25)
