"""The mining report of an arena folder: from its tables, its recipe and its manifest."""

from pathlib import Path

from warriorcoder.arena_folder import REPORTS, ArenaFolder
from warriorcoder.errors import ArenaError
from warriorcoder.pipelines.mining.diversity_measures import Diversity
from warriorcoder.pipelines.mining.mining_markdown import mining_markdown
from warriorcoder.pipelines.mining.mining_report import MiningReport, mining_report
from warriorcoder.recipe import load_recipe


def report_of(folder: ArenaFolder) -> MiningReport:
    """The report on an arena's instructions, or on why there is none.

    Raises ArenaError where mining brought something that the stage `curate` has not dealt with yet.
    """
    manifest = folder.manifest()
    mined = manifest.get("counts", {}).get("mine")
    curated = folder.has_table("instructions") and "diversity" in manifest
    if not curated and (mined is None or mined["kept"]):
        raise ArenaError(f"{folder.path}: there is no mining to report on: the stage `curate` has not run to its end.")
    recipe = load_recipe(folder.recipe_path)
    miners = recipe.experts if recipe.mining.per_expert else []
    measured = dict(manifest.get("diversity", {}))
    embedding = measured.pop("embedding", None)
    return mining_report(
        folder.read_table("instructions") if curated else [],
        folder.read_table("rejected"),
        {expert.name: recipe.grid_of(expert) for expert in miners},
        tokens={name: share["output_tokens"] for name, share in manifest.get("cost", {}).get("mine", {}).items()},
        diversity=Diversity(**measured) if measured else None,
        embedding=embedding,
        seed=recipe.seed,
    )


def write_mining_report(folder: ArenaFolder) -> Path:
    """Write the report as Markdown into the arena folder, and return its path. Raises ArenaError as `report_of`."""
    (path,) = (folder.path / name for name in REPORTS["curate"])
    folder.write_text(path, mining_markdown(report_of(folder), level=1))
    return path
