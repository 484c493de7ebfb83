"""`active` pairing in the stage `judge`: real calls to a real server, the journal, and an arena that grows."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.scripted_server import Asked, ScriptedServer, scripted_server

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.errors import RunFailed
from warriorcoder.ids import instruction_id, seed_from
from warriorcoder.pipelines.battles.campaign import Campaign, read_rounds
from warriorcoder.pipelines.battles.pairing import Pair, pairs
from warriorcoder.pipelines.battles.stages import Judge
from warriorcoder.pipelines.endpoints.embedded import addresses_at_rest, weights_of
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.journal.upkeep import Upkeep
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.traces import write_addresses
from warriorcoder.recipe import Recipe
from warriorcoder.tables import TABLES

NAMES = ("one", "two", "three", "four", "five")


def script(asked: Asked) -> str:
    """A judge's verdict, drawn from nothing but the request; some have none the first time."""
    seed = seed_from(asked.model, asked.text, asked.body["seed"])
    return f"This one. [[{random.Random(seed).choice('AB')}]]" if seed % 6 else "Who knows?"


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


def recipe(server: ScriptedServer, experts: int = 4, **battles: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "campaign",
            "experts": [
                {
                    "name": name,
                    "template": "chatml",
                    "weights": f"w-{name}",
                    "endpoint": {"kind": "openai", "base_url": server.url, "model": f"m-{name}"},
                }
                for name in NAMES[:experts]
            ],
            "battles": {"pairing": "active", "attempts": 2, "max_tokens": 30, **battles},
        }
    )


def row(table: str, **values: Any) -> Row:
    return {column: values.get(column) for column in TABLES[table].columns}


def judged(recipe: Recipe, path: Path, instructions: int = 15) -> ArenaFolder:
    """An arena of answered instructions, judged."""
    folder = ArenaFolder.prepare(path)
    folder.write_text(folder.recipe_path, recipe.to_yaml())
    write_addresses(folder, list(addresses_at_rest(recipe, weights_of(recipe.experts)).values()))
    texts = [f"Write a Python function that returns {number}." for number in range(instructions)]
    known = [{"instruction_id": instruction_id(text), "instruction": text, "source": "set"} for text in texts]
    answers = [
        {
            "instruction_id": each["instruction_id"],
            "expert": expert.name,
            "answer": f"{expert.name}: {each['instruction']}",
        }
        for each in known
        for expert in recipe.experts
    ]
    rows = [row("instructions", **{"repeats": 0, "miner": None, **each}) for each in known]
    folder.write_stage("curate", {"instructions": rows, "rejected": []})
    folder.write_stage("answer", {"answers": [row("answers", **each) for each in answers], "rejected": []})
    stage = Judge(name="judge", arena=str(path), panel=ExpertPanel(arena=str(path), stage="judge"))
    stage.load()
    stage.work(answers)
    stage.panel.unload()
    return folder


def battles_of(folder: ArenaFolder) -> set[tuple[str, str, str]]:
    return {(vote["instruction_id"], vote["model_a"], vote["model_b"]) for vote in folder.read_table("votes")}


def test_the_budget_is_kept_and_counts_add_up(server: ScriptedServer, tmp_path: Path) -> None:
    server.forget()
    folder = judged(recipe(server, calls=150), tmp_path / "arena")
    counts, cost = folder.manifest()["counts"]["judge"], folder.manifest()["cost"]["judge"]
    assert 150 - 4 < len(server.asked) <= 150
    assert sum(share["calls"] for share in cost.values()) == len(server.asked)
    assert counts["possible"] == 15 * 6
    assert counts["battles"] == len(battles_of(folder)) == sum(map(len, read_rounds(folder)))
    assert counts["judges"] == 2 * counts["battles"]
    assert counts["votes"] + counts["missing"] == 2 * counts["judges"] == folder.table_rows("votes")
    # Some were asked again, and that is among the calls.
    assert len(server.asked) > 2 * counts["judges"]


def test_without_a_number_it_is_two_fifths_of_round_robins(server: ScriptedServer, tmp_path: Path) -> None:
    server.forget()
    judged(recipe(server), tmp_path / "arena")
    assert 0.4 * 15 * 6 * 4 - 4 < len(server.asked) <= 0.4 * 15 * 6 * 4


@pytest.mark.parametrize("share", [0.2, 0.7])
def test_a_run_that_was_stopped_asks_the_rest_of_the_same_calls(
    server: ScriptedServer, tmp_path: Path, share: float
) -> None:
    whole = judged(recipe(server, calls=150), tmp_path / "whole")
    with Upkeep(whole.journal_path) as journal:
        entries = [entry for entry, _ in journal.entries()]
    stopped = ArenaFolder.prepare(tmp_path / "stopped")
    kept = [entry for entry in entries if random.Random(entry.key).random() < share]
    with Journal(stopped.journal_path) as journal:
        journal.put_many(kept)
    server.forget()
    judged(recipe(server, calls=150), stopped.path)
    assert len(server.asked) == len(entries) - len(kept)
    assert stopped.read_table("votes") == whole.read_table("votes")


def test_a_larger_arena_adds_only_what_is_missing(server: ScriptedServer, tmp_path: Path) -> None:
    small = recipe(server, calls=100)
    folder = judged(small, tmp_path / "arena")
    fought = battles_of(folder)
    # A vote without a verdict may be asked again where there are more calls.
    before = {tuple(vote.items()) for vote in folder.read_table("votes") if vote["verdict"]}
    server.forget()
    judged(small, folder.path)
    assert server.asked == []
    judged(recipe(server, calls=180), folder.path, instructions=25)
    assert before <= {tuple(vote.items()) for vote in folder.read_table("votes")}
    assert fought < battles_of(folder)
    assert 76 <= len(server.asked) <= 80
    assert len({instruction for instruction, *_ in battles_of(folder)}) == 25
    server.forget()
    fought = battles_of(folder)
    judged(recipe(server, experts=5, calls=400), folder.path, instructions=25)
    assert fought <= battles_of(folder)
    assert any("five" in battle for battle in battles_of(folder))


def test_too_few_calls_for_one_battle(server: ScriptedServer, tmp_path: Path) -> None:
    with pytest.raises(
        RunFailed, match=r"allows 3 judge calls, but a battle takes 4: 2 judges.*battles.calls: 4 or more"
    ):
        judged(recipe(server, calls=3), tmp_path / "arena")


def test_the_rows_order_does_not_matter(server: ScriptedServer) -> None:
    every = [(pair, ["j"]) for number in range(30) for pair in pairs(f"{number:x}", None, NAMES, "active")]
    made = recipe(server, experts=5, calls=200)

    def rounds(given: list[tuple[Pair, list[str]]]) -> list[list[Pair]]:
        campaign = Campaign(made, given)
        while cast := campaign.next_round():
            votes = [
                {"instruction_id": p.instruction_id, "model_a": p.attacker, "model_b": p.defender, "judge": "j"}
                | {"verdict": "ab"[seed_from(p.instruction_id, p.attacker, p.defender) % 2]}
                for p, _ in cast
            ]
            campaign.learn(votes, 2 * len(cast))
        return campaign.rounds

    assert rounds(every) == rounds(random.Random(0).sample(every, len(every)))
