"""The server's log against the journal and the tables: who was asked what, and where its answer went."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from _loopback import Report

from warriorcoder.arena_folder import ArenaFolder, Row
from warriorcoder.pipelines.battles.pairing import judges_of, pairs
from warriorcoder.pipelines.endpoints.calls import Address, Call, Reply
from warriorcoder.pipelines.endpoints.journal import Journal
from warriorcoder.pipelines.endpoints.traces import read_addresses
from warriorcoder.recipe import Recipe
from warriorcoder.recipe_battles import EXECUTION_JUDGE
from warriorcoder.tables import TABLES

ATTEMPTS = 3
"""So often at most a judge or grader is asked again for what it did not say."""


def kind_of(body: Mapping[str, Any]) -> str:
    """What a request was for: grade, vote, answer or draw."""
    text = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
    for kind, beginning in (
        ("grade", "You are grading an instruction"),
        ("vote", "Act as an impartial judge"),
        ("answer", "Programming exercises, each with"),
    ):
        if text.startswith(beginning):
            return kind
    return "answer" if "messages" in body else "draw"


def keys_of(address: Address, body: Mapping[str, Any], most_draws: int) -> list[str]:
    """The journal's key of a request; several, since the number of the draw is in the key but not on the wire."""
    sampling = {key: value for key, value in body.items() if key not in ("model", "messages", "prompt")}
    draws = most_draws if kind_of(body) == "draw" else ATTEMPTS
    return [
        address.journal_key(Call(address.expert, sampling, body.get("prompt"), body.get("messages"), draw))
        for draw in range(draws)
    ]


def journalled(folder: ArenaFolder, bodies: Mapping[str, Any], most_draws: int) -> dict[str, Reply]:
    """The answers in the journal to the requests, by the request's digest. The journal itself is not touched."""
    if not folder.journal_path.exists():
        return {}
    addresses = {address.model: address for address in read_addresses(folder).values()}
    with tempfile.TemporaryDirectory() as copies:
        for file in folder.work.glob(f"{folder.journal_path.name}*"):
            # Shared memory is of the processes that had it open; whoever opens the copy makes its own.
            if not file.name.endswith("-shm"):
                shutil.copy(file, copies)
        with Journal(Path(copies) / folder.journal_path.name) as journal:
            found = {}
            for digest, request in bodies.items():
                body = request["body"]
                replies = journal.get_many(keys_of(addresses[body["model"]], body, most_draws))
                if replies:
                    found[digest] = next(iter(replies.values()))
    return found


def table_digests(folder: ArenaFolder) -> dict[str, str]:
    """The SHA-256 of every file of every table."""
    return {
        str(file.relative_to(folder.path)): sha256(file.read_bytes()).hexdigest()
        for name in TABLES
        for file in folder.table_files(name)
    }


def files_of(folder: ArenaFolder) -> set[str]:
    """Every file of the arena that would be published."""
    return {
        str(file.relative_to(folder.path))
        for file in folder.path.rglob("*")
        if file.is_file() and folder.work not in file.parents
    }


@dataclass(frozen=True)
class Account:
    """Rows of one kind: how many there should be, and where they are.

    `lost` are the ones that are nowhere, `twice` those that are in two places or twice in one.
    """

    expected: int
    kept: int
    dropped: int
    lost: int
    twice: int


def account(expected: Iterable[Any], kept: Iterable[Any], dropped: Iterable[Any]) -> Account:
    """Compare the rows that should be there with those that are, by what identifies them."""
    kept, dropped = list(kept), list(dropped)
    places = Counter([*kept, *dropped])
    wanted = set(expected)
    twice = sum(count - 1 for count in places.values()) + len(places.keys() - wanted)
    return Account(len(wanted), len(kept), len(dropped), len(wanted - places.keys()), twice)


def accounts(folder: ArenaFolder, recipe: Recipe, report: Report) -> dict[str, Account]:
    """Every draw, grade, answer and vote: what was asked, by the server's log and by the recipe, against the tables."""
    read = folder.read_table
    instructions, rejected = read("instructions"), read("rejected")
    answers, votes = read("answers"), read("votes")
    bodies = [request["body"] for request in report.bodies.values()]

    def dropped(stages: tuple[str, ...], identity: Callable[[Row], Any]) -> list[Any]:
        return [identity(row) for row in rejected if row["stage"] in stages]

    # A model's draws are numbered from 0, and each is a request of its own.
    drawn = Counter(body["model"] for body in bodies if kind_of(body) == "draw")
    draws = account(
        [(model, draw) for model, count in drawn.items() for draw in range(count)],
        [(row["miner"], row["draw"]) for row in instructions],
        dropped(("mine", "curate"), lambda row: (row["origin"], row["draw"])),
    )
    experts = [expert.name for expert in recipe.experts]
    asked = account(
        [(row["instruction_id"], expert) for row in instructions for expert in experts],
        [(row["instruction_id"], row["expert"]) for row in answers],
        dropped(("answer",), lambda row: (row["instruction_id"], row["origin"])),
    )
    answered = {(row["instruction_id"], row["expert"]) for row in answers}
    names = {expert.name: expert.name for expert in recipe.experts}
    ballots = []
    for row in instructions:
        identity = row["instruction_id"]
        present = [expert for expert in experts if (identity, expert) in answered]
        for pair in pairs(identity, row["miner"], present, recipe.battles.pairing):
            for judge in judges_of(pair, recipe.experts, names, recipe.battles):
                ballots += [(identity, frozenset((pair.attacker, pair.defender)), judge, first) for first in (
                    pair.attacker, pair.defender)]  # fmt: skip
    cast = [
        ((v["instruction_id"], frozenset((v["model_a"], v["model_b"])), v["judge"], v["shown_first"]), v["verdict"])
        for v in votes
    ]
    voted = account(
        ballots,
        [ballot for ballot, verdict in cast if verdict is not None],
        [ballot for ballot, verdict in cast if verdict is None],
    )
    return {"draws": draws, "answers": asked, "votes": voted}


def requests_and_rows(report: Report, found: Mapping[str, Account], votes: Iterable[Row]) -> dict[str, tuple[int, int]]:
    """How many different requests came of a kind, and how many the tables say there were."""
    bodies = [request["body"] for request in report.bodies.values()]
    kinds = Counter(kind_of(body) for body in bodies)
    first_votes = sum(kind_of(body) == "vote" and body["temperature"] == 0 for body in bodies)
    by_experts = sum(vote["judge"] != EXECUTION_JUDGE for vote in votes)
    return {"answers": (kinds["answer"], found["answers"].expected), "votes": (first_votes, by_experts)}
