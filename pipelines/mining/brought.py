"""Instructions brought along: rows of a set of texts, each with where it is from, to be curated as mined ones are."""

from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.errors import RecipeError
from warriorcoder.ids import instruction_id
from warriorcoder.pipelines.mining.text_sets import TextSet
from warriorcoder.pipelines.rejections import rejected_row
from warriorcoder.tables import Reason


@dataclass(frozen=True)
class BroughtInstruction:
    """An instruction and its row: `row` is the number in the set that `name` names, at that `revision`."""

    instruction_id: str
    instruction: str
    name: str
    revision: str
    row: int


@dataclass(frozen=True)
class Brought:
    """The instructions of a set, the rows dropped as they came in, and how many rows there were: they add up."""

    instructions: list[BroughtInstruction]
    rejected: list[Row]
    read: int


def read_brought(texts: TextSet) -> Brought:
    """The rows of a set as instructions, blanks at their ends cut off.

    Rows without a text are rejected as `empty`, repeated ones as `exact_duplicate`; in `rejected` their origin is
    the set's name and their draw the row's number. Raises RecipeError where no row has a text.
    """
    kept: dict[str, BroughtInstruction] = {}
    rejected: list[Row] = []
    for row in texts:
        text = row.text.strip()
        identity = instruction_id(text)
        if not text:
            detail = f"row {row.row} has no text in the column {texts.column}"
            rejected.append(rejected_row("mine", Reason.EMPTY, detail, text, texts.name, row.row))
        elif identity in kept:
            detail = f"of row {kept[identity].row}"
            rejected.append(rejected_row("mine", Reason.EXACT_DUPLICATE, detail, text, texts.name, row.row))
        else:
            kept[identity] = BroughtInstruction(identity, text, texts.name, texts.revision, row.row)
    if not kept:
        raise RecipeError(
            f"{texts.name}: none of {len(rejected):,} rows has text in the column {texts.column!r}, so there is no "
            f"instruction to bring. {texts.found}"
        )
    return Brought(list(kept.values()), rejected, len(kept) + len(rejected))
