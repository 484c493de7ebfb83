"""`warrior check`: does an arena add up? Reads the folder, runs the rules, prints what they found."""

from typing import TYPE_CHECKING

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.check_rules import Arena, Finding, check_tables
from warriorcoder.errors import RecipeError
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import TABLES

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Finding", "check", "print_checks"]


def check(folder: ArenaFolder) -> list[Finding]:
    """Every check that applies to the arena, in order. Raises ArenaError where the manifest cannot be read.

    Where the recipe or a table is damaged, only that is reported: the arithmetic would have nothing to stand on.
    """
    manifest = folder.manifest()
    try:
        recipe = load_recipe(folder.recipe_path)
    except RecipeError as error:
        return [Finding("recipe", False, "a recipe.yaml that validates", str(error).splitlines()[0])]
    made_by = str(manifest.get("recipe_digest"))
    findings = [Finding("recipe digest", made_by == recipe.digest, f"that of recipe.yaml, {recipe.digest}", made_by)]
    read, tables = _read_tables(folder)
    findings += read
    if all(finding.ok for finding in read):
        splits = {name: folder.rows_by_split(name) for name in tables}
        findings += check_tables(Arena(manifest, recipe, tables, splits))
    return findings


def print_checks(results: list[Finding], console: "Console") -> bool:
    """Print the results as a table, failures spelled out below it; true where every check passed."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as Screen
    from rich.text import Text

    longest = max(len(finding.name) for finding in results)
    room = max(20, console.width - longest - 14)
    screen = Screen(box=SIMPLE_HEAD, pad_edge=False)
    for label in ("check", "result", "found"):
        screen.add_column(label, no_wrap=True)
    for finding in results:
        result = Text("ok", style="green") if finding.ok else Text("FAILED", style="bold red")
        found = Text(finding.found if finding.ok else "see below")
        found.truncate(room, overflow="ellipsis")
        screen.add_row(Text(finding.name), result, found)
    console.print(screen)
    failed = [finding for finding in results if not finding.ok]
    for finding in failed:
        console.print(Text(f"FAILED {finding.name}", style="bold red"))
        console.print(Text(f"  expected: {finding.expected}"), soft_wrap=True)
        console.print(Text(f"  found:    {finding.found}"), soft_wrap=True)
    console.print(Text(f"{len(results) - len(failed)} of {len(results)} checks passed."))
    return not failed


def _read_tables(folder: ArenaFolder) -> tuple[list[Finding], dict[str, list[Row]]]:
    import pyarrow.parquet as pq

    findings: list[Finding] = []
    tables: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        files = folder.table_files(name)
        if not files:
            continue
        declared = table.features.arrow_schema
        try:
            off = [file.name for file in files if not pq.read_schema(file).equals(declared)]
            found = f"{', '.join(off)} has other columns or types" if off else "as declared"
            if not off:
                tables[name] = folder.read_table(name)
        except (OSError, ValueError) as error:
            found = f"unreadable: {error}"
        columns = ", ".join(table.columns)
        findings.append(Finding(f"columns of {name}", found == "as declared", f"parquet with {columns}", found))
    return findings, tables
