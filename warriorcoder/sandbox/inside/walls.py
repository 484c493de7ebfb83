"""How a worker was set up, told to its first process by the one that starts it."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Walls:
    """`apart`: in namespaces of its own. Without them there is a `folder` on the machine to work in.

    `users`: user ids for the code under test and for the tests, where the worker may change its own.
    `packages`: folder of the packages that the code may import; `preload`: what is imported beforehand.
    """

    apart: bool
    users: tuple[int, int] | None = None
    folder: str = ""
    packages: str = ""
    preload: tuple[str, ...] = ()

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "Walls":
        told = json.loads(text)
        users, preload = told.pop("users"), told.pop("preload")
        return cls(users=tuple(users) if users else None, preload=tuple(preload), **told)
