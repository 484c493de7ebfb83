"""`warrior train`: TRL's KTOTrainer on the kto table of an arena, by a plain TRL recipe."""

import copy
import functools
import importlib.metadata
import resource
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from warriorcoder.errors import ModelError, TrainingError
from warriorcoder.gguf_weights import Source, load_model, load_tokenizer, quiet_libraries, resolve_source
from warriorcoder.train.output_folder import FINISHED, claim, tokens_until, write_json
from warriorcoder.train.report import Report, first_and_last, step_line
from warriorcoder.train.settings import Settings, parse_settings, read_mapping
from warriorcoder.train.table import Labels, count_labels, load_kto, measure_lengths

PACKAGES = ("trl", "peft", "transformers", "torch", "datasets")


def train(
    arena: Path, recipe: Path, output: Path | None, overrides: list[str], say: Callable[[str], None] = print
) -> Report:
    """Train on an arena's kto table and save the adapter (or model) with its report.json.

    `recipe` is what `trl kto --config` reads; `overrides` are its keys as key=value; `output`
    replaces its output_dir. A training that was broken off goes on from its last checkpoint when
    the same command is repeated. Raises WarriorError before the model is loaded wherever the
    recipe, the table or the output folder does not allow the training.
    """
    began = time.monotonic()
    mapping = read_mapping(recipe, overrides)
    with quiet_libraries():
        dataset = load_kto(arena)
        settings = parse_settings(recipe, mapping, output)
        held_back = load_kto(arena, "test") if settings.training.eval_strategy != "no" else None
    count_labels(dataset["label"], arena)
    source = resolve_source(settings.model.model_name_or_path)
    folder = Path(settings.training.output_dir)
    identity = {"table": dataset_digest(dataset), "recipe": settings.digest, "model": source.location}
    checkpoint = claim(folder, identity)
    if source.note:
        say(source.note)
    if checkpoint:
        say(f"{folder}: going on from {checkpoint.name}.")

    with quiet_libraries():
        model, tokenizer = _start_point(source, settings)
        if tokenizer.chat_template is None:
            raise TrainingError(
                f"{source.identity}: this base model has no chat template, and the kto table holds messages. "
                "Start from an instruct model."
            )
        lengths = measure_lengths(dataset, tokenizer, settings.training.max_length)
        dataset = dataset.select(lengths.kept)
    batch = settings.training.per_device_train_batch_size
    if len(dataset) < batch:
        raise TrainingError(
            f"{arena}: {len(dataset)} rows fit into max_length {settings.training.max_length}, a batch takes {batch}. "
            "Make a larger arena, or set max_length higher or per_device_train_batch_size lower."
        )
    labels = count_labels(dataset["label"], arena)
    _weigh(settings, labels)
    say(
        f"{len(dataset)} rows: {labels.desirable} desirable (weight {settings.training.desirable_weight:g}), "
        f"{labels.undesirable} undesirable (weight {settings.training.undesirable_weight:g}); "
        f"{lengths.truncated} cut to {settings.training.max_length} tokens, {lengths.dropped} dropped as too long."
    )

    with quiet_libraries():
        trainer = _trainer(model, tokenizer, dataset, held_back, settings)
    if checkpoint:
        # TRL counts tokens from 0 again after a break.
        trainer._total_train_tokens = tokens_until(checkpoint)
    _follow(trainer, say)
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trainer.save_model(str(folder))
    finally:
        logging.set_verbosity(verbosity)

    log = trainer.state.log_history
    report = Report(
        adapter=str(folder),
        base=source.identity,
        arena=str(arena),
        recipe=str(recipe),
        table_digest=identity["table"],
        recipe_digest=settings.digest,
        rows=len(dataset),
        desirable=labels.desirable,
        undesirable=labels.undesirable,
        truncated=lengths.truncated,
        dropped=lengths.dropped,
        desirable_weight=settings.training.desirable_weight,
        undesirable_weight=settings.training.undesirable_weight,
        steps=trainer.state.global_step,
        resumed_from=int(checkpoint.name.rpartition("-")[2]) if checkpoint else None,
        first_loss=first_and_last(log, "loss")[0],
        last_loss=first_and_last(log, "loss")[1],
        test_rows=len(held_back) if held_back is not None else 0,
        last_test_loss=first_and_last(log, "eval_loss")[1],
        last_kl=first_and_last(log, "kl")[1],
        first_margin=first_and_last(log, "rewards/margins")[0],
        last_margin=first_and_last(log, "rewards/margins")[1],
        tokens=int(tokens) if (tokens := first_and_last(log, "num_tokens")[1]) is not None else None,
        seconds=round(time.monotonic() - began, 1),
        peak_memory_gib=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, 2),
        packages={name: importlib.metadata.version(name) for name in PACKAGES},
    )
    write_json(folder / FINISHED, asdict(report))
    for line in report.lines():
        say(line)
    return report


def dataset_digest(dataset: Any) -> str:
    """A digest of what is trained on: prompts, completions and labels in their order."""
    from warriorcoder.ids import text_digest, value_digest

    columns = dataset.select_columns(["prompt", "completion", "label"])
    return text_digest("\n".join(value_digest(row) for row in columns))


def _start_point(source: Source, settings: Settings) -> tuple[Any, Any]:
    """The model and its tokenizer. Weights that are no GGUF are only named: TRL loads them as it always does."""
    if source.kind == "gguf":
        return load_model(source, dtype=settings.model.dtype or "float32")
    return source.location, load_tokenizer(source, settings.model.model_revision)


def _weigh(settings: Settings, labels: Labels) -> None:
    if not settings.names_weights:
        settings.training.desirable_weight, settings.training.undesirable_weight = labels.weights


def _trainer(model: Any, tokenizer: Any, dataset: Any, held_back: Any, settings: Settings) -> Any:
    """A KTOTrainer built as `trl kto` builds it, except that a GGUF's model comes ready."""
    from transformers import PrinterCallback
    from trl import KTOTrainer, get_peft_config, get_quantization_config

    training, peft_config = settings.training, get_peft_config(settings.model)
    quantization = get_quantization_config(settings.model)
    training.disable_tqdm = True
    reference = None
    if isinstance(model, str):
        given = {
            "revision": settings.model.model_revision,
            "attn_implementation": settings.model.attn_implementation,
            "dtype": settings.model.dtype,
        }
        training.model_init_kwargs = given | (training.model_init_kwargs or {})
    else:
        if quantization is not None:
            raise TrainingError(
                "load_in_4bit and load_in_8bit need a Hub id or a checkpoint folder; a GGUF has neither."
            )
        # TRL would look for the reference model by name, and a GGUF has no name that transformers can load.
        reference = copy.deepcopy(model) if peft_config is None else None
    try:
        trainer = KTOTrainer(
            model=model,
            ref_model=reference,
            args=training,
            train_dataset=dataset,
            eval_dataset=held_back,
            processing_class=tokenizer,
            peft_config=peft_config,
            quantization_config=quantization,
        )
    except OSError as error:
        raise ModelError(f"{settings.model.model_name_or_path}: the model cannot be loaded: {error}") from error
    except ValueError as error:
        raise TrainingError(f"TRL refuses this training: {' '.join(str(error).split())}") from error
    trainer.remove_callback(PrinterCallback)
    if peft_config is not None and "embed_tokens" not in str(settings.mapping.get("lora_target_modules")):
        # Else PEFT asks the Hub, at every save, whether the vocabulary has been resized; nothing here resizes it.
        trainer.model.save_pretrained = functools.partial(trainer.model.save_pretrained, save_embedding_layers=False)
    return trainer


def _follow(trainer: Any, say: Callable[[str], None]) -> None:
    """Say one line for every step that the trainer logs."""
    from transformers import TrainerCallback

    began = time.monotonic()

    class Lines(TrainerCallback):  # type: ignore[misc]
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "eval_loss" in logs:
                say(f"step {state.global_step}/{state.max_steps}  loss {logs['eval_loss']:.4f} on the test split")
            if logs and "loss" in logs:
                say(step_line(logs, state.global_step, state.max_steps, time.monotonic() - began))

    trainer.add_callback(Lines())
