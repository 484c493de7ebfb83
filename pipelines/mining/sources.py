"""The sets of texts that a recipe names, opened: references, benchmarks, instructions that are brought."""

from collections.abc import Sequence

from warriorcoder.pipelines.mining.benchmark_tasks import BenchmarkTask, read_tasks
from warriorcoder.pipelines.mining.text_sets import TextSet, open_set
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_mining import TextSource


def opened(source: str | TextSource, column: str | None = None) -> TextSet:
    """A set of texts; `column` is for a source that names none. Raises RecipeError where it cannot be read."""
    if isinstance(source, str):
        return open_set(source, column)
    return open_set(
        source.path or source.hub or "",
        source.column or column,
        kind="path" if source.path else "hub",
        config=source.config,
        split=source.split or "train",
        revision=source.revision,
        limit=source.limit,
    )


def tasks_of(sources: Sequence[str | TextSource]) -> list[BenchmarkTask]:
    """The tasks of the benchmarks to decontaminate against. Raises RecipeError where one cannot be read."""
    tasks = []
    for source in sources:
        if isinstance(source, str):
            tasks += read_tasks(source)
        else:
            tasks += read_tasks(
                source.path or source.hub or "",
                source.column,
                config=source.config,
                split=source.split or "test",
                revision=source.revision,
            )
    return tasks


def check_sources(recipe: Recipe) -> None:
    """Raises RecipeError where a set that the recipe names cannot be read."""
    for source in recipe.mining.brought:
        opened(source, recipe.mining.column)
    for source in recipe.curation.novelty.references:
        opened(source)
    tasks_of(recipe.curation.decontaminate)
