"""The pipeline's own process for `battle`, as it is, or with a journal that keeps nothing.

python benchmarks/_unjournaled.py ARENA kept|unkept

In an arena that has its addresses.
"""

import sys

from warriorcoder.pipelines import arena
from warriorcoder.pipelines.endpoints.keeping import JournalKeeper, NothingKept


def main() -> None:
    path, how = sys.argv[1:]
    if how == "unkept":
        # The steps' processes are forks of this one.
        JournalKeeper.keep = NothingKept.keep  # type: ignore[assignment]
    sys.argv[1:] = [path, "battle"]
    arena.main()


if __name__ == "__main__":
    main()
