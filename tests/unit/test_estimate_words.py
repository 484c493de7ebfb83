"""An estimate as its reader sees it: the table, the sentences, the JSON, the command."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from rich.console import Console

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.cli import main
from warriorcoder.pipelines.doctor.measurements import Measured, write_measurements
from warriorcoder.pipelines.endpoints.calls import Reply
from warriorcoder.pipelines.endpoints.journal import Entry, Journal
from warriorcoder.pipelines.estimate import estimate
from warriorcoder.pipelines.estimating.show import print_estimate, to_json
from warriorcoder.recipe import Recipe

NAMES = ("athene-v2-chat-72b-long-name-of-an-expert", "two", "three")
PRICE = {"input": 0.9, "output": 2.7}


def document(prices: int = 3, **sections: Any) -> dict[str, Any]:
    return {
        "name": "told",
        "experts": [
            {
                "name": name,
                "template": "chatml",
                "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "model": f"m-{name}"},
                "price": PRICE if number < prices else None,
            }
            for number, name in enumerate(NAMES)
        ],
        **sections,
    }


def recipe(prices: int = 3, **sections: Any) -> Recipe:
    return Recipe.model_validate(document(prices, **sections))


def shown(recipe: Recipe, path: Path, width: int = 80) -> str:
    screen = StringIO()
    print_estimate(estimate(recipe, path), Console(file=screen, width=width), "my recipe.yaml")
    return screen.getvalue()


@pytest.mark.parametrize("per_expert", [3, 200, 10_000])
def test_it_fits_eighty_columns(tmp_path: Path, per_expert: int) -> None:
    text = shown(recipe(mining={"per_expert": per_expert}), tmp_path / "told")
    table = text.split("would still ask\n")[1].split("How many instructions")[0]
    assert "\x1b" not in text
    assert max(len(line) for line in table.splitlines()) <= 80
    assert all(name[:10] in table for name in NAMES)


def test_every_stage_and_the_sums_are_rows(tmp_path: Path) -> None:
    rows = [line.split() for line in shown(recipe(), tmp_path / "told").splitlines() if line.startswith(" ")]
    labels = [row[0] for row in rows if row and row[0] not in NAMES]
    assert [label for label in labels if label in ("mine", "curate", "answer", "judge", "in", "likely")] == [
        "mine",
        "curate",
        "answer",
        "judge",
        "in",
        "likely",
    ]
    [mine] = [row for row in rows if row and row[0] == "mine"]
    assert mine[1] == "750–3,000"


def test_what_nobody_has_measured_is_said(tmp_path: Path) -> None:
    text = " ".join(shown(recipe(prices=1), tmp_path / "told").split())
    assert "50% (assumed) of the draws become instructions" in text
    assert "No answer was measured yet: at least a token each, likely half of max_tokens." in text
    assert "Dollars are without two, three, which have no price in the recipe." in text
    assert f"Time: unknown for {', '.join(NAMES)}; this measures it: warrior doctor 'my recipe.yaml'" in text


def test_a_command_stays_in_one_piece(tmp_path: Path) -> None:
    assert "\n  warrior doctor 'my recipe.yaml'\n" in shown(recipe(), tmp_path / "told", width=20)


def test_without_a_price_there_are_no_dollars(tmp_path: Path) -> None:
    text = shown(recipe(prices=0), tmp_path / "told")
    assert "dollars" not in text.partition("How many")[0]
    assert "$" not in text
    assert "Dollars are not known: no expert has a price" in text


def test_what_is_spent_and_what_was_measured_is_said(tmp_path: Path) -> None:
    folder = ArenaFolder.prepare(tmp_path / "told")
    with Journal(folder.journal_path) as journal:
        journal.put_many([Entry("0" * 64, "two", "m-two", "answer", Reply("x", "stop", 1000, 2000), 3.0)])
    write_measurements(folder, [Measured("three", "m-three", "judge", "chat", 4, 4, 1.5, 10.0, 5.0)])
    text = " ".join(shown(recipe(budget={"dollars": 0.01, "calls": 10**7}), folder.path).split())
    assert "Spent in this arena so far: 1 calls, 3,000 tokens, $0.0063." in text
    assert "budget.dollars ($0.01, of which $0.0063 is spent) ends in the stage mine at the latest" in text
    assert "budget.calls (10M, of which 1 is spent) reaches to the end in any case." in text
    assert "measured in this arena (answer)" in text
    assert "measured by `warrior doctor` (judge)" in text
    assert "Time: unknown for athene" in text


def test_json_has_the_same_amounts(tmp_path: Path) -> None:
    found = estimate(recipe(prices=1, budget={"calls": 5}), tmp_path / "told")
    read = json.loads(json.dumps(to_json(found, "r.yaml")))
    assert [stage["stage"] for stage in read["stages"]] == ["mine", "curate", "answer", "judge"]
    for amount in ("calls", "input_tokens", "output_tokens"):
        for at in ("low", "likely", "high"):
            of_stages = sum(stage[amount][at] for stage in read["stages"])
            of_experts = sum(expert[amount][at] for stage in read["stages"] for expert in stage["experts"])
            assert of_stages == pytest.approx(read["total"][amount][at]) == pytest.approx(of_experts)
    assert read["total"]["seconds"] is None
    assert read["stages"][0]["experts"][1]["dollars"] is None
    assert read["budget"][0]["best"] == "mine"


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(document()))

    def warrior(*options: str) -> str:
        arguments = ["estimate", str(path), "--into", str(tmp_path / "arena"), *options]
        result = CliRunner(mix_stderr=False).invoke(main, arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    assert "What a run into" in warrior()
    fewer = json.loads(warrior("--json", "--set", "mining.per_expert=4"))
    assert fewer["total"]["calls"]["low"] < json.loads(warrior("--json"))["total"]["calls"]["low"]
    assert not (tmp_path / "arena").exists()
