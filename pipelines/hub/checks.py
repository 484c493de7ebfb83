"""What is looked at before anything is published: counts, licence, secrets, private data, the card's configs."""

import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.check import check
from warriorcoder.errors import HubError
from warriorcoder.pipelines.hub.contents import CARD, MANIFEST, Contents
from warriorcoder.pipelines.hub.faults import Tell
from warriorcoder.pipelines.mining.privacy import Kind, findings
from warriorcoder.recipe import load_recipe
from warriorcoder.tables import TABLES

_SECRET_KINDS = (Kind.API_KEY, Kind.PASSWORD, Kind.PRIVATE_KEY)
_SECRET_NAMES = ("_TOKEN", "_KEY", "_SECRET", "_PASSWORD")
_SHORTEST_SECRET = 12
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$", re.MULTILINE | re.DOTALL)
_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]*")


def refuse_unfit(contents: Contents, token: str | None, tell: Tell) -> None:
    """Raises HubError with everything that speaks against publishing a stamped arena, and what to do about it."""
    folder = contents.folder
    recipe = load_recipe(folder.recipe_path)
    secrets = known_secrets(token)
    tell("checking that the counts add up")
    problems = list(_counts(folder))
    front = front_of(folder.path / CARD)
    problems += _licence(front, folder)
    tell("checking that datasets loads every table")
    problems += _configs(folder, front)
    keep = recipe.curation.privacy == "keep"
    tell(f"looking for secrets{'' if keep else ' and private data'}")
    problems += _written_secrets(contents, secrets, forms=not keep)
    problems += _in_tables(folder, secrets, private=not keep)
    if problems:
        raise HubError(f"{folder.path}: not published:\n" + "\n".join(f"- {problem}" for problem in problems))


def known_secrets(token: str | None) -> list[str]:
    """What must not be in any file: the Hub's token and every key in the environment."""
    named = [value for name, value in os.environ.items() if name.upper().endswith(_SECRET_NAMES)]
    return [secret for secret in {*named, token or ""} if len(secret) >= _SHORTEST_SECRET]


def _counts(folder: ArenaFolder) -> Iterator[str]:
    failed = [finding.name for finding in check(folder) if not finding.ok]
    if failed:
        yield f"the counts do not add up ({', '.join(failed[:5])}). `warrior check {folder.path}` says more."


def front_of(card: Path) -> dict[str, Any]:
    """The YAML head of a card that was just written."""
    match = _FRONT.match(card.read_text(encoding="utf-8"))
    front: dict[str, Any] = yaml.safe_load(match[1]) if match else {}
    return front


def _licence(front: dict[str, Any], folder: ArenaFolder) -> Iterator[str]:
    license_, wanted = front.get("license"), folder.manifest().get("license")
    if not license_:
        yield (
            "no licence is given. Mind the terms of the experts' models, then write one into the YAML at the top of "
            f"{folder.path / CARD} (license: cc-by-4.0, say), or as publish.license into the recipe before a run."
        )
    elif not isinstance(license_, str) or not _LICENSE.fullmatch(license_):
        yield f"license: {license_!r} in {CARD} is no licence id of the Hub, such as apache-2.0, cc-by-4.0 or other."
    elif wanted and license_ != wanted:
        yield f"{CARD} says license: {license_}, the recipe says publish.license: {wanted}. Make them one."


def _configs(folder: ArenaFolder, front: dict[str, Any]) -> Iterator[str]:
    """Whether every table with rows can be loaded by its name, with its columns."""
    from datasets import disable_progress_bars, load_dataset_builder

    disable_progress_bars()
    named = [config["config_name"] for config in front.get("configs", [])]
    full = [name for name in TABLES if folder.has_table(name) and folder.table_rows(name)]
    for name in sorted(set(full) - set(named)):
        yield f"the card has no config for the table {name}. `warrior card {folder.path}` makes it anew."
    with tempfile.TemporaryDirectory() as cache:
        for name in named:
            try:
                builder = load_dataset_builder(str(folder.path), name, cache_dir=cache)
                files = builder.config.data_files
            except Exception as error:  # whatever datasets raises here, a user would get as well
                yield f"datasets cannot load {name}: {' '.join(str(error).split())[:300]}"
                continue
            if name in TABLES and not files:
                yield f"datasets finds no files of {name}; the config in {CARD} names none."


def _written_secrets(contents: Contents, secrets: list[str], *, forms: bool) -> Iterator[str]:
    """Secrets in files that are no tables; by their form everywhere in the recipe and the manifest."""
    for name, path in contents.files().items():
        if path.suffix == ".parquet":
            continue
        raw = path.read_bytes()
        if any(secret.encode() in raw for secret in secrets):
            yield f"{name} has one of your secrets in it (a key of the environment, or the Hub's token). Take it out."
            continue
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if forms or name in (MANIFEST, "recipe.yaml"):
            found = [finding for finding in findings(text) if finding.kind in _SECRET_KINDS]
            if found:
                line = text.count("\n", 0, found[0].start) + 1
                yield f"{name} has what looks like a secret in line {line} ({found[0].kind.value}). Take it out."


def _in_tables(folder: ArenaFolder, secrets: list[str], *, private: bool) -> Iterator[str]:
    """Secrets, and private data where the recipe does not keep it, in the texts of all tables; each text once."""
    seen: set[int] = set()
    for name in TABLES:
        if not folder.has_table(name):
            continue
        leaked, kinds = 0, Counter[str]()
        for text in _texts(folder, name):
            if hash(text) in seen:
                continue
            seen.add(hash(text))
            leaked += any(secret in text for secret in secrets)
            if private:
                kinds.update(finding.kind.value for finding in findings(text))
        if leaked:
            yield f"{leaked} texts of the table {name} have one of your secrets in them. Do not publish this arena."
        if kinds:
            found = ", ".join(f"{count} {kind.lower().replace('_', ' ')}" for kind, count in kinds.most_common())
            yield (
                f"the table {name} has private data in it: {found}. Run the recipe again, which masks or drops it, or "
                "set curation.privacy: keep if it is meant to be public."
            )


def _texts(folder: ArenaFolder, name: str) -> Iterator[str]:
    for file in folder.table_files(name):
        for batch in pq.ParquetFile(file).iter_batches():
            for column in batch.columns:
                if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                    yield from _strings(column.to_pylist())


def _strings(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            yield from _strings(value.values())
        elif isinstance(value, list):
            yield from _strings(value)
