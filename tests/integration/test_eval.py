"""The whole of HumanEval through the real execution: what is right passes, what is wrong does not."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from warriorcoder.errors import ModelError
from warriorcoder.eval.benchmarks import load_benchmark
from warriorcoder.eval.evaluate import MAX_NEW_TOKENS
from warriorcoder.eval.execution import LIMITS, Program, execute_all
from warriorcoder.eval.generation import generate, program_source, style_of
from warriorcoder.gguf_weights import load_model
from warriorcoder.sandbox.results import Outcome
from warriorcoder.sandbox.sandbox import Sandbox

TASKS = load_benchmark("humaneval").tasks


def outcomes(sources: list[str]) -> Counter[Outcome]:
    programs = [
        Program(source, task.test, task.entry_point, task.prompt) for source, task in zip(sources, TASKS, strict=True)
    ]
    with Sandbox(LIMITS) as sandbox:
        return Counter(found.outcome for found in execute_all(sandbox, programs))


def test_every_reference_solution_passes_as_a_completion_and_as_a_chat_answer() -> None:
    completions = [program_source(task, task.canonical_solution, "completion") for task in TASKS]
    assert outcomes([source or "" for source in completions]) == {Outcome.PASSED: 164}
    bare = [f"{task.prompt[len(task.preamble) :]}{task.canonical_solution}" for task in TASKS]
    answers = [program_source(task, f"```python\n{code}\n```", "chat") for task, code in zip(TASKS, bare, strict=True)]
    assert outcomes([source or "" for source in answers]) == {Outcome.PASSED: 164}


def test_no_wrong_solution_passes() -> None:
    # Some tests compute with what comes back: then it is no assertion that fails.
    found = outcomes([f"{task.prompt}\n    return None\n" for task in TASKS])
    assert (found[Outcome.FAILED] + found[Outcome.CRASHED], found[Outcome.PASSED]) == (164, 0)
    others = [*TASKS[1:], TASKS[0]]
    swapped = [
        f"{other.prompt}{other.canonical_solution}\n{task.entry_point} = {other.entry_point}\n"
        for task, other in zip(TASKS, others, strict=True)
    ]
    assert outcomes(swapped)[Outcome.PASSED] == 0


@pytest.mark.models
def test_greedy_answers_do_not_depend_on_their_batch() -> None:
    model, tokenizer = load_model("smollm2-135m-instruct")
    assert style_of(tokenizer) == "chat"
    tasks = [TASKS[0], TASKS[2]]
    said: list[str] = []

    def answers(batch_size: int) -> list[str]:
        batches = generate(
            model, tokenizer, tasks, max_new_tokens=min(24, MAX_NEW_TOKENS), batch_size=batch_size, say=said.append
        )
        return [answer.completion for batch in batches for answer in batch]

    together = answers(2)
    assert together == answers(1)
    assert all("```python" in answer for answer in together)


@pytest.mark.models
def test_a_base_model_completes_the_function() -> None:
    model, tokenizer = load_model("smollm2-135m-instruct")
    tokenizer.chat_template = None
    # An instruct model out of its chat needs the body begun, or it ends the function at once.
    task = replace(TASKS[28], prompt=f"{TASKS[28].prompt}    result = ''\n    for string in strings:\n")
    batches = generate(model, tokenizer, [task], max_new_tokens=32, batch_size=1, say=lambda _: None)
    (answer,) = next(batches)
    assert answer.prompt == task.prompt
    source = program_source(task, answer.completion, style_of(tokenizer))
    assert source is not None
    assert source.startswith(task.prompt)
    assert "\ndef " not in source[len(task.prompt) :]


@pytest.mark.models
def test_a_gguf_whose_tokenizer_comes_out_wrong_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot rebuild the tokenizer"):
        load_model("gemma-3-270m")


@pytest.mark.models
def test_a_gguf_tokenizer_writes_code_as_it_reads_it(tmp_path: Path) -> None:
    _, tokenizer = load_model("smollm2-135m-instruct")
    code = 'def f(x):\n    """é → ü"""\n\tif x:\n\n        return  x[::-1]  # two\n'
    assert tokenizer.decode(tokenizer(code, add_special_tokens=False).input_ids) == code
    assert tokenizer.eos_token == tokenizer.pad_token == "<|im_end|>"
    tokenizer.save_pretrained(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10 * 1024**2
