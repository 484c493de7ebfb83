"""An estimate against real stages: scripted experts behind a real server, the journal, the tables, the manifest."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from unit.scripted_server import Asked, ScriptedServer, scripted_server

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.stages import Answer, Judge
from warriorcoder.pipelines.doctor.measurements import Measured, write_measurements
from warriorcoder.pipelines.endpoints.embedded import addresses_at_rest, weights_of
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.endpoints.journal.upkeep import Upkeep
from warriorcoder.pipelines.endpoints.panel import ExpertPanel
from warriorcoder.pipelines.endpoints.traces import write_addresses
from warriorcoder.pipelines.estimate import Estimate, estimate
from warriorcoder.pipelines.estimating.averages import Basis
from warriorcoder.pipelines.estimating.spans import Span
from warriorcoder.pipelines.mining.stages import Curate, Mine
from warriorcoder.recipe import Recipe

STAGES = {"mine": Mine, "curate": Curate, "answer": Answer, "judge": Judge}
SUBJECTS = ("lists", "strings", "trees", "dates", "matrices", "graphs", "files", "queues", "sets", "primes", "stacks")


def script(asked: Asked) -> str:
    """What a model says, drawn from nothing but the request; some draws, grades and verdicts are of no use."""
    seed = seed_from(asked.model, asked.text, asked.body["seed"])
    drawn = random.Random(seed)
    if asked.text.startswith("You are grading an instruction"):
        return f"It is clear enough. [[{drawn.randint(2, 10)}]]" if seed % 5 else "I cannot say."
    if asked.text.startswith("Act as an impartial judge"):
        return f"Both are fine, this one more so. [[{drawn.choice('AB')}]]" if seed % 4 else "Who knows?"
    if not asked.chat:
        subject, number = drawn.choice(SUBJECTS), drawn.randint(1, 99)
        return f"Write a Python function number {number} that works on {subject} and {drawn.choice(SUBJECTS)}." * (
            seed % 3 > 0
        )
    return f"Here is answer {seed}:\n\n```python\ndef solve(): return {seed}\n```" + " And so on." * drawn.randint(0, 9)


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with scripted_server(script) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_asked_yet(server: ScriptedServer) -> None:
    server.forget()


def recipe(server: ScriptedServer, experts: int = 3, **sections: Any) -> Recipe:
    """A recipe of chat experts: the second costs nothing known, the last two are twins where there are four."""
    return Recipe.model_validate(
        {
            "name": "estimated",
            "experts": [
                {
                    "name": name,
                    "template": "chatml",
                    "weights": "twins" if number >= 2 and experts > 3 else f"w-{name}",
                    "endpoint": {"kind": "openai", "base_url": server.url, "model": f"m-{name}"},
                    "price": None if number == 1 else {"input": 1.0, "output": 3.0},
                }
                for number, name in enumerate(("one", "two", "three", "four")[:experts])
            ],
            "mining": {"per_expert": 5, "max_draws": 20, "max_tokens": 40},
            "answers": {"max_tokens": 60},
            "battles": {"attempts": 2, "max_tokens": 30},
            **sections,
        }
    )


def work(recipe: Recipe, path: Path, *stages: str) -> ArenaFolder:
    """Run stages in this process, each on the rows of the one before, as the pipeline does."""
    folder = ArenaFolder.prepare(path)
    folder.write_text(folder.recipe_path, recipe.to_yaml())
    folder.update_manifest({"name": recipe.name, "recipe_digest": recipe.digest})
    addresses = addresses_at_rest(recipe, weights_of(recipe.experts))
    write_addresses(folder, list(addresses.values()))
    rows: list[Any] = [{"expert": expert.name} for expert in recipe.experts]
    for name in stages or STAGES:
        stage = STAGES[name](name=name, arena=str(path), panel=ExpertPanel(arena=str(path), stage=name))
        stage.load()
        rows = stage.work(rows)
        stage.panel.unload()
    return folder


def answers_of(folder: ArenaFolder) -> list[Entry]:
    with Upkeep(folder.journal_path) as journal:
        return [entry for entry, _ in journal.entries()]


def holds(span: Span, amount: float) -> bool:
    return span.low - 1e-9 <= amount <= span.high + 1e-9


NO_COST = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "dollars": 0.0}


def assert_real_costs_lie_within(found: Estimate, costs: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Every stage's and every expert's calls, tokens and dollars, against the manifest's."""
    for stage in found.stages:
        assert costs[stage.stage].keys() <= stage.experts.keys()
        for expert, amounts in stage.experts.items():
            real = {expert: {**NO_COST, **costs[stage.stage].get(expert, {})}}
            assert holds(amounts.calls, real[expert]["calls"]), (stage.stage, expert)
            assert holds(amounts.input_tokens, real[expert]["input_tokens"]), (stage.stage, expert)
            assert holds(amounts.output_tokens, real[expert]["output_tokens"]), (stage.stage, expert)
            assert (amounts.dollars is None) == (expert == "two")
            assert amounts.dollars is None or holds(amounts.dollars, real[expert]["dollars"])
    every = [share for stage in costs.values() for share in stage.values()]
    assert holds(found.together.calls, sum(share["calls"] for share in every))
    assert found.together.dollars is not None
    assert holds(found.together.dollars, sum(share["dollars"] or 0.0 for share in every))


RECIPES: list[dict[str, Any]] = [
    {},
    {"battles": {"pairing": "attacker", "attempts": 3, "max_tokens": 30}},
    {"experts": 4, "curation": {"size": 4, "attempts": 2}},
    {"experts": 4, "battles": {"judges": ["one", "two"], "max_tokens": 30}, "curation": {"graders": ["one", "three"]}},
    {"battles": {"pairing": "active", "calls": 25, "attempts": 3, "max_tokens": 30}},
    {"experts": 4, "battles": {"pairing": "active", "attempts": 2, "max_tokens": 30, "execution_weight": 1}},
    {"seed": 7, "curation": {"keep_bands": ["poor", "average", "good", "excellent"], "near_duplicate": 0}},
]


@pytest.mark.parametrize("sections", RECIPES)
def test_the_real_run_lies_within_what_was_estimated_before_it(
    server: ScriptedServer, tmp_path: Path, sections: dict[str, Any]
) -> None:
    arena = recipe(server, **sections)
    found = estimate(arena, tmp_path / "arena")
    assert server.asked == []
    assert not (tmp_path / "arena").exists()
    folder = work(arena, tmp_path / "arena")
    assert_real_costs_lie_within(found, folder.manifest()["cost"])
    assert holds(found.instructions, folder.table_rows("instructions"))


@pytest.mark.parametrize("sections", RECIPES)
def test_after_the_run_nothing_is_left_to_ask(server: ScriptedServer, tmp_path: Path, sections: dict[str, Any]) -> None:
    arena = recipe(server, **sections)
    folder = work(arena, tmp_path / "arena")
    asked, before = len(server.asked), folder.manifest_path.read_bytes()
    found = estimate(arena, folder.path)
    assert found.together.calls == Span.exactly(0)
    assert found.instructions == Span.exactly(folder.table_rows("instructions"))
    assert found.spent.calls == asked == len(server.asked)
    assert found.spent.dollars == pytest.approx(
        sum(share["dollars"] or 0.0 for stage in folder.manifest()["cost"].values() for share in stage.values())
    )
    assert folder.manifest_path.read_bytes() == before


def test_once_the_instructions_are_there_answers_and_votes_are_counted_exactly(
    server: ScriptedServer, tmp_path: Path
) -> None:
    arena = recipe(server, battles={"attempts": 1, "max_tokens": 30})
    folder = work(arena, tmp_path / "arena", "mine", "curate")
    found = estimate(arena, folder.path)
    number = folder.table_rows("instructions")
    calls = {stage.stage: {name: amounts.calls for name, amounts in stage.experts.items()} for stage in found.stages}
    names = ("one", "two", "three")
    # Three experts fight in three pairs, each judged by the third in both orders.
    assert calls == {
        "mine": {},
        "curate": {},
        "answer": dict.fromkeys(names, Span.exactly(number)),
        "judge": dict.fromkeys(names, Span.exactly(2 * number)),
    }
    before = len(server.asked)
    work(arena, folder.path)
    assert len(server.asked) - before == found.together.calls.high
    real = folder.manifest()["cost"]
    for stage in found.stages[2:]:
        for name, amounts in stage.experts.items():
            assert holds(amounts.input_tokens, real[stage.stage][name]["input_tokens"])
            assert holds(amounts.output_tokens, real[stage.stage][name]["output_tokens"])


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_whatever_the_journal_has_is_not_counted_again(server: ScriptedServer, tmp_path: Path, share: float) -> None:
    arena = recipe(server)
    folder = work(arena, tmp_path / "arena")
    entries = answers_of(folder)
    folder.journal_path.unlink()
    drawn = random.Random(share)
    with Journal(folder.journal_path) as journal:
        journal.put_many([entry for entry in entries if drawn.random() < share])
    found = estimate(arena, folder.path)
    server.forget()
    work(arena, folder.path)
    by_model = {name: sum(asked.model == f"m-{name}" for asked in server.asked) for name in ("one", "two", "three")}
    for name, asked in by_model.items():
        spans = [stage.experts[name].calls for stage in found.stages if name in stage.experts]
        assert sum(span.low for span in spans) <= asked <= sum(span.high for span in spans)
    assert holds(found.together.calls, len(server.asked))


def test_missing_answers_are_counted_to_the_last_one(server: ScriptedServer, tmp_path: Path) -> None:
    arena = recipe(server)
    folder = work(arena, tmp_path / "arena")
    entries = answers_of(folder)
    folder.journal_path.unlink()
    lost = [entry for entry in entries if entry.stage == "answer" and entry.expert == "two"]
    with Journal(folder.journal_path) as journal:
        journal.put_many([entry for entry in entries if entry not in lost and entry.stage != "judge"])
    found = estimate(arena, folder.path)
    calls = {stage.stage: stage.together.calls for stage in found.stages}
    votes = folder.table_rows("votes")
    assert calls["answer"] == Span.exactly(len(lost))
    assert (calls["judge"].low, calls["judge"].high) == (votes, 2 * votes)
    assert calls["mine"] == calls["curate"] == Span.exactly(0)


def test_time_is_unknown_until_it_was_measured(server: ScriptedServer, tmp_path: Path) -> None:
    arena = recipe(server)
    folder = ArenaFolder.prepare(tmp_path / "arena")
    assert estimate(arena, folder.path).together.seconds is None
    measured = [
        Measured(name, f"w-{name}", stage, "raw" if stage == "mine" else "chat", 5, 5, 2.0, 50.0, 20.0)
        for name in ("one", "two", "three")
        for stage in ("mine", "answer", "judge")
    ]
    write_measurements(folder, measured[:-1])
    found = estimate(arena, folder.path)
    assert found.together.seconds is not None
    mine = found.stages[0]
    assert {line.times for line in mine.lines} == {Basis.DOCTOR}
    calls = {name: amounts.calls for name, amounts in mine.experts.items()}
    # 2 s for 20 tokens, at least half of that a token; 16 in flight at best, at worst no faster than with 5.
    assert mine.together.seconds is not None
    most = max(span.high for span in calls.values()) * 2.0 * 2 * (40 / 20) / 5
    assert mine.together.seconds.high == pytest.approx(most)
    write_measurements(folder, [Measured("one", "another", "answer", "chat", 5, 5, 2.0, 50.0, 20.0)])
    assert estimate(arena, folder.path).together.seconds is None


def test_this_arenas_own_times_come_first(server: ScriptedServer, tmp_path: Path) -> None:
    arena = recipe(server)
    folder = work(arena, tmp_path / "arena")
    write_measurements(folder, [Measured("one", "w-one", "mine", "raw", 5, 5, 1000.0, 50.0, 20.0)])
    longer = recipe(server, mining={"per_expert": 15, "max_draws": 60, "max_tokens": 40})
    found = estimate(longer, folder.path)
    assert {line.times for stage in found.stages for line in stage.lines} == {Basis.ARENA}
    assert {line.lengths for stage in found.stages for line in stage.lines} == {Basis.ARENA}
    assert found.together.seconds is not None
    assert found.together.seconds.high < 1000
    server.forget()
    work(longer, folder.path)
    assert holds(found.together.calls, len(server.asked))


def test_a_budget_says_where_it_ends(server: ScriptedServer, tmp_path: Path) -> None:
    def ends(**budget: float) -> list[tuple[str | None, str | None, str | None]]:
        reaches = estimate(recipe(server, budget=budget), tmp_path / "arena").reaches
        return [(reach.best, reach.likely, reach.worst) for reach in reaches]

    assert ends(calls=3) == [("mine", "mine", "mine")]
    assert ends(calls=1_000_000, tokens=10**9) == [(None, None, None)] * 2
    assert ends(calls=100) == [(None, "judge", "curate")]
    work(recipe(server), tmp_path / "arena")
    assert ends(calls=1) == [(None, None, None)]


def test_the_judge_calls_of_active_pairing_are_its_budget_and_shrink_with_the_journal(
    server: ScriptedServer, tmp_path: Path
) -> None:
    def judging(arena: Recipe, path: Path) -> Span:
        return next(stage.together.calls for stage in estimate(arena, path).stages if stage.stage == "judge")

    curation = {"keep_bands": ["poor", "average", "good", "excellent"], "near_duplicate": 0}

    def of(calls: int) -> Recipe:
        battles = {"pairing": "active", "calls": calls, "attempts": 3, "max_tokens": 30}
        return recipe(server, battles=battles, curation=curation)

    arena, more = of(16), of(20)
    folder = work(arena, tmp_path / "arena", "mine", "curate", "answer")
    before = judging(arena, folder.path)
    # They do not pay for more than the first round, which no verdict leads.
    assert before == Span.exactly(16)
    work(arena, folder.path)
    assert judging(arena, folder.path) == Span.exactly(0)
    left = judging(more, folder.path)
    asked = len(server.asked)
    work(more, folder.path)
    assert holds(left, len(server.asked) - asked)
    assert left.high <= 5
