"""No order of calls, answers and faults passes a budget."""

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from warriorcoder.pipelines.endpoints.budget import Amount, Purse, spent_so_far
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.journal import Spent
from warriorcoder.recipe import Recipe


def recipe(**budget: Any) -> Recipe:
    experts = [
        {
            "name": name,
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": name},
            "price": price,
        }
        for name, price in (("dear", {"input": 100.0, "output": 900.0}), ("free", None))
    ]
    return Recipe.model_validate({"name": "demo", "experts": experts, "budget": budget})


def call(expert: str, text: str, max_tokens: int) -> Call:
    return Call(expert, {"max_tokens": max_tokens}, prompt=text)


budgets = st.fixed_dictionaries(
    {},
    optional={
        "dollars": st.floats(0.01, 2.0),
        "calls": st.integers(1, 40),
        "tokens": st.integers(1, 40_000),
    },
)
calls = st.lists(
    st.tuples(st.sampled_from(["dear", "free"]), st.text(max_size=60), st.integers(1, 400)), min_size=1, max_size=60
)


@given(budgets, calls, st.integers(0, 2**32))
def test_what_is_spent_and_set_aside_never_passes_the_budget(
    budget: dict[str, Any], wanted: list[tuple[str, str, int]], seed: int
) -> None:
    """Calls begin as the purse allows; each ends, in any order, in an answer within its limits or in a fault."""
    made, fate = recipe(**budget), random.Random(seed)
    purse = Purse(made)
    in_flight: list[tuple[Call, Amount]] = []
    for expert, text, max_tokens in wanted:
        asked = call(expert, text, max_tokens)
        if (reserved := purse.reserve(asked)) is not None:
            in_flight.append((asked, reserved))
        while in_flight and fate.random() < 0.5:
            ended, held = in_flight.pop(fate.randrange(len(in_flight)))
            into = fate.randint(0, len((ended.prompt or "").encode()) + 1)
            reply = Reply("x", "stop", into, fate.randint(0, ended.sampling["max_tokens"]))
            fate.choice(
                [
                    lambda held=held, ended=ended, reply=reply: purse.pay(held, ended.expert, reply),
                    lambda held=held: purse.release(held),
                    lambda held=held: purse.forfeit(held),
                ]
            )()
        for key, limit in budget.items():
            assert getattr(purse.spent, key) <= limit * (1 + 1e-9)


@given(calls)
def test_a_refusal_says_which_limit_and_what_is_spent(wanted: list[tuple[str, str, int]]) -> None:
    purse = Purse(recipe(calls=3), Amount(calls=3))
    refused = call(*wanted[0])
    assert purse.reserve(refused) is None
    assert "budget.calls is 3, 3 of it is spent" in purse.refusal(refused)
    assert "may take up to 1" in purse.refusal(refused)


def test_what_is_set_aside_alone_may_be_the_reason() -> None:
    purse = Purse(recipe(calls=1))
    asked = call("free", "x", 1)
    assert purse.reserve(asked) is not None
    assert purse.reserve(asked) is None
    assert "budget.calls is 1, 0 of it is spent" in purse.refusal(asked)


def test_the_journal_s_totals_count_from_the_first_run_on() -> None:
    totals = {
        ("mine", "dear"): Spent(calls=2, input_tokens=1000, output_tokens=100),
        ("judge", "free"): Spent(calls=5, input_tokens=10, output_tokens=1),
        ("judge", "an expert that has left"): Spent(calls=1, input_tokens=7, output_tokens=7),
    }
    assert spent_so_far(recipe(), totals) == Amount((1000 * 100 + 100 * 900) / 1e6, 8, 1125)


def test_a_byte_is_a_token_at_most() -> None:
    purse = Purse(recipe())
    most = purse.at_most(call("dear", "é" * 10, 7))
    assert most.tokens == 20 + 64 + 7
    chat = Call("dear", {"max_tokens": 7}, messages=[{"role": "user", "content": "abc"}] * 2)
    assert purse.at_most(chat).tokens == 2 * (3 + 64) + 7
