"""What an arena has cost over all its runs, by its journal: more than its tables, where some were made anew."""

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import WarriorError
from warriorcoder.pipelines.endpoints.budget import Purse
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.recipe import load_recipe
from warriorcoder.summary import Cost, Expense


def spent_over_all_runs(folder: ArenaFolder) -> Cost | None:
    """The journal's totals at the recipe's prices; None without a journal, which a published arena has not.

    Experts that are no longer in the recipe have no price.
    """
    if not folder.journal_path.exists():
        return None
    try:
        recipe = load_recipe(folder.recipe_path)
        with Journal(folder.journal_path) as journal:
            totals = journal.spent()
    except WarriorError:
        # A report shows what there is: a journal that cannot be read takes nothing from the tables.
        return None
    purse = Purse(recipe)
    priced = {expert.name for expert in recipe.experts if expert.price}
    return Cost.of(
        Expense(
            stage,
            expert,
            spent.calls,
            spent.input_tokens,
            spent.output_tokens,
            spent.unmetered,
            purse.dollars(expert, spent.input_tokens, spent.output_tokens) if expert in priced else None,
        )
        for (stage, expert), spent in totals.items()
    )
