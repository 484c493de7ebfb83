"""An expert of a recipe asked for an evaluation: over real HTTP, through the journal, to an end in order."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from unit.scripted_server import Asked, Fault, ScriptedServer, scripted_server

from warriorcoder.cli_expert_answers import expert_answers, question_call
from warriorcoder.code_extraction import Style
from warriorcoder.errors import ModelError, RecipeError, RunFailed, WarriorError
from warriorcoder.eval.questions import STOPS_IN_FUNCTION, Answer, Question, Sampling, questions
from warriorcoder.eval.tasks import load
from warriorcoder.pipelines import one_expert
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.stopping import Interrupted
from warriorcoder.recipe import Recipe

TASKS = load("humaneval").tasks[:6]
GREEDY = Sampling()
DRAWN = Sampling(samples=2, temperature=0.8, top_p=0.9, max_tokens=7, seed=3)


def recipe(url: str, expert: dict[str, Any] | None = None, **sections: Any) -> Recipe:
    endpoint = {"kind": "openai", "base_url": url, "model": "m-one", "concurrency": 2}
    one = {"name": "one-coder", "template": "chatml", "endpoint": endpoint, **(expert or {})}
    other = {"name": "two-coder", "template": "base", "endpoint": endpoint | {"model": "m-two"}}
    return Recipe.model_validate({"name": "scripted", "experts": [one, other], **sections})


def asked_of(count: int, style: Style = "chat", sampling: Sampling = GREEDY) -> list[Question]:
    return questions(TASKS[:count], style, sampling)


def answers(
    made: Recipe,
    folder: Path,
    wanted: list[Question],
    sampling: Sampling = GREEDY,
    *,
    name: str = "one-coder",
    said: list[str] | None = None,
) -> tuple[list[Answer], WarriorError | None]:
    """What is answered, by task and draw, and what it ends with."""
    given: list[Answer] = []
    ended: WarriorError | None = None
    with expert_answers(made, name, folder, (said if said is not None else []).append) as answerer:
        try:
            for batch in answerer.answers(wanted, sampling):
                given += batch
        except WarriorError as error:
            ended = error
    return sorted(given, key=lambda answer: (answer.draw, answer.task_id)), ended


def named(asked: Asked) -> str:
    """The function that a request asks for."""
    return next(task.entry_point for task in TASKS if f"def {task.entry_point}(" in asked.text)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server(lambda asked: f"{asked.model} on {named(asked)}") as made:
        yield made


def test_a_chat_model_is_asked_in_chat_with_its_system_prompt_and_says_nothing_of_it(
    server: ScriptedServer, tmp_path: Path
) -> None:
    said: list[str] = []
    made = recipe(server.url, {"system": "Be brief.", "extra": {"top_k": 40, "temperature": 2.0}})
    wanted = asked_of(2, sampling=DRAWN)
    given, ended = answers(made, tmp_path / "e", wanted, DRAWN, said=said)
    assert ended is None
    assert said == []
    assert [(answer.task_id, answer.draw) for answer in given] == [(each.task.task_id, each.draw) for each in wanted]
    assert {answer.completion for answer in given} == {"m-one on has_close_elements", "m-one on separate_paren_groups"}
    for answer, question in zip(given, wanted, strict=True):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": question.text}]
        assert answer.prompt == messages
        assert (answer.finish, answer.output_tokens) == ("stop", 3)
        (body,) = (each.body for each in server.asked if each.body["seed"] == question.seed)
        sampled = {"temperature": 0.8, "top_p": 0.9, "max_tokens": 7, "seed": question.seed, "top_k": 40}
        assert body == {"model": "m-one", "messages": messages, **sampled}
    assert {each.path for each in server.asked} == {"/v1/chat/completions"}


def test_a_base_model_is_given_the_bare_prompt_and_as_many_stop_strings_as_the_api_takes(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.script = lambda asked: "    return 1\n\ndef other(): pass"
    with expert_answers(recipe(server.url), "two-coder", tmp_path / "e", print) as answerer:
        assert answerer.style == "completion"
    wanted = asked_of(1, "completion")
    (answer,), ended = answers(recipe(server.url), tmp_path / "e", wanted, name="two-coder")
    assert ended is None
    assert answer.prompt == wanted[0].text == TASKS[0].prompt.rstrip() + "\n"
    assert (answer.completion, answer.finish) == ("    return 1\n", "stop")
    (asked,) = server.asked
    assert (asked.path, asked.text) == ("/v1/completions", wanted[0].text)
    assert asked.body["stop"] == list(STOPS_IN_FUNCTION[:4])


@pytest.mark.parametrize(
    ("endpoint", "stops"),
    [
        ({"kind": "embedded", "model": "gemma-3-270m"}, 11),
        ({"kind": "tgi", "base_url": "http://127.0.0.1:1", "model": "m"}, 11),
        ({"kind": "hf-inference", "base_url": "http://127.0.0.1:1", "model": "m"}, 11),
        ({"kind": "hf-inference", "provider": "together", "model": "m"}, 4),
        ({"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m"}, 4),
    ],
)
def test_every_stop_string_is_given_where_every_one_is_taken(endpoint: dict[str, Any], stops: int) -> None:
    made = recipe("http://127.0.0.1:1/v1", {"template": "base", "endpoint": endpoint})
    call = question_call(made.experts[0], asked_of(1, "completion")[0], GREEDY)
    assert len(call.sampling["stop"]) == stops
    assert "stop" not in question_call(made.experts[0], asked_of(1)[0], GREEDY).sampling


def test_an_answer_is_cut_off_only_where_the_endpoint_says_so(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = lambda asked: "one two three"
    (cut,), _ = answers(recipe(server.url), tmp_path / "cut", asked_of(1), Sampling(max_tokens=2))
    (whole,), _ = answers(recipe(server.url), tmp_path / "whole", asked_of(1), Sampling(max_tokens=3))
    assert (cut.completion, cut.finish) == ("one two", "length")
    assert (whole.completion, whole.finish) == ("one two three", "stop")


def test_an_empty_completion_is_an_answer_that_is_not_asked_for_again(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = lambda asked: ""
    for _ in range(2):
        given, ended = answers(recipe(server.url), tmp_path / "e", asked_of(3))
        assert ended is None
        assert [answer.completion for answer in given] == ["", "", ""]
    assert len(server.asked) == 3


def test_a_second_time_nobody_is_asked(server: ScriptedServer, tmp_path: Path) -> None:
    made = recipe(server.url)
    first, _ = answers(made, tmp_path / "e", asked_of(3, sampling=DRAWN), DRAWN)
    assert len(server.asked) == 6
    server.forget()
    assert answers(made, tmp_path / "e", asked_of(3, sampling=DRAWN), DRAWN) == (first, None)
    assert server.asked == []
    more, _ = answers(made, tmp_path / "e", asked_of(4, sampling=DRAWN), DRAWN)
    assert (len(more), len(server.asked)) == (8, 2)


def test_nothing_is_opened_before_the_first_question(server: ScriptedServer, tmp_path: Path) -> None:
    with expert_answers(recipe(server.url), "one-coder", tmp_path / "e", print) as answerer:
        assert answerer.model == "one-coder"
    assert not (tmp_path / "e").exists()


def test_a_question_that_fails_for_good_is_told_when_all_others_are_answered(
    server: ScriptedServer, tmp_path: Path
) -> None:
    plain = server.script
    server.script = lambda asked: Fault(400, b"too long") if named(asked) == "truncate_number" else plain(asked)
    said: list[str] = []
    given, ended = answers(recipe(server.url), tmp_path / "e", asked_of(6), said=said)
    assert [answer.task_id for answer in given] == [f"HumanEval/{number}" for number in (0, 1, 3, 4, 5)]
    assert isinstance(ended, RunFailed)
    assert ended.exit_code == 3
    assert str(ended).startswith("1 of 6 questions have no answer; the first, HumanEval/2: ")
    assert "too long" in str(ended)
    assert str(ended).endswith("the same command goes on from here and asks only these.")
    assert len(said) == 1
    assert said[0].startswith("HumanEval/2: no answer: ")
    server.script = plain
    server.forget()
    given, ended = answers(recipe(server.url), tmp_path / "e", asked_of(6))
    assert (len(given), ended) == (6, None)
    assert [named(asked) for asked in server.asked] == ["truncate_number"]


def test_an_endpoint_that_answers_nobody_is_the_users_to_mend(server: ScriptedServer, tmp_path: Path) -> None:
    server.script = lambda asked: Fault(401)
    given, ended = answers(recipe(server.url), tmp_path / "e", asked_of(3))
    assert given == []
    assert isinstance(ended, ModelError)
    assert "wants a key" in str(ended)


def test_the_budget_holds_over_all_runs_in_the_folder(server: ScriptedServer, tmp_path: Path) -> None:
    priced = {"price": {"input": 1.0, "output": 1.0}}
    for calls, answered, asked in ((2, 2, 2), (5, 5, 5), (6, 6, 6)):
        made = recipe(server.url, priced, budget={"calls": calls})
        given, ended = answers(made, tmp_path / "e", asked_of(6))
        assert (len(given), len(server.asked)) == (answered, asked)
        assert (ended is None) == (calls == 6)
        if ended:
            assert f"budget.calls is {calls}" in str(ended)
            assert ended.exit_code == 3


def test_it_says_every_ten_seconds_how_far_it_is_and_what_it_costs(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Gate(server, free=2)
    given: list[Answer] = []
    said: list[str] = []

    class Clock:
        """Stands still until the first two are answered and the other two are held back."""

        now = 0.0
        time = staticmethod(lambda: 1.0)

        @classmethod
        def monotonic(cls) -> float:
            cls.now += 4.0 if len(given) == 2 and held.came == 4 else 0.0
            return cls.now

    def say(line: str) -> None:
        said.append(line)
        held.open()

    monkeypatch.setattr(one_expert, "time", Clock)
    made = recipe(server.url, {"price": {"input": 1e4, "output": 1e4}})
    with expert_answers(made, "one-coder", tmp_path / "e", say) as answerer:
        for batch in answerer.answers(asked_of(4), GREEDY):
            given += batch
    assert len(given) == 4
    assert "eval: 2 of 4 calls, 2 in flight, " in said[0]
    assert "tokens in, 6 out, $" in said[0]


class Gate:
    """Lets some requests to a server through and holds the others until it is opened."""

    def __init__(self, server: ScriptedServer, free: int) -> None:
        self.came = 0
        self._free = free
        self._open = threading.Event()
        self._both = threading.Event()
        server.together = self  # type: ignore[assignment]

    def open(self) -> None:
        self._open.set()

    def wait_for_two_more(self) -> None:
        assert self._both.wait(30)

    async def wait(self) -> None:
        self.came += 1
        if self.came <= self._free:
            return
        if self.came == self._free + 2:
            self._both.set()
        while not self._open.is_set():
            await asyncio.sleep(0.01)


def test_ctrl_c_lets_what_is_in_flight_end_and_begins_nothing_more(server: ScriptedServer, tmp_path: Path) -> None:
    gate = Gate(server, free=2)
    given: list[Answer] = []

    def say(line: str) -> None:
        if "stopping" in line:
            gate.open()

    before = signal.getsignal(signal.SIGINT)
    with expert_answers(recipe(server.url), "one-coder", tmp_path / "e", say) as answerer:
        batches = answerer.answers(asked_of(6), GREEDY)
        while len(given) < 2:
            given += next(batches)
        gate.wait_for_two_more()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted) as stopped:
            given.extend(chain.from_iterable(batches))
    assert stopped.value.exit_code == 130
    assert (len(given), gate.came) == (4, 4)
    assert signal.getsignal(signal.SIGINT) is before
    server.forget()
    given, ended = answers(recipe(server.url), tmp_path / "e", asked_of(6))
    assert (len(given), len(server.asked), ended) == (6, 2, None)


@pytest.mark.parametrize(
    ("number", "times", "code"), [(signal.SIGINT, 2, 130), (signal.SIGTERM, 1, 143)], ids=["ctrl-c twice", "sigterm"]
)
def test_a_second_ctrl_c_and_sigterm_wait_for_nobody(
    server: ScriptedServer, tmp_path: Path, number: signal.Signals, times: int, code: int
) -> None:
    gate = Gate(server, free=2)
    given: list[Answer] = []
    with expert_answers(recipe(server.url), "one-coder", tmp_path / "e", print) as answerer:
        batches = answerer.answers(asked_of(6), GREEDY)
        while len(given) < 2:
            given += next(batches)
        gate.wait_for_two_more()
        for _ in range(times):
            signal.raise_signal(number)
        with pytest.raises(Interrupted) as stopped:
            next(batches)
    assert stopped.value.exit_code == code
    assert not [thread for thread in threading.enumerate() if thread.name in ("asking", "journal")]


def leave_in_the_middle(made: Recipe, folder: Path) -> None:
    with expert_answers(made, "one-coder", folder, print) as answerer:
        next(answerer.answers(asked_of(6), GREEDY))
        raise ZeroDivisionError


def test_who_leaves_in_the_middle_leaves_nothing_behind(server: ScriptedServer, tmp_path: Path) -> None:
    Gate(server, free=2)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError):
        leave_in_the_middle(recipe(server.url), tmp_path / "e")
    assert not [thread for thread in threading.enumerate() if thread.name in ("asking", "journal")]
    assert signal.getsignal(signal.SIGINT) is before
    with Journal(tmp_path / "e" / "journal.sqlite") as journal:
        assert 1 <= len(journal) <= 2


def test_a_provider_that_only_chats_completes_nothing_and_says_why(tmp_path: Path) -> None:
    endpoint = {"kind": "hf-inference", "provider": "groq", "model": "org/m", "api_key_env": None}
    made = recipe("http://127.0.0.1:1/v1", {"endpoint": endpoint})
    given, ended = answers(made, tmp_path / "e", asked_of(1, "completion"))
    assert given == []
    assert isinstance(ended, RecipeError)
    assert "groq offers chat only" in str(ended)
    assert not (tmp_path / "e").exists()


def test_an_unknown_expert_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    made = recipe("http://127.0.0.1:1/v1")
    with pytest.raises(RecipeError) as refused, expert_answers(made, "one-codr", tmp_path, print):
        pass
    assert str(refused.value) == (
        "one-codr: the recipe has no such expert; its experts are one-coder, two-coder. Did you mean one-coder?"
    )


def test_the_identity_is_what_answers_and_neither_where_nor_with_which_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_KEY", "k3y-that-must-never-be-written-down")

    def identity(**changes: Any) -> dict[str, Any]:
        endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "org/m"}
        expert = {"endpoint": endpoint | changes.pop("endpoint", {}), **changes}
        with expert_answers(recipe("http://127.0.0.1:1/v1", expert), "one-coder", tmp_path, print) as answerer:
            return dict(answerer.identity)

    plain = identity()
    assert plain == {"model": "openai:org/m", "weights": "org/m", "provider": None, "system": None, "extra": {}}
    elsewhere = {"base_url": "http://127.0.0.1:2/v1", "api_key_env": "TINY_KEY", "concurrency": 9}
    assert identity(endpoint=elsewhere) == plain
    changed = [identity(system="Be brief."), identity(extra={"top_k": 1}), identity(weights="sha256:0")]
    assert all(other != plain for other in changed)


def test_a_key_that_is_not_there_is_missed_before_anything_is_asked(tmp_path: Path) -> None:
    endpoint = {"kind": "openai", "base_url": "http://127.0.0.1:1/v1", "model": "m", "api_key_env": "NO_SUCH_KEY"}
    made = recipe("http://127.0.0.1:1/v1", {"endpoint": endpoint})
    with (
        pytest.raises(RecipeError, match="NO_SUCH_KEY is not set"),
        expert_answers(made, "one-coder", tmp_path, print),
    ):
        pass
