"""Is anything ever lost, or asked for twice? A server that fails, and kill -9 at any moment.

First a run against a server that answers three calls in ten with a fault: every row must end up in a
table or among the rejected, once. Then runs that are killed at random moments and begun again until
they come to their end: their tables must be those of an undisturbed run, byte for byte, and what had
been answered must not be asked again.
"""

import argparse
import tempfile
from pathlib import Path

from _bad_server import bad_server
from _killed_runs import killed_runs
from _loopback import loopback
from _processes import adopt_orphans
from _report import finish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer calls and 6 kills: two minutes")
    parser.add_argument("--kills", type=int, help="how many kills  [default: 60]")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    given = parser.parse_args()
    per_expert, kills = (15, given.kills or 6) if given.quick else (80, given.kills or 60)
    adopt_orphans()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder, loopback() as server:
        claims = bad_server(server, Path(folder), per_expert)
        claims += killed_runs(server, Path(folder), kills, given.seed)
    finish(claims)


if __name__ == "__main__":
    main()
