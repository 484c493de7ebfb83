"""The command line. Every command imports what it needs when it runs, so that `--help` is instant."""

import sys
from pathlib import Path
from typing import Any

import click

from warriorcoder import __version__
from warriorcoder.cli_eval import evaluation
from warriorcoder.errors import ArenaError, CheckFailed, WarriorError


class _Commands(click.Group):
    """A group that prints a user's mistake as one message, and lists commands in the order of the work."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except WarriorError as error:
            click.echo(f"warrior: {error}", err=True)
            sys.exit(error.exit_code)


ARENA = click.argument("arena", type=click.Path(path_type=Path))
RECIPE = click.argument("recipe", type=click.Path(path_type=Path))
SET = click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the recipe, as often as you like: --set mining.per_expert=500.",
)
INTO = click.option(
    "--into",
    type=click.Path(path_type=Path),
    help="The arena folder.  [default: arenas/NAME, by the recipe's name]",
)


def _ray_address(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    from warriorcoder.pipelines.on_ray.address import read_address

    return None if value is None else read_address(value)


RAY = click.option(
    "--ray",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    callback=_ray_address,
    help="Run on Ray: on a cluster that this machine belongs to (its head's HOST:PORT, or auto), or, without an "
    "ADDRESS, on a Ray of its own that ends with the run.",
)
UNSAFE = click.option(
    "--unsafe-no-sandbox",
    "unsafe",
    is_flag=True,
    help="Where no sandbox can be had: the execution judge runs the answers' code with limits alone.",
)
QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress, only the result.")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="warrior")
def main() -> None:
    """Make preference data out of battles between code models.

    Expert models bring instructions mined out of themselves, fight on them, and are judged by those
    who did not fight. The winners and losers become a dataset to train on.

    \b
    Begin with the demo, on two small models on this machine:
      warrior run pipelines/recipes/demo.yaml
    Everything that a run makes lies in one folder, the arena:
      warrior report arenas/demo
    """


def _running_command(name: str, part: str, help_text: str) -> None:
    """`run` and `mine`: the commands that begin with a recipe."""

    @main.command(name, help=help_text)
    @RECIPE
    @INTO
    @SET
    @RAY
    @QUIET
    def command(
        recipe: Path,
        into: Path | None,
        overrides: tuple[str, ...],
        ray: str | None,
        quiet: bool,
        unsafe: bool = False,
    ) -> None:
        from warriorcoder.recipe import load_recipe

        loaded = load_recipe(recipe, list(overrides))
        _work(loaded, into or Path("arenas") / loaded.name, part, quiet, ray, unsafe)

    if part == "run":
        UNSAFE(command)


def _continuing_command(name: str, help_text: str) -> None:
    """`rate` and `build`: the commands that begin with an arena and ask nobody."""

    @main.command(name, help=help_text)
    @ARENA
    @SET
    @QUIET
    def command(arena: Path, overrides: tuple[str, ...], quiet: bool) -> None:
        _go_on(arena, overrides, name, quiet)


@main.command()
@RECIPE
@INTO
@SET
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for programs.")
@QUIET
def doctor(recipe: Path, into: Path | None, overrides: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Examine every endpoint of a RECIPE before a run: a few dozen calls.

    Is it reachable, is the key accepted, the model served, raw completion raw, the prefix right, the
    usage reported, the judge able to judge, and how fast is it? Exit code 1 where a run would fail.

    \b
      warrior doctor pipelines/recipes/demo.yaml
      warrior doctor my.yaml --json | jq .would_fail
    """
    import json

    from rich.console import Console

    from warriorcoder.pipelines.doctor.examine import examine
    from warriorcoder.pipelines.doctor.screen import DoctorScreen
    from warriorcoder.pipelines.doctor.table import print_doctor
    from warriorcoder.recipe import load_recipe

    loaded = load_recipe(recipe, list(overrides))
    with DoctorScreen(Console(stderr=True), quiet=quiet) as screen:
        found = examine(loaded, into or Path("arenas") / loaded.name, screen.tell)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
    else:
        print_doctor(found, Console())
    if found.would_fail:
        raise CheckFailed(f"{recipe}: a run of this recipe would fail; mend what is red, then ask the doctor again.")


@main.command()
@RECIPE
@INTO
@SET
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, for programs.")
def estimate(recipe: Path, into: Path | None, overrides: tuple[str, ...], as_json: bool) -> None:
    """Say what a run of a RECIPE would still cost: calls, tokens, dollars and time. Nothing is asked.

    What the arena's journal holds already costs nothing more. Time, and how long answers are, come from
    what the arena has measured, else from `warrior doctor`.

    \b
      warrior estimate my.yaml
      warrior estimate my.yaml --set mining.per_expert=500
    """
    import json

    from rich.console import Console

    from warriorcoder.pipelines.estimate import estimate as find
    from warriorcoder.pipelines.estimating.show import print_estimate, to_json
    from warriorcoder.recipe import load_recipe

    loaded = load_recipe(recipe, list(overrides))
    found = find(loaded, into or Path("arenas") / loaded.name)
    if as_json:
        click.echo(json.dumps(to_json(found, str(recipe)), indent=2, ensure_ascii=False))
    else:
        print_estimate(found, Console(), str(recipe))


_running_command(
    "run",
    "run",
    """Run all stages of a RECIPE: mine, curate, answer, judge, rate, build, and write the card.

    A run that was stopped, by Ctrl-C or by a power cut, goes on with the same command: every answer
    is in the arena's journal before it is used, and nothing is asked twice.

    \b
      warrior run pipelines/recipes/demo.yaml
      warrior run my.yaml --into arenas/try --set mining.per_expert=20
      warrior run my.yaml --into /nfs/arenas/my --ray auto
    """,
)
_running_command("mine", "mine", "Mine and curate instructions by a RECIPE, and stop before the battles.")


@main.command()
@ARENA
@SET
@RAY
@UNSAFE
@QUIET
def battle(arena: Path, overrides: tuple[str, ...], ray: str | None, unsafe: bool, quiet: bool) -> None:
    """Have the experts answer an ARENA's instructions, and judge every battle."""
    _go_on(arena, overrides, "battle", quiet, ray, unsafe)


_continuing_command(
    "rate",
    """Rate the experts from an ARENA's votes. No endpoint is asked.

    \b
      warrior rate arenas/demo --set rating.k=20
    """,
)
_continuing_command("build", "Build the training tables kto, sft and preference of an ARENA, and its card.")


def _go_on(
    arena: Path, overrides: tuple[str, ...], part: str, quiet: bool, ray: str | None = None, unsafe: bool = False
) -> None:
    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.recipe import load_recipe

    folder = ArenaFolder.open(arena)
    _work(load_recipe(folder.recipe_path, list(overrides)), arena, part, quiet, ray, unsafe)


def _work(recipe: Any, path: Path, part: str, quiet: bool, ray: str | None, unsafe: bool) -> None:
    from rich.console import Console

    from warriorcoder.pipelines.estimating.projection import Projection
    from warriorcoder.pipelines.run import run_part
    from warriorcoder.pipelines.screen import Screen

    if unsafe and recipe.battles.execution_weight is not None:
        _note("code that models wrote is run without a sandbox: it can read your files and write where you may")
    with Screen(Console(stderr=True), Projection(recipe, path, part), quiet=quiet) as screen:
        folder = run_part(recipe, path, part, screen.show, ray, unsafe_no_sandbox=unsafe)
    from warriorcoder.dataset_card.card import write_card
    from warriorcoder.pipelines.spending import spent_over_all_runs
    from warriorcoder.report import print_report

    # Whatever the part was: a stage that changed its tables has dropped later ones, which the old card would name.
    write_card(folder)
    if part in ("run", "mine"):
        from warriorcoder.pipelines.mining.reporting import write_mining_report

        write_mining_report(folder)
    if part == "mine":
        _print_mining(folder)
    print_report(folder, Console(), spent_over_all_runs(folder))


def _print_mining(folder: Any) -> None:
    from rich.console import Console

    from warriorcoder.pipelines.mining.mining_screen import print_mining_report
    from warriorcoder.pipelines.mining.reporting import report_of

    print_mining_report(report_of(folder), Console())


def _write_page(folder: Any, path: Path | None) -> None:
    from warriorcoder.dataset_card.page.writing import page_path, write_page
    from warriorcoder.wording import size

    written = write_page(folder, path or page_path(folder))
    of_all = "" if written.shown == written.battles else f" of {written.battles:,}"
    click.echo(f"{written.path}: {size(written.size)}, {written.shown:,}{of_all} battles. Open it in a browser.")


@main.command()
@ARENA
@click.option("--mining", is_flag=True, help="what was mined instead: yields, tasks, novelty, samples")
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    is_flag=False,
    flag_value=Path(),
    metavar="[FILE]",
    help="Write it as one page with a browser of the battles, into FILE, or without one into the arena's .work/, "
    "which is never published.",
)
def report(arena: Path, mining: bool, html: Path | None) -> None:
    """Show an ARENA: the funnel, the ratings, how the judges judged, the cost.

    \b
      warrior report arenas/demo
      warrior report arenas/demo --html
    """
    from rich.console import Console

    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.spending import spent_over_all_runs
    from warriorcoder.report import print_report

    folder = ArenaFolder.open(arena)
    if html is not None:
        _write_page(folder, None if html == Path() else html)
    elif mining:
        _print_mining(folder)
    else:
        print_report(folder, Console(), spent_over_all_runs(folder))


@main.command()
@ARENA
def audit(arena: Path) -> None:
    """Audit the judges of an ARENA: consistency, leanings, agreement, and the ratings without those below the floor.

    Nobody is asked. Writes audit.md, audit.json and a figure into the arena folder.

    \b
      warrior audit arenas/demo
    """
    from rich.console import Console

    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.battles.audit.report import audit_of
    from warriorcoder.pipelines.battles.audit.screen import print_audit
    from warriorcoder.pipelines.battles.audit.writing import write_audit

    folder = ArenaFolder.open(arena)
    found = audit_of(folder)
    print_audit(found, Console())
    for path in write_audit(found, folder):
        click.echo(path)


@main.command()
@ARENA
@QUIET
def ablate(arena: Path, quiet: bool) -> None:
    """Say how an ARENA's ranks, gold answers and labels hang on each choice of the method. Nobody is asked.

    Varies Elo's start value, K and alpha, the order of the battles, the rating, the judges one by one, and the
    order in which answers were shown. Writes ablation.json and a figure into the arena folder.

    \b
      warrior ablate arenas/demo
    """
    from rich.console import Console

    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.battles.ablation.running import ablate as vary
    from warriorcoder.pipelines.battles.ablation.showing import print_ablation, write_ablation

    folder = ArenaFolder.open(arena)
    found = vary(folder, lambda axis: None if quiet else _note(f"varying {axis}"))
    print_ablation(found, Console())
    for path in write_ablation(found, folder):
        click.echo(path)


@main.command()
@click.option("--experts", type=click.IntRange(2, 50), default=5, show_default=True, help="How many fight.")
@click.option("--instructions", type=click.IntRange(min=1), default=200, show_default=True, help="They answer.")
@click.option("--judges", type=click.IntRange(1, 20), default=3, show_default=True, help="Of a panel outside.")
@click.option(
    "--panel",
    type=click.Choice(["outside", "uninvolved", "contestants"]),
    default="outside",
    show_default=True,
    help="Judges from outside, experts where they do not fight, or experts everywhere.",
)
@click.option("--spread", type=click.FloatRange(min=0), default=100.0, show_default=True, help="Of skills, Elo points.")
@click.option("--noise", type=click.FloatRange(min=0), default=1.0, show_default=True, help="Of a vote, logits.")
@click.option("--position-bias", type=float, default=0.5, show_default=True, help="To the first answer, logits.")
@click.option("--self-preference", type=float, default=1.0, show_default=True, help="Of the first judge, logits.")
@click.option("--length-preference", type=float, default=0.0, show_default=True, help="To long answers, logits.")
@click.option("--missing", type=click.FloatRange(0, 1, max_open=True), default=0.05, show_default=True, help="A share.")
@click.option("--lazy", type=click.IntRange(min=0), default=0, show_default=True, help="Judges that say: the first.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=20, show_default=True, help="Arenas to draw.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="They are drawn from it.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("outputs/simulation"),
    show_default=True,
    help="The folder for the figure and the numbers.",
)
@QUIET
def simulate(seeds: int, seed: int, out: Path, quiet: bool, **setting: Any) -> None:
    """Simulate arenas whose truth is known: what each way to pair, to judge and to rate finds of it.

    Nobody is asked. Says what win rates, Elo and Bradley-Terry recover at which budget of judge calls, what
    the judges' faults do and what each remedy leaves of them, and where Elo fails.

    \b
      warrior simulate
      warrior simulate --experts 8 --instructions 50 --self-preference 2 --out outputs/kin
    """
    from rich.console import Console

    from warriorcoder.pipelines.battles.simulation.running import simulate as run
    from warriorcoder.pipelines.battles.simulation.showing import print_simulation, write_simulation
    from warriorcoder.pipelines.battles.simulation.world import Setting

    found = run(Setting(**setting), seeds, seed, lambda what: None if quiet else _note(what))
    print_simulation(found, Console())
    for path in write_simulation(found, out):
        click.echo(path)


@main.command()
@ARENA
def check(arena: Path) -> None:
    """Prove that an ARENA's counts add up. Exit code 1 where they do not."""
    from rich.console import Console

    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.check import check as find
    from warriorcoder.check import print_checks

    if not print_checks(find(ArenaFolder.open(arena)), Console()):
        raise CheckFailed(f"{arena}: the arena does not add up; run its recipe again, which asks nobody twice.")


@main.command()
@ARENA
def card(arena: Path) -> None:
    """Write the dataset card of an ARENA, README.md and figures. Your own sections in it stay."""
    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.dataset_card.card import write_card

    click.echo(write_card(ArenaFolder.open(arena)))


@main.command()
@ARENA
@click.option("--to", "repo_id", metavar="USER/NAME", help="The dataset.  [default: the recipe's publish.repo_id]")
@click.option("--version", metavar="vX.Y.Z", help="Its version.  [default: the next one, by what has changed]")
@click.option("--private/--public", default=None, help="Who may see it.  [default: the recipe's publish.private]")
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be sent, and change nothing.")
@QUIET
def publish(
    arena: Path, repo_id: str | None, version: str | None, private: bool | None, dry_run: bool, quiet: bool
) -> None:
    """Publish an ARENA on the Hugging Face Hub: one commit and one tag a version.

    Counts, licence, secrets, private data and the card are checked first. A publishing that broke off goes on with
    the same command; an arena that is published already stays as it is. The token is that of `hf auth login`, or
    HF_TOKEN.

    \b
      warrior publish arenas/demo --to me/demo --dry-run
      warrior publish arenas/demo --to me/demo
      warrior publish arenas/demo --version v2.0.0
    """
    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.dataset_card.card import write_card
    from warriorcoder.pipelines.hub.publish import publish as to_hub
    from warriorcoder.recipe import load_recipe

    folder = ArenaFolder.open(arena)
    wanted = load_recipe(folder.recipe_path).publish
    place = repo_id or wanted.repo_id
    if place is None:
        raise click.UsageError("Where to? Give --to USER/NAME; the recipe has no publish.repo_id.")
    tell = (lambda text: None) if quiet else _note
    hidden = wanted.private if private is None else private
    done = to_hub(folder, place, write_card, tell, version=version, private=hidden, dry_run=dry_run)
    if done.commit:
        click.echo(
            f"{place}@{done.version} {'is published' if done.changed else 'was published already'}: {done.commit}"
        )


@main.command()
@click.argument("address", metavar="USER/NAME@VERSION")
@click.option("--into", type=click.Path(path_type=Path), help="The arena folder.  [default: arenas/NAME]")
@QUIET
def pull(address: str, into: Path | None, quiet: bool) -> None:
    """Fetch a published version from the Hugging Face Hub as an arena folder.

    It is complete or not there: a pull that broke off goes on with the same command.

    \b
      warrior pull me/demo@v1.2.0 --into arenas/demo-v1.2.0
    """
    from warriorcoder.pipelines.hub.pull import pull as from_hub

    click.echo(from_hub(address, into, (lambda text: None) if quiet else _note).path)


@main.group()
def journal() -> None:
    """Look after an ARENA's journal: what lies in it, take it along, drop what no run needs."""


@journal.command("stats")
@ARENA
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
def journal_stats(arena: Path, as_json: bool) -> None:
    """Show what lies in an ARENA's journal, what it cost, and what `prune` would free."""
    import json

    from rich.console import Console

    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.endpoints.journal.commands import print_stats, stats

    found = stats(ArenaFolder.open(arena), _note)
    if as_json:
        click.echo(json.dumps(found, indent=1))
    else:
        print_stats(found, Console())


@journal.command("export")
@ARENA
@click.option("--out", type=click.Path(path_type=Path), help="Where the answers go.  [default: the screen]")
def journal_export(arena: Path, out: Path | None) -> None:
    """Write every answer in an ARENA's journal as a line of JSON. Works while a run is on.

    \b
      warrior journal export arenas/demo --out demo-answers.jsonl
    """
    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.endpoints.journal.commands import export

    written = export(ArenaFolder.open(arena), out, _note)
    if out is not None:
        click.echo(f"{written:,} answers are in {out}")


@journal.command("prune")
@ARENA
@click.option("--expert", metavar="NAME", help="Drop the answers of this expert.")
@click.option("--stage", metavar="STAGE", help="Drop the answers of this stage.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Drop answers older than this.")
@click.option("--yes", is_flag=True, help="Drop them without asking.")
def journal_prune(arena: Path, expert: str | None, stage: str | None, older_than: float | None, yes: bool) -> None:
    """Drop answers from an ARENA's journal, and give their room back to the disk.

    Without options: the answers that the last finished run of their stage did not use. With options:
    all answers that fit every option given. What they cost stays counted against the recipe's budget.

    \b
      warrior journal prune arenas/demo
      warrior journal prune arenas/demo --expert smollm2-135m --stage judge --yes
    """
    from warriorcoder.arena_folder import ArenaFolder
    from warriorcoder.pipelines.endpoints.journal.commands import prune

    def agree(question: str) -> bool:
        if not yes and not sys.stdin.isatty():
            raise ArenaError(f"{question} There is no terminal to answer at: give --yes, and they are dropped.")
        return yes or click.confirm(question)

    prune(ArenaFolder.open(arena), expert, stage, older_than, agree, click.echo)


def _note(text: str) -> None:
    """Tell the user beside the result."""
    click.echo(f"warrior: {text}", err=True)


@main.command()
@ARENA
@click.option(
    "--recipe",
    type=click.Path(path_type=Path),
    required=True,
    help="A TRL configuration, for example train/recipes/smollm2-135m/kto_lora.yaml.",
)
@click.option("--output", type=click.Path(path_type=Path), help="Where the result goes.  [default: its output_dir]")
@SET
def train(arena: Path, recipe: Path, output: Path | None, overrides: tuple[str, ...]) -> None:
    """Train on an ARENA's kto table with TRL, by a plain TRL recipe.

    A training that was broken off goes on from its last checkpoint with the same command.

    \b
      warrior train arenas/demo --recipe train/recipes/smollm2-135m/kto_lora.yaml
    """
    from warriorcoder.train.kto import train as train_kto

    train_kto(arena, recipe, output, list(overrides), click.echo)


main.add_command(evaluation)


if __name__ == "__main__":
    main()
