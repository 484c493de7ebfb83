"""`warrior journal stats|export|prune`."""

import fcntl
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.errors import ArenaError, RecipeError
from warriorcoder.pipelines.endpoints.journal.rows import Entry, Spent
from warriorcoder.pipelines.endpoints.journal.upkeep import Choice, Group, Upkeep
from warriorcoder.recipe import Price, load_recipe

if TYPE_CHECKING:
    from rich.console import Console

DAY_SECONDS = 86_400

Say = Callable[[str], None]
"""Shows a line to the user."""


@contextmanager
def _opened(folder: ArenaFolder, say: Say) -> Iterator[Upkeep]:
    """The journal of an arena. Raises ArenaError where it has none yet."""
    if not any(folder.work.glob(f"{folder.journal_path.name}*")):
        raise ArenaError(f"{folder.path}: this arena has no journal: nobody was asked anything in it yet.")
    with Upkeep(folder.journal_path) as journal:
        if journal.rescued:
            say(journal.rescued)
        yield journal


# stats


def stats(folder: ArenaFolder, say: Say) -> dict[str, Any]:
    """What lies in an arena's journal, as one JSON object.

    By stage and expert: answers, tokens, uncounted answers, times, dollars (null where the recipe has
    no price), when they were asked; then what was ever asked, and what `prune` would free.
    """
    with _opened(folder, say) as journal:
        groups, spent, size = journal.groups(), journal.spent(), journal.bytes()
    prices = _prices(folder, say)
    return {
        "journal": str(folder.journal_path),
        "bytes": size,
        "answers": sum(group.answers for group in groups),
        "groups": [_group(group, prices) for group in groups],
        "asked_in_all": [
            {"stage": stage, "expert": expert, **vars(total), "dollars": _dollars(prices.get(expert), total)}
            for (stage, expert), total in sorted(spent.items())
        ],
        "unused": {
            "answers": sum(group.unused for group in groups),
            "bytes": sum(group.unused_bytes for group in groups),
        },
    }


def _group(group: Group, prices: dict[str, Price | None]) -> dict[str, Any]:
    return {
        "stage": group.stage,
        "expert": group.expert,
        "answers": group.answers,
        "input_tokens": group.input_tokens,
        "output_tokens": group.output_tokens,
        "uncounted": group.uncounted,
        "median_seconds": group.seconds(0.5),
        "p95_seconds": group.seconds(0.95),
        "dollars": _dollars(prices.get(group.expert), group),
        "first_asked": _moment(group.first_asked),
        "last_asked": _moment(group.last_asked),
        "unused": group.unused,
    }


def _prices(folder: ArenaFolder, say: Say) -> dict[str, Price | None]:
    """The experts' prices by the recipe in the arena; none where it cannot be read."""
    try:
        return {expert.name: expert.price for expert in load_recipe(folder.recipe_path).experts}
    except RecipeError as error:
        say(f"no dollars are shown, the arena's recipe does not give its prices: {error}")
        return {}


def _dollars(price: Price | None, of: Group | Spent) -> float | None:
    return (of.input_tokens * price.input + of.output_tokens * price.output) / 1e6 if price else None


def _moment(unix_time: int) -> str:
    return datetime.fromtimestamp(unix_time, UTC).isoformat().replace("+00:00", "Z")


def print_stats(found: dict[str, Any], console: "Console") -> None:
    """The same as tables that fit 80 columns."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    tokens = Table(box=SIMPLE_HEAD, pad_edge=False)
    times = Table(box=SIMPLE_HEAD, pad_edge=False)
    for table in (tokens, times):
        table.add_column("stage")
        table.add_column("expert", overflow="fold")
    for label in ("answers", "tokens in", "tokens out", "uncounted", "dollars"):
        tokens.add_column(label, justify="right", no_wrap=True)
    for label in ("median s", "p95 s", "first asked (UTC)", "last asked"):
        times.add_column(label, justify="right", no_wrap=True)
    for group in found["groups"]:
        dollars = "" if group["dollars"] is None else f"{group['dollars']:,.4f}"
        numbers = [f"{group[name]:,}" for name in ("answers", "input_tokens", "output_tokens", "uncounted")]
        tokens.add_row(group["stage"], group["expert"], *numbers, dollars)
        moments = [group[name][:16].replace("T", " ") for name in ("first_asked", "last_asked")]
        seconds = [f"{group[name]:,.2f}" for name in ("median_seconds", "p95_seconds")]
        times.add_row(group["stage"], group["expert"], *seconds, *moments)
    if found["groups"]:
        console.print(tokens)
        console.print(times)
    for line in _summary(found):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _summary(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['answers']:,} answers, {_size(found['bytes'])} in {found['journal']}"
    ever = found["asked_in_all"]
    calls, into, out = (sum(row[name] for row in ever) for name in ("calls", "input_tokens", "output_tokens"))
    priced = [row["dollars"] for row in ever if row["dollars"] is not None]
    dollars = f", {sum(priced):,.4f} dollars" if priced else ""
    yield f"Asked in all, dropped answers included: {calls:,} calls, {into:,} tokens in, {out:,} out{dollars}"
    unused = found["unused"]
    yield f"`warrior journal prune` would drop {unused['answers']:,} answers, about {_size(unused['bytes'])}"


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


# export


def export(folder: ArenaFolder, out: Path | None, say: Say) -> int:
    """Write every answer as a line of JSON to a file, or to the screen, and say how many they are.

    A line has key, expert, model, stage, text, finish_reason, input_tokens, output_tokens, seconds and
    asked_at. The file is complete or as it was before. Safe while a run is on; memory stays flat.
    """
    with _opened(folder, say) as journal:
        if out is None:
            return _to_screen(journal)
        try:
            descriptor, beside = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    written = _write(journal, file)
                os.chmod(beside, 0o644)
                Path(beside).replace(out)
            except BaseException:
                Path(beside).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ArenaError(f"{out}: cannot be written: {error.strerror}. Name another file with --out.") from error
    return written


def _to_screen(journal: Upkeep) -> int:
    try:
        written = _write(journal, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return written
    except BrokenPipeError:
        # `| head` has what it wanted. What is still buffered must go somewhere when Python ends.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _write(journal: Upkeep, file: BinaryIO) -> int:
    written = 0
    for entry, asked_at in journal.entries():
        file.write(_line(entry, asked_at))
        written += 1
    return written


def _line(entry: Entry, asked_at: int) -> bytes:
    reply = entry.reply
    values = {
        "key": entry.key,
        "expert": entry.expert,
        "model": entry.model,
        "stage": entry.stage,
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "seconds": entry.seconds,
        "asked_at": _moment(asked_at),
    }
    try:
        return json.dumps(values, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        # Half a character at the end of an answer that was cut off is written as its escape.
        return json.dumps(values).encode() + b"\n"


# prune


def prune(
    folder: ArenaFolder,
    expert: str | None,
    stage: str | None,
    older_than: float | None,
    agree: Callable[[str], bool],
    say: Say,
) -> None:
    """Drop answers that no run needs any more, or those named, and give their room back to the disk.

    `older_than` is in days. `agree` is asked before anything is dropped. The running totals, and with them the
    budget, stay: the money is spent. Raises ArenaError while a run is at work, or for a name that the journal lacks.
    """
    with _no_run(folder), _opened(folder, say) as journal:
        before = None if older_than is None else time.time() - older_than * DAY_SECONDS
        choice = Choice(expert, stage, before)
        _check_names(journal, choice)
        going = journal.chosen(choice)
        answers, size = (sum(counts) for counts in zip(*going.values(), strict=True)) if going else (0, 0)
        if not answers:
            say(_nothing(journal, choice))
            return
        for (its_stage, its_expert), (count, count_bytes) in going.items():
            say(f"  {its_stage}, {its_expert}: {count:,} answers, about {_size(count_bytes)}")
        if not agree(f"Drop {answers:,} answers, about {_size(size)}? Asking for them again costs what it did before."):
            say("nothing was dropped")
            return
        bytes_before = journal.bytes()
        dropped = journal.drop(choice)
        say(f"{dropped:,} answers were dropped, {len(journal):,} are left")
        journal.compact()
        say(f"{folder.journal_path}: {_size(bytes_before)} before, {_size(journal.bytes())} now")


def _nothing(journal: Upkeep, choice: Choice) -> str:
    if choice == Choice() and not journal.finished_stages():
        return (
            "nothing to drop: no stage has come to its end yet, so every answer may still be needed. "
            "--expert, --stage and --older-than drop answers all the same."
        )
    return "nothing to drop"


def _check_names(journal: Upkeep, choice: Choice) -> None:
    places = {(group.stage, group.expert) for group in journal.groups()} | journal.spent().keys()
    for what, name, known in (
        ("expert", choice.expert, sorted({expert for _, expert in places})),
        ("stage", choice.stage, sorted({stage for stage, _ in places})),
    ):
        if name is not None and name not in known:
            raise ArenaError(
                f"--{what} {name}: the journal has no answers of that {what}; it has: {', '.join(known) or 'none'}."
            )


@contextmanager
def _no_run(folder: ArenaFolder) -> Iterator[None]:
    """Keep runs away. Raises ArenaError while one is at work."""
    with (folder.work / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArenaError(
                f"{folder.path}: a run is at work in this arena, and its answers are in use. Wait for it or stop it."
            ) from None
        yield
