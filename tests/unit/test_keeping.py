"""What the exchange keeps in the journal, and what the end of a stage says of it."""

from pathlib import Path

from unit.journal_files import entry, key, write

from warriorcoder.pipelines.endpoints.journal.upkeep import Choice, Upkeep
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper


def test_the_end_of_a_stage_knows_every_answer_that_it_used(tmp_path: Path) -> None:
    """Until the keeper is closed somebody may prune: what the stage used must have been noted by then."""
    path = tmp_path / "journal.sqlite"
    write(path, [entry("found again"), entry("of an older recipe")])
    with Upkeep(path) as upkeep:
        upkeep.begin_run()
        keeper = JournalKeeper(path, "mine")
        assert set(keeper.look_up([key("found again")])) == {key("found again")}
        keeper.finish()
        upkeep.drop(Choice())
        assert upkeep.get(key("found again")) is not None
        assert upkeep.get(key("of an older recipe")) is None
        keeper.close()
