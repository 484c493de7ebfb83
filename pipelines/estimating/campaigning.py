"""The judge calls of `active` pairing: their number is known, their judges as far as there are verdicts."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from warriorcoder.arena_folder import Row
from warriorcoder.pipelines.battles.campaign import Campaign, Judged, calls_for
from warriorcoder.pipelines.battles.execution.cases import Case, Ruling
from warriorcoder.pipelines.battles.judging import Ballot, ballots
from warriorcoder.pipelines.battles.pairing import Pair
from warriorcoder.pipelines.battles.verdicts import Verdict, read_verdict
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.estimating.ahead import by_judge
from warriorcoder.pipelines.estimating.held import Held, Waiting
from warriorcoder.pipelines.estimating.spans import NOTHING, Span
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE

Texts = Callable[[Pair], tuple[str, str, str]]
"""The instruction, and the answers of the attacker and of the defender."""


@dataclass
class Outlook:
    """`waiting` are the votes of the round that the journal does not answer, `left` the calls after them, by judge;
    `together` is what both come to."""

    waiting: dict[str, dict[int, Waiting]] = field(default_factory=dict)
    left: dict[str, Span] = field(default_factory=dict)
    together: Span = NOTHING


def replay(
    recipe: Recipe,
    held: Held,
    campaign: Campaign,
    texts: Texts | None,
    call: Callable[[Ballot, int], Call],
) -> Outlook:
    """Fight the campaign with the journal's votes as far as they reach; `texts` is None where answers are not there."""
    waiting: dict[str, dict[int, Waiting]] = {}
    open_now: Sequence[Judged] = []
    calls = 0
    while texts is not None and (open_now := campaign.next_round()):
        cast = ballots(open_now)
        executed = _executed(recipe, held, cast, texts)
        votes, calls, waiting = _votes(recipe, held, cast, executed or {}, call, campaign.left)
        if waiting or executed is None:
            # Which battles come next hangs on votes that nobody has yet.
            break
        campaign.learn(votes, calls)
        calls = 0
    waits = Counter({judge: sum(pile.questions for pile in piles.values()) for judge, piles in waiting.items()})
    left = max(0, (campaign.left or 0) - calls - waits.total())
    # What waits is asked once; that it is asked again is among the calls that are left.
    once = {judge: {1: _merged(piles.values())} for judge, piles in waiting.items()}
    firsts, most = _ballots_of(campaign.open_battles()), Counter[str]()
    for judge in firsts + waits:
        most[judge] = firsts[judge] * recipe.battles.attempts + waits[judge] * (recipe.battles.attempts - 1)
    dearest = max((calls_for(judges) for _, judges in campaign.open_battles()), default=0)
    low = max(0, min(left - dearest + 1, firsts.total()))
    after = Span.around(low, min(left, firsts.total()), min(left, most.total()))
    shares = by_judge(after, {judge: Span(0, firsts[judge], most[judge]) for judge in most})
    return Outlook(once, shares, Span.exactly(waits.total()) + after)


def _executed(recipe: Recipe, held: Held, cast: list[Ballot], texts: Texts) -> dict[Pair, Verdict | None] | None:
    """The execution judge's verdicts of a round, None where it has yet to run code for one; none that count nowhere."""
    if not recipe.battles.execution_weight:
        return {}
    pairs = dict.fromkeys(ballot.pair for ballot in cast if ballot.judge == EXECUTION_JUDGE)
    keys = {pair: Case(*texts(pair), recipe.seed).key for pair in pairs}
    kept = held.texts(list(keys.values()))
    if not all(key in kept for key in keys.values()):
        return None
    return {pair: Ruling.of_text(kept[key]).verdict for pair, key in keys.items()}


def _votes(
    recipe: Recipe,
    held: Held,
    cast: list[Ballot],
    executed: Mapping[Pair, Verdict | None],
    call: Callable[[Ballot, int], Call],
    most: int | None,
) -> tuple[list[Row], int, dict[str, dict[int, Waiting]]]:
    """A round's votes as far as the journal has them, the calls that they took, and those that it does not answer."""
    verdicts: dict[Ballot, Verdict | None] = {}
    calls = 0

    def settles(ballot: Ballot, reply: Reply) -> bool:
        nonlocal calls
        calls += 1
        verdicts[ballot] = read_verdict(reply.text, reply.finish_reason, swapped=ballot.swapped)[0]
        return verdicts[ballot] is not None

    asked = [ballot for ballot in cast if ballot.judge != EXECUTION_JUDGE]
    waiting = held.ask_again("judge", asked, recipe.battles.attempts, call, settles, most)
    rows = [
        _row(ballot, executed.get(ballot.pair) if ballot.judge == EXECUTION_JUDGE else verdicts.get(ballot))
        for ballot in cast
    ]
    return rows, calls, waiting


def _row(ballot: Ballot, verdict: Verdict | None) -> Row:
    pair = ballot.pair
    return {
        "instruction_id": pair.instruction_id,
        "model_a": pair.attacker,
        "model_b": pair.defender,
        "judge": ballot.judge,
        "verdict": verdict,
    }


def _ballots_of(judged: Sequence[Judged]) -> Counter[str]:
    found: Counter[str] = Counter()
    for _, judges in judged:
        found.update({judge: 2 for judge in judges if judge != EXECUTION_JUDGE})
    return found


def _merged(piles: Iterable[Waiting]) -> Waiting:
    found = Waiting(1)
    for pile in piles:
        found.questions += pile.questions
        found.prompt_bytes += pile.prompt_bytes
    return found
