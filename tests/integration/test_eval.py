"""The whole of HumanEval through the real sandbox: what is right passes, what is wrong does not."""

from collections import Counter
from pathlib import Path

import pytest

from warriorcoder.code_extraction import Style, extract_program
from warriorcoder.errors import ModelError
from warriorcoder.eval.tasks import load
from warriorcoder.eval.testing import PACKAGES, Tester
from warriorcoder.gguf_weights import load_model, resolve_source
from warriorcoder.sandbox.results import Outcome
from warriorcoder.sandbox.sandbox import Sandbox

TASKS = load("humaneval").tasks


def outcomes(programs: list[str]) -> Counter[Outcome]:
    with Sandbox(packages=PACKAGES) as sandbox:
        return Counter(tested.outcome for tested in Tester(sandbox).test_all(zip(TASKS, programs, strict=True)))


def programs(answers: list[str], style: Style) -> list[str]:
    return [
        extract_program(answer, task.prompt, task.entry_point, style).program or ""
        for task, answer in zip(TASKS, answers, strict=True)
    ]


def test_every_reference_solution_passes_as_a_completion_and_as_a_chat_answer() -> None:
    bodies = [task.reference.removeprefix(task.prompt) for task in TASKS]
    assert outcomes(programs(bodies, "completion")) == {Outcome.PASSED: 164}
    functions = [task.reference.removeprefix(task.preamble) for task in TASKS]
    answers = [f"Here it is.\n\n```python\n{code}\n```\nIt is short." for code in functions]
    assert outcomes(programs(answers, "chat")) == {Outcome.PASSED: 164}


def test_no_wrong_solution_passes() -> None:
    # Some tests compute with what comes back: then it is no assertion that fails.
    found = outcomes([f"{task.prompt}\n    return None\n" for task in TASKS])
    assert (found[Outcome.FAILED] + found[Outcome.CRASHED], found[Outcome.PASSED]) == (164, 0)
    others = [*TASKS[1:], TASKS[0]]
    swapped = [
        f"{other.reference}\n{task.entry_point} = {other.entry_point}\n"
        for task, other in zip(TASKS, others, strict=True)
    ]
    assert outcomes(swapped)[Outcome.PASSED] == 0


@pytest.mark.models
def test_a_gguf_whose_tokenizer_comes_out_wrong_is_refused() -> None:
    with pytest.raises(ModelError, match="cannot rebuild the tokenizer"):
        load_model(resolve_source("gemma-3-270m"), None)


@pytest.mark.models
def test_a_gguf_tokenizer_writes_code_as_it_reads_it(tmp_path: Path) -> None:
    _, tokenizer = load_model(resolve_source("smollm2-135m-instruct"), None)
    code = 'def f(x):\n    """é → ü"""\n\tif x:\n\n        return  x[::-1]  # two\n'
    assert tokenizer.decode(tokenizer(code, add_special_tokens=False).input_ids) == code
    assert tokenizer.eos_token == tokenizer.pad_token == "<|im_end|>"
    tokenizer.save_pretrained(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 10 * 1024**2
