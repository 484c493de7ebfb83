"""A model on this machine as a source of answers: a real one of two small layers, its weights drawn at random."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.small_tasks import coded
from unit.tiny_checkpoint import checkpoint

from warriorcoder.errors import ModelError
from warriorcoder.eval import local_answers
from warriorcoder.eval.local_answers import LocalModel
from warriorcoder.eval.questions import Answer, Sampling, questions
from warriorcoder.gguf_weights import resolve_source

TASKS = [coded(number) for number in (2, 3, 40)]
GREEDY = Sampling(max_tokens=12)
DRAWN = Sampling(samples=2, temperature=1.0, top_p=0.95, max_tokens=12)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("model") / "tiny")


def local(place: Path) -> LocalModel:
    return LocalModel(resolve_source(str(place)), None, lambda _: None)


def answers(model: LocalModel, sampling: Sampling, tasks: Sequence[Any] = TASKS, style: Any = "chat") -> list[Answer]:
    return [each for batch in model.answers(questions(tasks, style, sampling), sampling) for each in batch]


def test_each_question_is_answered_once_with_the_exact_prompt(weights: Path) -> None:
    model = local(weights)
    assert model.style == "chat"
    asked = questions(TASKS, "chat", DRAWN)
    given = answers(model, DRAWN)
    assert [(each.task_id, each.draw) for each in given] == [(each.task.task_id, each.draw) for each in asked]
    assert [each.prompt for each in given] == [f"<s>{each.text}<a>" for each in asked]
    assert {(each.finish, each.output_tokens == 12) for each in given} <= {("length", True), ("stop", False)}
    assert len({each.completion for each in given}) == 6


@pytest.mark.parametrize("sampling", [GREEDY, DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("style", ["chat", "completion"])
def test_answers_do_not_depend_on_their_batch(
    weights: Path, monkeypatch: pytest.MonkeyPatch, sampling: Sampling, style: str
) -> None:
    model = local(weights)
    found = []
    for size in (1, 2, 6):
        monkeypatch.setattr(local_answers, "BATCH_SIZE", size)
        found.append(answers(model, sampling, style=style))
    assert found[0] == found[1] == found[2]
    # Nor on what else is asked.
    alone = answers(model, sampling, TASKS[2:], style)
    assert alone == [each for each in found[0] if each.task_id == TASKS[2].task_id]


def test_drawn_answers_are_the_seed_s(weights: Path) -> None:
    model = local(weights)
    texts = [[each.completion for each in answers(model, replace(DRAWN, seed=seed))] for seed in (0, 0, 1)]
    assert texts[0] == texts[1]
    assert not set(texts[0]) & set(texts[2])


def test_a_checkpoint_s_own_sampling_has_no_part_in_it(weights: Path, tmp_path: Path) -> None:
    """As Qwen's generation_config.json: it draws, and punishes repetitions, unless it is told not to."""
    defaults = {"do_sample": True, "temperature": 9.0, "top_k": 3, "repetition_penalty": 1.8, "min_new_tokens": 9}
    other = checkpoint(tmp_path / "tiny", **defaults)
    assert json.loads((other / "generation_config.json").read_text())["do_sample"]
    for sampling in (GREEDY, DRAWN):
        assert answers(local(other), sampling) == answers(local(weights), sampling)


def test_a_row_ends_as_soon_as_its_question_is_answered(weights: Path) -> None:
    model = local(weights)
    whole = answers(model, replace(GREEDY, max_tokens=30), style="completion")
    # A stop out of the middle of what one of them writes.
    middle = whole[0].completion[4:7]
    asked = [replace(each, stops=(middle,)) for each in questions(TASKS, "completion", GREEDY)]
    (given,) = model.answers(asked, replace(GREEDY, max_tokens=30))
    assert given[0].finish == "stop"
    assert given[0].completion == whole[0].completion[: len(given[0].completion)]
    assert given[0].completion.endswith(middle)
    assert (given[0].output_tokens or 0) < 30
    for rest, full in zip(given[1:], whole[1:], strict=True):
        assert rest == full or middle in full.completion


def test_a_base_model_is_not_asked_in_chat(tmp_path: Path) -> None:
    model = local(checkpoint(tmp_path / "base", template=None))
    assert model.style == "completion"
    with pytest.raises(ModelError, match=r"no chat template.*Use --style completion\."):
        answers(model, GREEDY)
    assert [each.prompt for each in answers(model, GREEDY, style="completion")] == [task.prompt for task in TASKS]


@pytest.mark.parametrize(("begins", "added"), [("<begin>", "<begin>"), ("<|im_start|>", "")])
def test_a_text_to_be_gone_on_with_gets_the_first_token_that_its_model_knows(
    tmp_path: Path, begins: str, added: str
) -> None:
    """ChatML's first token opens a turn: of a text it is none."""
    model = local(checkpoint(tmp_path / "base", template=None, begins=begins))
    given = answers(model, GREEDY, style="completion")
    assert [each.prompt for each in given] == [added + task.prompt for task in TASKS]


def test_a_model_is_known_by_its_weights_and_not_by_its_folder(weights: Path, tmp_path: Path) -> None:
    place = checkpoint(tmp_path / "tiny")
    before = local(place).identity
    assert before["weights"] == local(weights).identity["weights"]
    file = place / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert local(place).identity == {**before, "weights": local(place).identity["weights"]} != before


def test_an_adapter_is_known_by_its_weights(weights: Path, tmp_path: Path) -> None:
    def identity() -> dict[str, Any]:
        return dict(LocalModel(resolve_source(str(weights)), tmp_path / "a", lambda _: None).identity)

    with pytest.raises(ModelError, match=r"a: no adapter there \(adapter_model\.safetensors\)"):
        identity()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(b"one")
    one = identity()
    assert identity() == one
    (tmp_path / "a" / "adapter_model.safetensors").write_bytes(b"two")
    assert identity()["adapter"] != one["adapter"]
