"""What the doctor measured, kept in the arena for `warrior estimate`: one small file, replaced by each examination."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from warriorcoder.arena_folder import ArenaFolder

FORMAT = 1

Kind = Literal["raw", "chat"]


@dataclass(frozen=True)
class Measured:
    """Calls of one kind to one expert, all for one stage (`mine`, `answer` or `judge`).

    `seconds` is the median time of a call, tokens are the mean of a call; None where nobody counted
    them. `concurrency` says how many of our calls were in flight at that server together; 1 is alone.
    `weights` names the model that answered (`Address.weights`), which the expert may have left since.
    """

    expert: str
    weights: str
    stage: str
    kind: Kind
    calls: int
    concurrency: int
    seconds: float
    input_tokens: float | None
    output_tokens: float | None


def write_measurements(folder: ArenaFolder, measured: Sequence[Measured]) -> None:
    """Keep what was measured, in place of what was measured before. Raises ArenaError where the disk refuses."""
    document = {"format": FORMAT, "measured": [asdict(each) for each in measured]}
    folder.write_text(folder.work / "doctor.json", json.dumps(document, indent=1) + "\n")


def read_measurements(folder: ArenaFolder) -> list[Measured]:
    """What the last examination measured; empty where there was none, or where its file cannot be read."""
    try:
        document: dict[str, Any] = json.loads((folder.work / "doctor.json").read_text(encoding="utf-8"))
        return [Measured(**each) for each in document["measured"]] if document["format"] == FORMAT else []
    except (OSError, ValueError, KeyError, TypeError):
        # It is a help for an estimate and nothing else: another `warrior doctor` makes it anew.
        return []
