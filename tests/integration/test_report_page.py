"""The report's page in a real browser, without a display: what is shown, and that nothing of a model's becomes live."""

import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unit.arena_builder import build_arena

from warriorcoder.arena_folder import ArenaFolder
from warriorcoder.dataset_card.page.writing import write_page

BROWSER = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
pytestmark = pytest.mark.skipif(not BROWSER, reason="there is no Chromium here to look at the page with")

HOSTILE = (
    "</script><script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">"
    "<svg onload=\"document.title = 'owned'\"></svg> [x](javascript:alert(1)) <b id=bold>bold</b>\n"
    "```python\n# </pre></code><h1 id=heading>heading</h1>\nprint('<i id=slanted>')\n```"
)


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> ArenaFolder:
    folder = build_arena(tmp_path_factory.mktemp("page") / "demo", instructions=4)
    for name, column in (("answers", "answer"), ("instructions", "instruction"), ("votes", "reason")):
        (file,) = folder.table_files(name)
        table = pq.read_table(file)
        place = table.schema.get_field_index(column)
        texts = pa.array([HOSTILE] * len(table), table.schema.field(place).type)
        pq.write_table(table.set_column(place, table.schema.field(place), texts), file)
    return folder


class Elements(HTMLParser):
    """Every element of a document, with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @classmethod
    def of(cls, document: str) -> list[tuple[str, dict[str, str | None]]]:
        parser = cls()
        parser.feed(document)
        return parser.found


def seen(page: Path, address: str, tmp_path: Path) -> str:
    """The document as the browser has it once its scripts have run."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    options = ["--virtual-time-budget=10000", "--dump-dom", f"{page.as_uri()}{address}"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_the_overview_has_every_expert_and_the_list_every_battle(arena: ArenaFolder, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    battles = write_page(arena, page).shown
    document = seen(page, "", tmp_path)
    for row in arena.read_table("ratings"):
        assert f">{row['model']}<" in document
    listed = seen(page, "#battles", tmp_path)
    assert f"{battles} battles" in listed
    assert [attributes for _, attributes in Elements.of(listed) if attributes.get("role") == "alert"] == []


def test_a_link_filters_the_list_and_opens_a_battle(arena: ArenaFolder, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_page(arena, page)
    battles = arena.read_table("battles")
    one = battles[0]
    of_one = sum(one["attacker"] in (each["attacker"], each["defender"]) for each in battles)
    filtered = seen(page, f"#battles?expert={one['attacker']}", tmp_path)
    assert f"{of_one} of {len(battles)} battles" in filtered
    opened = seen(page, f"#battles?open={one['instruction_id']}~{one['attacker']}~{one['defender']}", tmp_path)
    # Text, and as text only: both answers, the instruction, the judges' words.
    assert unescape(opened).count("document.title = 'owned'</script>") >= 4
    assert "<title>demo" in opened
    elements = Elements.of(opened)
    assert {attributes.get("id") for _, attributes in elements} & {"bold", "heading", "slanted"} == set()
    assert {name for _, attributes in elements for name in attributes if name.startswith("on")} == set()
    sources = {attributes.get("src") or attributes.get("href") or "" for _, attributes in elements}
    assert {source for source in sources if not source.startswith(("data:image/png;base64,", "#"))} <= {""}
