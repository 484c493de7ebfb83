"""Which version comes next, and what publishing would change: from plain values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.errors import HubError
from warriorcoder.pipelines.hub.contents import Digest
from warriorcoder.pipelines.hub.deciding import (
    Remote,
    RemoteFile,
    changes,
    line_of_descent,
    next_version,
    refuse_conflicts,
    same,
)
from warriorcoder.pipelines.hub.versions import Change, Version, change_between, read_version, versions_of

REPO = "alice/demo"
NUMBERS = st.integers(0, 10**6)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS)


def digest(text: str) -> Digest:
    return Digest(len(text), f"sha of {text}", f"blob of {text}")


def there(text: str, *, large: bool = False) -> RemoteFile:
    return RemoteFile(len(text), f"blob of {text}" if not large else "pointer", f"sha of {text}" if large else None)


def manifest(**files: str) -> dict[str, Any]:
    return {
        "format": 1,
        "experts": {"a": {}, "b": {}},
        "published": {
            "repo_id": REPO,
            "version": "v1.0.0",
            "parent": None,
            "files": files,
            "tables": {name: {"columns": "c", "rows": 3} for name in ("instructions", "kto")},
        },
    }


def remote(files: dict[str, RemoteFile] | None = None, *, tags: tuple[str, ...] = ("v1.0.0",)) -> Remote:
    tree = {"arena.json": there("m"), "kto/train.parquet": there("k", large=True)} if files is None else files
    latest = {"arena.json": there("m"), "kto/train.parquet": there("k", large=True)}
    known = manifest(**{"kto/train.parquet": "sha of k"}) if tags else None
    return Remote(REPO, True, "head", tree, dict.fromkeys(tags, "commit"), latest if tags else {}, known)


@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert read_version(str(version)) == read_version(str(version).removeprefix("v")) == version


@given(VERSIONS, st.sampled_from(Change))
def test_the_next_one_is_higher(version: Version, change: Change) -> None:
    assert version.after(change) > version
    assert next_version(None, version, change) == version.after(change)


@pytest.mark.parametrize("text", ["1", "v1.2", "v1.2.3.4", "v01.2.3", "1.2.x", "", "v1.2.3-rc1", "V1.2.3"])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(HubError, match=r"is no version; a version is vMAJOR\.MINOR\.PATCH"):
        read_version(text)


def test_versions_are_found_among_tags_and_ordered_as_numbers() -> None:
    assert [str(version) for version in versions_of(["v1.10.0", "v1.9.0", "beta", "1.11.0", "v2"])] == [
        "v1.9.0",
        "v1.10.0",
    ]


def test_a_version_that_is_not_higher_is_refused() -> None:
    with pytest.raises(HubError, match=r"v1\.0\.0 is not higher than v1\.0\.0, which is published already"):
        next_version(Version(1, 0, 0), Version(1, 0, 0), None)
    assert next_version(None, None, None) == Version(1, 0, 0)
    assert next_version(Version(3, 0, 0), Version(1, 0, 0), None) == Version(3, 0, 0)


def test_what_changed_says_which_number_rises() -> None:
    old = manifest(**{"instructions/train.parquet": "1", "kto/train.parquet": "2", "README.md": "3"})
    assert change_between(old, old) is Change.PATCH
    labels = manifest(**{"instructions/train.parquet": "1", "kto/train.parquet": "5", "README.md": "6"})
    assert change_between(old, labels) is Change.PATCH
    rows = manifest(**{"instructions/train.parquet": "7", "kto/train.parquet": "2", "README.md": "3"})
    assert change_between(old, rows) is Change.MINOR
    assert change_between(old, old | {"experts": {"a": {}, "b": {}, "c": {}}}) is Change.MINOR
    assert change_between(old, old | {"format": 2}) is Change.MAJOR
    columns = manifest(**old["published"]["files"])
    columns["published"]["tables"]["kto"]["columns"] = "d"
    assert change_between(old, columns) is Change.MAJOR
    gone = manifest(**old["published"]["files"])
    del gone["published"]["tables"]["kto"]
    assert change_between(old, gone) is Change.MAJOR
    assert change_between(gone, old) is Change.MINOR


def test_only_what_differs_is_sent_and_only_our_own_is_deleted() -> None:
    here = {"arena.json": digest("n"), "votes/train.parquet": digest("v")}
    on_hub = remote({**remote().files, "notes.md": there("somebody's")})
    assert changes(on_hub, here) == (["arena.json", "votes/train.parquet"], ["kto/train.parquet"])
    assert changes(None, here) == (["arena.json", "votes/train.parquet"], [])
    assert not same(on_hub.files, on_hub.ours, here)
    assert same(on_hub.files, on_hub.ours, {"arena.json": digest("m"), "kto/train.parquet": digest("k")})


def test_a_repository_with_other_content_is_refused() -> None:
    with pytest.raises(HubError, match=r"alice/demo exists and holds other content, no version of an arena: a\.txt"):
        line_of_descent(None, REPO, remote({"a.txt": there("a"), ".gitattributes": there("g")}, tags=()), asked=False)
    empty = remote({".gitattributes": there("g")}, tags=())
    assert line_of_descent(None, REPO, empty, asked=False) == (None, None)


def test_a_folder_that_does_not_come_from_there_needs_a_version_given() -> None:
    with pytest.raises(HubError, match=r"nothing in this folder says that it comes from one.*--version v2\.0\.0"):
        line_of_descent(None, REPO, remote(), asked=False)
    assert line_of_descent(None, REPO, remote(), asked=True) == (f"{REPO}@v1.0.0", Version(1, 0, 0))


def test_somebody_who_was_quicker_is_not_undone() -> None:
    mine = manifest(**{"kto/train.parquet": "sha of mine"})["published"]
    with pytest.raises(HubError, match=r"has a v1\.0\.0 that is not this folder's: somebody else was quicker"):
        line_of_descent(mine, REPO, remote(), asked=False)
    same_as_there = manifest(**{"kto/train.parquet": "sha of k"})["published"]
    assert line_of_descent(same_as_there, REPO, remote(), asked=False)[1] == Version(1, 0, 0)
    with pytest.raises(HubError, match="somebody has published in between"):
        line_of_descent(same_as_there, REPO, remote(tags=("v1.0.0", "v1.1.0")), asked=False)


def test_a_change_made_on_the_hub_is_not_undone() -> None:
    here = {"arena.json": digest("m"), "kto/train.parquet": digest("k")}
    refuse_conflicts(remote(), here)
    edited = remote({**remote().files, "arena.json": there("edited")})
    with pytest.raises(HubError, match=r"since v1\.0\.0 somebody has changed arena\.json there"):
        refuse_conflicts(edited, here)
    refuse_conflicts(edited, {**here, "arena.json": digest("edited")})
    refuse_conflicts(remote({**remote().files, "notes.md": there("theirs")}), here)
