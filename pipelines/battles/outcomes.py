"""What the battles lead to: the training tables kto, sft and preference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from warriorcoder.arena_folder import Row
from warriorcoder.ids import seed_from
from warriorcoder.pipelines.battles.scores import final_scores
from warriorcoder.recipe import Recipe


@dataclass(frozen=True)
class Outcomes:
    """The rows of the three training tables, and how many answers were left out of all of them."""

    kto: list[Row]
    sft: list[Row]
    preference: list[Row]
    left_out: int


@dataclass(frozen=True)
class _Scored:
    """An answer with its final score and its expert's Elo."""

    instruction: Row
    expert: str
    answer: str
    score: float
    elo: float

    @property
    def prompt(self) -> list[dict[str, str]]:
        return [{"role": "user", "content": self.instruction["instruction"]}]

    @property
    def completion(self) -> list[dict[str, str]]:
        return [{"role": "assistant", "content": self.answer}]

    @property
    def origin(self) -> Row:
        return {
            "instruction_id": self.instruction["instruction_id"],
            "instruction_grade": self.instruction["grade"],
            "band": self.instruction["band"],
        }

    def row(self) -> Row:
        """The columns that kto and sft share."""
        return {
            "prompt": self.prompt,
            "completion": self.completion,
            **self.origin,
            "expert": self.expert,
            "final_score": self.score,
            "elo": self.elo,
        }


def outcomes(
    instructions: Sequence[Row], answers: Sequence[Row], battles: Sequence[Row], ratings: Sequence[Row], recipe: Recipe
) -> Outcomes:
    """Gold answers are desirable; answers that lost a battle and are well below gold are undesirable.

    The gold answer of an instruction has the highest final score; among equals the expert with the
    higher Elo has it. A loser has fewer votes than its opponent in at least one battle on the
    instruction, and a final score at least `outcomes.margin` below gold's: without the first, an
    answer that nobody found worse would be undesirable for its expert's Elo alone. Every other
    answer is left out, those without a decided battle among them.
    """
    elos = {row["model"]: row["elo"] for row in ratings}
    scores = final_scores(battles, elos, recipe.rating.alpha)
    by_id = {row["instruction_id"]: row for row in instructions}
    groups: dict[str, list[_Scored]] = {}
    for row in answers:
        key = (row["instruction_id"], row["expert"])
        if key in scores:
            scored = _Scored(by_id[key[0]], key[1], row["answer"], scores[key], elos[key[1]])
            groups.setdefault(key[0], []).append(scored)
    beaten = {
        (battle["instruction_id"], battle[side])
        for battle in battles
        for side, local in (("attacker", battle["local_a"]), ("defender", battle["local_b"]))
        if local is not None and local < 0.5
    }
    golds: list[_Scored] = []
    losers: list[tuple[_Scored, _Scored]] = []
    for group in groups.values():
        gold = min(group, key=lambda scored: (-scored.score, -scored.elo, scored.expert))
        golds.append(gold)
        losers += [(gold, other) for other in group if other is not gold and _lost(gold, other, beaten, recipe)]
    kept = spread_out([(gold, True) for gold in golds] + [(loser, False) for _, loser in losers], recipe.seed)
    weights = label_weights(len(golds), len(losers))
    return Outcomes(
        kto=[{**scored.row(), "label": label, "weight": weights[label]} for scored, label in kept],
        sft=[scored.row() for scored, label in kept if label],
        preference=[_pair(gold, loser) for gold, loser in losers],
        left_out=len(answers) - len(kept),
    )


def label_weights(desirable: int, undesirable: int) -> Mapping[bool, float]:
    """Weights that make both labels count alike: the rarer label is raised, the other stays at 1."""
    if not desirable or not undesirable:
        return {True: 1.0, False: 1.0}
    return {True: max(1.0, undesirable / desirable), False: max(1.0, desirable / undesirable)}


def spread_out(kept: list[tuple[_Scored, bool]], seed: int) -> list[tuple[_Scored, bool]]:
    """A seeded order in which two answers to one instruction are as far apart as can be.

    KTO's KL term pairs a prompt with the next row's completion, which must not be its own. Each
    round takes one answer of every instruction, the instructions always in the same order.
    """
    groups: dict[str, list[tuple[_Scored, bool]]] = {}
    for entry in kept:
        groups.setdefault(entry[0].instruction["instruction_id"], []).append(entry)
    for identity, group in groups.items():
        group.sort(key=lambda entry: seed_from(seed, "row", identity, entry[0].expert))
    order = sorted(groups, key=lambda identity: seed_from(seed, "instruction", identity))
    # Longest first within a round, so that the last rounds do not bring neighbours together.
    order.sort(key=lambda identity: -len(groups[identity]))
    longest = max((len(group) for group in groups.values()), default=0)
    spread = [groups[identity][turn] for turn in range(longest) for identity in order if turn < len(groups[identity])]
    _move_surplus(spread)
    return spread


def _move_surplus(spread: list[tuple[_Scored, bool]]) -> None:
    """In the last rounds one instruction may be alone: move its answers to where they are farthest from each other."""

    def identity(place: int) -> str:
        return str(spread[place][0].instruction["instruction_id"])

    while len(spread) > 1 and identity(-1) == identity(-2):
        mine = [place for place in range(len(spread)) if identity(place) == identity(-1)]
        free = [place for place in range(len(spread)) if {place - 1, place}.isdisjoint(mine)]
        if not free:
            return
        entry = spread.pop()
        spread.insert(max(free, key=lambda place: min(abs(2 * place - 1 - 2 * taken) for taken in mine)), entry)


def _lost(gold: _Scored, other: _Scored, beaten: set[tuple[str, str]], recipe: Recipe) -> bool:
    clearly_below = other.score < gold.score and gold.score - other.score >= recipe.outcomes.margin
    return clearly_below and (other.instruction["instruction_id"], other.expert) in beaten


def _pair(gold: _Scored, loser: _Scored) -> Row:
    return {
        "prompt": gold.prompt,
        "chosen": gold.completion,
        "rejected": loser.completion,
        "score_chosen": gold.score,
        "score_rejected": loser.score,
        **gold.origin,
        "chosen_expert": gold.expert,
        "rejected_expert": loser.expert,
        "elo_chosen": gold.elo,
        "elo_rejected": loser.elo,
    }
