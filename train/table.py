"""The kto table as a training set: loaded as the card declares it, checked, its labels weighed."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import TrainingError

WIDEST = 4 / 3
"""Weighted desirable rows over weighted undesirable ones are between 1 and this (arXiv 2402.01306, eq. 8)."""


@dataclass(frozen=True)
class Labels:
    """How many rows are desirable and undesirable, and what a row of each counts in the loss."""

    desirable: int
    undesirable: int

    @property
    def weights(self) -> tuple[float, float]:
        """(desirable_weight, undesirable_weight): the rarer label is raised until the ratio is in [1, 4/3]."""
        ratio = self.desirable / self.undesirable
        if ratio < 1:
            return round(1 / ratio, 4), 1.0
        if ratio > WIDEST:
            return 1.0, round(ratio / WIDEST, 4)
        return 1.0, 1.0


@dataclass(frozen=True)
class Lengths:
    """What `max_length` (tokens) does to the rows: kept whole, cut at their end, or dropped for a prompt as long."""

    kept: list[int]
    truncated: int
    dropped: int


def load_kto(arena: Path, split: str = "train") -> Any:
    """A split of the kto table of an arena folder as a `datasets.Dataset`, in the table's order.

    It is loaded by the card's `configs`, as a reader of the published dataset loads it. Raises
    ArenaError where there is no arena, TrainingError where it has no table, split, card or such columns.
    """
    from datasets import load_dataset

    folder = ArenaFolder.open(arena)
    if not folder.has_table("kto"):
        raise TrainingError(f"{arena}: no table `kto` to train on. `warrior build {arena}` makes it from the battles.")
    if not (folder.path / "README.md").is_file():
        raise TrainingError(
            f"{arena}: no README.md, and it is the card that declares the tables. `warrior build {arena}` writes it."
        )
    try:
        dataset = None
        if folder.rows_by_split("kto").get(split):
            dataset = load_dataset(str(folder.path), "kto", split=split, cache_dir=str(_cache(folder)))
    except Exception as error:  # datasets raises its own kinds, and pyarrow's, for a bad card or file
        raise TrainingError(
            f"{arena}: the table `kto` cannot be loaded: {' '.join(str(error).split())[:300]}"
        ) from error
    if dataset is None:
        remedy = {"test": "A training that evaluates needs some: set outcomes.test, or here eval_strategy: no."}
        raise TrainingError(
            f"{arena}: the table `kto` has no rows in its split `{split}`; `warrior report {arena}` says why. "
            f"{remedy.get(split, '')}".rstrip()
        )
    absent = {"prompt", "completion", "label"} - set(dataset.column_names)
    if absent:
        raise TrainingError(f"{arena}: the table `kto` has no column {', '.join(sorted(absent))}.")
    if dataset.features["label"].dtype != "bool":
        raise TrainingError(f"{arena}: the column label is {dataset.features['label'].dtype}, it must be bool.")
    return dataset


def _cache(folder: ArenaFolder) -> Path:
    """A place in the datasets cache that only this table has.

    Of a local folder, datasets 5.0 caches by the name and the card's `configs` alone: in its usual
    place an arena that has changed, or another one of the same name, would give the rows of before.
    """
    from datasets import config

    digest = hashlib.sha256()
    for file in folder.table_files("kto"):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return Path(config.HF_DATASETS_CACHE) / f"arena-{digest.hexdigest()[:16]}"


def count_labels(labels: list[bool], where: Path) -> Labels:
    """Count the labels. Raises TrainingError where one of the two is absent: KTO needs both."""
    desirable = sum(labels)
    counted = Labels(desirable, len(labels) - desirable)
    if not desirable or not counted.undesirable:
        raise TrainingError(
            f"{where}: {len(labels)} rows to train on, {desirable} desirable and {counted.undesirable} undesirable; "
            "KTO needs both. Build the tables with a lower outcomes.margin, or mine more instructions and fight more "
            "battles, so that answers both win and lose."
        )
    return counted


def measure_lengths(dataset: Any, tokenizer: Any, max_length: int | None) -> Lengths:
    """What TRL will do to each row of a conversational table: it drops prompts of `max_length` tokens or more."""
    kept, truncated, dropped = [], 0, 0
    for index, row in enumerate(dataset.select_columns(["prompt", "completion"])):
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"])
        if max_length is not None and len(prompt) >= max_length:
            dropped += 1
            continue
        kept.append(index)
        truncated += max_length is not None and len(whole) > max_length
    return Lengths(kept, truncated, dropped)
