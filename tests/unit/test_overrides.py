"""`--set key.path=value`."""

import copy
from typing import Any

import pytest

from warriorcoder.errors import RecipeError
from warriorcoder.overrides import override_key, shown

DATA: dict[str, Any] = {
    "name": "demo",
    "experts": [{"name": "one"}, {"name": "qwen2.5-coder-7b", "endpoint": {"kind": "openai"}}, {"name": "qwen2"}],
    "mining": {"temperatures": [1.0, 1.1]},
    "publish": None,
}


def overridden(*overrides: str) -> dict[str, Any]:
    data = copy.deepcopy(DATA)
    for override in overrides:
        override_key(data, override)
    return data


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("name=other", {"name": "other"}),
        ("mining.per_expert=500", {"mining": {"temperatures": [1.0, 1.1], "per_expert": 500}}),
        ("mining.temperatures=[0.5, 1]", {"mining": {"temperatures": [0.5, 1]}}),
        ("mining.temperatures.1=0.5", {"mining": {"temperatures": [1.0, 0.5]}}),
        (" curation.size = 7", {"curation": {"size": 7}}),
        ("publish.repo_id=a/b", {"publish": {"repo_id": "a/b"}}),
        ("curation.size=null", {"curation": {"size": None}}),
        ("name=", {"name": None}),
        ("name=a=b", {"name": "a=b"}),
        ("battles.constrained=true", {"battles": {"constrained": True}}),
    ],
)
def test_a_key_is_set_to_a_yaml_value(override: str, changed: dict[str, Any]) -> None:
    assert overridden(override) == {**DATA, **changed}


@pytest.mark.parametrize(
    ("override", "place"),
    [
        ("experts.0.system=hi", 0),
        ("experts.one.system=hi", 0),
        ("experts.1.system=hi", 1),
        ("experts.qwen2.5-coder-7b.system=hi", 1),
        ("experts.qwen2.system=hi", 2),
    ],
)
def test_an_expert_is_named_by_its_number_or_its_name(override: str, place: int) -> None:
    experts = overridden(override)["experts"]
    assert [expert.get("system") for expert in experts] == ["hi" if n == place else None for n in range(3)]


def test_deep_keys_of_a_name_with_a_dot() -> None:
    experts = overridden("experts.qwen2.5-coder-7b.endpoint.concurrency=2")["experts"]
    assert experts[1]["endpoint"] == {"kind": "openai", "concurrency": 2}
    assert overridden("experts.qwen2.5-coder-7b={name: x}")["experts"][1] == {"name": "x"}


def test_later_overrides_win() -> None:
    assert overridden("name=a", "name=b")["name"] == "b"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("mining.per_expert", "write it as key.path=value, for example mining.per_expert=500."),
        ("=5", "write it as key.path=value, for example mining.per_expert=500."),
        ("mining=[1", "the value is not valid YAML."),
        ("name.x=1", "name holds 'demo', which has no keys."),
        ("name.x.y=1", "name holds 'demo', which has no keys."),
        ("experts.two.system=x", "the list has no entry two; it has one, qwen2.5-coder-7b, qwen2."),
        ("experts.3=x", "the list has no entry 3; it has one, qwen2.5-coder-7b, qwen2."),
        ("mining.temperatures.2=1", "the list has no entry 2; it has 0 to 1."),
        ("mining.temperatures.-1=1", "the list has no entry -1; it has 0 to 1."),
        ("mining.temperatures.0.x=1", "mining.temperatures.0 holds 1.0, which has no keys."),
    ],
)
def test_what_cannot_be_set_is_told_in_one_line(override: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        overridden(override)
    assert str(error.value) == f"--set {override}: {message}"


def test_values_are_shown_short() -> None:
    assert shown("abc") == "'abc'"
    assert len(shown("x" * 500)) == 58
    assert shown("x" * 500).endswith("…")
