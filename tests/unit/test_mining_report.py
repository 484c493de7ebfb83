"""The mining report: its figures from rows, how it reads, and mined text that does no harm."""

import random
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import Row
from warriorcoder.ids import instruction_id
from warriorcoder.intervals import wilson_interval
from warriorcoder.pipelines.mining.diversity_measures import Diversity
from warriorcoder.pipelines.mining.mining_markdown import mining_markdown
from warriorcoder.pipelines.mining.mining_report import MiningReport, excerpt, mining_report
from warriorcoder.pipelines.mining.mining_screen import print_mining_report
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.recipe import Recipe, load_recipe
from warriorcoder.recipe_mining import Grid
from warriorcoder.tables import MINED, Reason

GRID = Grid(temperatures=[0.5, 1.0], top_ps=[0.9, 1.0], systems=["Python.", "Java."])
EVIL = "Sort [bold red]x[/] \x1b[31m| <b>y</b> **z** `c` :smile: \u202e\ud800 $1$\n# Head\n| a | b |"


def kept(text: str, miner: str | None, draw: int, **others: Any) -> Row:
    row = {"instruction_id": instruction_id(text), "instruction": text, "miner": miner, "source": MINED, "draw": draw}
    row |= {"language": "python", "task": "generation", "grade": 6, "band": "good"}
    return {**row, "rouge_l_max": None, "nearest_reference": None, **others}


def dropped(stage: str, reason: str, origin: str, draw: int) -> Row:
    return rejected_row(stage, Reason(reason), "", f"{stage} {reason} {origin} {draw}", origin, draw)


def made() -> tuple[list[Row], list[Row]]:
    """80 draws of one expert, of which none is good with the second system prompt, and 5 rows of a set."""
    instructions, rejected = [], []
    for draw in range(80):
        if draw % 2:
            rejected.append(dropped("mine", "cut_off" if draw % 3 else "empty", "one", draw))
        elif draw < 60:
            instructions.append(kept(f"Do {draw}.", "one", draw, rouge_l_max=draw / 100, nearest_reference=f"r:{draw}"))
        else:
            rejected.append(dropped("curate", "surplus", "one", draw))
    instructions.append(
        kept("Brought.", None, 7, source="set.jsonl", grade=9, band="excellent", language=None, task="theory")
    )
    rejected += [dropped("mine", "empty", "set.jsonl", row) for row in range(3)]
    rejected += [dropped("curate", "band", "set.jsonl", 5), dropped("answer", "unanswered", "one", 0)]
    return instructions, rejected


def report(**others: Any) -> MiningReport:
    return mining_report(*made(), {"one": GRID}, **others)


def screen(shown: MiningReport, width: int = 80) -> str:
    stream = StringIO()
    print_mining_report(shown, Console(file=stream, width=width))
    return stream.getvalue()


def test_the_funnel_goes_from_all_rows_to_the_kept_ones() -> None:
    found = report()
    assert (found.draws, found.brought_rows, found.kept) == (80, 5, 31)
    steps = [(drop.stage, drop.reason, drop.dropped, drop.left) for drop in found.funnel]
    assert steps == [
        ("mine", "cut_off", 27, 58),
        ("mine", "empty", 16, 42),
        ("curate", "surplus", 10, 32),
        ("curate", "band", 1, 31),
    ]


def test_yields_are_counted_by_expert_setting_and_cell() -> None:
    found = report(tokens={"one": 8000})
    [whole] = found.experts
    assert (whole.draws, whole.good, whole.kept, whole.tokens) == (80, 40, 30, 200)
    assert (whole.low, whole.high) == wilson_interval(40, 80)
    by_setting = {each.setting: (each.draws, each.good, each.kept) for each in found.settings}
    assert list(by_setting) == ["T 0.5", "T 1", "top_p 0.9", "top_p 1", "system 1", "system 2"]
    assert by_setting["system 1"] == (40, 40, 30)
    assert by_setting["system 2"] == (40, 0, 0)
    assert {each.setting for each in found.settings if each.wasteful} == {"system 2"}
    assert len(found.cells) == 8
    for yields in (found.cells, found.settings[:2], found.settings[4:]):
        assert sum(each.draws for each in yields) == 80
        assert sum(each.good for each in yields) == 40
    assert {each.setting for each in found.cells if each.wasteful} == {
        f"T {t:g}, top_p {p:g}, system 2" for t in GRID.temperatures for p in GRID.top_ps
    }
    assert found.brought == {"set.jsonl": (5, 1)}


def test_settings_that_differ_by_chance_are_not_called_wasteful() -> None:
    """Of 400 mines whose eight cells are alike, one in twenty may have a cell that seems to waste; not one in five."""
    drawn = random.Random(1)
    wrong = 0
    for _ in range(400):
        draws = [drawn.random() < 0.5 for _ in range(96)]
        good = [kept(f"Do {draw}.", "one", draw) for draw, each in enumerate(draws) if each]
        bad = [dropped("mine", "empty", "one", draw) for draw, each in enumerate(draws) if not each]
        found = mining_report(good, bad, {"one": GRID})
        wrong += any(each.wasteful for each in found.cells)
    assert wrong <= 20


def test_an_expert_that_mines_junk_is_a_finding() -> None:
    junk = [dropped("mine", "control_tokens", "one", draw) for draw in range(30)]
    failed = [dropped("mine", "endpoint_error", "two", draw) for draw in range(30)]
    repeated = [dropped("mine", "exact_duplicate", "three", draw) for draw in range(30)]
    both = [dropped("mine", "endpoint_error" if draw < 100 else "empty", "four", draw) for draw in range(116)]
    grids = dict.fromkeys(("one", "two", "three", "four"), GRID)
    found = mining_report([], junk + failed + repeated + both, grids)
    names = [(each["name"], each["subject"]) for each in found.findings]
    assert names == [("junk_expert", "one"), ("junk_expert", "four")]
    assert "only 0 of 16 draws" in found.findings[1]["message"]
    text = " ".join(screen(found).split())
    assert text.startswith(
        "WARNING: one: only 0 of 30 draws were instructions (0.0 to 11.4 %); the others: control_tok"
    )
    assert "206 draws -> 0 kept" in text
    assert "- **junk_expert** one: only 0 of 30" in mining_markdown(found)


def test_low_diversity_is_a_finding() -> None:
    found = report(diversity=Diversity(31, 0.2, 0.3, 0.4, 0.2, 0.77, 0.9))
    assert [each["name"] for each in found.findings] == ["low_diversity"]
    assert "median self-ROUGE 0.77" in " ".join(screen(found).split())
    assert "Median self-ROUGE 0.77; distinct-1 0.20; distinct-2 0.30;" in mining_markdown(found)


def test_the_least_novel_are_named_with_their_references() -> None:
    found = report()
    assert [(near.rouge, near.reference) for near in found.nearest] == [
        (draw / 100, f"r:{draw}") for draw in range(58, 38, -2)
    ]
    assert sum(part["count"] for part in found.novelty) == 30
    assert re.search(r"^0\.58 Do 58\. \(r:58\)$", screen(found), re.M)
    assert "| 0.58 | r:58 | Do 58. |" in mining_markdown(found)
    without = mining_report([kept("Do it.", "one", 0)], [], {"one": GRID})
    assert (without.novelty, without.nearest) == ([], [])
    assert "ovelty" not in screen(without) + mining_markdown(without)


def test_samples_are_drawn_by_the_seed_whatever_the_order() -> None:
    instructions, rejected = made()
    found = [report(seed=1), mining_report(instructions[::-1], rejected[::-1], {"one": GRID}, seed=1), report(seed=2)]
    assert found[0].samples == found[1].samples
    assert found[0].samples != found[2].samples
    assert len({row["instruction_id"] for row in found[0].samples}) == 20
    assert mining_markdown(found[0]) == mining_markdown(found[1])


def test_eighty_columns_are_enough_and_a_pipe_gets_plain_text() -> None:
    long = "an-expert-with-a-name-of-sixty-four-characters-as-long-as-allowed"[:64]
    rows = [
        kept(EVIL * 9, long, draw, rouge_l_max=0.5, nearest_reference="org/a-set:x/" + "y" * 200) for draw in range(30)
    ]
    tokens = {long: 123_456_789}
    shown = mining_report(rows, [], {long: GRID}, tokens=tokens, diversity=Diversity(30, 1, 1, 1, 1, 0.1, 0.1))
    text = screen(shown)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text


def test_mined_text_is_text() -> None:
    shown = mining_report([kept(EVIL, "one", 0, rouge_l_max=1.0, nearest_reference=EVIL)], [], {"one": GRID})
    stream = StringIO()
    print_mining_report(shown, Console(file=stream, width=200, force_terminal=True, color_system="truecolor"))
    text = stream.getvalue()
    assert "Sort [bold red]x[/] \N{REPLACEMENT CHARACTER}[31m| <b>y</b> **z** `c` :smile:" in text
    assert "\x1b[31m" not in text
    text.encode()
    markdown = mining_markdown(shown)
    assert r"Sort \[bold red\]x\[/\]" in markdown
    assert r"\| &lt;b&gt;y&lt;/b&gt; \*\*z\*\* \`c\` :smile:" in markdown
    assert "\n# Head" not in markdown
    rows = [line for line in markdown.splitlines() if "bold red" in line]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [4, 6]
    markdown.encode()


def test_a_system_prompt_is_text_too() -> None:
    grid = Grid(temperatures=[1.0], top_ps=[1.0], systems=["[b]Python[/b]", ""])
    shown = mining_report([kept("Do it.", "one", 0)], [], {"one": grid})
    assert "system 1: [b]Python[/b]\nsystem 2: (the model's own)\n" in screen(shown)
    assert "| 2 | the model's own |" in mining_markdown(shown)


def test_a_table_s_rows_have_the_columns_of_its_head() -> None:
    width = 0
    for line in mining_markdown(report(tokens={"one": 10})).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert cells in (0, width or cells)
        width = cells
    assert "#### Funnel" in mining_markdown(report(), level=3)


@pytest.mark.parametrize("length", [2, 5, 6, 100])
def test_an_excerpt_is_one_line_of_that_length_at_most(length: int) -> None:
    assert excerpt(" a\n\tbc  d ", length) == {2: "a…", 5: "a bc…", 6: "a bc d"}.get(length, "a bc d")


def test_an_arena_s_own_tables(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=40)
    recipe: Recipe = load_recipe(folder.recipe_path)
    grids = {expert.name: recipe.grid_of(expert) for expert in recipe.experts}
    shown = mining_report(folder.read_table("instructions"), folder.read_table("rejected"), grids, seed=recipe.seed)
    counts = folder.manifest()["counts"]
    assert shown.draws == counts["mine"]["draws"]
    assert shown.kept == counts["curate"]["kept"]
    assert sum(drop.dropped for drop in shown.funnel) == counts["mine"]["rejected"] + counts["curate"]["rejected"]
    assert sum(each.draws for each in shown.cells) == shown.draws
    assert max(map(len, screen(shown).splitlines())) <= 80


def test_the_spread_is_never_shown_without_what_measured_it() -> None:
    diversity = Diversity(30, 0.1, 0.1, 0.1, 0.1, 0.1, 0.25)
    shown = mining_report([], [], {"one": GRID}, diversity=diversity, embedding="TF-IDF: words, not meaning")
    for text in (" ".join(screen(shown).split()), mining_markdown(shown)):
        assert "embedding spread 0.25 (by TF-IDF: words, not meaning)." in text


def test_nothing_at_all() -> None:
    shown = mining_report([], [], {"one": GRID}, diversity=Diversity(0, None, None, None, None, None, None))
    assert "0 draws -> 0 kept" in screen(shown)
    assert "Too few instructions to say." in mining_markdown(shown)
    assert shown.findings == []
