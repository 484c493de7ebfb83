"""Writes the page: one HTML file with its styles, scripts, figures and data, which lets nothing else in or out."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from warriorcoder.arena_folder import ArenaFolder, write_atomically
from warriorcoder.dataset_card.figures import figures_of
from warriorcoder.dataset_card.page.battles import Selection, index_of, select
from warriorcoder.dataset_card.page.facts import AUDITED, facts, tokens
from warriorcoder.dataset_card.page.texts import Texts, packed
from warriorcoder.summary import share, stages_done
from warriorcoder.wording import money

BATTLES = 20_000
"""Battles that a page holds unless told otherwise: so many still open and filter at once."""

SCRIPTS = ("text", "unpack", "highlight", "answer", "evidence", "filters", "list", "battle", "tables", "main")
STYLES = ("page", "browser", "battle")

HERE = Path(__file__).parent
_ALT = {
    "ratings": "Points and bars: Elo and Bradley-Terry of every expert with their intervals",
    "funnel": "Bars: the share of its input that every stage kept",
    "judges": "Points: each judge's share of verdicts for the answer shown first",
    "novelty": "Histogram: how near each instruction is to another one",
}
# What a text can hide or turn round: controls, marks of direction, invisible letters.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


@dataclass(frozen=True)
class Written:
    """A page: its file, its size in bytes, the battles that it shows and those that the arena has."""

    path: Path
    size: int
    shown: int
    battles: int


def page_path(folder: ArenaFolder) -> Path:
    """Where a page goes unless told otherwise: beside the journal, in the part of an arena that is never published."""
    return folder.work / "report.html"


def write_page(folder: ArenaFolder, path: Path, limit: int = BATTLES) -> Written:
    """Write the page of an arena, as far as it has run, with `limit` battles at most.

    The same arena gives the same bytes. Raises ArenaError for a disk that refuses.
    """
    manifest = folder.manifest()
    done = stages_done(folder, manifest)
    elo = folder.read_columns("ratings", ["elo"])["elo"].to_pylist() if "rate" in done else []
    # Elo is zero-sum: the mean is where all began, also where the recipe is of a version that this one cannot read.
    start = round(sum(elo) / len(elo), 6) if elo else 0.0
    pictures = [figures_of(folder, manifest, start, done, dark=dark) for dark in (False, True)]
    selection = select(folder, limit) if "rate" in done else None
    data = b"".join(_data(folder, manifest, selection)) if selection else b""
    told = {
        **facts(folder, manifest, done),
        "figures": [(name, _ALT[name], *(_inlined(of[name]) for of in pictures)) for name in pictures[0]],
        "audited": [heading for _, heading in AUDITED],
        "shown_battles": len(selection.battles) if selection else 0,
        "battles": selection.total if selection else 0,
    }
    html = render(told).partition(DATA_HERE)
    contents = html[0].encode("utf-8") + data + html[2].encode("utf-8")
    write_atomically(path, contents)
    return Written(path, len(contents), told["shown_battles"], told["battles"])


def _data(folder: ArenaFolder, manifest: Mapping[str, Any], selection: Selection) -> Iterator[bytes]:
    """The script elements that hold the data. Their type is none that a browser runs."""
    texts = Texts(folder, selection)
    starts = []
    for first, chunk in texts.chunks():
        starts.append(first)
        yield b'<script type="application/octet-stream" class="chunk">' + chunk + b"</script>\n"
    experts = sorted(
        {name for side in ("attacker", "defender") for name in selection.battles[side].unique().to_pylist()}
        | set(manifest.get("experts", {}))
    )
    index = index_of(folder, selection, experts, texts.oddities())
    index |= {"chunks": starts, "weights": {name: of.get("weight", 1.0) for name, of in manifest["judges"].items()}}
    index["ratings"] = {
        row["model"]: [round(row[column], 1) for column in ("elo", "elo_low", "elo_high")]
        for row in folder.read_table("ratings")
    }
    yield b'<script type="application/octet-stream" id="index">' + packed(index) + b"</script>\n"


DATA_HERE = "<!-- data -->"
"""Where in the rendered page the data go, which jinja need not carry."""


def render(told: Mapping[str, Any]) -> str:
    """The page without its data: every value is escaped, and only our own style and script may take effect."""
    style = "\n".join((HERE / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)
    scripts = "\n".join((HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'(() => {{\n"use strict";\n{scripts}\n}})();'
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    environment = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"share": share, "money": money, "shown": shown}
    environment.filters |= {"number": lambda value: f"{value:,}", "points": lambda value: f"{value:.0f}"}
    environment.globals |= {"tokens": tokens}
    return environment.get_template("page.html.j2").render(told, policy=policy, style=style, script=script)


def shown(text: object) -> str:
    """A text with what cannot be seen in it made visible, by its code: nothing in it turns its surroundings round."""
    return _HIDDEN.sub(lambda found: f"⟨{ord(found[0]):04X}⟩", str(text))


def _source(text: str) -> str:
    """A Content-Security-Policy source that lets in exactly this text."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode()}'"


def _inlined(png: bytes) -> str:
    return "data:image/png;base64," + b64encode(png).decode()
