"""No single wrong verdict, label or count gets through the checks."""

import copy
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from unit.arena_builder import build_arena

from warriorcoder.check_rules import Arena, check_tables
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import TABLES


def read(experts: int, instructions: int, seed: int) -> Arena:
    with tempfile.TemporaryDirectory() as place:
        folder = build_arena(Path(place) / "demo", experts=experts, instructions=instructions, seed=seed)
        tables = {name: folder.read_table(name) for name in TABLES}
        splits = {name: folder.rows_by_split(name) for name in tables}
        return Arena(folder.manifest(), load_recipe(folder.recipe_path), tables, splits)


@pytest.fixture(scope="module")
def arena() -> Arena:
    return read(experts=4, instructions=6, seed=1)


def passes(arena: Arena) -> bool:
    return all(finding.ok for finding in check_tables(arena))


@settings(max_examples=12)
@given(st.integers(2, 6), st.integers(1, 8), st.integers(0, 2**16))
def test_an_arena_that_was_built_rightly_passes(experts: int, instructions: int, seed: int) -> None:
    assert passes(read(experts, instructions, seed))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_wrong_verdict_is_seen(arena: Arena, data: st.DataObject) -> None:
    votes = copy.deepcopy(arena.tables["votes"])
    vote = data.draw(st.sampled_from(votes))
    verdict = data.draw(st.sampled_from(["a", "b", "tie", None]).filter(lambda value: value != vote["verdict"]))
    vote |= {"verdict": verdict, "missing": "cut_off" if verdict is None else None}
    assert not passes(Arena(arena.manifest, arena.recipe, {**arena.tables, "votes": votes}, arena.splits))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_wrong_count_is_seen(arena: Arena, data: st.DataObject) -> None:
    manifest = copy.deepcopy(dict(arena.manifest))
    stage = data.draw(st.sampled_from(sorted(manifest["counts"])))
    key = data.draw(st.sampled_from(sorted(manifest["counts"][stage])))
    manifest["counts"][stage][key] += data.draw(st.integers(-5, 5).filter(bool))
    assert not passes(Arena(manifest, arena.recipe, arena.tables, arena.splits))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_lost_row_is_seen(arena: Arena, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(arena.tables)))
    rows = list(arena.tables[name])
    rows.pop(data.draw(st.integers(0, len(rows) - 1)))
    assert not passes(Arena(arena.manifest, arena.recipe, {**arena.tables, name: rows}, arena.splits))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_one_wrong_cost_is_seen(arena: Arena, data: st.DataObject) -> None:
    manifest = copy.deepcopy(dict(arena.manifest))
    stage = data.draw(st.sampled_from(["mine", "answer", "judge"]))
    share = manifest["cost"][stage][data.draw(st.sampled_from(sorted(manifest["cost"][stage])))]
    more = data.draw(st.integers(1, 5))
    key = data.draw(st.sampled_from(["calls", "unmetered"]))
    share[key] = {
        # A judge may have been asked again, but not less than once a vote.
        "calls": share["calls"] - more
        if stage == "judge"
        else share["calls"] + data.draw(st.sampled_from([-more, more])),
        "unmetered": data.draw(st.sampled_from([-more, share["calls"] + more])),
    }[key]
    assert not passes(Arena(manifest, arena.recipe, arena.tables, arena.splits))
