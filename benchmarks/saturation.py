"""Does the pipeline keep its endpoints as busy as they allow? And does one slow call hold up others?

Four experts answer 600 instructions each through `warrior battle`; latency is lognormal (median 2 s,
99th percentile 8 s), 64 calls in flight an expert, one loopback server. Time runs from the first
request to the last answer, by the server's clock. Peers with the same limits and the same draws: a
bare aiohttp client, a plain distilabel pipeline with its OpenAILLM, bespokelabs-curator (--curator).
Start-up, from the start of the process to its first request, is measured apart.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from _arena import arena_with_instructions, expert_names, instructions, recipe
from _loopback import HERE, Loopback, Report, loopback
from _processes import adopt_orphans, end_all, run, start, wait_until_gone, warrior
from _report import Claim, at_least, at_most, finish, ratio_at_most, say

EXPERTS = 4
DISTILABEL_BATCH = 50
"""The batch of a distilabel step that says nothing else."""


@dataclass(frozen=True)
class Size:
    """Calls and calls in flight an expert, latency, seconds of the slow call, how often each thing is measured."""

    calls: int
    in_flight: int
    latency: dict[str, float]
    slow: float
    repeats: int
    starts: int


FULL = Size(600, 64, {"median": 2.0, "p99": 8.0}, 60.0, 3, 3)
QUICK = Size(100, 16, {"median": 0.5, "p99": 2.0}, 10.0, 2, 2)


class Contest:
    """The same work for every contender."""

    def __init__(self, server: Loopback, folder: Path, size: Size) -> None:
        self.server = server
        self.size = size
        self._folder = folder
        self._texts = instructions(size.calls)
        self._prompts = folder / "prompts.json"
        self._prompts.write_text(json.dumps(self._texts))
        self._models = ",".join(expert_names(EXPERTS))
        self._numbers = count()

    def ours(self) -> list[str]:
        """A new arena, and the command that has its instructions answered. No expert judges: only answers are asked."""
        battles = {"judges": [], "execution_weight": 1}
        made = recipe(self.server.url, EXPERTS, concurrency=self.size.in_flight, battles=battles)
        arena = self._folder / f"arena-{next(self._numbers)}"
        arena_with_instructions(arena, made, self._texts)
        return warrior("battle", str(arena))

    def bare(self) -> list[str]:
        return self._script("_bare_client.py", str(self.size.in_flight))

    def distilabel(self, batch: int) -> list[str]:
        return self._script("_plain_distilabel.py", str(batch), "openai")

    def curator(self, python: str) -> list[str]:
        return self._script("_curator_peer.py", str(self.size.in_flight), python=python)

    def _script(self, name: str, *arguments: str, python: str = sys.executable) -> list[str]:
        return [python, str(HERE / name), self.server.url, str(self._prompts), self._models, *arguments]

    def measure(self, name: str, command: list[str], *, slow: bool = False) -> Report:
        """Run a contender to its end. Raises RuntimeError unless each call was asked and answered once."""
        slow_one = {"model": expert_names(EXPERTS)[0], "text": self._texts[3], "seconds": self.size.slow}
        self.server.behave(latency=self.size.latency, slow=slow_one if slow else None, words=200)
        run(command, self._folder / f"{name}.log")
        report = self.server.report()
        expected = EXPERTS * self.size.calls
        if not len(report.answered) == len(report.requests) == expected:
            raise RuntimeError(f"{name}: {expected} calls, {len(report.requests)} requests, {dict(report.outcomes)}")
        most = max(report.most_in_flight.values())
        say(f"  {name}: {report.seconds:.2f} s; {most} in flight an expert at most")
        return report

    def start_up(self, name: str, command: list[str]) -> float:
        """Seconds from the start of a contender's process to its first request; it is ended then."""
        self.server.behave(latency=self.size.latency)
        began = time.monotonic()
        process = start(command, self._folder / f"{name}.log")
        try:
            seconds = self.server.wait_for_first(began, 120.0)
        finally:
            end_all([process.pid])
            process.wait()
            left, _ = wait_until_gone([self.server.pid], 10.0)
            end_all(each.pid for each in left)
        say(f"  {name}: {seconds:.2f} s")
        return seconds


def throughput(contest: Contest, curator: str | None) -> list[Claim]:
    size = contest.size
    say(f"{EXPERTS} experts x {size.calls} calls, {size.in_flight} in flight each, latency {size.latency}; in turn:")
    ours, bare = [], []
    for _ in range(size.repeats):
        bare.append(contest.measure("bare aiohttp", contest.bare()).seconds)
        ours.append(contest.measure("warrior battle", contest.ours()).seconds)
    # A larger batch would have more calls in flight than the others may.
    batches = {min(DISTILABEL_BATCH, size.in_flight), size.in_flight}
    plain = min(
        contest.measure(f"distilabel, batches of {batch}", contest.distilabel(batch)).seconds for batch in batches
    )
    work = f"seconds for {EXPERTS} x {size.calls} calls, first request to last answer, the best of {size.repeats} runs"
    claims = [
        ratio_at_most(f"{work}; peer: bare aiohttp; bar on the ratio", min(ours), min(bare), 1.05),
        ratio_at_most(
            f"{work}; peer: distilabel's OpenAILLM, best batch size; bar on the ratio", min(ours), plain, 1.0
        ),
    ]
    if curator is not None:
        other = contest.measure("curator", contest.curator(curator)).seconds
        claims.append(ratio_at_most(f"{work}; peer: curator; bar on the ratio", min(ours), other, 1.05))
    return claims


def no_barrier(contest: Contest) -> list[Claim]:
    """One call takes much longer than all the others together: who waits for it?"""
    say(f"the same with one call of {contest.size.slow:g} s among the first:")

    def others(name: str, command: list[str]) -> tuple[float, float]:
        """The share of the other calls that was answered before the slow one, and when the last of them was."""
        report = contest.measure(name, command, slow=True)
        slow = max(report.requests, key=lambda request: request.ended - request.arrived)
        ends = [request.ended for request in report.requests if request is not slow]
        return sum(end < slow.ended for end in ends) / len(ends), max(ends) - report.requests[0].arrived

    _, bare = others("bare aiohttp", contest.bare())
    share, ours = others("warrior battle", contest.ours())
    batch = min(DISTILABEL_BATCH, contest.size.in_flight)
    peer, _ = others(f"distilabel, batches of {batch}", contest.distilabel(batch))
    call = f"a call of {contest.size.slow:g} s"
    return [
        at_least(f"share of the other calls answered before {call} ends; peer: distilabel", share, 1.0, peer),
        ratio_at_most(
            f"seconds until the last call but {call} is answered; peer: bare aiohttp; bar on the ratio",
            ours,
            bare,
            1.05,
        ),
    ]


def start_up(contest: Contest) -> Claim:
    say("start-up, in turn:")
    ours, plain = [], []
    for _ in range(contest.size.starts):
        plain.append(contest.start_up("distilabel", contest.distilabel(DISTILABEL_BATCH)))
        ours.append(contest.start_up("warrior battle", contest.ours()))
    return at_most(
        f"seconds from the start of the process to its first request, the best of {contest.size.starts}; peer: "
        "distilabel's OpenAILLM; bar: the peer's and 1 s",
        min(ours),
        round(min(plain) + 1.0, 3),
        min(plain),
    )


def curators_python(wanted: bool, folder: Path) -> str | None:
    """A Python that has bespokelabs-curator: this one, or where it is asked for one in an environment of its own."""
    if importlib.util.find_spec("bespokelabs") is not None:
        return sys.executable
    if not wanted:
        say("curator is not measured: --curator installs it into an environment of its own, for this run.")
        return None
    venv.create(folder / "curator", with_pip=True)
    python = str(folder / "curator" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "bespokelabs-curator==0.1.31"]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        say(f"curator is not measured: it does not install: {done.stderr[-500:]}")
        return None
    return python


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter calls: a minute or two")
    parser.add_argument(
        "--curator", action="store_true", help="install bespokelabs-curator for this run, and measure it"
    )
    given = parser.parse_args()
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="saturation-") as folder, loopback() as server:
        curator = curators_python(given.curator, Path(folder))
        contest = Contest(server, Path(folder), QUICK if given.quick else FULL)
        claims = [*throughput(contest, curator), *no_barrier(contest), start_up(contest)]
    finish(claims)


if __name__ == "__main__":
    main()
