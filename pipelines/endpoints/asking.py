"""Asking an expert in the form that suits it: chat for chat models, raw completion for base models."""

from dataclasses import dataclass
from typing import Any

from warriorcoder.ids import seed_from
from warriorcoder.pipelines.endpoints.calls import Call, Constraint
from warriorcoder.pipelines.endpoints.templates import template_of
from warriorcoder.pipelines.prompts import fill, read_prompt
from warriorcoder.recipe import Expert, Recipe

ANSWER_BASE_PROMPT = "answer_base_v1"
REASK_TEMPERATURE = 0.7


@dataclass(frozen=True)
class Judgement:
    """A request for a grade or a verdict: the filled prompt, what it is for, and its limits."""

    prompt: str
    purpose: str
    max_tokens: int
    constraint: Constraint | None = None


def answer_call(recipe: Recipe, expert: Expert, instruction: str) -> Call:
    """Ask an expert to answer an instruction. A base model is shown an exercise and its opened code block."""
    sampling = recipe.sampling_of(expert).model_dump()
    sampling["seed"] = seed_from(recipe.seed, "answer", expert.name, instruction)
    if template_of(expert).chat:
        system = [{"role": "system", "content": expert.system}] if expert.system else []
        messages = [*system, {"role": "user", "content": instruction}]
        return Call(expert.name, sampling, messages=messages)
    prompt = fill(read_prompt(ANSWER_BASE_PROMPT), instruction=instruction)
    return Call(expert.name, {**sampling, "stop": ["```", "\nExercise:"]}, prompt=prompt)


def answer_text(expert: Expert, completion: str) -> str:
    """The answer as it enters the arena; a base model's code gets back the block that its prompt opened."""
    if template_of(expert).chat or not completion.strip():
        return completion.strip()
    return f"```python\n{completion.rstrip()}\n```"


def judgement_call(recipe: Recipe, judge: Expert, judgement: Judgement, attempt: int) -> Call:
    """Ask a judge or grader: greedy at first, drawn when asked again."""
    sampling: dict[str, Any] = {
        "temperature": REASK_TEMPERATURE if attempt else 0.0,
        "top_p": 1.0,
        "max_tokens": judgement.max_tokens,
        "seed": seed_from(recipe.seed, judgement.purpose, judge.name, attempt),
    }
    messages = [{"role": "user", "content": judgement.prompt}] if template_of(judge).chat else None
    prompt = None if messages else judgement.prompt + "\nExplanation:"
    return Call(judge.name, sampling, prompt, messages, attempt, judgement.constraint)
