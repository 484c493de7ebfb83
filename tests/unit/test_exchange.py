"""The exchange against real HTTP servers: what a fault means for its call, for its server and for the run.

Time runs faster here: the exchange's clock is sped up, so that waiting for a minute takes a moment.
"""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from unit.fast_clock import speed_up
from unit.scripted_server import Asked, Fault, ScriptedServer, scripted_server

from warriorcoder.errors import ModelError, RunFailed
from warriorcoder.pipelines.endpoints import exchange
from warriorcoder.pipelines.endpoints.budget import Purse
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.exchange import REFUSALS, TRIES, Exchange
from warriorcoder.pipelines.endpoints.journal import Spent
from warriorcoder.pipelines.endpoints.progress import Progress
from warriorcoder.recipe import Recipe


class Kept:
    """A journal in memory."""

    def __init__(self) -> None:
        self.replies: dict[str, Reply] = {}

    def look_up(self, keys: Sequence[str]) -> dict[str, Reply]:
        return {key: self.replies[key] for key in keys if key in self.replies}

    async def keep(self, key: str, expert: str, model: str, reply: Reply, seconds: float) -> None:
        assert key not in self.replies
        self.replies[key] = reply

    def spent(self) -> dict[tuple[str, str], Spent]:
        return {}


class House:
    """Two experts, each at a server of its own, and an exchange between."""

    def __init__(
        self, urls: dict[str, tuple[str, ...]], patience: float = 600.0, concurrency: int = 4, **recipe: Any
    ) -> None:
        price, tokenizer = recipe.pop("price", None), recipe.pop("tokenizer", None)
        experts = [
            {
                "name": name,
                "template": "chatml",
                "endpoint": {"kind": "openai", "base_urls": list(places), "model": f"m-{name}"},
                "price": price,
            }
            for name, places in urls.items()
        ]
        made = Recipe.model_validate({"name": "demo", "experts": experts, **recipe})
        self.kept = Kept()
        self.progress = Progress("answer")
        self.purse = Purse(made)
        self.stopped = False
        addresses = {
            name: Address(name, "openai", places, f"m-{name}", f"m-{name}", concurrency, tokenizer=tokenizer)
            for name, places in urls.items()
        }
        self.exchange = Exchange(addresses, self.kept, self.purse, self.progress, patience, lambda: self.stopped)

    def ask(self, *calls: Call) -> list[Reply]:
        return asyncio.run(self.exchange.ask(calls, len(calls)))


@pytest.fixture(autouse=True)
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    speed_up(monkeypatch)


@pytest.fixture
def two() -> Iterator[tuple[ScriptedServer, ScriptedServer]]:
    with scripted_server(heard) as one, scripted_server(heard) as other:
        yield one, other


def heard(asked: Asked) -> str:
    return f"{asked.model} heard {asked.text}"


def chat(text: str, expert: str = "one", **sampling: Any) -> Call:
    return Call(expert, sampling, messages=[{"role": "user", "content": text}])


def house(servers: tuple[ScriptedServer, ScriptedServer], **settings: Any) -> House:
    return House({"one": (servers[0].url,), "two": (servers[1].url,)}, **settings)


def numbered(count: int) -> list[Call]:
    return [chat(f"call {number}", "one" if number % 2 else "two") for number in range(count)]


Servers = tuple[ScriptedServer, ScriptedServer]


def test_a_call_that_its_server_never_answers_fails_alone(two: Servers) -> None:
    two[0].script = lambda asked: Fault(500) if asked.text == "call 3" else heard(asked)
    replies = house(two).ask(*numbered(60))
    assert [number for number, reply in enumerate(replies) if reply.error] == [3]
    assert "HTTP 500: it broke" in str(replies[3].error)
    assert f"({TRIES} tries)" in str(replies[3].error)


@pytest.mark.parametrize("fault", [Fault(500), Fault(503), Fault(reset=True), Fault(200, b"<html>")])
def test_every_call_is_answered_once_whatever_passing_fault_comes_between(two: Servers, fault: Fault) -> None:
    two[0].script = lambda asked: fault if asked.number < 2 and asked.text.endswith(("1", "5")) else heard(asked)
    made = house(two)
    replies = made.ask(*numbered(40))
    assert [reply.text for reply in replies] == [f"m-{c.expert} heard call {n}" for n, c in enumerate(numbered(40))]
    assert (made.progress.done, made.progress.failed, made.progress.in_flight) == (40, 0, 0)
    assert made.progress.retries == 16
    assert len(made.kept.replies) == 40


def test_a_server_that_is_down_holds_up_its_own_calls_alone_and_is_waited_for(two: Servers) -> None:
    """Nobody answers for `one` until every call to `two` is through."""
    done_when_back: list[int] = []

    def script(asked: Asked) -> str | Fault:
        if len(two[1].asked) < 20:
            return Fault(503)
        done_when_back.append(len(two[1].asked))
        return heard(asked)

    two[0].script = script
    made = house(two)
    replies = made.ask(*numbered(40))
    assert not any(reply.error for reply in replies)
    assert min(done_when_back) == 20


def test_the_user_is_told_of_a_server_that_is_down(two: Servers) -> None:
    told: list[str] = []
    made = house(two)

    def script(asked: Asked) -> str | Fault:
        told.extend(made.progress.notes)
        return heard(asked) if told else Fault(502)

    two[0].script = script
    assert made.ask(chat("hello"))[0].text == "m-one heard hello"
    assert f"{two[0].url} (m-one) is down for " in told[0]
    assert "tried again until 600 s" in told[0]


def test_after_its_patience_the_run_ends_in_order(two: Servers) -> None:
    two[0].script = lambda asked: Fault(503, b"no backend")
    two[0].alive = False
    made = house(two, patience=30.0)
    with pytest.raises(RunFailed, match=r"one: .* brought nothing for \d+ s .*the last fault: .*no backend") as failed:
        made.ask(*numbered(80))
    assert failed.value.exit_code == 3
    assert "the same command goes on from here" in str(failed.value)
    assert {reply.text for reply in made.kept.replies.values()} == {f"m-two heard call {n}" for n in range(0, 80, 2)}
    assert made.progress.in_flight == 0


def test_when_only_failing_calls_are_left_they_are_given_up_and_no_answer_is(two: Servers) -> None:
    """Nothing proves that the server is well, but it has had its time, and each call its tries."""
    poison = {"call 1", "call 3", "call 5"}
    two[0].script = lambda asked: Fault(500) if asked.text in poison else heard(asked)
    replies = house(two).ask(*numbered(6))
    assert [bool(reply.error) for reply in replies] == [False, True, False, True, False, True]


def test_a_call_that_takes_its_connection_down_is_given_up_when_the_server_is_there_without_it(two: Servers) -> None:
    two[0].script = lambda asked: Fault(reset=True) if asked.text == "call 1" else heard(asked)
    replies = house(two, patience=90.0).ask(*numbered(6))
    assert [number for number, reply in enumerate(replies) if reply.error] == [1]


def test_too_many_requests_lower_the_pace_until_the_server_takes_them_all(two: Servers) -> None:
    """A server that takes three at once: no call fails, however often it is refused, and refusals become rare."""
    two[0].takes = 3
    made = house(two, concurrency=32)
    replies = made.ask(*(chat(f"call {number}") for number in range(200)))
    assert not any(reply.error for reply in replies)
    assert 0 < two[0].refused < 200
    first = two[0].refused
    made.ask(*(chat(f"again {number}") for number in range(200)))
    assert two[0].refused - first < 100


def test_retry_after_is_honoured_by_all_calls_to_that_server(two: Servers) -> None:
    """Refused once, the server sees nobody until the others' work, which takes longer than that, is under way."""
    begun = exchange.time.monotonic()
    at: list[float] = []

    def script(asked: Asked) -> str | Fault:
        at.append(exchange.time.monotonic() - begun)
        return Fault(429, headers={"Retry-After": "20"}) if len(at) == 1 else heard(asked)

    two[0].script = script
    made = house(two, concurrency=1)
    assert not any(reply.error for reply in made.ask(*(chat(f"call {number}") for number in range(5))))
    assert at[1] - at[0] >= 20


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, b"bad key", "The server wants a key"),
        (404, b"the model m-one does not exist", "The server does not serve m-one"),
        (404, b"not found", "There is nothing under this address"),
        (403, b"forbidden", "The server wants a key"),
    ],
)
def test_an_endpoint_that_can_answer_nobody_ends_the_run_at_once(
    two: Servers, status: int, body: bytes, advice: str
) -> None:
    two[0].script = lambda asked: Fault(status, body)
    made = house(two)
    with pytest.raises(ModelError, match=advice) as failed:
        made.ask(*numbered(200))
    assert failed.value.exit_code == 2
    assert f"HTTP {status}" in str(failed.value)
    assert len(two[0].asked) <= 4
    assert made.progress.in_flight == 0


def test_a_text_that_one_endpoint_forbids_is_that_call_s_matter(two: Servers) -> None:
    two[0].script = lambda asked: Fault(403, b"moderated") if asked.text == "call 21" else heard(asked)
    made = house(two, concurrency=1)
    replies = made.ask(*numbered(40))
    assert [number for number, reply in enumerate(replies) if reply.error] == [21]
    assert len([asked for asked in two[0].asked if asked.text == "call 21"]) == 1


def test_a_server_that_refuses_every_request_at_first_is_noticed(two: Servers) -> None:
    two[0].script = lambda asked: Fault(400, b"unknown field: min_p")
    with pytest.raises(ModelError, match=r"first 8 requests were all refused.*unknown field: min_p"):
        house(two).ask(*numbered(100))
    assert len(two[0].asked) < REFUSALS + 4


def test_equal_calls_are_asked_once(two: Servers) -> None:
    replies = house(two).ask(*[chat("the same")] * 5)
    assert [reply.text for reply in replies] == ["m-one heard the same"] * 5
    assert len(two[0].asked) == 1


def test_models_behind_one_address_have_each_their_own_concurrency(two: Servers) -> None:
    """The server answers nobody until the calls of both are in flight together."""
    two[0].together = asyncio.Barrier(8)
    replies = House({"one": (two[0].url,), "two": (two[0].url,)}, concurrency=4).ask(*numbered(16))
    assert not any(reply.error for reply in replies)
    assert two[0].most_in_flight == 8


def test_servers_of_one_expert_share_its_calls_and_one_may_be_down() -> None:
    with scripted_server(heard) as one, scripted_server(heard) as other, scripted_server(heard) as third:
        third.script = lambda asked: Fault(502)
        made = House({"one": (one.url, other.url, third.url), "two": (other.url,)})
        replies = made.ask(*(chat(f"call {number}") for number in range(90)))
        assert not any(reply.error for reply in replies)
        assert min(len(one.asked), len(other.asked)) >= 20
        assert len(third.asked) < 60


def test_calls_are_taken_in_as_there_is_room_for_them(two: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand calls are never all in memory: the first are answered before the last is made."""
    monkeypatch.setattr(exchange, "OPEN_AT_MOST", 500)
    made = house(two)
    answered_when_made: list[int] = []

    def calls() -> Iterator[Call]:
        for number in range(2000):
            answered_when_made.append(made.progress.done)
            yield chat(f"call {number}")

    replies = asyncio.run(made.exchange.ask(calls(), 2000))
    assert len(replies) == 2000
    assert answered_when_made[-1] > 1000


def test_the_budget_s_end_is_the_run_s_and_what_is_in_flight_is_kept(two: Servers) -> None:
    made = house(two, budget={"calls": 10})
    with pytest.raises(RunFailed, match=r"budget.calls is 10, 10 of it is spent.*Raise the budget"):
        made.ask(*numbered(40))
    assert len(made.kept.replies) == 10
    assert len(two[0].asked) + len(two[1].asked) == 10


def test_dollars_are_never_passed_though_nobody_knows_the_next_answer_s_length(two: Servers) -> None:
    budget = 0.01
    made = house(two, budget={"dollars": budget}, price={"input": 10.0, "output": 10.0})
    with pytest.raises(RunFailed, match=r"budget.dollars is \$0.0100"):
        made.ask(*(chat(f"call {number}", max_tokens=20) for number in range(1000)))
    spent = made.purse.spent.dollars
    assert budget - 2 * 10e-6 * 100 <= spent <= budget
    assert len(made.kept.replies) > 50


def test_a_price_without_usage_ends_the_run_and_the_answer_is_kept(two: Servers) -> None:
    two[0].script = lambda asked: {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    made = house(two, price={"input": 1.0, "output": 1.0}, concurrency=1)
    with pytest.raises(ModelError, match=r"one: it has a price, but its endpoint reports no usage.*tokenizer"):
        made.ask(*(chat(f"call {number}") for number in range(20)))
    assert [reply.text for reply in made.kept.replies.values()] == ["hi"]


def test_without_a_price_missing_usage_is_counted_as_such(two: Servers) -> None:
    two[0].script = lambda asked: {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    made = house(two)
    assert made.ask(chat("hello")) == [Reply("hi", "stop")]
    assert made.progress.experts["one"] == {"calls": 1, "input_tokens": 0, "output_tokens": 0, "unmetered": 1}


def test_a_tokenizer_that_cannot_be_loaded_ends_the_run_and_the_answer_is_kept(two: Servers, tmp_path: Path) -> None:
    two[0].script = lambda asked: {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}
    made = house(two, tokenizer=str(tmp_path / "absent"), price={"input": 1.0, "output": 1.0})
    with pytest.raises(ModelError, match=r"the tokenizer .*absent cannot be loaded"):
        made.ask(chat("hello"))
    assert made.kept.replies


def test_an_answer_that_cannot_be_kept_ends_the_run(two: Servers) -> None:
    made = house(two)

    async def full(*entry: Any) -> None:
        raise ModelError("the disk is full")

    made.kept.keep = full  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="the disk is full"):
        made.ask(*numbered(40))
    assert made.progress.in_flight == 0


def test_when_stopped_what_is_in_flight_ends_and_nothing_new_begins(two: Servers) -> None:
    """The exchange then waits for ever: its process is ended from outside."""
    made = house(two)
    seen: list[int] = []

    def stop(asked: Asked) -> str:
        made.stopped = True
        return heard(asked)

    two[0].script = stop

    async def run() -> None:
        asking = asyncio.create_task(made.exchange.ask(numbered(100), 100))
        while not made.stopped or made.progress.in_flight:
            await asyncio.sleep(0)
        seen.append(len(two[0].asked) + len(two[1].asked))
        for _ in range(200):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    asyncio.run(run())
    assert len(two[0].asked) + len(two[1].asked) == seen[0] == len(made.kept.replies) < 100
