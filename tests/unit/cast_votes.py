"""Votes and ratings for tests, in the shape of the arena's tables."""

from typing import Any

Row = dict[str, Any]
Verdict = str | None


def votes(judge: str, *verdicts: tuple[Verdict, Verdict], a: str = "x", b: str = "y", start: int = 0) -> list[Row]:
    """One battle for each pair of verdicts, on an instruction of its own: with `a` shown first, and with `b`."""
    return [
        {
            "instruction_id": f"{number:04}",
            "model_a": a,
            "model_b": b,
            "judge": judge,
            "shown_first": shown,
            "verdict": said,
            "missing": None if said else "no_marker",
            "reason": "",
            "prompt_digest": "",
        }
        for number, both in enumerate(verdicts, start)
        for shown, said in zip((a, b), both, strict=True)
    ]


def answers(lengths: dict[str, int], instructions: int) -> list[Row]:
    """An answer of each expert to each instruction, of so many characters."""
    return [
        {"instruction_id": f"{number:04}", "expert": expert, "answer": "x" * length}
        for number in range(instructions)
        for expert, length in lengths.items()
    ]
