"""Whatever bytes of a journal change: no false answer is given, no byte of the old file is lost, and it goes on."""

import json
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.journal_files import entry, key, many, write, write_version_1, write_with_log

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.journal.upkeep import Upkeep

ENTRIES = many(150)
REPLIES = {each.key: each.reply for each in ENTRIES}

PLACE = st.floats(0, 1, exclude_max=True)
"""Where in the file, as a share of its length."""

HARM = st.one_of(
    st.tuples(st.just("bytes"), st.lists(st.tuples(PLACE, st.binary(min_size=1, max_size=3)), min_size=1, max_size=10)),
    st.tuples(st.just("header"), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 255)), min_size=1, max_size=4)),
    st.tuples(st.just("run"), st.tuples(PLACE, st.integers(1, 20_000), st.integers(0, 255))),
    st.tuples(st.just("cut"), PLACE),
    st.tuples(st.just("longer"), st.binary(min_size=1, max_size=10_000)),
    st.tuples(st.just("gone"), st.none()),
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A journal as `close` leaves it, one as kill -9 leaves it, and one of version 1."""
    folder = tmp_path_factory.mktemp("sound")
    writers = {"closed": write, "killed": write_with_log, "version 1": write_version_1}
    for name, how in writers.items():
        (folder / name).mkdir()
        how(folder / name / "journal.sqlite", ENTRIES)
    return {name: folder / name for name in writers}


def hurt(file: Path, kind: str, how: Any) -> None:
    contents = bytearray(file.read_bytes())
    size = len(contents)
    match kind:
        case "bytes":
            for place, new in how:
                contents[int(place * size) : int(place * size) + len(new)] = new
        case "header":
            for place, new in how:
                contents[min(place, size - 1)] = new
        case "run":
            place, length, value = how
            contents[int(place * size) : int(place * size) + length] = bytes([value]) * length
        case "cut":
            del contents[int(how * size) :]
        case "longer":
            contents += how
        case "gone":
            file.unlink()
            return
    file.write_bytes(contents)


def bytes_of(folder: Path, name: str) -> dict[str, bytes]:
    """The bytes of a journal and of its log."""
    files = {part: folder / f"{name}{part}" for part in ("", "-wal")}
    return {part: file.read_bytes() for part, file in files.items() if file.exists() and file.stat().st_size}


def use(path: Path, begin_run: bool) -> str | None:
    """Use a journal for all that it is there for; what it says of a rescue."""
    with closing(Upkeep(path)) as journal:
        if begin_run:
            journal.begin_run()
        found = journal.get_many(list(REPLIES))
        assert found == {each: REPLIES[each] for each in found}
        for each, _ in journal.entries():
            assert each.reply == REPLIES.get(each.key, Reply("an answer", "stop", 3, 4))
        journal.put_many([entry("new")])
        new = journal.get(key("new"))
        # An index whose keys have changed hides answers from who did not look for damage first, as a run does.
        assert new == entry("new").reply or (new is None and not begin_run)
        for (_, expert), spent in journal.spent().items():
            assert expert in ("one", "two")
            assert spent.calls <= len(ENTRIES) + 1
        return journal.rescued


@settings(max_examples=150)
@given(
    which=st.sampled_from(("closed", "killed")),
    harms=st.lists(st.tuples(st.booleans(), HARM), min_size=1, max_size=2),
    begin_run=st.booleans(),
)
def test_any_damage_is_survived(
    sound: dict[str, Path], which: str, harms: list[tuple[bool, tuple[str, Any]]], begin_run: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "work"
        shutil.copytree(sound[which], folder)
        path = folder / "journal.sqlite"
        for in_log, (kind, how) in harms:
            file = folder / "journal.sqlite-wal" if in_log and which == "killed" else path
            if file.exists() and file.stat().st_size:
                hurt(file, kind, how)
        harmed = bytes_of(folder, "journal.sqlite")
        for _ in range(2):
            try:
                rescued = use(path, begin_run)
                break
            except ArenaError as error:
                # Only what a glance did not show; the next to open it mends it.
                assert "the journal is damaged" in str(error)  # noqa: PT017
                assert path.with_suffix(".damaged").exists()
                harmed = bytes_of(folder, "journal.sqlite")
        else:
            rescued = use(path, begin_run)
        assert not path.with_suffix(".damaged").exists()
        old = folder / "journal.quarantined-1.sqlite"
        assert (rescued is not None) == (old.exists() or old.with_name(f"{old.name}-wal").exists())
        if rescued is not None:
            assert bytes_of(folder, old.name) == harmed


@settings(max_examples=50)
@given(harms=st.lists(HARM, min_size=1, max_size=2))
def test_any_damage_of_a_journal_of_version_1_is_survived(sound: dict[str, Path], harms: list[tuple[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "journal.sqlite"
        shutil.copy(sound["version 1"] / "journal.sqlite", path)
        for kind, how in harms:
            if path.exists() and path.stat().st_size:
                hurt(path, kind, how)
        harmed = bytes_of(path.parent, path.name)
        try:
            journal = Journal(path)
        except ArenaError as error:
            # The number of its format is among the bytes that changed.
            assert "made by a newer version" in str(error)  # noqa: PT017
            assert bytes_of(path.parent, path.name) == harmed
            return
        with journal:
            assert (journal.rescued is not None) == bool(harmed)
            assert all(value.error is None for value in journal.get_many(list(REPLIES)).values())
            journal.put_many([entry("new")])
        if harmed:
            assert bytes_of(path.parent, "journal.quarantined-1.sqlite") == harmed


TEXTS = st.text(st.characters(), max_size=50)
TOKENS = st.none() | st.integers(0, 10**12)


@settings(max_examples=50)
@given(st.lists(st.tuples(TEXTS, st.sampled_from(("stop", "length")), TOKENS, TOKENS, st.floats(0, 1e6)), max_size=20))
def test_what_is_exported_is_what_was_stored(answers: list[tuple[str, str, int | None, int | None, float]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = ArenaFolder.prepare(Path(name) / "arena")
        folder.update_manifest({"name": "demo"})
        entries = [
            Entry(key(number), "one", "m", "mine", Reply(*answer[:4]), answer[4])
            for number, answer in enumerate(answers)
        ]
        with Journal(folder.journal_path) as journal:
            journal.put_many(entries)
        out = Path(name) / os.urandom(4).hex()
        result = CliRunner().invoke(main, ["journal", "export", str(folder.path), "--out", str(out)])
        assert result.exit_code == 0
        read = []
        for line in out.read_bytes().splitlines():
            row = json.loads(line)
            reply = Reply(row["text"], row["finish_reason"], row["input_tokens"], row["output_tokens"])
            read.append(Entry(row["key"], row["expert"], row["model"], row["stage"], reply, row["seconds"]))
        assert read == entries
