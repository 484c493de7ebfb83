"""Datasets of the Hub, and folders in its layout, read row by row. A Hub dataset is read at one commit."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from warriorcoder.errors import RecipeError
from warriorcoder.pipelines.mining.text_tables import TASK, Found, columns_read, file_digest, said

_CONNECT_S = 10.0


class Dataset:
    """A loaded dataset, at its `revision`. Rows are numbered from 0."""

    def __init__(self, revision: str, rows: Any, refused: Callable[[Exception], RecipeError]) -> None:
        self.revision, self._rows, self._refused = revision, rows, refused
        self.columns = {
            name: getattr(feature, "dtype", None) in ("string", "large_string")
            for name, feature in rows.features.items()
        }

    def rows(self, column: str) -> Iterator[Found]:
        try:
            # Not in batches: those of a dataset that is streamed go on into files that are not wanted.
            for number, row in enumerate(self._rows.select_columns(columns_read(column, self.columns))):
                yield number, row.get(TASK), row[column]
        except _errors() as error:
            raise self._refused(error) from error


def from_folder(origin: str, folder: Path, config: str | None, split: str) -> Dataset:
    """A folder in Hub layout, an arena say. Its revision is a digest of the files with the rows."""

    def refused(error: Exception) -> RecipeError:
        return RecipeError(
            f"{origin}: the folder cannot be loaded as a dataset: {said(error)}. Check its README.md, config and split."
        )

    with _Quiet(refused) as datasets:
        builder = datasets.load_dataset_builder(str(folder), config)
        digests = sorted(file_digest(Path(name)) for names in builder.config.data_files.values() for name in names)
        builder.download_and_prepare()
        revision = hashlib.sha256(" ".join(digests).encode()).hexdigest()
        return Dataset(f"sha256:{revision}", builder.as_dataset(split=split), refused)


def from_hub(origin: str, config: str | None, split: str, revision: str | None, limit: int | None) -> Dataset:
    """A Hub dataset at a commit; where the Hub cannot be reached, as it lies in the cache of `datasets`.

    Without a limit it is loaded whole, into that cache; with one, only so many rows are downloaded.
    """

    def refused(error: Exception) -> RecipeError:
        if not isinstance(error, OSError):
            return RecipeError(f"{origin}: the dataset cannot be loaded: {said(error)}. Check its config and split.")
        return RecipeError(
            f"{origin}: no file or folder of this name is here, and the Hub did not give it: {said(error)}. Check the "
            "id, the revision and, for a private or gated dataset, HF_TOKEN; or give a file."
        )

    with _Quiet(refused) as datasets:
        commit = _commit(origin, revision)
        if commit is None:
            builder = _cached(origin, config, revision)
        else:
            builder = datasets.load_dataset_builder(origin, config, revision=commit)
            if builder.hash != commit:
                # It took another commit out of its cache. Without that cache it says why.
                with tempfile.TemporaryDirectory() as empty:
                    builder = datasets.load_dataset_builder(origin, config, revision=commit, cache_dir=empty)
                    raise RecipeError(f"{origin}: the Hub gave {builder.hash} instead of {commit}. Try again.")
        # What only the cache has cannot be streamed.
        if limit is None or commit is None:
            builder.download_and_prepare()
            return Dataset(builder.hash, builder.as_dataset(split=split), refused)
        rows = builder.as_streaming_dataset(split=split)
        return Dataset(builder.hash, (rows if rows.features else rows._resolve_features()).take(limit), refused)


def _commit(origin: str, revision: str | None) -> str | None:
    """The commit of a dataset's revision; None where the Hub cannot be reached."""
    import requests
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return HfApi().dataset_info(origin, revision=revision, timeout=_CONNECT_S).sha
    except GatedRepoError as error:
        raise RecipeError(f"{origin}: gated on the Hub. Accept its terms there, and set HF_TOKEN.") from error
    except RepositoryNotFoundError as error:
        raise RecipeError(
            f"{origin}: there is no such file or folder here and no such dataset on the Hub. A private one needs "
            "HF_TOKEN."
        ) from error
    except RevisionNotFoundError as error:
        raise RecipeError(f"{origin}: there is no revision {revision} of it on the Hub.") from error
    except (OfflineModeIsEnabled, requests.ConnectionError, requests.Timeout):
        return None


def _cached(origin: str, config: str | None, revision: str | None) -> Any:
    """The dataset as it was loaded last, or as of the commit wanted."""
    from datasets.packaged_modules.cache.cache import Cache

    help_ = "Check the network (HF_HUB_OFFLINE, HF_ENDPOINT), or give a file."
    of = {"dataset_name": origin.rpartition("/")[2], "repo_id": origin}
    if revision is not None:
        pinned = Cache(**of, config_name=config or "default", hash=revision)
        if Path(pinned.cache_dir).is_dir():
            return pinned
    try:
        builder = Cache(**of, config_name=config, version="auto", hash="auto")
    except ValueError as error:
        raise RecipeError(
            f"{origin}: no file or folder of this name is here, the Hub cannot be reached, and the local cache of "
            f"datasets has none of it: {said(error)}. {help_}"
        ) from error
    if revision not in (None, builder.hash):
        raise RecipeError(
            f"{origin}: the Hub cannot be reached, and the local cache has the commit {builder.hash}, which may not be "
            f"the revision {revision}. Give that commit as revision. {help_}"
        )
    return builder


def _errors() -> tuple[type[Exception], ...]:
    """What reading a dataset may raise where the dataset, the Hub or the disk is at fault."""
    from datasets.exceptions import DatasetsError

    return DatasetsError, OSError, ValueError, RuntimeError


class _Quiet:
    """Loads without progress bars and log lines, and turns what goes wrong into a message."""

    def __init__(self, refused: Callable[[Exception], RecipeError]) -> None:
        self._refused = refused

    def __enter__(self) -> Any:
        import datasets

        self._had_bars, self._level = not datasets.are_progress_bars_disabled(), datasets.logging.get_verbosity()
        datasets.disable_progress_bars()
        datasets.logging.set_verbosity_error()
        return datasets

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        import datasets

        datasets.logging.set_verbosity(self._level)
        if self._had_bars:
            datasets.enable_progress_bars()
        if isinstance(error, _errors()):
            raise self._refused(error) from error
