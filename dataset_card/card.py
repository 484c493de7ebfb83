"""The dataset card: README.md and figures/*.png of an arena, from its manifest, its tables and its recipe only.

The same arena gives the same bytes. What people wrote into the card is kept (keeping.py).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warriorcoder.arena_folder import ArenaFolder, Row, count_by, write_atomically
from warriorcoder.dataset_card.figures import FIGURES, figures_of
from warriorcoder.dataset_card.keeping import merge_body, merge_front, split_front, split_parts
from warriorcoder.errors import ArenaError
from warriorcoder.ids import value_digest
from warriorcoder.local_models import LOCAL_MODELS, by_hub_id
from warriorcoder.markdown import code, inline, shortened
from warriorcoder.recipe import Recipe, load_recipe
from warriorcoder.recipe_mining import TextSource
from warriorcoder.summary import Cost, Expense, concerns, expenses, funnel, headline, judges, share, stages_done
from warriorcoder.tables import BANDS, SPLITS, STAGES, TABLES, LeftOut
from warriorcoder.wording import money

DEFAULT_TABLE = "kto"
TEST = SPLITS[1]
TAGS = ("code", "synthetic", "preference", "kto", "trl", "arena", "elo", "llm-as-a-judge", "warriorcoder")
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
"""The Hub's size categories with the number of rows that each stays below."""


def write_card(folder: ArenaFolder) -> Path:
    """Write README.md and the figures, and return README.md's path.

    Raises ArenaError for an old README.md whose YAML or markers are broken, and leaves it as it was;
    RecipeError for a recipe.yaml that does not validate.
    """
    path = folder.path / "README.md"
    old_front, old_body = split_front(_read(path))
    manifest = folder.manifest()
    recipe = load_recipe(folder.recipe_path)
    done = stages_done(folder, manifest)
    rows = {name: folder.table_rows(name) for name in _in_order(name for name in TABLES if folder.has_table(name))}

    figures = figures_of(folder, manifest, recipe.rating.start, done)
    front = merge_front(old_front, _front(folder, manifest, rows))
    facts = _facts(folder, manifest, recipe, done, rows) | {"figures": figures, "license": front.get("license")}
    body = merge_body(old_body, split_parts(_template().render(facts)))
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=100)

    for name in FIGURES:
        picture = folder.path / "figures" / f"{name}.png"
        if name in figures:
            write_atomically(picture, figures[name])
        else:
            picture.unlink(missing_ok=True)
    folder.write_text(path, f"---\n{head}---\n{body}")
    return path


def _read(path: Path) -> str:
    """The old card, or nothing."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ArenaError(f"{path}: cannot be read ({error}). Move it away, then run the command again.") from error


def _in_order(names: Any) -> list[str]:
    """The tables with the default one first, as the dataset viewer lists them."""
    return sorted(names, key=lambda name: (name != DEFAULT_TABLE, list(TABLES).index(name)))


def _front(folder: ArenaFolder, manifest: Mapping[str, Any], rows: Mapping[str, int]) -> dict[str, Any]:
    """The YAML that the Hub reads. An empty table gets no config, since `datasets` cannot load one."""
    front: dict[str, Any] = {
        "pretty_name": f"WarriorCoder arena {manifest['name']}",
        "language": ["en"],
        "task_categories": ["text-generation"],
        "size_categories": [_size(rows.get(DEFAULT_TABLE, 0))],
        "tags": list(TAGS),
        "configs": [_config(folder, name) for name in rows if rows[name]],
    }
    # Not guessed: who publishes knows what the experts' licences allow.
    return front | ({"license": manifest["license"]} if manifest.get("license") else {})


def _config(folder: ArenaFolder, name: str) -> dict[str, Any]:
    """A table's entry in `configs`.

    A table with a test split names the file of each split. One empty file fails the whole load, so a
    table that has one names the others. The digest of the rows is in the entry because `datasets` 5
    caches a local folder by its name and this entry alone: without it, an arena that was made again
    would go on showing its old rows.
    """
    files = folder.table_files(name)
    full = {split: f"{name}/{split}.parquet" for split, number in folder.rows_by_split(name).items() if number}
    data_files: Any = f"{name}/*.parquet" if len(full) == len(files) else list(full.values())
    if TEST in full:
        data_files = [{"split": split, "path": path} for split, path in full.items()]
    config: dict[str, Any] = {
        "config_name": name,
        "data_files": data_files,
        "description": f"rows {_digest(files)}",
    }
    return config | ({"default": True} if name == DEFAULT_TABLE else {})


def _digest(files: Iterable[Path]) -> str:
    return value_digest([hashlib.sha256(file.read_bytes()).hexdigest() for file in files])[:16]


def _size(rows: int) -> str:
    return next((name for below, name in SIZES if rows < below), "n>10M")


def _facts(
    folder: ArenaFolder, manifest: Mapping[str, Any], recipe: Recipe, done: list[str], rows: Mapping[str, int]
) -> dict[str, Any]:
    """Everything that the template says, as plain values."""
    name, version = manifest["name"], manifest.get("version")
    repo_id = (manifest.get("published", {}) if version else {}).get("repo_id", recipe.publish.repo_id)
    instructions = folder.read_table("instructions") if "curate" in done else []
    ratings = folder.read_table("ratings") if "rate" in done else []
    found = concerns(manifest, done)
    of_judges = [concern for concern in found if concern.name.startswith("judge_")]
    of_ratings = [concern for concern in found if ratings and concern.subject == "ratings"]
    return {
        "name": name,
        "version": f"v{version.removeprefix('v')}" if version else None,
        "place": repo_id or f"arenas/{name}",
        "published": repo_id is not None,
        "recipe": recipe,
        "recipe_digest": manifest.get("recipe_digest", ""),
        "waiting": [stage for stage in STAGES if stage not in done],
        "headline": headline(manifest["counts"], done) if done else [],
        "funnel": funnel(manifest["counts"], done) if done else [],
        "ratings": sorted(ratings, key=lambda row: (-row["elo"], row["model"])),
        "controlled": _controlled(recipe) if ratings else [],
        "effects": manifest.get("effects", {}).get("rate", []),
        "judges": judges(manifest, done),
        "below_floor": floor if (floor := manifest.get("judge_floor", {})).get("below") else None,
        "judge_concerns": of_judges,
        "rating_concerns": of_ratings,
        "other_concerns": [concern for concern in found if concern not in of_judges + of_ratings],
        "experts": _experts(manifest),
        "bands": [(band, count_by(instructions, "band").get(band, 0)) for band in BANDS] if instructions else [],
        "tasks": count_by(instructions, "task"),
        "languages": count_by(({"language": row["language"] or "none named"} for row in instructions), "language"),
        "reference_measured": any(row["rouge_l_max"] is not None for row in instructions),
        "rejected": _rejected(folder),
        "rows": rows,
        "splits": {name: folder.rows_by_split(name) for name in rows if TEST in folder.rows_by_split(name)},
        "left_out": _left_out(manifest["counts"]["build"]) if "build" in done else [],
        "mix": [*recipe.outcomes.mix.items(), *recipe.outcomes.task_mix.items()],
        "loadable": [table for table in rows if rows[table]],
        "tables": TABLES,
        "brought": ", ".join(manifest.get("sets", {}).get("mine", {})),
        "benchmarks": ", ".join(_shown_set(source) for source in recipe.curation.decontaminate),
        "private": _private(manifest.get("private", {})),
        "embedding": manifest.get("diversity", {}).get("embedding") if "curate" in done else None,
        "packages": manifest.get("packages", {}),
        "cost": Cost.of(expenses(manifest)),
        "expenses": expenses(manifest),
        "priced": any(each.dollars is not None for each in expenses(manifest)),
    }


def _experts(manifest: Mapping[str, Any]) -> list[dict[str, str]]:
    """What is known of each expert. A model given as a path is shown by its file name only."""
    rows = []
    for name, expert in sorted(manifest.get("experts", {}).items()):
        model = str(expert["model"])
        local = LOCAL_MODELS.get(model) or by_hub_id(model)
        rows.append(
            {
                "name": name,
                "kind": expert["kind"],
                "model": Path(model).name if model.endswith(".gguf") else model,
                "weights": shortened(expert["weights"] or "not known", 19),
                "template": _template_name(expert["template"]),
                "system": shortened(expert["system"]) if expert["system"] else "none",
                "licence": local.licence if local else "not known here; see the model's own page",
                "hub_id": local.hub_id if local else "",
            }
        )
    return rows


def _shown_set(source: str | TextSource) -> str:
    """A set of texts by its name; a file's path may tell of the machine it is on."""
    if isinstance(source, str):
        return Path(source).name if Path(source).exists() else source
    return source.hub or Path(source.path or "").name


def _private(by_stage: Mapping[str, Mapping[str, int]]) -> str:
    """How many findings of each kind all stages had, in words; nothing where there were none."""
    found = Counter[str]()
    for counts in by_stage.values():
        found.update(counts)
    shown = [f"{count:,} {kind.lower().replace('_', ' ')}" for kind, count in found.most_common() if count]
    return ", ".join(shown)


def _tokens_in(of: Expense | Cost) -> str:
    """The tokens of prompts, and how many answers nobody counted."""
    counted = [f"{of.input_tokens:,}"] if of.known else []
    return "; ".join(counted + ([f"{of.uncounted:,} answers uncounted"] if of.uncounted else []))


def _controlled(recipe: Recipe) -> list[str]:
    """What else the experts were rated beside, in words."""
    asked = (
        (recipe.rating.style, "the answers' style"),
        (recipe.rating.judge_effects, "the judges' preferences"),
    )
    return [words for wanted, words in asked if wanted]


_LEFT_OUT = {
    LeftOut.NOT_FOUGHT: "fought no battle",
    LeftOut.UNDECIDED: "without a verdict",
    LeftOut.UNBEATEN: "lost no battle and are not gold",
    LeftOut.WITHIN_MARGIN: "lost, and are too near gold",
    LeftOut.MIX: "on an instruction that the mix leaves out",
}


def _left_out(counts: Mapping[str, int]) -> list[tuple[int, str]]:
    """How many answers are in no training table, and why."""
    return [(counts[reason], words) for reason, words in _LEFT_OUT.items() if counts.get(reason)]


def _template_name(template: Any) -> str:
    return template if isinstance(template, str) else "literal, see recipe.yaml"


def _rejected(folder: ArenaFolder) -> list[tuple[str, str, int]]:
    """(stage, reason, rows), the stages in order and the most frequent reason first."""
    dropped: list[Row] = folder.read_table("rejected") if folder.has_table("rejected") else []
    counted = [
        (stage, reason, number)
        for stage in STAGES
        for reason, number in count_by((row for row in dropped if row["stage"] == stage), "reason").items()
    ]
    return sorted(counted, key=lambda row: (STAGES.index(row[0]), -row[2], row[1]))


def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=False,  # Markdown, not HTML; every foreign text goes through `inline` or `code`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"inline": inline, "code": code, "share": share, "money": money, "tokens_in": _tokens_in}
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["points"] = lambda value: f"{value:.0f}"
    environment.filters["signed"] = lambda value: f"{value:+.0f}"
    return environment.get_template("template.md.j2")
