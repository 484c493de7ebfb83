"""Rows of the table `rejected`."""

from collections import Counter
from collections.abc import Iterable

from warriorcoder.arena_folder import Row
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.privacy import masked
from warriorcoder.tables import Reason


def rejected_row(stage: str, reason: Reason, detail: str, text: str, origin: str, draw: int | None) -> Row:
    """A dropped row: its stage, the reason, what was found, and who it came from.

    `text` is the instruction: of a draw what the expert completed, of an answer what it should have answered.
    Private data in it is masked whatever the recipe says: nobody needs it to see why the row was dropped.
    """
    text = masked(text)
    return {
        "instruction_id": instruction_id(text),
        "stage": stage,
        "reason": reason.value,
        "detail": detail,
        "text": text,
        "origin": origin,
        "draw": draw,
    }


def reasons_told(rejected: Iterable[Row]) -> str:
    """How many rows were dropped for each reason, the most frequent first: "8 cut_off, 2 off_topic"."""
    counts = Counter(row["reason"] for row in rejected)
    return ", ".join(
        f"{count} {reason}" for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
