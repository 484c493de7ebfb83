"""Rows of the table `rejected`."""

from warriorcoder.arena_folder import Row
from warriorcoder.ids import instruction_id
from warriorcoder.tables import Reason


def rejected_row(stage: str, reason: Reason, detail: str, text: str, origin: str, draw: int | None) -> Row:
    """A dropped row: its stage, the reason, what was found, the text and the expert that it came from."""
    return {
        "instruction_id": instruction_id(text) if stage != "answer" else None,
        "stage": stage,
        "reason": reason.value,
        "detail": detail,
        "text": text,
        "origin": origin,
        "draw": draw,
    }
