"""Whether the games can tell all models apart: who is connected with whom."""

from collections.abc import Sequence

from warriorcoder.pipelines.battles.ratings.games import Reals


def groups_of(wins: Reals) -> list[list[int]]:
    """The groups of models, as places, that games connect, largest first; ratings of two groups cannot be compared.

    `wins[i, j]`, of shape (models, models), is what i won over j, as `Games.wins` gives it.
    """
    return _groups(wins, "weak")


def can_be_ranked(wins: Reals) -> bool:
    """Whether finite Bradley-Terry strengths fit without the prior (Ford 1957).

    They do where every model won, by way of others, against every other: no group of models won, or
    lost, all its games against the rest.
    """
    return len(_groups(wins, "strong")) == 1


def why_not_connected(wins: Reals, models: Sequence[str]) -> str | None:
    """What to tell a user where games do not connect all models; None where they do."""
    groups = groups_of(wins)
    if len(groups) <= 1:
        return None
    told = "; ".join(", ".join(models[place] for place in group) for group in groups)
    return (
        f"the decided battles leave {len(groups)} groups of experts that never met: {told}. Ratings compare only "
        "within a group; let the groups fight each other (battles.pairing: round_robin)"
    )


def _groups(wins: Reals, connection: str) -> list[list[int]]:
    from scipy.sparse.csgraph import connected_components

    _, labels = connected_components(wins > 0, directed=True, connection=connection)
    groups: dict[int, list[int]] = {}
    for place, label in enumerate(labels.tolist()):
        groups.setdefault(label, []).append(place)
    return sorted(groups.values(), key=lambda group: (-len(group), group))
