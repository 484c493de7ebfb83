"""Recipes: what is accepted, and one line for every mistake that says where, what was found and what is allowed."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from warriorcoder.errors import RecipeError
from warriorcoder.recipe import Recipe, load_recipe

GOOD: dict[str, Any] = {
    "name": "demo",
    "experts": [
        {"name": "local", "endpoint": {"kind": "embedded", "model": "gemma-3-270m"}},
        {
            "name": "qwen2.5-coder-7b",
            "template": "chatml",
            "endpoint": {"kind": "openai", "base_url": "http://127.0.0.1/v1", "model": "m", "api_key_env": "HF_TOKEN"},
        },
    ],
}
RECIPES = Path(__file__).resolve().parents[2] / "pipelines" / "recipes"


def write(folder: Path, data: Any) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    change(data)
    return data


def messages(folder: Path, data: Any) -> list[str]:
    """The lines of the error, without the file's name, which each must begin with."""
    path = write(folder, data)
    with pytest.raises(RecipeError) as error:
        load_recipe(path)
    lines = str(error.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def section(**values: Any) -> dict[str, Any]:
    return {**GOOD, **values}


def expert(place: int = 1, **values: Any) -> dict[str, Any]:
    return changed(lambda data: data["experts"][place].update(values))


def endpoint(place: int = 1, **values: Any) -> dict[str, Any]:
    return changed(lambda data: data["experts"][place]["endpoint"].update(values))


# what is accepted


def test_a_short_recipe_has_the_defaults_of_the_paper(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD))
    assert recipe.mining.temperatures == [1.0, 1.1, 1.2]
    assert recipe.mining.top_ps == [0.99, 0.995, 1.0]
    assert recipe.curation.keep_bands == ["good", "excellent"]
    assert (recipe.rating.k, recipe.rating.start, recipe.rating.alpha) == (40, 1000, 0.7)
    assert (recipe.answers.temperature, recipe.answers.top_p) == (1.0, 0.95)
    assert recipe.mining.draws == 1000
    assert recipe.expert("local").template_or_default == "base"


def test_an_experts_own_settings_come_before_the_recipes(tmp_path: Path) -> None:
    data = expert(answers={"temperature": 0.1}, mining={"systems": ["S"]})
    recipe = load_recipe(write(tmp_path, data))
    one, other = recipe.experts
    assert recipe.sampling_of(other).temperature == 0.1
    assert recipe.sampling_of(one) == recipe.answers
    assert recipe.grid_of(other).systems == ["S"]
    assert recipe.grid_of(one) == recipe.mining


def test_the_resolved_recipe_is_a_recipe_of_the_same_digest(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, GOOD), ["mining.per_expert=7", "experts.qwen2.5-coder-7b.system=Grüß Gott"])
    again = load_recipe(write(tmp_path, recipe.to_yaml()))
    assert again == recipe
    assert again.digest == recipe.digest
    assert again.expert("qwen2.5-coder-7b").system == "Grüß Gott"
    assert recipe.digest != load_recipe(write(tmp_path, GOOD)).digest
    assert load_recipe(write(tmp_path, dict(reversed(GOOD.items())))).digest == Recipe.model_validate(GOOD).digest


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_recipes_that_are_shipped_load(path: Path) -> None:
    assert load_recipe(path).name == path.stem


# mistakes

KEYS = "name, seed, patience, budget, experts, mining, curation, answers, battles, rating, outcomes, publish"
MISTAKES = [
    (section(minning={}), [f"minning: unknown key; allowed here: {KEYS}."]),
    (
        section(mining={"per_exprt": 3}),
        [
            "mining.per_exprt: unknown key; allowed here: "
            "temperatures, top_ps, systems, max_tokens, per_expert, max_draws, language, natural_languages, from, "
            "column."
        ],
    ),
    (
        endpoint(0, base_url="http://x"),
        [
            "experts.0.endpoint.base_url: unknown key; allowed here: kind, model, context, slots, threads, port.",
        ],
    ),
    (changed(lambda data: data.pop("name")), ["name: missing; it must be given."]),
    (changed(lambda data: data.pop("experts")), ["experts: missing; it must be given."]),
    (changed(lambda data: data["experts"][1].pop("endpoint")), ["experts.1.endpoint: missing; it must be given."]),
    (
        changed(lambda data: data["experts"][1]["endpoint"].pop("base_url")),
        ["experts.1.endpoint: give either base_url or base_urls, one of them and not more."],
    ),
    (
        changed(lambda data: data["experts"][1]["endpoint"].pop("kind")),
        ["experts.1.endpoint: the key kind is missing; allowed: 'embedded', 'openai', 'tgi', 'hf-inference'."],
    ),
    (
        endpoint(kind="vllm"),
        ["experts.1.endpoint: found kind 'vllm'; allowed: 'embedded', 'openai', 'tgi', 'hf-inference'."],
    ),
    (endpoint(0, port=70000), ["experts.0.endpoint.port: found 70000; input should be less than or equal to 65535."]),
    (
        endpoint(0, model="gpt-5"),
        [
            "the expert local has the model 'gpt-5', which is no local model; known by name: "
            "smollm2-135m-instruct, gemma-3-270m; or give the path of a .gguf file."
        ],
    ),
    (
        expert(name="local"),
        ["two experts have the name local; every expert needs a name of its own."],
    ),
    (expert(name="execution"), ["an expert is named execution, which is the execution judge's name."]),
    (
        expert(name="../up"),
        ["experts.1.name: found '../up'; string should match pattern '^[A-Za-z0-9][A-Za-z0-9._-]*$'."],
    ),
    (
        changed(lambda data: data["experts"][1].pop("template")),
        [
            "the expert qwen2.5-coder-7b has no template; name its chat template's family (template: chatml), "
            "its tokenizer (template: {tokenizer: folder or Hub id}), "
            "or give it literally (template: {prefix: …, stop: […]}); mining needs it."
        ],
    ),
    (expert(template={"prefix": "x"}), ["experts.1.template.stop: missing; it must be given."]),
    (
        section(mining={"per_expert": "many"}),
        ["mining.per_expert: found 'many'; input should be a valid integer, unable to parse string as an integer."],
    ),
    (
        section(mining={"per_expert": 0}),
        ["mining: per_expert is 0 and from names no set, so there would be no instruction."],
    ),
    (section(mining={"column": "text"}), ["mining: column is given, but from names no set."]),
    (
        section(mining={"from": {"path": "a.jsonl", "hub": "a/b"}}),
        [
            "mining.from: found {'path': 'a.jsonl', 'hub': 'a/b'}; input should be a valid string or give one of path "
            "(a file or a folder) and hub (a dataset's id)."
        ],
    ),
    (
        section(mining={"from": {"paht": "a.jsonl"}}),
        ["mining.from.paht: unknown key; allowed here: path, hub, column, config, split, revision, limit."],
    ),
    (
        section(curation={"novelty": {"threshold": 0.5}}),
        ["curation.novelty: threshold is given, but references names no set to compare with."],
    ),
    (
        section(mining={"temperatures": [1, 9]}),
        ["mining.temperatures.1: found 9; input should be less than or equal to 5."],
    ),
    (
        section(curation={"keep_bands": ["great"]}),
        ["curation.keep_bands.0: found 'great'; input should be 'poor', 'average', 'good' or 'excellent'."],
    ),
    (
        section(battles={"judges": "all"}),
        ["battles.judges: found 'all'; input should be 'uninvolved' or input should be a valid list."],
    ),
    (
        section(battles={"judges": ["nobody"]}),
        ["battles.judges names nobody, which is no expert; the experts are local, qwen2.5-coder-7b."],
    ),
    (
        section(curation={"graders": ["nobody"]}),
        ["curation.graders names nobody, which is no expert; the experts are local, qwen2.5-coder-7b."],
    ),
    (
        section(publish={"repo_id": "demo"}),
        [r"publish.repo_id: found 'demo'; string should match pattern '^[^/\s]+/[^/\s]+$'."],
    ),
    (section(rating={"start": float("inf")}), ["rating.start: found inf; input should be a finite number."]),
    (section(rating={"start": float("nan")}), ["rating.start: found nan; input should be a finite number."]),
    (section(rating={"k": float("inf")}), ["rating.k: found inf; input should be a finite number."]),
    (
        section(mining={"per_expert": -1, "max_drawz": 2}, seed=-1),
        [
            "seed: found -1; input should be greater than or equal to 0.",
            "mining.per_expert: found -1; input should be greater than or equal to 0.",
            "mining.max_drawz: unknown key; allowed here: "
            "temperatures, top_ps, systems, max_tokens, per_expert, max_draws, language, natural_languages, from, "
            "column.",
        ],
    ),
    ("- a\n- b\n", ["a recipe is a YAML mapping with `name:` and `experts:`, found ['a', 'b']."]),
    ("", ["a recipe is a YAML mapping with `name:` and `experts:`, found None."]),
]


@pytest.mark.parametrize(("data", "expected"), MISTAKES)
def test_a_mistake_is_one_line(tmp_path: Path, data: Any, expected: list[str]) -> None:
    assert messages(tmp_path, data) == expected


def test_one_expert_is_no_arena(tmp_path: Path) -> None:
    assert messages(tmp_path, section(experts=GOOD["experts"][:1])) == [
        "experts: found 1 of them; at least 2 are needed."
    ]


def test_what_is_no_yaml_is_told_with_its_place(tmp_path: Path) -> None:
    (line,) = messages(tmp_path, "name: [1, 2\nexperts: x\n")
    assert line.startswith("not valid YAML: ")
    assert "line 2" in line


def test_a_recipe_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none\.yaml: the recipe cannot be read: No such file or directory\.$"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(RecipeError, match=r"the recipe cannot be read: Is a directory\.$"):
        load_recipe(tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match="the recipe cannot be read: 'utf-8' codec"):
        load_recipe(tmp_path / "binary.yaml")


def test_an_override_is_validated_like_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    with pytest.raises(RecipeError, match=r"rating\.alpha: found 2; input should be less than or equal to 1\.$"):
        load_recipe(path, ["rating.alpha=2"])
    assert load_recipe(path, ["rating.alpha=0.5"]).rating.alpha == 0.5


# secrets

SECRETS = [
    expert(system="hf_" + "a" * 34),
    expert(extra={"headers": {"Authorization": "Bearer sk-" + "b" * 30}}),
    endpoint(api_key_env="hf_" + "a" * 34),
    endpoint(base_url="https://user:password@models.example/v1"),
    expert(extra={"key": "the value of the variable"}),
]


@pytest.mark.parametrize("data", SECRETS)
def test_a_written_secret_is_refused_and_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "the value of the variable")
    (line,) = messages(tmp_path, data)
    assert line == (
        "the recipe holds what looks like a secret. Put it into an environment variable "
        "and give the variable's name: api_key_env: HF_TOKEN."
    )


def test_a_secret_in_an_override_is_refused_as_well(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="looks like a secret"):
        load_recipe(write(tmp_path, GOOD), ["experts.local.system=hf_" + "a" * 34])


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        expert(system="Use the sk-learn library, and hf_hub."),
        expert(system="Mail user@example.org, see http://example.org/a:b@c"),
        endpoint(api_key_env="SOME_API_KEY"),
    ],
)
def test_names_of_secrets_and_other_text_are_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: dict[str, Any]
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "the value of the variable")
    monkeypatch.setenv("SHORT_KEY", "demo")
    assert load_recipe(write(tmp_path, data)).name == "demo"
