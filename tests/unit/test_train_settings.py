from pathlib import Path

import pytest
import yaml

from warriorcoder.errors import RecipeError, TrainingError
from warriorcoder.train.settings import Settings, parse_settings, read_mapping

RECIPES = sorted((Path(__file__).parents[2] / "train" / "recipes").glob("*/*.yaml"))
DEMO = next(path for path in RECIPES if path.name == "kto_lora.yaml" and path.parent.name == "smollm2-135m")


def settings_of(recipe: Path, *overrides: str, output: Path | None = None) -> Settings:
    return parse_settings(recipe, read_mapping(recipe, list(overrides)), output)


def written(folder: Path, mapping: object) -> Path:
    recipe = folder / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return recipe


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_trls_own_parser_reads_every_recipe_as_it_is(recipe: Path) -> None:
    from trl.scripts.kto import make_parser

    script, training, model, _ = make_parser(prog="trl kto").parse_args_and_config(["--config", str(recipe)])
    ours = settings_of(recipe)
    assert script.dataset_config == "kto"
    assert training.train_sampling_strategy == "sequential"
    assert training.per_device_train_batch_size > 1
    assert training.to_dict() == ours.training.to_dict() | {"logging_dir": training.logging_dir}
    assert model == ours.model


def test_overrides_and_output_replace_the_recipes_keys(tmp_path: Path) -> None:
    settings = settings_of(DEMO, "max_steps=2", "learning_rate=3e-5", output=tmp_path / "adapter")
    assert settings.training.max_steps == 2
    assert settings.training.learning_rate == 3e-5
    assert settings.training.output_dir == str(tmp_path / "adapter")


def test_the_digest_follows_the_keys_and_not_the_output(tmp_path: Path) -> None:
    assert settings_of(DEMO).digest == settings_of(DEMO, output=tmp_path).digest
    assert settings_of(DEMO).digest != settings_of(DEMO, "beta=0.2").digest


def test_label_weights_in_the_recipe_are_seen() -> None:
    assert not settings_of(DEMO).names_weights
    assert settings_of(DEMO, "undesirable_weight=1.5").names_weights


@pytest.mark.parametrize(
    ("override", "complaint"),
    [
        ("max_step=2", "unknown keys: max_step"),
        ("max_steps=many", "invalid int value: 'many'"),
        ("model_name_or_path=null", "model_name_or_path is missing"),
        ("per_device_train_batch_size=1", "per_device_train_batch_size is 1"),
        ("load_in_4bit=true", None),
    ],
)
def test_what_trl_refuses_is_one_line(override: str, complaint: str | None) -> None:
    overrides = [override] if complaint else [override, "load_in_8bit=true"]
    with pytest.raises(TrainingError, match=complaint or "8 bit and 4 bit") as refused:
        settings_of(DEMO, *overrides)
    assert "\n" not in str(refused.value)


def test_unreadable_recipes_are_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be read: No such file"):
        read_mapping(tmp_path / "absent.yaml", [])
    with pytest.raises(TrainingError, match="cannot be read: Is a directory"):
        read_mapping(tmp_path, [])
    with pytest.raises(TrainingError, match="a mapping of TRL's keys"):
        read_mapping(written(tmp_path, ["max_steps"]), [])
    (tmp_path / "torn.yaml").write_text("a: [1,", encoding="utf-8")
    with pytest.raises(TrainingError, match="not valid YAML"):
        read_mapping(tmp_path / "torn.yaml", [])
    with pytest.raises(RecipeError, match="--set beta"):
        read_mapping(DEMO, ["beta"])
