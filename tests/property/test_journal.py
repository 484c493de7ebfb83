"""The journal is a dictionary in which the first value of a key stands, whatever happens in between."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Journal

KEYS = st.sampled_from("abcdef")
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
REPLIES = st.builds(Reply, TEXT, st.sampled_from(("stop", "length", "")), st.integers(0, 9), st.integers(0, 2**31))


class JournalMachine(RuleBasedStateMachine):
    """Two connections to one file, and a plain dictionary beside them."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite"
        self.journals = [Journal(self.path), Journal(self.path)]
        self.model: dict[str, Reply] = {}

    @rule(which=st.integers(0, 1), key=KEYS, reply=REPLIES)
    def put(self, which: int, key: str, reply: Reply) -> None:
        self.journals[which].put(key, "one", reply)
        self.model.setdefault(key, reply)

    @rule(which=st.integers(0, 1), key=KEYS)
    def get(self, which: int, key: str) -> None:
        assert self.journals[which].get(key) == self.model.get(key)

    @rule(which=st.integers(0, 1), key=KEYS)
    def refuse_an_error(self, which: int, key: str) -> None:
        try:
            self.journals[which].put(key, "one", Reply(error="no"))
        except ValueError:
            return
        raise AssertionError("an error was stored")

    @rule(which=st.integers(0, 1))
    def reopen(self, which: int) -> None:
        self.journals[which].close()
        self.journals[which] = Journal(self.path)

    @invariant()
    def holds_what_was_put(self) -> None:
        for journal in self.journals:
            assert len(journal) == len(self.model)

    def teardown(self) -> None:
        for journal in self.journals:
            journal.close()
        self.folder.cleanup()


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=15, stateful_step_count=20)
