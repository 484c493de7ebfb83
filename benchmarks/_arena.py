"""Arenas for the benchmarks: scripted experts behind the loopback server, and instructions to answer."""

from pathlib import Path
from typing import Any

from _experts import LIMITS, OBJECTS, VERBS

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.ids import instruction_id
from warriorcoder.recipe import Recipe
from warriorcoder.tables import MINED


def instructions(count: int) -> list[str]:
    """So many different instructions."""
    return [
        f"Write a Python function that {VERBS[n % len(VERBS)]} {OBJECTS[n // len(VERBS) % len(OBJECTS)]} "
        f"{LIMITS[n % len(LIMITS)]}. It is exercise {n}."
        for n in range(count)
    ]


def expert_names(count: int) -> list[str]:
    return [f"expert-{n}" for n in range(1, count + 1)]


def recipe(
    url: str, experts: int, *, concurrency: int = 64, timeout: float = 600.0, base: bool = False, **sections: Any
) -> Recipe:
    """A recipe with so many experts at one server; the last one is a base model where `base` is set."""
    names = expert_names(experts)
    endpoint = {"kind": "openai", "base_url": url, "concurrency": concurrency, "timeout": timeout}
    return Recipe.model_validate(
        {
            "name": "bench",
            "experts": [
                {
                    "name": name,
                    "template": "base" if base and name == names[-1] else "chatml",
                    "endpoint": {**endpoint, "model": name},
                }
                for name in names
            ],
            **sections,
        }
    )


def arena_with_instructions(path: Path, given: Recipe, texts: list[str]) -> ArenaFolder:
    """An arena as mining and curation leave it, at `path`: the experts have yet to answer."""
    folder = ArenaFolder.prepare(path)
    miners = [expert.name for expert in given.experts]
    rows = [
        {
            "instruction_id": instruction_id(text),
            "instruction": text,
            "miner": miners[n % len(miners)],
            "source": MINED,
            "draw": n // len(miners),
            "temperature": 1.0,
            "top_p": 0.99,
            "language": "python",
            "task": "code_generation",
            "grade": 8,
            "band": "good",
            "repeats": 0,
            "rouge_l_max": None,
            "nearest_reference": None,
            "rouge_l_self": None,
        }
        for n, text in enumerate(texts)
    ]
    folder.write_text(folder.recipe_path, given.to_yaml())
    kept = {"kept": len(rows), "rejected": 0}
    folder.update_manifest({"name": folder.name, "version": None, "parent": None, "recipe_digest": given.digest})
    folder.write_stage("mine", {"rejected": []})
    folder.update_manifest({"counts": {"mine": {"draws": len(rows), "brought": 0, **kept}}})
    folder.write_stage("curate", {"instructions": rows, "rejected": []})
    folder.update_manifest({"counts": {"curate": {"entered": len(rows), **kept}}})
    return folder
