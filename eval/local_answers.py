"""Answers of a model on this machine, by transformers, in batches."""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from warriorcoder.code_extraction import Style
from warriorcoder.errors import ModelError
from warriorcoder.eval.draws import Draws
from warriorcoder.eval.questions import Answer, Question, Sampling
from warriorcoder.gguf_weights import Source, load_model, quiet_libraries

BATCH_SIZE = 4

CHATML_START = "<|im_start|>"

SAY_EVERY = 10.0
"""Seconds between two lines on a batch that is being written."""


class LocalModel:
    """A model, with an adapter on it or without, as a source of answers. Its weights are loaded when it is asked.

    Raises ModelError where there is no such model or adapter, or they do not fit together.
    """

    def __init__(self, source: Source, adapter: Path | None, say: Callable[[str], None]) -> None:
        self._source = source
        self._adapter = adapter
        self._say = say
        self._adapter_digest = None if adapter is None else _adapter_digest(adapter)

    @property
    def model(self) -> str:
        return self._source.identity

    @property
    def style(self) -> Style:
        """Chat where the tokenizer has a chat template."""
        return "chat" if self._loaded[1].chat_template else "completion"

    @property
    def identity(self) -> Mapping[str, Any]:
        return {
            "model": f"{self._source.kind}:{self._source.identity}",
            "weights": self._weights_digest,
            "adapter": self._adapter_digest,
        }

    @cached_property
    def _weights_digest(self) -> str | None:
        """Of files that are the user's and may be trained anew; None for the Hub's."""
        place = Path(self._source.location)
        if self._source.kind == "hub":
            return None
        return _digest([place] if self._source.kind == "gguf" else _weights(place, "model", "pytorch_model"))

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        with quiet_libraries():
            model, tokenizer = load_model(self._source, self._adapter)
        if tokenizer.pad_token is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"
        return model, tokenizer

    def answers(self, questions: Sequence[Question], sampling: Sampling) -> Iterator[list[Answer]]:
        """The answers of one batch after the other, in the questions' order. Uses a GPU where torch has one.

        A row ends as soon as its question is answered. A drawn answer depends on its question's seed and not on the
        rows beside it, but for roundings.
        """
        import torch
        from transformers import GenerationConfig, LogitsProcessorList, StoppingCriteriaList

        model, tokenizer = self._loaded
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model.to(device)
        # Small steps gain little from a second thread, and on busy cores threads that wait for each other lose much.
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // 2))
        # Drawn answers too are searched greedily: `Draws` has put the dice into the logits.
        config = GenerationConfig(
            do_sample=False,
            max_new_tokens=sampling.max_tokens,
            bos_token_id=model.generation_config.bos_token_id,
            eos_token_id=_ends(model, tokenizer),
            pad_token_id=tokenizer.pad_token_id,
        )
        for start in range(0, len(questions), BATCH_SIZE):
            batch = questions[start : start + BATCH_SIZE]
            prompts = [_rendered(question, tokenizer) for question in batch]
            # A rendered chat has its special tokens already; a base model's text needs its first one. ChatML's would
            # open a turn, and only the tokenizer of a GGUF file adds it.
            special = batch[0].style == "completion" and tokenizer.bos_token != CHATML_START
            inputs = tokenizer(prompts, padding=True, add_special_tokens=special, return_tensors="pt")
            begin = tokenizer.decode(tokenizer("", add_special_tokens=special).input_ids)
            width = inputs["input_ids"].shape[1]
            dice = [Draws(sampling, [question.seed for question in batch])] if sampling.temperature else []
            with torch.inference_mode():
                output = model.generate(
                    input_ids=inputs["input_ids"].to(device),
                    attention_mask=inputs["attention_mask"].to(device),
                    generation_config=config,
                    # Else what the config leaves at its default is the checkpoint's: do_sample=True, penalties.
                    use_model_defaults=False,
                    logits_processor=LogitsProcessorList(dice),
                    stopping_criteria=StoppingCriteriaList([self._completion_check(batch, width)]),
                )
            rows = zip(batch, [begin + prompt for prompt in prompts], output[:, width:].tolist(), strict=True)
            yield [_answer(question, prompt, ids, tokenizer, config) for question, prompt, ids in rows]

    def _completion_check(self, batch: Sequence[Question], width: int) -> Callable[..., Any]:
        """A stopping criterion for `generate`: a row ends as soon as its question is answered."""
        import torch

        _, tokenizer = self._loaded
        done = [False] * len(batch)
        said = time.monotonic()

        def check(input_ids: Any, scores: Any, **_: Any) -> Any:
            nonlocal said
            for row, question in enumerate(batch):
                if not done[row]:
                    text = tokenizer.decode(input_ids[row, width:], clean_up_tokenization_spaces=False)
                    done[row] = question.is_answered_by(text)
            if time.monotonic() - said > SAY_EVERY:
                said = time.monotonic()
                names = f"{batch[0].task.task_id} to {batch[-1].task.task_id}"
                self._say(f"{names}: {input_ids.shape[1] - width} tokens each so far")
            return torch.tensor(done, device=input_ids.device)

        return check


def _rendered(question: Question, tokenizer: Any) -> str:
    """The exact text that the model gets, special tokens of a chat template included."""
    if question.style == "completion":
        return question.text
    if not tokenizer.chat_template:
        raise ModelError(
            "The model's tokenizer has no chat template, so there is no chat to ask in. Use --style completion."
        )
    message = {"role": "user", "content": question.text}
    rendered: str = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
    return rendered


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """Tokens that end an answer: the model's own and the tokenizer's."""
    own = model.generation_config.eos_token_id
    ends = {tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])} - {None}
    return sorted(ends)


def _answer(question: Question, prompt: str, ids: list[int], tokenizer: Any, config: Any) -> Answer:
    # A row that ended before its batch did is filled up with padding.
    ends = {*config.eos_token_id, config.pad_token_id}
    end = next((at for at, token in enumerate(ids) if token in ends), None)
    written = ids if end is None else ids[:end]
    completion = tokenizer.decode(written, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    stopped = end is not None or question.is_answered_by(completion)
    return Answer(
        question.task.task_id, question.draw, prompt, completion, "stop" if stopped else "length", len(written)
    )


def _adapter_digest(adapter: Path) -> str:
    weights = _weights(adapter, "adapter_model")
    if not weights:
        raise ModelError(
            f"{adapter}: no adapter there (adapter_model.safetensors). Give the folder of `warrior train`."
        )
    return _digest(weights)


def _weights(folder: Path, *names: str) -> list[Path]:
    ends = ("safetensors", "bin")
    return sorted(path for name in names for end in ends for path in folder.glob(f"{name}*.{end}"))


def _digest(files: Sequence[Path]) -> str:
    """SHA-256 of files: of their names and of each one's own digest, since they may be too large for the memory."""
    digest = hashlib.sha256()
    for path in files:
        try:
            with path.open("rb") as file:
                digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        except OSError as error:
            raise ModelError(f"{path}: cannot be read: {error}") from error
    return digest.hexdigest()
