"""What is expected of what nobody knows yet: the shares of draws and of instructions that stay."""

from dataclasses import dataclass

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.pipelines.estimating.averages import Basis
from warriorcoder.tables import Reason

ASSUMED_SHARE = 0.5
FEWEST = 8
"""So many tell a share."""


@dataclass(frozen=True)
class Expectation:
    """A share in 0..1, of so many that were measured."""

    share: float
    measured: int = 0

    @property
    def basis(self) -> Basis:
        return Basis.ARENA if self.measured else Basis.NOTHING


@dataclass(frozen=True)
class Outlook:
    """`mined` is the share of draws that become instructions, `curated` the share of these that enter the arena.

    `kept` is the number of instructions that mining last brought, `entered` of those in the arena.
    """

    mined: Expectation
    curated: Expectation
    kept: int = 0
    entered: int = 0


NO_OUTLOOK = Outlook(Expectation(ASSUMED_SHARE), Expectation(ASSUMED_SHARE))


def expected(folder: ArenaFolder) -> Outlook:
    """The shares of the arena's last run; half where it had none."""
    counts = folder.manifest().get("counts", {}) if folder.manifest_path.exists() else {}
    mine, curate = counts.get("mine", {}), counts.get("curate", {})
    passed = curate.get("kept", 0) + _surplus(folder) if curate else 0
    return Outlook(
        _share(mine.get("kept", 0), mine.get("draws", 0)),
        _share(passed, curate.get("entered", 0)),
        mine.get("kept", 0),
        folder.table_rows("instructions"),
    )


def _share(part: int, whole: int) -> Expectation:
    return Expectation(part / whole, whole) if whole >= FEWEST else Expectation(ASSUMED_SHARE)


def _surplus(folder: ArenaFolder) -> int:
    """How many instructions were good enough, and one too many for the recipe's size."""
    if not folder.has_table("rejected"):
        return 0
    rows = folder.read_table("rejected")
    return sum(row["stage"] == "curate" and row["reason"] == Reason.SURPLUS for row in rows)
