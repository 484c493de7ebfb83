"""From votes to battles, and from battles to the final score of each answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.ratings.elo import expected_score
from warriorcoder.pipelines.battles.ratings.games import Game


@dataclass
class Battle:
    """The votes of one battle, counted. `orders` holds each judge's two verdicts, None where missing."""

    instruction_id: str
    attacker: str
    defender: str
    votes_a: int = 0
    votes_b: int = 0
    ties: int = 0
    missing: int = 0
    orders: dict[str, list[str | None]] | None = None

    @property
    def decided(self) -> bool:
        return self.votes_a + self.votes_b + self.ties > 0

    @property
    def winner(self) -> str | None:
        """Who has more votes, or tie; None where no vote has a verdict."""
        if not self.decided:
            return None
        if self.votes_a == self.votes_b:
            return "tie"
        return self.attacker if self.votes_a > self.votes_b else self.defender

    @property
    def game(self) -> Game:
        """The battle as Elo sees it: S is 1, 0.5 or 0."""
        score = {self.attacker: 1.0, self.defender: 0.0}.get(self.winner or "", 0.5)
        return Game(self.instruction_id, self.attacker, self.defender, score)

    @property
    def consistency(self) -> float | None:
        """The share of the judges with two verdicts whose verdicts agree."""
        both = [verdicts for verdicts in (self.orders or {}).values() if None not in verdicts]
        return sum(len(set(verdicts)) == 1 for verdicts in both) / len(both) if both else None


def count_votes(votes: Iterable[Row]) -> list[Battle]:
    """The battles of the table `votes`, in the order of their first votes."""
    battles: dict[tuple[str, str, str], Battle] = {}
    for vote in votes:
        key = (vote["instruction_id"], vote["model_a"], vote["model_b"])
        battle = battles.setdefault(key, Battle(*key, orders={}))
        match vote["verdict"]:
            case "a":
                battle.votes_a += 1
            case "b":
                battle.votes_b += 1
            case "tie":
                battle.ties += 1
            case _:
                battle.missing += 1
        assert battle.orders is not None
        battle.orders.setdefault(vote["judge"], []).append(vote["verdict"])
    return list(battles.values())


def local_score(votes_for: float, votes_against: float, ties: float = 0) -> float | None:
    """x(A>B) = t_A / (t_A + t_B), t being votes, a tie half a vote for each (arXiv 2412.17395); None without votes."""
    total = votes_for + votes_against + ties
    return (votes_for + ties / 2) / total if total else None


def final_scores(battles: Iterable[Row], ratings: Mapping[str, float], alpha: float) -> dict[tuple[str, str], float]:
    """e(A) = mean over A's battles on an instruction of alpha * X(A>B) + (1 - alpha) * x(A>B) (arXiv 2412.17395).

    X is the expected score by the final Elo ratings, x the local score. Keys are (instruction_id,
    expert); answers without a decided battle have no score. Values lie in [0, 1].
    """
    parts: dict[tuple[str, str], list[float]] = {}
    for battle in battles:
        if battle["local_a"] is None:
            continue
        a, b = battle["attacker"], battle["defender"]
        expected_a = expected_score(ratings[a], ratings[b])
        for expert, expected, local in (
            (a, expected_a, battle["local_a"]),
            (b, 1.0 - expected_a, battle["local_b"]),
        ):
            score = alpha * expected + (1.0 - alpha) * local
            parts.setdefault((battle["instruction_id"], expert), []).append(score)
    return {key: sum(scores) / len(scores) for key, scores in parts.items()}
