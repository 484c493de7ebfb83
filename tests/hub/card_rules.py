"""What the Hub asks of the YAML at the top of a dataset card."""

import re
from typing import Any

import yaml

_FRONT = re.compile(r"\A\s*---\r?\n(.*?)\r?\n?---\r?(?:\n|\Z)", re.S)


def front_of(text: str) -> Any:
    """The YAML head as a value, None where there is none. Raises yaml.YAMLError."""
    match = _FRONT.match(text)
    return yaml.safe_load(match[1]) if match else None


def card_errors(text: str) -> list[str]:
    """What is wrong with a card's YAML head, in words."""
    try:
        front = front_of(text)
    except yaml.YAMLError as error:
        return [f"YAML error: {error}"]
    if front is None:
        return []
    if not isinstance(front, dict):
        return ["YAML metadata must be a mapping"]
    wrong = [
        f'"{key}" must be a string or a list of strings'
        for key in ("language", "license", "tags", "size_categories", "task_categories")
        if not _is_text_or_texts(front.get(key))
    ]
    if isinstance(front.get("license"), str) and not re.fullmatch(r"[a-z0-9.+-]+", front["license"]):
        wrong.append(f'"license" must be a known licence id, found {front["license"]}')
    configs = front.get("configs")
    if configs is not None and not (
        isinstance(configs, list) and all(isinstance(config, dict) and "config_name" in config for config in configs)
    ):
        wrong.append('"configs" must be a list of objects with a config_name')
    return wrong


def _is_text_or_texts(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return value is None or isinstance(value, str)
