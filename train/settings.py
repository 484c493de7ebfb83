"""A training recipe: a plain TRL configuration, read by TRL's own parser, with `--set` applied first."""

import contextlib
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from warriorcoder.errors import TrainingError
from warriorcoder.ids import value_digest
from warriorcoder.overrides import override_key


@dataclass(frozen=True)
class Settings:
    """TRL's dataclasses as its parser fills them, and the mapping that they came from.

    `training` is a KTOConfig, `model` a ModelConfig; `digest` names the mapping without its
    output folder.
    """

    training: Any
    model: Any
    mapping: dict[str, Any]

    @property
    def digest(self) -> str:
        return value_digest({key: value for key, value in self.mapping.items() if key != "output_dir"})

    @property
    def names_weights(self) -> bool:
        """True where the recipe itself sets a label weight, which then holds."""
        return "desirable_weight" in self.mapping or "undesirable_weight" in self.mapping


def read_mapping(recipe: Path, overrides: list[str]) -> dict[str, Any]:
    """The recipe's keys with the overrides applied. Raises TrainingError, or RecipeError for an override."""
    try:
        text = recipe.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise TrainingError(
            f"{recipe}: the recipe cannot be read: {reason}. Recipes are in train/recipes/<model>/; "
            "train/README.md lists them."
        ) from error
    try:
        mapping = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise TrainingError(f"{recipe}: not valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(mapping, dict):
        raise TrainingError(f"{recipe}: a training recipe is a mapping of TRL's keys, such as `max_steps: 6`.")
    for override in overrides:
        override_key(mapping, override)
    return mapping


def parse_settings(recipe: Path, mapping: dict[str, Any], output: Path | None) -> Settings:
    """What TRL makes of a recipe. Raises TrainingError with TRL's own complaint on one line."""
    from trl.scripts.kto import make_parser

    mapping = dict(mapping)
    if output is not None:
        mapping["output_dir"] = str(output)
    mapping.setdefault("output_dir", str(Path("outputs") / recipe.stem))
    complaint = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "recipe.yaml"
        config.write_text(yaml.safe_dump(mapping), encoding="utf-8")
        try:
            with contextlib.redirect_stderr(complaint):
                _, training, model, _ = make_parser(prog="trl kto").parse_args_and_config(["--config", str(config)])
        except SystemExit as error:
            # argparse prints its usage, then one line of what is wrong.
            last = complaint.getvalue().strip().splitlines()[-1]
            raise TrainingError(f"{recipe}: TRL does not accept it: {last.rpartition('error: ')[2]}.") from error
        except (ValueError, TypeError, ImportError) as error:
            raise TrainingError(f"{recipe}: TRL does not accept it: {_readable(error)}") from error
    if not model.model_name_or_path:
        raise TrainingError(f"{recipe}: the key model_name_or_path is missing; it names the model to start from.")
    if training.loss_type == "kto" and training.per_device_train_batch_size < 2:
        raise TrainingError(
            f"{recipe}: per_device_train_batch_size is {training.per_device_train_batch_size}; KTO's KL term pairs "
            "rows of a batch and needs at least 2. Keep memory down with max_length or gradient_checkpointing."
        )
    return Settings(training, model, mapping)


def _readable(error: Exception) -> str:
    """TRL's message on one line; its list of unknown keys as keys."""
    message = " ".join(str(error).split())
    _, found, after = message.partition("Unknown arguments from config file: [")
    if not found:
        return message
    keys = [part.strip(" '\"").removeprefix("--") for part in after.partition("]")[0].split(",") if "--" in part]
    return f"unknown keys: {', '.join(keys)}. `trl kto --help` lists the known ones."
