"""What is wrong with the training tables, by name: findings for the manifest, the card and the screen."""

from collections.abc import Mapping
from dataclasses import dataclass

from warriorcoder.recipe_battles import Outcomes

FEW_TESTED = 0.5
"""Of the instructions that the recipe asks for in the test split; with fewer a finding says why."""

Finding = dict[str, str]
"""`name`, `subject` and `message`, a plain sentence with its remedy."""


@dataclass(frozen=True)
class HeldBack:
    """How many instructions there are, are for testing, in how many clusters, and in the largest."""

    instructions: int
    testing: int
    clusters: int
    largest: int


def label_findings(counts: Mapping[str, int], undesirable: int, widest: float, settings: Outcomes) -> list[Finding]:
    """Whether there are both labels to train on.

    `counts` are those of the manifest, `undesirable` the undesirable rows of the split for training; `widest` is how
    far below gold the final score of an answer that lost a battle lies at most.
    """
    if not counts["desirable"]:
        return _finding(
            "nothing_to_train_on",
            "no battle on an instruction of the mix has a verdict, so no answer is gold and the training tables are "
            "empty; name judges that can judge, set battles.constrained or battles.execution_weight, and judge again",
        )
    if undesirable:
        return []
    if counts["undesirable"]:
        why = "the undesirable ones are all in the split for testing; set outcomes.test: 0"
    elif widest:
        why = (
            f"of the answers that lost a battle none lies outcomes.margin ({settings.margin:g}) of final score below "
            f"gold, at most {widest:.3g}; set outcomes.margin lower"
        )
    else:
        why = "no answer with a lower final score lost a battle; add experts that differ more, or name other judges"
    return _finding("one_class", f"every answer to train on is desirable, and KTO needs both: {why}, or train on sft")


def split_findings(held_back: HeldBack, settings: Outcomes) -> list[Finding]:
    """Whether about as many instructions are for testing as the recipe asks for."""
    asked = settings.test * held_back.instructions
    if held_back.testing >= FEW_TESTED * asked:
        return []
    share = f"outcomes.test ({settings.test:g}) of {held_back.instructions:,} instructions"
    if round(asked) < 1:
        why = f"{share} is less than one; mine more"
    elif held_back.largest > max(1.0, asked):
        why = (
            f"{share} is asked for, and {held_back.largest:,} are in one cluster of near-duplicates, which is for "
            f"training as a whole; set outcomes.cluster_at higher than {settings.cluster_at:g}"
        )
    else:
        why = (
            f"of {held_back.clusters:,} clusters too few were drawn for {share}; mine more, or set outcomes.test higher"
        )
    if not held_back.testing:
        return _finding("no_test_split", f"nothing is held back for testing: {why}")
    return _finding("small_test_split", f"{held_back.testing:,} instructions are held back for testing: {why}")


def _finding(name: str, message: str) -> list[Finding]:
    return [{"name": name, "subject": "outcomes", "message": message}]
