"""An expert of a recipe as a source of answers for an evaluation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from warriorcoder.code_extraction import Style
from warriorcoder.endpoint_kinds import EmbeddedEndpoint, HFInferenceEndpoint, OpenAIEndpoint
from warriorcoder.errors import RecipeError, RunFailed
from warriorcoder.eval.questions import Answer, Message, Question, Sampling
from warriorcoder.pipelines.beforehand import check_expert
from warriorcoder.pipelines.endpoints.calls import Call, Reply
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.one_expert import OneExpert
from warriorcoder.recipe import Expert, Recipe

STAGE = "eval"
JOURNAL = "journal.sqlite"

STOPS_OF_THE_API = 4
"""So many stop strings does OpenAI's API take; servers that follow it closely refuse more."""

NAMED = 5
"""So many questions without an answer are named one by one."""


@contextmanager
def expert_answers(
    recipe: Recipe, expert_name: str, folder: Path, say: Callable[[str], None]
) -> Iterator["ExpertAnswers"]:
    """An expert of a recipe, to be asked an evaluation's questions inside the block.

    `folder` is the evaluation's; nothing is written there before the first question is asked. Then it gets
    journal.sqlite, with every answer, and logs/, with the local server's log. Raises RecipeError for an unknown
    expert or a missing key, ModelError for missing weights.
    """
    expert = _expert(recipe, expert_name)
    with OneExpert(recipe, expert, folder / JOURNAL, folder / "logs", STAGE, say) as line:
        yield ExpertAnswers(expert, line, say)


class ExpertAnswers:
    """An `Answerer` of `eval.questions`: asks in chat by messages, and else by raw completion."""

    def __init__(self, expert: Expert, line: OneExpert, say: Callable[[str], None]) -> None:
        self._expert = expert
        self._line = line
        self._say = say

    @property
    def model(self) -> str:
        return self._expert.name

    @property
    def style(self) -> Style:
        """Chat where the expert's template is one of a chat model."""
        return "chat" if template_of(self._expert).chat else "completion"

    @property
    def identity(self) -> Mapping[str, Any]:
        """What answers and what it is told besides the question; where it is reached does not count."""
        endpoint = self._expert.endpoint
        local = isinstance(endpoint, EmbeddedEndpoint)
        return {
            "model": f"{endpoint.kind}:{Path(endpoint.model).name if local else endpoint.model}",
            "weights": self._line.weights,
            "provider": getattr(endpoint, "provider", None),
            "system": self._expert.system,
            "extra": self._expert.extra,
        }

    def answers(self, questions: Sequence[Question], sampling: Sampling) -> Iterator[list[Answer]]:
        """The answers as they come, each in the journal before it is given out. An empty one is an answer, too.

        Raises RecipeError, before anything is asked, where a question is to be completed and the expert can only
        chat; RunFailed, after all others were given out, where questions have no answer for good; and what
        `OneExpert.replies` raises.
        """
        check_expert(self._expert, raw=any(question.style == "completion" for question in questions))
        calls = [question_call(self._expert, question, sampling) for question in questions]
        failed: list[tuple[str, str]] = []
        for replies in self._line.replies(calls):
            given = []
            for place, reply in replies:
                if reply.error is None:
                    given.append(_answer(questions[place], calls[place], reply))
                else:
                    failed.append((questions[place].task.task_id, reply.error))
                    if len(failed) <= NAMED:
                        self._say(f"{failed[-1][0]}: no answer: {reply.error}")
            if given:
                yield given
        if failed:
            task, reason = failed[0]
            raise RunFailed(
                f"{len(failed):,} of {len(questions):,} questions have no answer; the first, {task}: {reason}. "
                "Everything answered is kept; the same command goes on from here and asks only these."
            )


def question_call(expert: Expert, question: Question, sampling: Sampling) -> Call:
    """A question as a call to an expert, in the names of the OpenAI API."""
    drawn: dict[str, Any] = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "seed": question.seed,
    }
    if question.style == "completion":
        stops = {"stop": _stops(expert, question)} if question.stops else {}
        return Call(expert.name, drawn | stops, prompt=question.text, draw=question.draw)
    return Call(expert.name, drawn, messages=_messages(expert, question), draw=question.draw)


def _messages(expert: Expert, question: Question) -> list[Message]:
    system = [{"role": "system", "content": expert.system}] if expert.system else []
    return [*system, {"role": "user", "content": question.text}]


def _stops(expert: Expert, question: Question) -> list[str]:
    """All stop strings where they are all taken: by our own server, and by our reading of TGI's stream."""
    endpoint = expert.endpoint
    closely = isinstance(endpoint, OpenAIEndpoint) or (isinstance(endpoint, HFInferenceEndpoint) and endpoint.provider)
    return list(question.stops[:STOPS_OF_THE_API] if closely else question.stops)


def _answer(question: Question, call: Call, reply: Reply) -> Answer:
    return Answer(
        question.task.task_id,
        question.draw,
        call.prompt if call.prompt is not None else call.messages or [],
        reply.text,
        "length" if reply.finish_reason == "length" else "stop",
        reply.output_tokens,
    )


def _expert(recipe: Recipe, name: str) -> Expert:
    names = [expert.name for expert in recipe.experts]
    if name not in names:
        near = get_close_matches(name, names, 1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise RecipeError(f"{name}: the recipe has no such expert; its experts are {', '.join(names)}.{meant}")
    return recipe.expert(name)
