"""The whole of HumanEval through the real sandbox: what is right passes, what is wrong does not."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from warriorcoder.code_extraction import Style, extract_program
from warriorcoder.errors import ModelError
from warriorcoder.eval import local_answers
from warriorcoder.eval.local_answers import LocalModel
from warriorcoder.eval.questions import Sampling, questions
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


@pytest.fixture(scope="module")
def small_model() -> LocalModel:
    return LocalModel(resolve_source("smollm2-135m-instruct"), None, lambda _: None)


@pytest.mark.models
@pytest.mark.parametrize("temperature", [0.0, 0.8], ids=["greedy", "drawn"])
def test_a_real_model_s_answers_do_not_depend_on_their_batch(
    small_model: LocalModel, monkeypatch: pytest.MonkeyPatch, temperature: float
) -> None:
    assert small_model.style == "chat"
    sampling = Sampling(temperature=temperature, top_p=0.95, max_tokens=16)
    asked = questions([TASKS[0], TASKS[2]], "chat", sampling)
    together = [answer for batch in small_model.answers(asked, sampling) for answer in batch]
    monkeypatch.setattr(local_answers, "BATCH_SIZE", 1)
    assert [answer for batch in small_model.answers(asked, sampling) for answer in batch] == together
    assert len({answer.completion for answer in together}) == 2


@pytest.mark.models
def test_a_base_model_goes_on_with_the_function(small_model: LocalModel) -> None:
    # An instruct model out of its chat needs the body begun, or it ends the function at once.
    task = replace(TASKS[28], prompt=f"{TASKS[28].prompt}    result = ''\n    for string in strings:\n")
    sampling = Sampling(max_tokens=32)
    ((answer,),) = small_model.answers(questions([task], "completion", sampling), sampling)
    assert answer.prompt == task.prompt
    found = extract_program(answer.completion, task.prompt, task.entry_point, "completion")
    assert found.defines
    assert (found.program or "").startswith(TASKS[28].prompt)


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
