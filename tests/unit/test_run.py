"""What a run refuses before it changes anything, and what it takes for its end."""

import fcntl
import json
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError, ModelError, RecipeError, RunFailed, WarriorError
from warriorcoder.pipelines.arena import PARTS
from warriorcoder.pipelines.run import LAST_STAGE, run_part
from warriorcoder.recipe import Recipe, load_recipe
from warriorcoder.tables import STAGES

ASKING = ("run", "mine", "battle")
HERE = "http://127.0.0.1:9/v1"


def recipe(**endpoint: Any) -> Recipe:
    """A recipe that is in order but for the endpoint of its second expert."""
    openai = {"kind": "openai", "base_url": HERE, "model": "m"}
    endpoint = endpoint or openai
    template = endpoint.pop("template", "chatml")
    experts: list[dict[str, Any]] = [
        {"name": "one", "template": "chatml", "endpoint": openai},
        {"name": "two", "template": template, "endpoint": endpoint},
    ]
    return Recipe.model_validate({"name": "demo", "experts": experts, "battles": {"execution_weight": 1}})


def run(made: Recipe, path: Path, part: str = "run") -> None:
    run_part(made, path, part, lambda progress, message, stays=False: None)


def contents(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def without_a_key(tmp_path: Path) -> tuple[Recipe, type[WarriorError], str]:
    made = recipe(kind="openai", base_url=HERE, model="m", api_key_env="NOT_SET_KEY")
    return made, RecipeError, r"^experts\.two\.endpoint\.api_key_env: the environment variable NOT_SET_KEY is not set"


def with_an_unknown_template(tmp_path: Path) -> tuple[Recipe, type[WarriorError], str]:
    made = recipe(kind="openai", base_url=HERE, model="m", template="chatlm")
    return made, RecipeError, r"^experts\.two\.template: found 'chatlm'; known families: chatml, "


def with_a_provider_that_cannot_be_mined(tmp_path: Path) -> tuple[Recipe, type[WarriorError], str]:
    made = recipe(kind="hf-inference", provider="cerebras", model="m", api_key_env=None, template="base")
    return made, RecipeError, r"^experts\.two\.endpoint\.provider: cerebras offers chat only"


def with_a_missing_file(tmp_path: Path) -> tuple[Recipe, type[WarriorError], str]:
    made = recipe(kind="embedded", model=str(tmp_path / "none.gguf"))
    return made, ModelError, r"experts\.two\.endpoint\.model: .*none\.gguf: there is no such GGUF file"


def with_a_file_of_another_kind(tmp_path: Path) -> tuple[Recipe, type[WarriorError], str]:
    (tmp_path / "other.gguf").write_bytes(b"PK\x03\x04 and more")
    made = recipe(kind="embedded", model=str(tmp_path / "other.gguf"))
    return made, ModelError, r"other\.gguf: not a GGUF file, its first four bytes are not GGUF"


Wrong = Callable[[Path], tuple[Recipe, type[WarriorError], str]]
WRONG: list[Wrong] = [
    without_a_key,
    with_an_unknown_template,
    with_a_provider_that_cannot_be_mined,
    with_a_missing_file,
    with_a_file_of_another_kind,
]


@pytest.mark.parametrize("part", ASKING)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_recipe_that_cannot_run_leaves_the_arena_as_it_was(tmp_path: Path, wrong: Wrong, part: str) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4)
    before = contents(folder.path)
    made, kind, message = wrong(tmp_path)
    with pytest.raises(kind, match=message) as error:
        run(made, folder.path, part)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 2
    assert contents(folder.path) == before


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.__name__)
def test_a_recipe_that_cannot_run_makes_no_arena(tmp_path: Path, wrong: Wrong) -> None:
    made, kind, _ = wrong(tmp_path)
    with pytest.raises(kind):
        run(made, tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("held", ["", "  \n", "two\nlines", "ключ", "bell\a"])
def test_what_no_header_can_carry_is_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str) -> None:
    monkeypatch.setenv("ODD_KEY", held)
    made = recipe(kind="openai", base_url=HERE, model="m", api_key_env="ODD_KEY")
    with pytest.raises(
        RecipeError, match=r"experts\.two\.endpoint\.api_key_env: what ODD_KEY holds is no key"
    ) as error:
        run(made, tmp_path / "new")
    assert not held.strip() or held.strip() not in str(error.value)


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        made = recipe(kind="embedded", model=str(tmp_path / "m.gguf"), port=port)
        with pytest.raises(ModelError, match=rf"^port {port}, asked for by the endpoint of m\.gguf, is in use"):
            run(made, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_an_arena_of_another_format_stays_as_it_is(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4)
    folder.manifest_path.write_text(json.dumps({**folder.manifest(), "format": 99}))
    before = contents(folder.path)
    for part in PARTS:
        with pytest.raises(ArenaError, match="the arena has format 99"):
            run(recipe(), folder.path, part)
    assert contents(folder.path) == before


def test_a_second_run_in_an_arena_is_refused(tmp_path: Path) -> None:
    folder = ArenaFolder.prepare(tmp_path / "demo")
    with (folder.work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = contents(folder.path)
        with pytest.raises(ArenaError, match="demo: another run is at work in this arena"):
            run(recipe(), folder.path)
        assert contents(folder.path) == before


def test_every_part_ends_with_a_stage() -> None:
    assert set(LAST_STAGE) == set(PARTS)
    assert set(LAST_STAGE.values()) <= set(STAGES)


def test_tables_of_an_earlier_run_do_not_pass_for_this_one_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """distilabel can return early with exit code 0; here its process does nothing at all."""
    folder = build_arena(tmp_path / "demo", instructions=4)
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    with pytest.raises(RunFailed, match="the pipeline ended without the end of the stage rate"):
        run_part(load_recipe(folder.recipe_path), folder.path, "rate", lambda progress, message, stays=False: None)


def test_what_a_killed_run_left_half_written_is_gone_before_the_next_one_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """distilabel would read its cut off cache; the arena's half files would lie beside the tables for good."""
    folder = build_arena(tmp_path / "demo", instructions=4)
    before = contents(folder.path)
    cache = folder.work / "distilabel" / "arena" / "pipeline.yaml"
    for file in (cache, folder.path / ".arena.json.k2x.part", folder.path / "votes" / ".train.parquet.a1b.part"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("half")
    lists = tmp_path / "lists.sh"
    lists.write_text(f'#!/bin/sh\nfind "{folder.path}" -type f > "{tmp_path}/seen"\n')
    lists.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(lists))
    with pytest.raises(RunFailed):
        run_part(load_recipe(folder.recipe_path), folder.path, "rate", lambda progress, message, stays=False: None)
    seen = {str(Path(line).relative_to(folder.path)) for line in (tmp_path / "seen").read_text().splitlines()}
    assert before.keys() <= seen
    assert [name for name in seen if name.endswith((".part", "pipeline.yaml"))] == []
