"""The life of a dataset on the Hub: versions published, found, loaded and pulled by the unmodified clients."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub.world import ALICE, BOB, REPO, World, add_rows, add_words, ask_for, files_of, world
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.tables import TABLES

LOAD = """
import json
from datasets import load_dataset
found = {{}}
for revision in {revisions!r}:
    found[revision] = {{
        name: [
            list(load_dataset({repo!r}, name, revision=revision)["train"]),
            list(load_dataset({repo!r}, name, revision=revision, streaming=True)["train"]),
        ]
        for name in {names!r}
    }}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def there(shared: World) -> Iterator[World]:
    """The world with an empty Hub."""
    empty = shared.hub.store.state()
    shared.hub.asked.clear()
    yield shared
    shared.hub.store.come_back_to(empty)


def manifest(arena: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((arena / "arena.json").read_text(encoding="utf-8"))
    return found


def rows_on_disk(arena: Path) -> dict[str, list[object]]:
    folder = ArenaFolder(arena)
    return {name: json.loads(json.dumps(folder.read_table(name))) for name in TABLES if folder.table_rows(name)}


def test_a_version_is_one_commit_and_a_tag_on_it(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    (arena / ".work").mkdir(exist_ok=True)
    (arena / ".work" / "journal.sqlite").write_text("local")
    assert there.published(arena) == "v1.0.0"

    ours, initial = there.commits()
    assert there.tags() == {"v1.0.0": ours.oid}
    assert ours.parent == initial.oid
    assert there.hub.store.repositories[REPO].private
    on_hub = there.hub.files(REPO, "v1.0.0")
    assert {".gitattributes": on_hub.pop(".gitattributes")} == there.hub.files(REPO, initial.oid)
    assert on_hub == files_of(arena)
    assert ours.tree["kto/train.parquet"].lfs
    assert not ours.tree["README.md"].lfs

    said = manifest(arena)
    assert (said["version"], said["parent"]) == ("v1.0.0", None)
    listed = said["published"]["files"]  # type: ignore[index]
    assert listed == {
        path: hashlib.sha256(content).hexdigest() for path, content in on_hub.items() if path != "arena.json"
    }
    card = on_hub["README.md"].decode()
    assert f'load_dataset("{REPO}", "kto", revision="v1.0.0")' in card
    assert not any(token.encode() in content for content in on_hub.values() for token in (ALICE, BOB))


def test_the_same_again_is_no_version(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    there.published(arena)
    before, state = files_of(arena), there.commits()
    there.hub.asked.clear()
    ended = there.publish(arena)
    assert (ended.code, "was published already" in ended.printed) == (0, True)
    # Again by its version, and once more after a run that came to the same and dropped the version.
    assert there.published(arena, "--version", "v1.0.0") == "v1.0.0"
    ArenaFolder(arena).update_manifest({"version": None, "parent": None})
    assert there.published(arena) == "v1.0.0"
    assert there.published(there_pulled(there, tmp_path / "elsewhere", "v1.0.0")) == "v1.0.0"
    assert files_of(arena) == before
    assert there.commits() == state
    assert [line for line in there.hub.asked if "/commit/" in line or "/tag/" in line or "PUT" in line] == []


def there_pulled(there: World, into: Path, version: str) -> Path:
    ended = there.clients.warrior("pull", f"{REPO}@{version}", "--into", str(into), token=ALICE)
    assert ended.code == 0, ended.printed
    return into


def test_every_version_stays_and_loads(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    (arena / "notes.md").write_text("kept for a while", encoding="utf-8")
    versions: dict[str, tuple[dict[str, bytes], dict[str, list[object]]]] = {}

    def publish(*arguments: str) -> None:
        version = there.published(arena, *arguments)
        versions[version] = files_of(arena), rows_on_disk(arena)

    publish()
    add_words(arena, "## In our own words")
    publish()
    (arena / "notes.md").unlink()
    add_rows(arena)
    publish()
    publish("--version", "2.0.0")
    assert list(versions) == ["v1.0.0", "v1.0.1", "v1.1.0", "v2.0.0"]
    assert [commit.title for commit in there.commits()] == ["v2.0.0", "v1.1.0", "v1.0.1", "v1.0.0", "initial commit"]
    assert manifest(arena)["parent"] == f"{REPO}@v1.1.0"
    assert "## In our own words" in versions["v2.0.0"][0]["README.md"].decode()

    loaded = there.clients.python(
        LOAD.format(repo=REPO, revisions=["v1.0.0", "v1.1.0"], names=list(versions["v1.0.0"][1])), token=ALICE
    )
    for version, tables in loaded.items():
        for name, (whole, streamed) in tables.items():
            assert whole == streamed == versions[version][1][name], (version, name)
    assert loaded["v1.0.0"]["kto"] != loaded["v1.1.0"]["kto"]
    for version, (files, _) in versions.items():
        on_hub = there.hub.files(REPO, version)
        assert {path: on_hub[path] for path in on_hub if path != ".gitattributes"} == files
        pulled = there_pulled(there, tmp_path / version, version)
        assert files_of(pulled) == files
        assert there.clients.warrior("check", str(pulled)).code == 0
        assert sorted(pulled.parent.glob(".*")) == []


def test_the_first_version_is_what_it_was_after_ten_more(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    there.published(arena)
    first = files_of(arena)
    for number in range(1, 11):
        add_words(arena, f"Correction {number}.")
        assert there.published(arena) == f"v1.0.{number}"
    assert files_of(there_pulled(there, tmp_path / "first", "v1.0.0")) == first
    code = LOAD.format(repo=REPO, revisions=["v1.0.0"], names=["kto"])
    assert there.clients.python(code, token=ALICE)["v1.0.0"]["kto"][0] == rows_on_disk(there.template)["kto"]


def test_a_dry_run_says_all_and_changes_nothing(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    before = files_of(arena)
    ended = there.publish(arena, "--dry-run", "--public")
    assert ended.code == 0
    assert f"would make the public dataset {REPO}" in ended.printed
    assert "would publish v1.0.0" in ended.printed
    assert "  + kto/train.parquet" in ended.printed
    assert there.hub.store.repositories == {}
    assert files_of(arena) == before

    there.published(arena)
    add_rows(arena)
    before, state = files_of(arena), there.commits()
    assert "would publish v1.1.0" in there.publish(arena, "--dry-run").printed
    assert (files_of(arena), there.commits()) == (before, state)


def test_the_recipe_says_where_and_under_which_licence(there: World, tmp_path: Path) -> None:
    arena = build_arena(tmp_path / "demo", instructions=3).path
    ask_for(arena, repo_id="club/arena", license="apache-2.0")
    ended = there.clients.warrior("publish", str(arena), token=BOB)
    assert ended.code == 0, ended.printed
    assert b"license: apache-2.0" in there.hub.files("club/arena", "v1.0.0")["README.md"]
    # The dataset of one name is the parent of the first version under another.
    assert there.published(arena, to="alice/copy") == "v1.0.0"
    assert manifest(arena)["parent"] == "club/arena@v1.0.0"


def test_a_file_of_somebody_else_stays(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    there.published(arena)
    there.hub.store.push(REPO, {"LICENSE": b"CC BY 4.0"})
    add_words(arena, "More.")
    assert there.published(arena) == "v1.0.1"
    assert there.hub.files(REPO, "v1.0.1")["LICENSE"] == b"CC BY 4.0"
    assert there.published(arena) == "v1.0.1"


def test_a_change_on_the_hub_is_not_undone(there: World, tmp_path: Path) -> None:
    arena = there.arena(tmp_path / "demo")
    there.published(arena)
    card = there.hub.files(REPO)["README.md"] + b"\nA word of a reader.\n"
    there.hub.store.push(REPO, {"README.md": card})
    add_rows(arena)
    ended = there.publish(arena)
    assert ended.code == 2
    assert "since v1.0.0 somebody has changed README.md there" in ended.printed
    (arena / "README.md").write_bytes(card)
    assert there.published(arena) == "v1.1.0"
    assert b"A word of a reader." in there.hub.files(REPO, "v1.1.0")["README.md"]
