"""The second half of chaos: runs that are killed at random moments, resumed, and in the end compared."""

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from _arena import recipe
from _killing import FLUSH_SECONDS, Kill, Killed, Moment, run_to_its_end_or_kill
from _ledger import files_of, journalled, table_digests
from _loopback import Loopback, Report, Request
from _processes import warrior
from _report import Claim, at_least, at_most, say

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check

MOST_DRAWS = 40
LONGEST_RUN_SECONDS = 600.0
LAG_SECONDS = 0.5
KINDS: tuple[tuple[Moment, str], ...] = (
    ("time", "warrior"),
    ("write", "warrior"),
    ("time", "worker"),
    ("time", "warrior"),
    ("time", "warrior"),
    ("write", "worker"),
)
"""When a run is killed, at a random time or as it writes a file, and which of its processes."""


@dataclass(frozen=True)
class _Moment:
    """One kill: when it was, when none of the run's processes was left, and the requests in the journal then."""

    killed_at: float
    gone_at: float
    kept: set[str]


@dataclass
class Tally:
    """What all the lives together came to."""

    kills: int = 0
    finished: int = 0
    in_stage: Counter[str] = field(default_factory=Counter)
    orphans: int = 0
    slowest_end: float = 0.0
    hung: int = 0
    tracebacks: int = 0
    asked: int = 0
    again: Counter[str] = field(default_factory=Counter)
    lost_from_journal: int = 0
    oldest_lost: float = 0.0
    different: int = 0
    left_over: int = 0
    failed_checks: int = 0


def killed_runs(server: Loopback, folder: Path, kills: int, seed: int) -> list[Claim]:
    """Kill and resume, life after life, until there were so many kills."""
    made = recipe(
        server.url,
        3,
        concurrency=4,
        base=True,
        mining={"per_expert": 8, "max_draws": MOST_DRAWS, "max_tokens": 256},
        curation={"near_duplicate": 0.95, "attempts": 2},
        battles={"attempts": 2, "execution_weight": 1},
        rating={"bootstrap": 20},
    )
    file = folder / "killed.yaml"
    file.write_text(made.to_yaml())

    def command(arena: Path) -> list[str]:
        return warrior("run", str(file), "--into", str(arena), "--quiet")

    def behave() -> None:
        server.behave(seed=seed, latency={"median": 0.3, "p99": 1.2}, refused=0.02, words=30, keep_bodies=True)

    behave()
    calm = folder / "undisturbed"
    undisturbed = run_to_its_end_or_kill(command(calm), calm, None, server.pid, LONGEST_RUN_SECONDS)
    if undisturbed.code != 0:
        raise RuntimeError(f"the undisturbed run failed: {undisturbed.output[-2000:]}")
    expected, files = table_digests(ArenaFolder.open(calm)), files_of(ArenaFolder.open(calm))
    say(
        f"kill -9: an undisturbed run takes {undisturbed.seconds:.1f} s, writes {undisturbed.writes} times, "
        f"asks {server.count()} times"
    )
    drawn, tally, lives = random.Random(seed), Tally(), 0
    while tally.kills < kills:
        arena = folder / f"life-{lives}"
        lives += 1
        behave()
        moments: list[_Moment] = []
        while True:
            kill = None
            if tally.kills < kills:
                moment, target = KINDS[tally.kills % len(KINDS)]
                when = drawn.uniform(0.0, undisturbed.seconds)
                kill = Kill(moment, when, drawn.randint(1, undisturbed.writes), target, drawn.random())
            ended = run_to_its_end_or_kill(command(arena), arena, kill, server.pid, LONGEST_RUN_SECONDS)
            report = server.report()
            _count_end(tally, ended)
            if ended.killed_at is None:
                if ended.code != 0:
                    raise RuntimeError(f"a run that nobody killed ended with {ended.code}: {ended.output[-2000:]}")
                break
            kept = set(journalled(ArenaFolder(arena), report.bodies, MOST_DRAWS))
            tally.kills += 1
            tally.in_stage[ended.stage] += 1
            tally.lost_from_journal += len(moments[-1].kept - kept) if moments else 0
            moments.append(_Moment(ended.killed_at, ended.gone_at, kept))
            say(f"  kill {tally.kills} of {kills}, life {lives}: {_told(ended)}; {len(kept)} answers kept")
        tally.finished += 1
        _count_requests(tally, report, moments)
        done = ArenaFolder.open(arena)
        differing = sorted(name for name, digest in table_digests(done).items() if expected.get(name) != digest)
        differing += sorted(expected.keys() - table_digests(done).keys())
        tally.different += len(differing)
        left = sorted(files_of(done) ^ files)
        tally.left_over += len(left)
        broken = [finding.name for finding in check(done) if not finding.ok]
        tally.failed_checks += len(broken)
        verdict = "every table byte for byte the same" if not differing else f"other tables: {', '.join(differing)}"
        say(f"  life {lives} came to its end after {len(moments)} kills: {verdict}")
        for what, names in (("files too many or missing", left), ("failed checks", broken)):
            if names:
                say(f"    {what}: {', '.join(names)}")
    return _claims(tally)


def _told(ended: Killed) -> str:
    gone = f"{ended.orphans} orphans" if ended.orphans else f"all gone in {ended.gone_in:.2f} s"
    end = (
        "" if ended.target == "warrior" else "; it did not end by itself" if ended.hung else f"; exit code {ended.code}"
    )
    return f"{ended.target} at {ended.seconds:.1f} s in {ended.stage}{end}; {gone}"


def _count_end(tally: Tally, ended: Killed) -> None:
    tally.orphans += ended.orphans
    tally.hung += ended.hung
    tally.slowest_end = max(tally.slowest_end, ended.gone_in)
    tally.tracebacks += len(re.findall(r"^Traceback", ended.output, re.M))


def _count_requests(tally: Tally, report: Report, moments: list[_Moment]) -> None:
    """Tell apart why requests of one life came more than once."""
    tally.asked += len(report.bodies)
    before: dict[str, Request] = {}
    for request in report.requests:
        last = before.get(request.digest)
        before[request.digest] = request
        if last is None:
            continue
        between = [moment for moment in moments if last.arrived < moment.gone_at < request.arrived]
        if not between:
            tally.again["within one run"] += 1
        elif any(request.digest in moment.kept for moment in between):
            tally.again["answered, and in the journal"] += 1
        elif last.outcome == "refused":
            tally.again["refused"] += 1
        elif _in_flight(last, between[0]):
            tally.again["in flight at the kill"] += 1
        else:
            ended = between[0].killed_at if last.ended < between[0].killed_at else between[0].gone_at
            age = ended - last.ended
            tally.oldest_lost = max(tally.oldest_lost, age)
            late = age > FLUSH_SECONDS
            tally.again["answered long before the kill" if late else "answered just before the kill"] += 1


def _in_flight(request: Request, moment: _Moment) -> bool:
    """Whether a request was on its way at the kill, or when the processes that were not killed ended after it.

    It may reach a busy server a moment after its sender was killed, and be answered to nobody.
    """
    ends = (moment.killed_at, moment.gone_at)
    return not request.answered or any(request.arrived - LAG_SECONDS <= end <= request.ended for end in ends)


def _claims(tally: Tally) -> list[Claim]:
    say(f"  kills by stage: {dict(tally.in_stage)}")
    say(f"  {tally.asked} different requests; sent again: {dict(tally.again)}")
    say(f"  the oldest answer that a kill cost had come {1e3 * tally.oldest_lost:.0f} ms before it")
    say(f"  the slowest end of all processes after a kill: {tally.slowest_end:.2f} s")
    again = tally.again
    return [
        at_least("kills -9, each resumed", tally.kills, min(tally.kills, 50)),
        at_most(f"files of tables that differ from an undisturbed run's, in {tally.finished} runs", tally.different, 0),
        at_most("answers in the journal at a kill that were asked for again", again["answered, and in the journal"], 0),
        at_most("answers that a kill took out of the journal", tally.lost_from_journal, 0),
        at_most(
            f"answers older than {FLUSH_SECONDS:g} s at a kill that were not in the journal",
            again["answered long before the kill"],
            0,
        ),
        at_most("requests sent twice within one run", again["within one run"], 0),
        at_most("processes that outlived a kill by 5 s", tally.orphans, 0),
        at_most("runs that did not end by themselves after a worker's kill", tally.hung, 0),
        at_most("tracebacks on the screen", tally.tracebacks, 0),
        at_most("files left over or missing beside the tables", tally.left_over, 0),
        at_most("checks of warrior check that fail", tally.failed_checks, 0),
    ]
