"""Rows of the table `rejected`."""

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
