"""The first half of chaos: a run against a server that answers three calls in ten with a fault."""

from pathlib import Path

from _arena import recipe
from _ledger import accounts, journalled, requests_and_rows
from _loopback import Loopback, Report
from _processes import run, warrior
from _report import Claim, at_least, at_most, say
from _server import completion

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check
from warriorcoder.recipe import Recipe

FAULTS = 0.3
REFUSED = 0.01
MOST_DRAWS = 400
WORDS = 30
SEED = 5


def bad_server(server: Loopback, folder: Path, per_expert: int) -> list[Claim]:
    """Run the whole pipeline against it, and once more against a good one; then count."""
    made = recipe(
        server.url,
        3,
        concurrency=16,
        timeout=1.5,
        base=True,
        mining={"per_expert": per_expert, "max_draws": MOST_DRAWS, "max_tokens": 256},
        curation={"near_duplicate": 0.95, "attempts": 2},
        battles={"attempts": 2, "execution_weight": 1},
        rating={"bootstrap": 20},
    )
    say(f"a server that answers {FAULTS:.0%} of calls with a fault and refuses {REFUSED:.0%} for good:")
    bad, report = _run(server, folder, "bad", made, FAULTS)
    good, _ = _run(server, folder, "good", made, 0.0)
    _show_outcomes(report)
    answered = [request.digest for request in report.answered]
    found = accounts(bad, made, report)
    for name, rows in found.items():
        say(f"  {name}: {rows.expected} = {rows.kept} kept + {rows.dropped} rejected or missing")
    kinds = requests_and_rows(report, found, bad.read_table("votes"))
    for name, (requests, rows) in kinds.items():
        say(f"  {name}: {requests} different requests at the server, {rows} in the tables")
    failed = [finding.name for finding in check(bad) if not finding.ok]
    say(f"  warrior check: {'every check passed' if not failed else 'failed: ' + ', '.join(failed)}")
    faults = sum(count for outcome, count in report.outcomes.items() if outcome not in ("answer", "refused"))
    return [
        at_least("share of requests that got a passing fault", faults / len(report.requests), 0.9 * FAULTS),
        at_most("rows of mining, answers and votes that are nowhere", sum(rows.lost for rows in found.values()), 0),
        at_most("rows that are there twice", sum(rows.twice for rows in found.values()), 0),
        at_most(
            "difference between requests at the server and rows in the tables",
            sum(abs(requests - rows) for requests, rows in kinds.values()),
            0,
        ),
        at_most("answered requests that were sent again", len(answered) - len(set(answered)), 0),
        at_most("answers that are not in the journal as the server gave them", _not_kept(bad, report), 0),
        at_most("answers that differ from those of a good server", _different(bad, good), 0),
        at_most("checks of warrior check that fail", len(failed), 0),
    ]


def _run(server: Loopback, folder: Path, name: str, made: Recipe, faults: float) -> tuple[ArenaFolder, Report]:
    path = folder / f"{name}.yaml"
    path.write_text(made.to_yaml())
    server.behave(
        seed=SEED,
        latency={"median": 0.02, "p99": 0.1},
        faults=faults,
        refused=REFUSED,
        stall=20.0,
        words=WORDS,
        keep_bodies=True,
    )
    run(warrior("run", str(path), "--into", str(folder / name)), folder / f"{name}.log")
    report = server.report()
    say(f"  {name} server: {len(report.bodies)} different requests, sent {len(report.requests)} times, "
        f"in {report.seconds:.1f} s")  # fmt: skip
    return ArenaFolder.open(folder / name), report


def _show_outcomes(report: Report) -> None:
    for outcome, count in sorted(report.outcomes.items(), key=lambda each: -each[1]):
        say(f"    {count:6d}  {outcome}")
    answered = {request.digest for request in report.answered}
    refused = {request.digest for request in report.requests if request.outcome == "refused"}
    given_up = report.bodies.keys() - answered - refused
    say(f"  {len(answered)} requests answered, {len(refused)} refused, {len(given_up)} given up after their tries")


def _not_kept(folder: ArenaFolder, report: Report) -> int:
    """How many answers are missing in the journal, or are others there, or were never given."""
    kept = journalled(folder, report.bodies, MOST_DRAWS)
    given = {}
    for request in report.answered:
        body = report.bodies[request.digest]["body"]
        text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        choice = completion(body, text, WORDS)["choices"][0]
        given[request.digest] = choice["message"]["content"] if "message" in choice else choice["text"]
    return sum(digest not in kept or kept[digest].text != text for digest, text in given.items()) + len(
        kept.keys() - given.keys()
    )


def _different(bad: ArenaFolder, good: ArenaFolder) -> int:
    """How many answers to the same instruction by the same expert differ; there must be some to compare."""
    one, other = (
        {(row["instruction_id"], row["expert"]): row["answer"] for row in folder.read_table("answers")}
        for folder in (bad, good)
    )
    common = one.keys() & other.keys()
    say(f"  {len(common)} answers that both runs have")
    return sum(one[key] != other[key] for key in common) if common else 1
