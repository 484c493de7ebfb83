"""Journals that are damaged, of another version, or no journals: set aside whole, and what can be read is saved."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.journal_files import (
    entry,
    key,
    many,
    overwrite,
    page_at,
    quarantined,
    statement,
    write,
    write_version_1,
    write_with_log,
)

from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.journal.rows import PAGE_BYTES, VERSION

ENTRIES = many(300)
KEYS = [each.key for each in ENTRIES]


def bytes_of(path: Path) -> tuple[bytes, bytes]:
    """A journal's file and its log; each empty where it is absent."""
    log = path.with_name(path.name + "-wal")
    main, wal = (file.read_bytes() if file.exists() else b"" for file in (path, log))
    return main, wal


def rescue(path: Path) -> tuple[str, int]:
    """Open a journal that cannot be used as it is: what it says, and how many answers it saved.

    Each must be as it was stored, and the old file must be all there.
    """
    before = bytes_of(path)
    with Journal(path) as journal:
        old = path.with_name("journal.quarantined-1.sqlite")
        assert journal.rescued is not None
        assert "\n" not in journal.rescued
        assert str(old) in journal.rescued
        found = journal.get_many(KEYS)
        assert found == {each.key: each.reply for each in ENTRIES if each.key in found}
        assert len(journal) == len(found)
        assert f"{len(found)} answers" in journal.rescued
        said = journal.rescued
        journal.put_many([entry("new")])
    assert bytes_of(old) == before
    with Journal(path) as again:
        assert again.rescued is None
        assert again.get(key("new")) is not None
    assert not path.with_suffix(".damaged").exists()
    return said, len(found)


def flip_a_page(path: Path) -> None:
    overwrite(path, page_at(path, ENTRIES[150].reply.text.encode()), bytes(PAGE_BYTES))


def break_log(path: Path) -> None:
    log = path.with_name(path.name + "-wal")
    overwrite(log, log.stat().st_size // 2, b"\xff" * 100)


DAMAGES: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "header": (lambda path: overwrite(path, 0, b"garbage that is no header"), "it is no SQLite file", 0),
    "header's middle": (lambda path: overwrite(path, 40, b"\xff" * 40), "format", 0),
    "root of the answers": (lambda path: overwrite(path, PAGE_BYTES, b"\xff" * PAGE_BYTES), "malformed", 0),
    "missing index": (lambda path: statement(path, "DROP INDEX answers_by_key"), "its tables are not those", 0),
    "missing table": (lambda path: statement(path, "DROP TABLE spent"), "its tables are not those", 0),
    "version undone": (lambda path: statement(path, "PRAGMA user_version=0"), "its format is 0", 0),
    "cut": (lambda path: os.truncate(path, path.stat().st_size * 3 // 4 + 77), "malformed", 130),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_set_aside_and_its_answers_are_saved(tmp_path: Path, damage: str) -> None:
    hurt, why, lost = DAMAGES[damage]
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    hurt(path)
    said, saved = rescue(path)
    assert why in said
    assert len(ENTRIES) - lost <= saved


def test_a_flipped_page_costs_its_own_answers_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    flip_a_page(path)
    # A glance does not see it; reading it does, and the next to open the journal mends it.
    with Journal(path) as journal:
        assert journal.rescued is None
        with pytest.raises(ArenaError, match=r"the journal is damaged: .*Run the same command again") as error:
            journal.get_many(KEYS)
        assert "\n" not in str(error.value)
    _, saved = rescue(path)
    assert len(ENTRIES) - 40 <= saved < len(ENTRIES)


def test_the_beginning_of_a_run_looks_for_damage_and_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    flip_a_page(path)
    with Journal(path) as journal:
        assert journal.begin_run() == 1
        assert journal.rescued is not None
        assert "malformed" in journal.rescued or "btree" in journal.rescued.lower()
        assert len(journal) > len(ENTRIES) - 40
        assert journal.run == 1


def test_a_changed_letter_is_never_given_out(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, [*ENTRIES, entry("long", "a" * 30_000 + "needle" + "b" * 10_000), entry("short", "ananas")])
    contents = path.read_bytes()
    overwrite(path, contents.index(b"needle"), b"noodle")
    overwrite(path, contents.index(b"ananas"), b"bananas"[:6])
    with Journal(path) as journal:
        for name in ("long", "short"):
            with pytest.raises(ArenaError, match="bytes have changed"):
                journal.get(key(name))
    _, saved = rescue(path)
    assert saved == len(ENTRIES)


def test_a_changed_total_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    with Journal(path) as journal:
        before = journal.spent()
    statement(path, "UPDATE spent SET calls = calls * 1000")
    rescue(path)
    with Journal(path) as journal:
        spent = journal.spent()
        spent[("mine", "one")].calls -= 1
        assert {place: each.calls for place, each in spent.items()} == {p: each.calls for p, each in before.items()}


def test_totals_survive_the_loss_of_answers(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    with Journal(path) as journal:
        before = journal.spent()
    flip_a_page(path)
    overwrite(path, 0, b"garbage")
    _, saved = rescue(path)
    assert saved < len(ENTRIES)
    with Journal(path) as journal:
        assert sum(spent.calls for spent in journal.spent().values()) == len(ENTRIES) + 1
        assert journal.spent()[("judge", "two")] == before[("judge", "two")]


def test_answers_in_the_log_alone_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    overwrite(path, 0, b"garbage")
    assert rescue(path)[1] == len(ENTRIES)


def test_a_log_that_is_broken_in_its_midst_loses_no_answers_after_the_break(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    break_log(path)
    said, saved = rescue(path)
    assert "its log is broken after" in said
    assert len(ENTRIES) - 40 <= saved


def test_a_log_without_a_header_is_read(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    overwrite(path.with_name(path.name + "-wal"), 0, bytes(32))
    said, saved = rescue(path)
    assert "its log has no header" in said
    assert saved == len(ENTRIES)


def test_a_log_that_kill_9_cut_off_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    log = path.with_name(path.name + "-wal")
    os.truncate(log, log.stat().st_size - 3 * PAGE_BYTES)
    with Journal(path) as journal:
        assert journal.rescued is None
        assert len(journal) == len(ENTRIES) - 10


@pytest.mark.parametrize(
    "contents", [b"this is no database, whatever it is called" * 500, b"SQLite format 3\0" + b"x" * 90]
)
def test_a_file_that_never_was_a_journal_is_set_aside(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(contents)
    assert rescue(path)[1] == 0
    assert quarantined(path)[0].read_bytes() == contents


def test_an_emptied_file_gives_back_what_its_log_holds(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    os.truncate(path, 0)
    said, saved = rescue(path)
    assert "the file is empty" in said
    assert len(ENTRIES) // 2 <= saved < len(ENTRIES)


def test_a_journal_that_was_taken_away_is_not_brought_back_from_its_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_with_log(path, ENTRIES)
    path.unlink()
    said, saved = rescue(path)
    assert "its log is there without the file" in said
    assert saved == 0


def test_each_damaged_file_is_kept_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    for number in range(3):
        path.write_text(f"damage {number}")
        Journal(path).close()
    assert [file.read_text() for file in quarantined(path)] == ["damage 0", "damage 1", "damage 2"]


def test_a_journal_of_a_newer_version_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path, ENTRIES)
    statement(path, "CREATE TABLE of_the_future (x)")
    statement(path, f"PRAGMA user_version={VERSION + 5}")
    before = path.read_bytes()
    with pytest.raises(ArenaError, match=f"its format is {VERSION + 5}, this version keeps format {VERSION}") as error:
        Journal(path)
    assert "Update warriorcoder" in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before
    assert not quarantined(path)
    assert not path.with_suffix(".damaged").exists()


# version 1


def test_a_journal_of_version_1_is_read_into_a_fresh_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_version_1(path, ENTRIES)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    with Journal(path) as journal:
        assert journal.rescued is not None
        assert "its format is 1" in journal.rescued
        found = journal.get_many(KEYS)
        for each in ENTRIES:
            uncounted = each.reply.input_tokens is None
            tokens = (None, None) if uncounted else (each.reply.input_tokens, each.reply.output_tokens)
            assert found[each.key] == Reply(each.reply.text, "stop", *tokens)
        totals = journal.spent()
        assert {place: spent.calls for place, spent in totals.items()} == {
            ("unknown", "one"): 150,
            ("unknown", "two"): 150,
        }
        assert sum(spent.unmetered for spent in totals.values()) == 43
        assert journal._connection.execute("SELECT DISTINCT asked_at FROM answers").fetchall() == [(1_700_000_000,)]
    assert len(quarantined(path)) == 1


def test_a_damaged_journal_of_version_1_gives_what_lies_around_its_bad_pages(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    entries = [entry(number, f"{number} " * 300) for number in range(2000)]
    write_version_1(path, entries)
    pages = path.stat().st_size // 4096
    for page in (pages // 4, pages // 2, pages * 3 // 4):
        overwrite(path, page * 4096, bytes(4096))
    with Journal(path) as journal:
        found = journal.get_many([each.key for each in entries])
        assert found == {each.key: each.reply for each in entries if each.key in found}
        # An inner page leads to a score of leaves.
        assert len(entries) - 150 <= len(found) < len(entries)


def test_answers_of_version_1_without_a_digest_for_a_key_are_left(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write_version_1(path, [entry(1), entry(2)])
    statement(path, "INSERT INTO replies VALUES ('k', 'one', 'text', 'stop', 1, 1)")
    statement(path, "INSERT INTO replies VALUES (hex(randomblob(32)), 'one', x'ff', 'stop', 1, 1)")
    statement(path, "INSERT INTO replies VALUES (lower(hex(randomblob(32))), 'one', 'text', 'stop', -1, 1)")
    with Journal(path) as journal:
        assert len(journal) == 2
