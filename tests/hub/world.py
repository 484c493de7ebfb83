"""A Hub, clients that ask it, and an arena to publish: what the tests of publishing begin with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unit.arena_builder import build_arena

from hub.clients import Clients, Ended
from hub.server import HubServer, User
from hub.store import Commit
from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.recipe import load_recipe

REPO = "alice/demo"
ALICE, READER, BOB = (f"hf_{name}Token0123456789abcdef" for name in ("alice", "reader", "bob"))
USERS = {ALICE: User("alice", ("club",)), READER: User("alice", role="read"), BOB: User("bob", ("club",))}


@dataclass
class World:
    """`template` is an arena that can be published: copy it, do not change it."""

    hub: HubServer
    clients: Clients
    template: Path

    def arena(self, path: Path) -> Path:
        shutil.copytree(self.template, path)
        return path

    def publish(self, arena: Path, *arguments: str, to: str = REPO, token: str | None = ALICE) -> Ended:
        ended = self.clients.warrior("publish", str(arena), "--to", to, *arguments, token=token)
        assert not any(secret in ended.printed for secret in USERS), "a token was shown"
        assert "Traceback" not in ended.printed, ended.printed
        return ended

    def published(self, arena: Path, *arguments: str, to: str = REPO) -> str:
        """Publish, which must work, and return the version."""
        ended = self.publish(arena, *arguments, to=to)
        assert ended.code == 0, ended.printed
        return next(line for line in ended.printed.splitlines() if f"{to}@v" in line).partition("@")[2].split()[0]

    def commits(self, repo_id: str = REPO) -> list[Commit]:
        """The commits of main, newest first."""
        repository = self.hub.store.repositories[repo_id]
        return repository.history(repository.find("main"))

    def tags(self, repo_id: str = REPO) -> dict[str, str]:
        return dict(self.hub.store.repositories[repo_id].tags)


@contextmanager
def world(path: Path) -> Iterator[World]:
    arena = build_arena(path / "demo", instructions=3)
    (arena.path / "README.md").write_text("---\nlicense: cc-by-4.0\n---\n", encoding="utf-8")
    with HubServer(USERS) as hub, Clients(hub.url, path / "home") as clients:
        yield World(hub, clients, arena.path)


def files_of(arena: Path) -> dict[str, bytes]:
    """What of an arena should be on the Hub."""
    return {
        file.relative_to(arena).as_posix(): file.read_bytes()
        for file in sorted(arena.rglob("*"))
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(arena).parts)
    }


def add_rows(arena: Path, instructions: int = 4) -> None:
    """As a run with more instructions would."""
    build_arena(arena, instructions=instructions)


def ask_for(arena: Path, **publish: Any) -> None:
    """Set keys of the recipe's section `publish`, as they would have been at the run."""
    folder = ArenaFolder(arena)
    recipe = load_recipe(folder.recipe_path)
    recipe = recipe.model_copy(update={"publish": recipe.publish.model_copy(update=publish)})
    folder.write_text(folder.recipe_path, recipe.to_yaml())
    folder.update_manifest({"recipe_digest": recipe.digest})


def add_words(arena: Path, words: str) -> None:
    """As somebody who writes into the card."""
    with (arena / "README.md").open("a", encoding="utf-8") as card:
        card.write(f"\n{words}\n")
