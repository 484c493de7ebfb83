"""The doctor's measurements on disk."""

from pathlib import Path

import pytest

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.doctor.measurements import Measured, read_measurements, write_measurements

ONE = Measured("one", "sha256:1", "mine", "raw", 3, 1, 0.5, 40.0, 21.5)
OTHER = Measured("two", "org/model", "judge", "chat", 12, 4, 2.25, None, None)


def test_what_is_written_is_read_and_the_next_examination_replaces_it(tmp_path: Path) -> None:
    folder = ArenaFolder(tmp_path / "demo")
    assert read_measurements(folder) == []
    write_measurements(folder, [ONE, OTHER])
    assert read_measurements(folder) == [ONE, OTHER]
    write_measurements(folder, [OTHER])
    assert read_measurements(folder) == [OTHER]


def test_a_folder_with_measurements_alone_becomes_an_arena(tmp_path: Path) -> None:
    folder = ArenaFolder(tmp_path / "demo")
    write_measurements(folder, [ONE])
    assert [path.name for path in folder.path.iterdir()] == [".work"]
    assert read_measurements(ArenaFolder.prepare(folder.path)) == [ONE]


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "measured": []}', '{"format": 1, "measured": [{"a": 1}]}'])
def test_a_file_of_another_kind_is_no_measurement(tmp_path: Path, text: str) -> None:
    folder = ArenaFolder(tmp_path / "demo")
    write_measurements(folder, [ONE])
    (folder.work / "doctor.json").write_text(text)
    assert read_measurements(folder) == []
