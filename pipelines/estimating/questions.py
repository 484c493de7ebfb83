"""What a run has yet to ask, stage by stage: its calls are made as the stages make them, and looked up."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.answers import AnswerReader
from warriorcoder.pipelines.battles.campaign import Campaign, Judged
from warriorcoder.pipelines.battles.judging import Ballot, ballots, verdict_call
from warriorcoder.pipelines.battles.pairing import Pair, judges_of, pairs
from warriorcoder.pipelines.battles.verdicts import read_verdict
from warriorcoder.pipelines.endpoints.asking import answer_call
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.estimating.ahead import (
    Ask,
    answering_ahead,
    grading_ahead,
    judging_ahead,
    question_bytes,
    votes_ahead,
)
from warriorcoder.pipelines.estimating.campaigning import replay
from warriorcoder.pipelines.estimating.held import Held, Waiting
from warriorcoder.pipelines.estimating.mines import Mine, mine_of
from warriorcoder.pipelines.estimating.outlook import Outlook
from warriorcoder.pipelines.estimating.spans import NOTHING, Span, total
from warriorcoder.pipelines.mining.candidates import Brought, Haul, read_sets
from warriorcoder.pipelines.mining.curation import curate
from warriorcoder.pipelines.mining.grading import Grading, graders_of, grading_call
from warriorcoder.pipelines.mining.screening import Screening
from warriorcoder.recipe import Expert, Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE

ASKING_STAGES = ("mine", "curate", "answer", "judge")

Answers = dict[tuple[str, str], str | None]
"""By instruction id and expert: an answer, "" where there is none, None where it is not asked yet."""


@dataclass
class Questions:
    """All that a run has yet to ask: by stage and expert. `instructions` is how many the arena will have.

    `judge_calls` are all judges' calls together where they are known better than each judge's, None elsewhere.
    """

    mines: list[Mine]
    brought: Brought
    asks: dict[str, dict[str, list[Ask]]] = field(default_factory=lambda: {stage: {} for stage in ASKING_STAGES})
    instructions: Span = NOTHING
    judge_calls: Span | None = None

    def add(self, stage: str, expert: str, ask: Ask) -> None:
        if ask.number.high:
            self.asks[stage].setdefault(expert, []).append(ask)

    def add_all(self, stage: str, asks: dict[str, Ask]) -> None:
        for expert, ask in asks.items():
            self.add(stage, expert, ask)

    def add_waiting(self, stage: str, waiting: dict[str, dict[int, Waiting]]) -> None:
        for expert, piles in waiting.items():
            for pile in piles.values():
                self.add(stage, expert, Ask.waiting(pile))


def questions(
    recipe: Recipe, weights: dict[str, str], held: Held, outlook: Outlook, rounds: Sequence[Sequence[Pair]] = ()
) -> Questions:
    """What a run of the recipe would ask now. Every expert is taken to answer every instruction.

    `rounds` are those that the arena's last judging had.
    """
    mines = [mine_of(recipe, expert, held, outlook.mined.share) for expert in recipe.experts]
    found = Questions(mines, read_sets(recipe))
    for mine in found.mines:
        found.add("mine", mine.expert.name, Ask(mine.draws, mine.draws * mine.prompt_bytes))
    instructions = _curate(recipe, weights, held, found)
    if instructions is None:
        _look_ahead(recipe, weights, held, outlook, found)
    else:
        found.instructions = Span.exactly(len(instructions))
        answers = _answer(recipe, held, found, instructions)
        judged = _judged(recipe, weights, instructions, answers)
        if recipe.battles.pairing == "active":
            _judge_actively(recipe, held, found, instructions, answers, Campaign(recipe, judged, rounds))
        else:
            _judge(recipe, held, found, instructions, answers, judged)
    return found


def _curate(recipe: Recipe, weights: dict[str, str], held: Held, found: Questions) -> list[Row] | None:
    """Grade what is mined; the instructions of the arena where they are known to the last."""
    hauls: list[Haul] = [*(mine.lode for mine in found.mines), found.brought]
    screened = Screening(recipe.curation).screen([each for haul in hauls for each in haul.kept.values()])
    texts = {candidate.instruction_id: candidate for candidate in screened.candidates}
    items = [
        (identity, grader)
        for identity, candidate in texts.items()
        for grader in graders_of(recipe, candidate.miner, weights)
    ]
    grading = Grading()

    def settles(item: tuple[str, Expert], reply: Reply) -> bool:
        return grading.take(item[0], item[1].name, reply.text)

    waiting = held.ask_again(
        "curate",
        items,
        recipe.curation.attempts,
        lambda item, attempt: grading_call(recipe, item[1], texts[item[0]].instruction, attempt),
        settles,
    )
    found.add_waiting("curate", waiting)
    to_come = {
        mine.expert.name: Span.around(
            mine.brings.low - len(mine.kept),
            mine.brings.likely - len(mine.kept),
            mine.brings.high - len(mine.kept),
        )
        for mine in found.mines
    }
    found.add_all("curate", grading_ahead(recipe, weights, to_come))
    if waiting or not all(mine.is_dug for mine in found.mines):
        return None
    return curate(screened, grading.grades(), recipe.curation, recipe.seed).rows


def _look_ahead(recipe: Recipe, weights: dict[str, str], held: Held, outlook: Outlook, found: Questions) -> None:
    """Answers and votes where nobody knows yet which instructions enter the arena."""
    mined = total([*(mine.brings for mine in found.mines), Span.exactly(len(found.brought.kept))])
    most = min(mined.high, recipe.curation.size or mined.high)
    found.instructions = Span.around(min(1, most), outlook.curated.share * mined.likely, most)
    # Of instructions that entered before, the journal may have all.
    new = found.instructions
    if held.has_beyond("mine", "curate"):
        new = Span.around(0, new.likely - outlook.entered, most)
    found.add_all("answer", answering_ahead(recipe, new))
    by_miner: dict[str | None, Span] = {mine.expert.name: mine.brings for mine in found.mines}
    by_miner[None] = Span.exactly(len(found.brought.kept))
    asks = judging_ahead(recipe, weights, new, by_miner)
    found.add_all("judge", asks)
    if recipe.battles.pairing == "active":
        found.judge_calls = votes_ahead(recipe, weights, new, by_miner)[1]


def _answer(recipe: Recipe, held: Held, found: Questions, instructions: list[Row]) -> Answers:
    items = [(row, expert) for row in instructions for expert in recipe.experts]
    answers: Answers = {(row["instruction_id"], expert.name): None for row, expert in items}
    texts = {row["instruction_id"]: row["instruction"] for row in instructions}

    reader = AnswerReader(recipe)

    def settles(key: tuple[str, str], reply: Reply) -> bool:
        read = reader.read(recipe.expert(key[1]), reply)
        answers[key] = read.text if read.reason is None else ""
        return True

    def call(key: tuple[str, str], attempt: int) -> Call:
        return answer_call(recipe, recipe.expert(key[1]), texts[key[0]])

    found.add_waiting("answer", held.ask_again("answer", list(answers), 1, call, settles))
    return answers


def _judge(
    recipe: Recipe,
    held: Held,
    found: Questions,
    instructions: list[Row],
    answers: Answers,
    judged: list[Judged],
) -> None:
    texts = {row["instruction_id"]: row["instruction"] for row in instructions}
    written: list[Ballot] = []
    ahead: dict[str, dict[int, Waiting]] = {}
    frames = {judge.name: question_bytes(recipe, judge) for judge in recipe.experts}
    for ballot in ballots(judged):
        if ballot.judge == EXECUTION_JUDGE:
            continue
        if None not in (shown := _shown(ballot, answers)):
            written.append(ballot)
            continue
        attempts = recipe.battles.attempts
        pile = ahead.setdefault(ballot.judge, {}).setdefault(attempts, Waiting(attempts))
        known = [min(_bytes(answer), recipe.battles.longest_answer) for answer in filter(None, shown)]
        pile.questions += 1
        pile.prompt_bytes += frames[ballot.judge] + _bytes(texts[ballot.pair.instruction_id]) + sum(known)
        pile.open_answers += shown.count(None)

    def settles(ballot: Ballot, reply: Reply) -> bool:
        return read_verdict(reply.text, reply.finish_reason, swapped=ballot.swapped)[0] is not None

    call = _verdict_calls(recipe, texts, answers)
    found.add_waiting("judge", held.ask_again("judge", written, recipe.battles.attempts, call, settles))
    found.add_waiting("judge", ahead)


def _judge_actively(
    recipe: Recipe, held: Held, found: Questions, instructions: list[Row], answers: Answers, campaign: Campaign
) -> None:
    texts = {row["instruction_id"]: row["instruction"] for row in instructions}

    def shown(pair: Pair) -> tuple[str, str, str]:
        attack, defence = (answers[pair.instruction_id, name] or "" for name in (pair.attacker, pair.defender))
        return texts[pair.instruction_id], attack, defence

    there = None not in answers.values()
    ahead = replay(recipe, held, campaign, shown if there else None, _verdict_calls(recipe, texts, answers))
    found.add_waiting("judge", ahead.waiting)
    for judge, calls in ahead.left.items():
        frame = question_bytes(recipe, recipe.expert(judge))
        found.add("judge", judge, Ask(calls, calls * frame, instructions=calls, answers=calls * 2))
    found.judge_calls = ahead.together


def _verdict_calls(recipe: Recipe, texts: dict[str, str], answers: Answers) -> Callable[[Ballot, int], Call]:
    def call(ballot: Ballot, attempt: int) -> Call:
        one, other = (text or "" for text in _shown(ballot, answers))
        instruction = texts[ballot.pair.instruction_id]
        return verdict_call(recipe, recipe.expert(ballot.judge), instruction, (one, other), attempt)

    return call


def _judged(recipe: Recipe, weights: dict[str, str], instructions: list[Row], answers: Answers) -> list[Judged]:
    """The battles that there may be, on what is answered or yet to be answered, with their judges."""
    battles: list[Pair] = []
    for row in instructions:
        identity = row["instruction_id"]
        present = [expert.name for expert in recipe.experts if answers[identity, expert.name] != ""]
        battles += pairs(identity, row["miner"], present, recipe.battles.pairing)
    judges: dict[tuple[str, str], list[str]] = {}
    for pair in battles:
        fighters = pair.attacker, pair.defender
        if fighters not in judges:
            judges[fighters] = judges_of(pair, recipe.experts, weights, recipe.battles)
    return [(pair, judges[pair.attacker, pair.defender]) for pair in battles]


def _shown(ballot: Ballot, answers: Answers) -> list[str | None]:
    """The two answers in the order in which the judge sees them."""
    order = [ballot.pair.attacker, ballot.pair.defender]
    return [answers[ballot.pair.instruction_id, name] for name in (order[::-1] if ballot.swapped else order)]


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
