"""Greedy answers of a model to a benchmark's tasks, by transformers, in batches."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from warriorcoder.code_blocks import code_blocks, defines, extract_code
from warriorcoder.eval.benchmarks import Task
from warriorcoder.ids import text_digest

Style = Literal["chat", "completion"]

STOPS = ("\ndef ", "\nclass ", "\nif ", "\nprint(", "\nassert ", "\n@", "\nfrom ", "\nimport ", "\n#", "\n```", "\n<")
"""Where the body of a function is over and a base model goes on with something else."""


SAY_EVERY = 10.0
"""Seconds between two lines on a batch that is being written."""


@dataclass(frozen=True)
class Answer:
    """What a model wrote for a task. `prompt` is the exact text it was given; `finish` is stop or length."""

    task_id: str
    prompt: str
    completion: str
    finish: Literal["stop", "length"]
    output_tokens: int


@cache
def chat_prompt() -> str:
    """The user turn for a chat model, with {prompt} in the task's place."""
    return files("warriorcoder.eval").joinpath("prompts", "humaneval_chat.txt").read_text(encoding="utf-8").strip()


def style_of(tokenizer: Any) -> Style:
    """Chat where the tokenizer has a chat template, raw completion where it has none."""
    return "chat" if tokenizer.chat_template else "completion"


def prompt_digest(style: Style) -> str:
    """A digest of all that turns a task into a prompt and ends its answer."""
    return text_digest(chat_prompt() if style == "chat" else "\n".join(["{prompt}", *STOPS]))


def render(task: Task, tokenizer: Any, style: Style) -> str:
    """The exact text that the model gets, special tokens of a chat template included."""
    if style == "completion":
        # Code models see the newline after a docstring as part of the next token.
        return task.prompt.rstrip() + "\n"
    message = {"role": "user", "content": chat_prompt().replace("{prompt}", task.prompt.strip())}
    rendered: str = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
    return rendered


def is_complete(completion: str, task: Task, style: Style) -> bool:
    """Whether nothing that follows can change the code that `program_source` takes."""
    if style == "completion":
        return any(stop in completion for stop in STOPS)
    return any(block.closed and defines(block.code, task.entry_point) for block in code_blocks(completion))


def program_source(task: Task, completion: str, style: Style) -> str | None:
    """The program to test, or None where the answer holds no code for the task.

    Chat: the answer's code behind the prompt's imports and helper functions. Completion: the
    prompt with the answer's text up to the first stop.
    """
    if style == "completion":
        body = completion[: min((at for stop in STOPS if (at := completion.find(stop)) >= 0), default=None)]
        return f"{task.prompt.rstrip()}\n{body}\n" if body.strip() else None
    code = extract_code(completion, task.entry_point)
    return None if code is None else f"{task.preamble}\n{code}\n"


def generate(
    model: Any,
    tokenizer: Any,
    tasks: Sequence[Task],
    *,
    max_new_tokens: int,
    batch_size: int,
    say: Callable[[str], None],
) -> Iterator[list[Answer]]:
    """Greedy answers, one list a batch, in the tasks' order. Uses a GPU where torch has one.

    `say` hears every few seconds how far the batch is.
    """
    import torch
    from transformers import GenerationConfig, StoppingCriteriaList

    style = style_of(tokenizer)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    # Small steps gain little from a second thread, and on busy cores threads that wait for each other lose much.
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "left"
    config = GenerationConfig(
        do_sample=False,
        max_new_tokens=max_new_tokens,
        bos_token_id=model.generation_config.bos_token_id,
        eos_token_id=_ends(model, tokenizer),
        pad_token_id=tokenizer.pad_token_id,
    )
    for start in range(0, len(tasks), batch_size):
        batch = tasks[start : start + batch_size]
        prompts = [render(task, tokenizer, style) for task in batch]
        # A rendered chat has its special tokens already; a base model's text needs its first one.
        inputs = tokenizer(prompts, padding=True, add_special_tokens=style == "completion", return_tensors="pt")
        width = inputs["input_ids"].shape[1]
        complete = _completion_check(tokenizer, batch, style, width, say)
        with torch.inference_mode():
            output = model.generate(
                input_ids=inputs["input_ids"].to(device),
                attention_mask=inputs["attention_mask"].to(device),
                generation_config=config,
                stopping_criteria=StoppingCriteriaList([complete]),
            )
        rows = zip(batch, prompts, output[:, width:].tolist(), strict=True)
        yield [_answer(task, prompt, ids, tokenizer, config, style) for task, prompt, ids in rows]


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end an answer: the model's own and the tokenizer's."""
    own = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None}
    return sorted(ends)


def _answer(task: Task, prompt: str, ids: list[int], tokenizer: Any, config: Any, style: Style) -> Answer:
    # A row that ended before its batch did is filled up with padding.
    ends = {*config.eos_token_id, config.pad_token_id}
    end = next((at for at, token in enumerate(ids) if token in ends), None)
    written = ids if end is None else ids[:end]
    completion = tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    stopped = end is not None or is_complete(completion, task, style)
    return Answer(task.task_id, prompt, completion, "stop" if stopped else "length", len(written))


def _completion_check(
    tokenizer: Any, batch: Sequence[Task], style: Style, width: int, say: Callable[[str], None]
) -> Callable[..., Any]:
    """A stopping criterion for `generate`: a row ends as soon as its code is complete."""
    import torch

    done = [False] * len(batch)
    said = time.monotonic()

    def check(input_ids: Any, scores: Any, **_: Any) -> Any:
        nonlocal said
        for row, task in enumerate(batch):
            if not done[row]:
                text = tokenizer.decode(input_ids[row, width:], clean_up_tokenization_spaces=False)
                done[row] = is_complete(text, task, style)
        if time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            say(f"{batch[0].task_id} to {batch[-1].task_id}: {input_ids.shape[1] - width} tokens each so far")
        return torch.tensor(done, device=input_ids.device)

    return check
