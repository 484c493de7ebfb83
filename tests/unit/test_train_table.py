from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kto_arena import ANSWERS, kto_row, write_kto_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError, TrainingError
from warriorcoder.tables import TABLES
from warriorcoder.train.table import Labels, count_labels, load_kto, measure_lengths

SPLIT_CARD = """---
configs:
- config_name: kto
  data_files:
  - {split: train, path: kto/train.parquet}
  - {split: test, path: kto/test.parquet}
---
"""

COUNT = st.integers(min_value=1, max_value=10**6)


@given(COUNT, COUNT)
def test_weights_bring_the_ratio_into_the_papers_range(desirable: int, undesirable: int) -> None:
    desirable_weight, undesirable_weight = Labels(desirable, undesirable).weights
    ratio = desirable * desirable_weight / (undesirable * undesirable_weight)
    assert 1 - 1e-4 <= ratio <= 4 / 3 + 1e-4 or desirable_weight == undesirable_weight == 1


@given(COUNT, COUNT)
def test_only_the_rarer_label_is_raised(desirable: int, undesirable: int) -> None:
    weights = Labels(desirable, undesirable).weights
    assert min(weights) == 1.0
    assert max(weights) == 1.0 or weights.index(max(weights)) == (0 if desirable < undesirable else 1)


def test_weights_inside_the_range_are_left_alone() -> None:
    assert Labels(100, 100).weights == (1.0, 1.0)
    assert Labels(133, 100).weights == (1.0, 1.0)
    assert Labels(8, 10).weights == (1.25, 1.0)
    assert Labels(30, 10).weights == (1.0, 2.25)


@pytest.mark.parametrize("labels", [[True, True], [False], []])
def test_one_class_is_refused_with_the_counts(labels: list[bool]) -> None:
    with pytest.raises(TrainingError, match=rf"{sum(labels)} desirable and {len(labels) - sum(labels)} undesirable"):
        count_labels(labels, Path("arenas/demo"))


def test_the_table_is_loaded_in_its_order_by_the_card(tmp_path: Path) -> None:
    dataset = load_kto(write_kto_arena(tmp_path / "arena"))
    assert dataset["label"][:] == [label for _, _, label in ANSWERS]
    assert dataset[0]["prompt"] == [{"role": "user", "content": "Write a Python function that reverses a string."}]


def test_a_changed_arena_and_another_of_its_name_are_read_anew(tmp_path: Path) -> None:
    arena = write_kto_arena(tmp_path / "one" / "arena")
    assert len(load_kto(arena)) == len(ANSWERS)
    assert len(load_kto(write_kto_arena(arena, ANSWERS[:4]))) == 4
    assert len(load_kto(write_kto_arena(tmp_path / "two" / "arena", ANSWERS[:2]))) == 2


def test_a_missing_arena_table_or_card_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArenaError, match="no such folder"):
        load_kto(tmp_path / "absent")
    bare = tmp_path / "bare"
    ArenaFolder.prepare(bare).update_manifest({"name": "bare"})
    with pytest.raises(TrainingError, match="no table `kto`"):
        load_kto(bare)
    with pytest.raises(TrainingError, match=r"no README\.md"):
        load_kto(write_kto_arena(tmp_path / "without_card", card=None))
    with pytest.raises(TrainingError, match="cannot be loaded"):
        load_kto(write_kto_arena(tmp_path / "other_card", card="# a card that declares nothing\n"))


def test_only_the_split_asked_for_is_loaded(tmp_path: Path) -> None:
    arena = write_kto_arena(tmp_path / "arena", ANSWERS[:4], card=SPLIT_CARD)
    held_back = [kto_row(*each) for each in ANSWERS[4:]]
    with pytest.raises(
        TrainingError, match=r"no rows in its split `test`; .* set outcomes.test, or here eval_strategy"
    ):
        load_kto(arena, "test")
    pq.write_table(pa.Table.from_pylist(held_back, TABLES["kto"].features.arrow_schema), arena / "kto" / "test.parquet")
    assert load_kto(arena, "test").to_list() == held_back
    assert load_kto(arena)["prompt"][:] == [kto_row(*each)["prompt"] for each in ANSWERS[:4]]


def test_an_empty_table_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"no rows in its split `train`; `warrior report .*` says why"):
        load_kto(write_kto_arena(tmp_path / "arena", []))


def test_a_damaged_table_is_said(tmp_path: Path) -> None:
    arena = write_kto_arena(tmp_path / "arena")
    (arena / "kto" / "train.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(TrainingError, match="cannot be loaded"):
        load_kto(arena)


class _Characters:
    """A tokenizer whose tokens are characters."""

    def apply_chat_template(self, messages: list[dict[str, str]], add_generation_prompt: bool = False) -> list[int]:
        return [0] * (sum(len(message["content"]) for message in messages) + add_generation_prompt)


def test_lengths_count_what_is_cut_and_what_is_dropped(tmp_path: Path) -> None:
    answers = [("a", "x", True), ("b" * 40, "x", False), ("c", "x" * 60, False)]
    dataset = load_kto(write_kto_arena(tmp_path / "arena", answers))
    short = len("Write a Python function that a.")
    lengths = measure_lengths(dataset, _Characters(), max_length=short + len("```python\nx\n```") + 2)
    assert (lengths.kept, lengths.truncated, lengths.dropped) == ([0, 2], 1, 1)
    assert measure_lengths(dataset, _Characters(), max_length=None).kept == [0, 1, 2]
