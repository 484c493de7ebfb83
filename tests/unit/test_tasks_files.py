"""Which file a benchmark's name means: given, named by the environment, downloaded once and checked, from the Hub."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from unit.dataset_hub import commit_of, serving
from unit.task_rows import HUMANEVAL_PLUS_HUB, MBPP, MBPP_PLUS, MBPP_PLUS_HUB, Row, write_rows

from warriorcoder.errors import EvaluationError
from warriorcoder.eval.tasks.files import NAMES, RELEASES, Release, cache_folder, fetch, locate

CONTENT = json.dumps(MBPP_PLUS).encode()
PACKED = gzip.compress(CONTENT, mtime=0)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@contextmanager
def answering(content: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """The address of a server that has one file, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/MbppPlus.jsonl.gz", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_release_is_downloaded_once(tmp_path: Path) -> None:
    with answering(PACKED) as (url, asked):
        release = Release(url, "MbppPlus-v1.jsonl.gz", DIGEST)
        path = fetch(release, tmp_path / "cache")
        assert path == fetch(release, tmp_path / "cache") == tmp_path / "cache" / "MbppPlus-v1.jsonl.gz"
        assert path.read_bytes() == PACKED
        assert asked == ["/MbppPlus.jsonl.gz"]
        # A damaged one is downloaded again.
        path.write_bytes(PACKED[:-9])
        fetch(release, tmp_path / "cache")
        assert path.read_bytes() == PACKED
        assert len(asked) == 2
    assert fetch(release, tmp_path / "cache") == path


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (gzip.compress(CONTENT + b"\n", mtime=0), 200, f"not {DIGEST}: it is not the file known. Try again"),
        (PACKED[:-9], 200, "what came is damaged: "),
        (b"<html>", 200, "its content has the SHA-256 "),
        (b"", 404, "cannot be downloaded: 404 Client Error"),
    ],
)
def test_another_file_than_the_one_known_is_not_kept(tmp_path: Path, content: bytes, status: int, said: str) -> None:
    with answering(content, status) as (url, _), pytest.raises(EvaluationError) as error:
        fetch(Release(url, "a.jsonl.gz", DIGEST), tmp_path / "cache")
    assert str(error.value).startswith(f"{url}: ")
    assert said in str(error.value)
    assert not (tmp_path / "cache").exists()


def test_without_a_network() -> None:
    with pytest.raises(
        EvaluationError, match=r"cannot be downloaded: .* get the file by hand and name it with --source"
    ):
        fetch(Release("http://127.0.0.1:9/a.jsonl.gz", "a.jsonl.gz", DIGEST), cache_folder())


def test_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with answering(PACKED) as (url, _), pytest.raises(EvaluationError, match="the download cannot be kept"):
        fetch(Release(url, "a.jsonl.gz", DIGEST), tmp_path / "file")


def test_a_name_means_the_cached_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path / "own.jsonl.gz", [MBPP_PLUS])
    release = Release("http://127.0.0.1:9/", path.name, hashlib.sha256(CONTENT + b"\n").hexdigest())
    monkeypatch.setitem(RELEASES, "mbpp+", release)
    located = locate("mbpp+", cache=tmp_path)
    assert (located.paths, located.origin) == ([path], release.url)


def test_the_environment_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_rows(tmp_path / "own.jsonl", [MBPP_PLUS])
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(path))
    assert locate("mbpp+").paths == [path]
    given = write_rows(tmp_path / "given.jsonl", [MBPP_PLUS])
    assert locate("mbpp+", given).paths == [given]
    monkeypatch.setenv("MBPP_OVERRIDE_PATH", str(tmp_path / "gone"))
    with pytest.raises(EvaluationError, match=r"^mbpp\+: MBPP_OVERRIDE_PATH=.*/gone is no file\. Give its \.jsonl"):
        locate("mbpp+")


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("mmlu", None, f"mmlu: unknown benchmark. Known: {', '.join(NAMES)}."),
        ("mbpp", None, "mbpp: comes with no package or release. Name its file with --source, or take the"),
        ("mbpp", "nowhere.jsonl", "mbpp: nowhere.jsonl is no file."),
        ("humaneval", "hub", "humaneval: is not read from the Hub."),
        ("mbpp+", "hub", "mbpp+: evalplus/mbppplus cannot be read from the Hub: "),
    ],
)
def test_what_cannot_be_had(name: str, source: str | None, said: str) -> None:
    with pytest.raises(EvaluationError) as error:
        locate(name, source)
    assert str(error.value).startswith(said)
    assert "\n" not in str(error.value)


def parquet(*rows: Row) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), buffer)
    return buffer.getvalue()


def test_the_hub_s_datasets(tmp_path: Path) -> None:
    name = "test-00000-of-00001.parquet"
    repositories = {
        "evalplus/humanevalplus": {"main": {f"data/{name}": parquet(HUMANEVAL_PLUS_HUB), "README.md": b""}},
        "evalplus/mbppplus": {"main": {f"data/{name}": parquet(MBPP_PLUS_HUB)}},
        "google-research-datasets/mbpp": {
            "main": {f"full/{name}": parquet(MBPP), "full/train.parquet": parquet(MBPP | {"task_id": 7})}
        },
    }
    code = (
        "from warriorcoder.eval.tasks import load\n"
        "for name in ('humaneval+', 'mbpp+', 'mbpp'):\n"
        "    found = load(name, 'hub')\n"
        "    print(found.origin, *[task.task_id for task in found.tasks])\n"
        "load('mbpp-sanitized', 'hub')\n"
    )
    with serving(repositories) as (address, _):
        where = {"HF_ENDPOINT": address, "HF_HUB_OFFLINE": "", "HF_HOME": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", code], check=False, env=os.environ | where, capture_output=True, text=True
        )
    commit = commit_of("main")
    assert done.stdout.splitlines() == [
        f"evalplus/humanevalplus@{commit} HumanEval/2",
        f"evalplus/mbppplus@{commit} Mbpp/106",
        f"google-research-datasets/mbpp@{commit} Mbpp/106 Mbpp/7",
    ]
    said = f"mbpp-sanitized: google-research-datasets/mbpp has no parquet file in sanitized/ at {commit}. Give a file."
    assert done.stderr.splitlines()[-1].endswith(said)
