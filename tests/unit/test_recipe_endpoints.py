"""Endpoints in a recipe: what each kind takes, its defaults, and one line for every mistake."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from warriorcoder.errors import RecipeError
from warriorcoder.recipe import Recipe, load_recipe

OTHER = {"name": "other", "endpoint": {"kind": "embedded", "model": "gemma-3-270m"}}


def recipe(**endpoint: Any) -> dict[str, Any]:
    one = {"name": "one", "template": "chatml", "endpoint": {"model": "org/tiny", **endpoint}}
    return {"name": "demo", "experts": [one, OTHER]}


def loaded(folder: Path, data: dict[str, Any]) -> Recipe:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return load_recipe(path)


def refusal(folder: Path, data: dict[str, Any]) -> str:
    with pytest.raises(RecipeError) as error:
        loaded(folder, data)
    return str(error.value).removeprefix(f"{folder / 'recipe.yaml'}: ")


SERVERS = {
    "openai": {"kind": "openai", "base_url": "http://127.0.0.1:8000/v1"},
    "tgi": {"kind": "tgi", "base_url": "http://127.0.0.1:8080/"},
    "hf-inference": {"kind": "hf-inference", "base_url": "https://abc.eu.endpoints.huggingface.cloud"},
    "provider": {"kind": "hf-inference", "provider": "novita"},
    "many": {"kind": "openai", "base_urls": ["http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1/"]},
}


@pytest.mark.parametrize("endpoint", SERVERS.values(), ids=SERVERS.keys())
def test_what_is_left_out_is_shown_in_the_resolved_recipe(tmp_path: Path, endpoint: dict[str, Any]) -> None:
    made = loaded(tmp_path, recipe(**endpoint))
    resolved = yaml.safe_load(made.to_yaml())
    shown = resolved["experts"][0]["endpoint"]
    assert (shown["concurrency"], shown["timeout"]) == (16, 600)
    assert shown["api_key_env"] == ("HF_TOKEN" if endpoint["kind"] == "hf-inference" else None)
    again = loaded(tmp_path, resolved)
    assert again == made
    assert again.digest == made.digest


@pytest.mark.parametrize(
    ("name", "urls"),
    [
        ("openai", ("http://127.0.0.1:8000/v1",)),
        ("tgi", ("http://127.0.0.1:8080",)),
        ("provider", ()),
        ("many", ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1")),
    ],
)
def test_addresses_have_no_slash_at_their_end(tmp_path: Path, name: str, urls: tuple[str, ...]) -> None:
    endpoint = loaded(tmp_path, recipe(**SERVERS[name])).expert("one").endpoint
    assert endpoint.urls == urls  # type: ignore[union-attr]


def test_a_form_is_bound_as_the_server_can(tmp_path: Path) -> None:
    structured = {
        name: loaded(tmp_path, recipe(**endpoint)).expert("one").endpoint.structured
        for name, endpoint in SERVERS.items()
    }
    assert structured == {"openai": None, "tgi": "tgi", "hf-inference": None, "provider": None, "many": None}
    made = loaded(tmp_path, recipe(**SERVERS["hf-inference"], structured="tgi"))
    assert made.expert("one").endpoint.structured == "tgi"


V1 = "an address of this kind is the server's root: leave /v1 out."
ROUTES = "routes are added to the address."

MISTAKES = [
    ({"kind": "openai", "base_url": "localhost:8000"}, "base_url: found 'localhost:8000'; an address is http:// or "),
    ({"kind": "openai", "base_url": "http:///v1"}, "base_url: found 'http:///v1'; an address is "),
    ({"kind": "openai", "base_url": "http://a b/v1"}, "base_url: found 'http://a b/v1'; an address is "),
    ({"kind": "openai", "base_url": "ftp://me:pass@a"}, "base_url: found 'ftp://…@a'; an address is "),
    ({"kind": "openai", "base_url": "http://[::1"}, "base_url: found 'http://[::1'; an address is "),
    ({"kind": "openai", "base_url": "http://a:99999"}, "base_url: found 'http://a:99999'; an address is "),
    ({"kind": "openai", "base_urls": ["http://a", "b"]}, "base_urls.1: found 'b'; an address is "),
    (
        {"kind": "openai", "base_url": "http://a/v1?key=x"},
        "base_url: found 'http://a/v1?…'; routes are added to an address, so it has no ? and no #.",
    ),
    (
        {"kind": "openai", "base_url": "http://a/v1/chat/completions"},
        f"base_url: found 'http://a/v1/chat/completions'; leave /chat/completions out, {ROUTES}",
    ),
    (
        {"kind": "tgi", "base_url": "http://a/generate/"},
        f"base_url: found 'http://a/generate/'; leave /generate out, {ROUTES}",
    ),
    ({"kind": "tgi", "base_url": "http://a/v1/"}, f"found 'http://a/v1'; {V1}"),
    ({"kind": "tgi", "base_urls": ["http://a", "http://b/v1"]}, f"found 'http://b/v1'; {V1}"),
    ({"kind": "hf-inference", "base_url": "http://a/v1"}, f"found 'http://a/v1'; {V1}"),
    ({"kind": "openai"}, "give either base_url or base_urls, one of them and not more."),
    ({"kind": "hf-inference"}, "give either base_url, base_urls or provider, one of them and not more."),
    (
        {"kind": "hf-inference", "provider": "novita", "base_url": "http://a"},
        "give either base_url, base_urls or provider, one of them and not more.",
    ),
    (
        {"kind": "openai", "base_urls": ["http://a/v1", "http://a/v1/"]},
        "base_urls names a server twice; give more `concurrency` instead.",
    ),
    ({"kind": "openai", "base_urls": []}, "base_urls: found 0 of them; at least 1 is needed"),
    ({"kind": "openai", "base_url": "http://a", "timeout": 0}, "timeout: found 0; input should be greater than 0."),
    (
        {"kind": "openai", "base_url": "http://a", "structured": "outlines"},
        "structured: found 'outlines'; input should be 'llama.cpp', 'vllm', 'vllm-guided', 'sglang' or 'tgi'.",
    ),
    (
        {"kind": "tgi", "base_url": "http://a", "structured": "tgi"},
        "structured: unknown key; allowed here: base_url, base_urls, model, api_key_env, concurrency, timeout, kind.",
    ),
    (
        {"kind": "openai", "base_url": "http://a", "provider": "novita"},
        "provider: unknown key; allowed here: base_url, base_urls, model, api_key_env, concurrency, timeout, kind, "
        "structured.",
    ),
]


@pytest.mark.parametrize(("endpoint", "said"), MISTAKES)
def test_a_mistake_is_one_line(tmp_path: Path, endpoint: dict[str, Any], said: str) -> None:
    line = refusal(tmp_path, recipe(**endpoint))
    assert "\n" not in line
    assert line.removeprefix("experts.0.endpoint").lstrip(".: ").startswith(said)
