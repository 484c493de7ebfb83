"""The card: loads, is the same for the same arena, keeps people's words, and no foreign text breaks it."""

import shutil
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from markdown_it import MarkdownIt
from PIL import Image
from unit.arena_builder import amend_manifest, build_arena

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.dataset_card.card import write_card
from warriorcoder.dataset_card.figures import FIGURES, funnel_png, judges_png, novelty_png, ratings_png
from warriorcoder.dataset_card.keeping import split_front
from warriorcoder.errors import ArenaError
from warriorcoder.markdown import code, inline
from warriorcoder.recipe import load_recipe
from warriorcoder.summary import JudgeRow, Step
from warriorcoder.tables import STAGES, TABLES

CONTROLLED = {"controlled": 1012.0, "controlled_low": 990.0, "controlled_high": 1034.0}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    folder = build_arena(tmp_path_factory.mktemp("arenas") / "demo")
    write_card(folder)
    return folder


@pytest.fixture
def copy(demo: ArenaFolder, tmp_path: Path) -> ArenaFolder:
    """A copy with a card, for tests that change it."""
    shutil.copytree(demo.path, tmp_path / "demo")
    return ArenaFolder(tmp_path / "demo")


def card(folder: ArenaFolder) -> str:
    return (folder.path / "README.md").read_text(encoding="utf-8")


def bytes_of(folder: ArenaFolder) -> dict[str, bytes]:
    files = [folder.path / "README.md", *sorted((folder.path / "figures").iterdir())]
    return {file.name: file.read_bytes() for file in files}


# it loads


@pytest.mark.parametrize("experts", [2, 3])
def test_datasets_loads_every_config(tmp_path: Path, experts: int) -> None:
    from datasets import get_dataset_config_names, load_dataset, load_dataset_builder

    folder = build_arena(tmp_path / "demo", experts=experts, instructions=5)
    write_card(folder)
    path, cache = str(folder.path), str(tmp_path / "cache")
    names = get_dataset_config_names(path)
    assert names == ["kto", *(name for name in TABLES if name != "kto")]
    for name in names:
        load_dataset_builder(path, name, cache_dir=cache)
        loaded = load_dataset(path, name, cache_dir=cache)
        assert list(loaded) == ["train"]
        assert loaded["train"].features == TABLES[name].features
        assert loaded["train"].num_rows == folder.table_rows(name)
    assert load_dataset(path, cache_dir=cache)["train"].features == TABLES["kto"].features


def test_an_arena_made_again_shows_its_new_rows_and_not_the_cached_ones(tmp_path: Path) -> None:
    from datasets import load_dataset

    folder, cache = build_arena(tmp_path / "demo", instructions=4), str(tmp_path / "cache")
    write_card(folder)
    before = load_dataset(str(folder.path), "sft", cache_dir=cache)["train"]
    rows = folder.read_table("sft")
    rows[0]["final_score"] += 0.125
    folder.write_stage("build", {name: folder.read_table(name) for name in ("kto", "preference")} | {"sft": rows})
    write_card(folder)
    after = load_dataset(str(folder.path), "sft", cache_dir=cache)["train"]
    assert after[0]["final_score"] == before[0]["final_score"] + 0.125


def test_an_empty_table_gets_no_config_and_the_card_says_so(tmp_path: Path) -> None:
    from datasets import load_dataset

    folder = build_arena(tmp_path / "demo", instructions=4)
    folder.write_stage("build", {"kto": [], "sft": folder.read_table("sft"), "preference": []})
    write_card(folder)
    front, body = split_front(card(folder))
    assert {"kto", "preference"}.isdisjoint(config["config_name"] for config in front["configs"])
    assert "Empty here, and so without a config: `kto`, `preference`." in body
    assert load_dataset(str(folder.path), "sft", cache_dir=str(tmp_path / "cache"))["train"].num_rows == 4


def test_a_test_split_is_loaded_beside_the_other(tmp_path: Path) -> None:
    from datasets import load_dataset

    folder, cache = build_arena(tmp_path / "demo", instructions=6), str(tmp_path / "cache")
    tables = {name: folder.read_table(name) for name in ("kto", "sft", "preference")}
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows[1:], TABLES[name].features.arrow_schema), folder.table_files(name)[0])
        test = folder.path / name / "test.parquet"
        pq.write_table(pa.Table.from_pylist(rows[:1], TABLES[name].features.arrow_schema), test)
    write_card(folder)
    assert "`test` beside `train`" in card(folder)
    for name, rows in tables.items():
        loaded = load_dataset(str(folder.path), name, cache_dir=cache)
        assert {split: len(loaded[split]) for split in loaded} == {"train": len(rows) - 1, "test": 1}
        assert loaded["test"][0] == rows[0]
        streamed = load_dataset(str(folder.path), name, split="test", streaming=True)
        assert list(streamed) == rows[:1]


def test_kto_is_the_default_and_there_is_no_licence_that_nobody_gave(demo: ArenaFolder) -> None:
    front, body = split_front(card(demo))
    kto = front["configs"][0]
    assert kto["config_name"] == "kto"
    assert kto["data_files"] == "kto/*.parquet"
    assert kto["default"] is True
    assert front["size_categories"] == ["n<1K"]
    assert "license" not in front
    assert "No licence is set yet." in body


# it says what the tables say


def test_the_numbers_are_those_of_the_manifest_and_the_tables(demo: ArenaFolder) -> None:
    body, manifest = card(demo), demo.manifest()
    judged = manifest["counts"]["judge"]
    asked = judged["votes"] + judged["missing"]
    assert f"| judge | votes asked for | {asked} | {judged['votes']} | {judged['missing']} missing |" in body
    for row in demo.read_table("ratings"):
        assert f"| `{row['model']}` | {row['elo']:.0f} | {row['elo_low']:.0f} to {row['elo_high']:.0f} |" in body
    for name, table in TABLES.items():
        assert f"<b>{name}</b>: {demo.table_rows(name)} rows" in body
        assert all(f"| `{column}` | {inline(meaning)} |" in body for column, meaning in table.meanings.items())
    judged, rated = body.index("## Judges"), body.index("## Ratings")
    assert body.index(f"**Warning** gemma3: {manifest['findings']['rate'][0]['message']}") > judged > rated
    assert manifest["recipe_digest"] in body
    assert "Gemma Terms of Use" in body


def test_the_snippet_names_the_repository_where_there_is_one(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "somewhere", instructions=3)
    write_card(folder)
    assert 'load_dataset("arenas/demo", "kto")' in card(folder)
    assert str(tmp_path) not in card(folder)
    published = build_arena(tmp_path / "published", instructions=3, repo_id="ada/arena")
    published.update_manifest({"version": "1.2.0"})
    write_card(published)
    assert 'load_dataset("ada/arena", "kto", revision="v1.2.0")' in card(published)


def test_bias_terms_are_shown_where_the_recipe_asks_for_them(copy: ArenaFolder) -> None:
    assert "Once more with terms" not in card(copy)
    recipe = load_recipe(copy.recipe_path, ["rating.style=true", "rating.judge_effects=true"])
    copy.write_text(copy.recipe_path, recipe.to_yaml())
    table, counts = copy.read_table("ratings"), copy.manifest()["counts"]
    copy.write_stage(
        "rate", {"battles": copy.read_table("battles"), "ratings": [{**row, **CONTROLLED} for row in table]}
    )
    copy.update_manifest({"counts": {"rate": counts["rate"]}})
    length = {"kind": "style", "subject": "length", "points": 30.4, "low": 11.0, "high": 49.9, "votes": 60}
    first = {"kind": "position", "subject": "gemma3", "points": 0.0, "low": 0.0, "high": 0.0, "votes": 0}
    amend_manifest(copy, {"effects": {"rate": [{**length, "identified": True}, {**first, "identified": False}]}})
    write_card(copy)
    body = card(copy)
    assert "Once more with terms for the answers' style and the judges' preferences, on single votes:" in body
    assert all(f"| `{row['model']}` | {row['bradley_terry']:.0f} | 1012 | 990 to 1034 |" in body for row in table)
    assert "| style | length | +30 | +11 to +50 | 60 |" in body
    assert "| position | `gemma3` | cannot be told |  | 0 |" in body


def test_judges_below_the_floor_are_named_with_what_they_change(copy: ArenaFolder) -> None:
    assert "Below the floor" not in card(copy)
    moved = {"model": "smollm2", "elo": 1010.2, "rank": 1, "without": 980.0, "rank_without": 2}
    unrated = {"model": "gemma3", "elo": 990.0, "rank": 2, "without": None, "rank_without": None}
    floor = {"below": ["gemma3"], "below_floor": "leave_out", "ratings": [moved, unrated]}
    amend_manifest(copy, {"judge_floor": floor})
    write_card(copy)
    body = card(copy)
    assert "Below the floor that the recipe sets for judges: `gemma3`. Their votes\nare in the table but do not" in body
    assert "| `smollm2` | 1010 | 1 | 980 | 2 |" in body
    assert "| `gemma3` | 990 | 2 | – | – |" in body


def test_a_warning_about_the_ratings_stands_with_them(copy: ArenaFolder) -> None:
    finding = {"name": "few_battles", "subject": "ratings", "message": "fewer than 30 decided battles"}
    amend_manifest(copy, {"findings": {"rate": [finding]}})
    write_card(copy)
    body = card(copy)
    assert body.index("## Ratings") < body.index("> **Warning** ratings: fewer than 30") < body.index("## Judges")


def test_a_model_s_path_on_this_machine_does_not_get_in(copy: ArenaFolder) -> None:
    amend_manifest(copy, {"experts": {"gemma3": {"model": "/home/ada/models/tiny.gguf"}}})
    write_card(copy)
    assert "`tiny.gguf`" in card(copy)
    assert "/home/ada" not in card(copy)


@pytest.mark.parametrize("stage", STAGES)
def test_an_unfinished_arena_has_a_card_with_what_there_is(tmp_path: Path, stage: str) -> None:
    folder = build_arena(tmp_path / "demo", instructions=4, through=stage)
    write_card(folder)
    text = card(folder)
    assert ("This arena is not finished" in text) == (stage != "build")
    assert ("## Ratings" in text) == (stage in ("rate", "build"))
    for name in FIGURES:
        assert (folder.path / "figures" / f"{name}.png").exists() == (f"figures/{name}.png" in text)


def test_a_figure_goes_when_its_stage_is_gone(copy: ArenaFolder) -> None:
    own = copy.path / "figures" / "mine.png"
    own.write_bytes(b"a person's own")
    copy.write_stage("curate", {"instructions": copy.read_table("instructions")[:-1]})
    write_card(copy)
    assert sorted(file.name for file in (copy.path / "figures").iterdir()) == ["funnel.png", "mine.png"]
    assert "## Ratings" not in card(copy)


# it is the same for the same arena


def test_the_same_arena_gives_the_same_bytes(demo: ArenaFolder, tmp_path: Path) -> None:
    again = build_arena(tmp_path / "elsewhere")
    write_card(again)
    assert bytes_of(again) == bytes_of(demo)
    write_card(again)
    assert bytes_of(again) == bytes_of(demo)


# it keeps what people wrote


def test_people_s_sections_and_yaml_survive(copy: ArenaFolder) -> None:
    front, body = split_front(card(copy))
    front |= {"license": "apache-2.0", "language": ["en", "de"], "annotations_creators": ["machine-generated"]}
    front["tags"] = ["rust", *front["tags"]]
    front["configs"].append({"config_name": "human", "data_files": "human/*.csv"})
    head, limits = body.split("<!-- warriorcoder: limits -->")
    edited = f"{head}## Who made this\n\nAda, in a night.\n\n<!-- warriorcoder: limits -->{limits}\nThe end.\n"
    edited = edited.replace("## Judges", "## Judges that I renamed")
    (copy.path / "README.md").write_text(f"---\n{yaml.safe_dump(front)}---\n{edited}", encoding="utf-8")

    write_card(copy)

    new_front, new_body = split_front(card(copy))
    assert new_front["license"] == "apache-2.0"
    assert new_front["language"] == ["en", "de"]
    assert new_front["annotations_creators"] == ["machine-generated"]
    assert new_front["tags"][0] == "rust"
    assert new_front["configs"][-1] == {"config_name": "human", "data_files": "human/*.csv"}
    assert len(new_front["configs"]) == len(TABLES) + 1
    assert "This dataset: apache-2.0." in new_body
    assert (
        new_body.index("## Licences")
        < new_body.index("## Who made this\n\nAda, in a night.")
        < new_body.index("## Limits")
    )
    assert new_body.endswith("\nThe end.\n")
    assert "that I renamed" not in new_body
    first = card(copy)
    write_card(copy)
    assert card(copy) == first


def test_a_card_that_a_person_began_is_kept_whole(tmp_path: Path) -> None:
    folder = build_arena(tmp_path / "demo", instructions=3)
    (folder.path / "README.md").write_text("# My arena\n\nA story.\n", encoding="utf-8")
    write_card(folder)
    assert card(folder).endswith("\n# My arena\n\nA story.\n")
    assert "## Ratings" in card(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("size_categories:\n", "size_categories: [\n", "YAML head cannot be read"),
        ("tags:\n- code", "tags: code\nmore:\n- code", "`tags` in its YAML head"),
        ("<!-- /warriorcoder: judges -->\n", "", "<!-- warriorcoder: judges -->"),
    ],
)
def test_a_broken_card_is_refused_and_left_alone(copy: ArenaFolder, old: str, new: str, message: str) -> None:
    broken = card(copy).replace(old, new, 1)
    assert broken != card(copy)
    (copy.path / "README.md").write_text(broken, encoding="utf-8")
    with pytest.raises(ArenaError, match=message):
        write_card(copy)
    assert card(copy) == broken


# no foreign text breaks it

NASTY = (
    "a | b\n\n# Heading\n<!-- /warriorcoder: judges -->\n```\n"
    "<script>alert(1)</script> [x](http://x) **b** $x$ &lt; _y_"
)


def test_foreign_text_stays_text(copy: ArenaFolder) -> None:
    finding = {"name": "judge_odd", "subject": "gemma3", "message": NASTY}
    other = {"name": "low_diversity", "subject": "gemma3", "message": NASTY}
    amend_manifest(
        copy, {"findings": {"rate": [finding, other]}, "experts": {"gemma3": {"system": NASTY, "model": NASTY}}}
    )
    before = _headings(card(copy))
    write_card(copy)
    assert _headings(card(copy)) == before
    html = MarkdownIt("commonmark").enable("table").render(split_front(card(copy))[1])
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)" in html
    assert '<a href="http://x">' not in html
    first = card(copy)
    write_card(copy)
    assert card(copy) == first


def _headings(text: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(split_front(text)[1])
    return [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]


def test_every_table_of_the_card_has_rows_of_one_width(demo: ArenaFolder, copy: ArenaFolder) -> None:
    amend_manifest(copy, {"experts": {"gemma3": {"system": NASTY, "model": NASTY}}})
    write_card(copy)
    tokens = MarkdownIt("commonmark").enable("table").parse(split_front(card(copy))[1])
    assert sum(token.type == "table_open" for token in tokens) == 8 + len(TABLES)
    cells = [token.content for token in tokens if token.type == "inline"]
    assert not any(cell.startswith("|") for cell in cells)
    assert " ".join(NASTY.split())[:40].split(" # ")[0] in "".join(cells).replace("\\", "")


@pytest.mark.parametrize("text", ["snake_case", "a-b.c/d:e", "50 % of x"])
def test_plain_text_is_left_as_it_is(text: str) -> None:
    assert inline(text) == text


def test_code_holds_only_what_is_safe_in_a_cell() -> None:
    assert code("Qwen/Qwen2.5-Coder-7B") == "`Qwen/Qwen2.5-Coder-7B`"
    assert code("a|`b`") == "a\\|\\`b\\`"


# figures


def size(png: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(png)).size


def test_figures_grow_with_their_rows_and_keep_their_width() -> None:
    judges = [JudgeRow(f"judge-{i}", 10, 0, 1, i % 10, 5, 3) for i in range(12)]
    few, many = judges_png(judges[:2]), judges_png(judges)
    assert size(few)[0] == size(many)[0] == 1200
    assert size(many)[1] > 2 * size(few)[1]


def rating(model: str, points: float, low: float, high: float) -> Row:
    kinds = ("elo", "bradley_terry")
    return {"model": model} | {
        f"{kind}{end}": value for kind in kinds for end, value in (("", points), ("_low", low), ("_high", high))
    }


def test_figures_of_extreme_numbers_are_drawn() -> None:
    assert size(funnel_png([Step("mine", "draws", 0, 0, "rejected"), Step("curate", "x", 10**9, 1, "rejected")]))
    row = rating("alone", 1000.0, 1000.0, 1000.0)
    assert size(ratings_png([row], 1000.0))


def test_a_figure_shows_its_numbers() -> None:
    """Another number is another picture: nothing is drawn from elsewhere."""
    row = rating("one", 1000.0, 900.0, 1100.0)
    assert ratings_png([row], 1000.0) != ratings_png([row | {"elo": 1010.0}], 1000.0)
    assert ratings_png([row], 1000.0) != ratings_png([row | {"elo_low": 910.0}], 1000.0)
    assert ratings_png([row], 1000.0) != ratings_png([row | {"bradley_terry_high": 1090.0}], 1000.0)
    assert len({novelty_png([0.1, 0.2], []), novelty_png([0.1, 0.3], []), novelty_png([0.1, 0.2], [0.2])}) == 3
    assert novelty_png([0.1, 0.2], []) == novelty_png([0.2, 0.1], [])
    assert judges_png([JudgeRow("j", 10, 0, 0, 5, 5, 5)]) != judges_png([JudgeRow("j", 10, 0, 0, 6, 5, 5)])


def test_the_cost_is_a_row_a_stage_and_an_expert(copy: ArenaFolder) -> None:
    mine = copy.manifest()["cost"]["mine"]
    uncounted = {"input_tokens": 0, "output_tokens": 0, "unmetered": mine["gemma3"]["calls"]}
    amend_manifest(copy, {"cost": {"mine": {"gemma3": uncounted, "smollm2": {"unmetered": 2, "dollars": 0.25}}}})
    write_card(copy)
    text = card(copy)
    share = mine["smollm2"]
    assert (
        f"| mine | `smollm2` | {share['calls']} | {share['input_tokens']:,}; 2 answers uncounted | "
        f"{share['output_tokens']:,} | $0.25 |\n"
    ) in text
    calls = mine["gemma3"]["calls"]
    assert f"| mine | `gemma3` | {calls} | {calls} answers uncounted |  | no price |\n" in text
    assert f"{calls + 2} answers uncounted" in text.partition("| **in all** |")[2].partition("\n")[0]
    assert "neither their endpoint nor a tokenizer" in text


def test_a_cost_that_nobody_priced_has_no_dollars(copy: ArenaFolder) -> None:
    costs = copy.manifest()["cost"]
    amend_manifest(
        copy, {"cost": {stage: {name: {"dollars": None} for name in shares} for stage, shares in costs.items()}}
    )
    write_card(copy)
    assert "| Stage | Expert | Calls | Tokens in | Tokens out |\n|---|---|---:|---:|---:|\n" in card(copy)
    assert "no price" not in card(copy)
