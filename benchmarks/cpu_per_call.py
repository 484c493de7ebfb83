"""What do our layers cost? CPU time per call, journal included, beside a plain distilabel pipeline.

A server that answers at once, 20,000 calls. Ours: the stage `answer` with the panel of experts:
exchange, journal, tables. The peer: a distilabel TextGeneration step whose LLM is the smallest
AsyncLLM over the same client library, aiohttp. Counted are user and system time of all processes
but the server's, from start to end. The same with few calls gives the part that does not grow with
them, so that the cost of a call alone can be told from it.
"""

import argparse
import json
import sys
import tempfile
from itertools import count
from pathlib import Path

from _arena import arena_with_instructions, expert_names, instructions, recipe
from _loopback import HERE, Loopback, loopback
from _processes import adopt_orphans, cost_of
from _report import finish, ratio_at_most, say

from warriorcoder.pipelines.endpoints.embedded import serve, weights_of
from warriorcoder.pipelines.endpoints.traces import write_addresses

EXPERTS = 4
FEW = 400
BATCHES = (50, 1000)
"""distilabel's default, and one for which its cost per batch does not count."""


class Contest:
    def __init__(self, server: Loopback, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._numbers = count()

    def ours(self, calls: int) -> float:
        """CPU seconds of our side for so many calls."""
        made = recipe(self._server.url, EXPERTS, concurrency=64)
        path = self._folder / f"arena-{next(self._numbers)}"
        folder = arena_with_instructions(path, made, instructions(calls // EXPERTS))
        with serve(made, weights_of(made.experts), folder.work / "logs") as addresses:
            write_addresses(folder, addresses)
        return self._measure("ours", calls, [sys.executable, str(HERE / "_answering.py"), str(path)])

    def peer(self, calls: int, batch: int) -> float:
        """CPU seconds of a plain distilabel pipeline for so many calls."""
        prompts = self._folder / "prompts.json"
        prompts.write_text(json.dumps(instructions(calls)))
        script = [sys.executable, str(HERE / "_plain_distilabel.py"), self._server.url, str(prompts)]
        return self._measure(
            f"distilabel, batches of {batch}", calls, [*script, expert_names(1)[0], str(batch), "aiohttp"]
        )

    def _measure(self, name: str, calls: int, command: list[str]) -> float:
        self._server.behave()
        cost = cost_of(command, self._folder / f"{name}.log")
        report = self._server.report()
        if not len(report.answered) == len(report.requests) == calls:
            raise RuntimeError(f"{name}: {calls} calls, {len(report.requests)} requests, {dict(report.outcomes)}")
        say(f"  {name}: {calls} calls, {cost.cpu:.2f} s CPU, {cost.wall:.2f} s")
        return cost.cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="4,000 calls instead of 20,000")
    quick = parser.parse_args().quick
    calls, repeats = (4_000, 1) if quick else (20_000, 3)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="cpu-per-call-") as folder, loopback() as server:
        contest = Contest(server, Path(folder))
        say("in turn:")
        ours, peers, few_ours, few_peers = [], [], [], []
        for _ in range(repeats):
            few_ours.append(contest.ours(FEW))
            few_peers.append(contest.peer(FEW, max(BATCHES)))
            ours.append(contest.ours(calls))
            peers.append(min(contest.peer(calls, batch) for batch in BATCHES))
    best = f"the best of {repeats}; peer: plain distilabel over aiohttp; bar on the ratio"
    finish(
        [
            ratio_at_most(
                f"CPU milliseconds a call, {calls} calls, start-up included, {best}",
                1e3 * min(ours) / calls,
                1e3 * min(peers) / calls,
                1.3,
            ),
            ratio_at_most(
                f"CPU milliseconds that a call adds, {FEW} to {calls} calls, {best}",
                1e3 * (min(ours) - min(few_ours)) / (calls - FEW),
                1e3 * (min(peers) - min(few_peers)) / (calls - FEW),
                1.3,
            ),
        ]
    )


if __name__ == "__main__":
    main()
