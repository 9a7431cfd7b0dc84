"""A model from the Hugging Face hub, or from its own address, into tagd's folder.

    find out where → fetch into the staging folder → check → adopt

A download that ends early stays in the staging folder, and the next try goes on with it.
Imports huggingface_hub, and torch once everything is here.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from huggingface_hub import get_hf_file_metadata, hf_hub_url
from huggingface_hub.constants import ENDPOINT
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # it is public

from tagd.errors import ModelError, ModelUnknown, WeightsMissing, WeightsRefused
from tagd.models.acquire import incoming
from tagd.models.acquire.fetch import fetch
from tagd.models.zoo import registry, store
from tagd.models.zoo.registry import BundledWeights, HubWeights, UrlWeights

if TYPE_CHECKING:
    from pathlib import Path

    from huggingface_hub.file_download import HfFileMetadata

    from tagd.models.acquire.fetch import Progress
    from tagd.models.zoo.registry import ModelFacts
    from tagd.models.zoo.shelf import Shelf

WEIGHTS = (incoming.SAFETENSORS, "pytorch_model.bin")  # the first that there is
BESIDE = (incoming.CONFIG, incoming.PREPROCESSOR)
MAIN = "main"


@dataclass(frozen=True, slots=True)
class Order:
    """What a person asked for: an id of the zoo, or a repository of the hub with a name for it."""

    model: str
    revision: str | None = None
    name: str = ""
    labels: str | Path | None = None
    replace: bool = False


def pull(order: Order, shelf: Shelf, progress: Progress = lambda _have, _total: None) -> ModelFacts:
    """Fetch the model and take it in; returns its facts.

    Raises `ModelUnknown`, `WeightsMissing` when it cannot be had, `WeightsRefused` when what came
    is not what it should be, and `ModelError`. Nothing that was there before is touched then.
    """
    row = _row(order)
    name = order.name or order.model
    folder = shelf.store.staging_folder(f"pull-{name}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be made: {error.strerror}") from error
    origin = _fetch(order, row, folder, progress)
    # Lazy: torch takes seconds, which a download that fails need not wait for.
    from tagd.models.acquire.adopt import AdoptRequest, adopt  # noqa: PLC0415

    facts = adopt(
        AdoptRequest(
            path=folder if row is None or isinstance(row.weights, HubWeights) else _only(folder),
            id=name,
            labels=order.labels,
            origin=origin,
            trusted=row is not None and order.revision is None,
            replace=order.replace,
        ),
        shelf,
    )
    shutil.rmtree(folder, ignore_errors=True)
    return facts


def _row(order: Order) -> ModelFacts | None:
    """Return the zoo's row; None for a repository of the hub that a person names."""
    if "/" not in order.model:
        row = registry.find(order.model)
        if isinstance(row.weights, BundledWeights):
            raise ModelError(f"{row.id} is part of tagd; there is nothing to pull")
        if order.name:
            raise ModelError(f"{row.id} has its name", hint="--as is for repositories of the hub.")
        return row
    if not registry.is_id(order.name):
        raise ModelUnknown(
            f"{order.model} is no model of the zoo; what shall it be called here?",
            hint="Say --as NAME: lower-case letters, digits, dots, hyphens and underscores.",
        )
    return None


def _fetch(order: Order, row: ModelFacts | None, folder: Path, progress: Progress) -> str:
    """Fetch everything that is needed, checked; return in words where it came from."""
    if row is not None and isinstance(row.weights, UrlWeights):
        fetch(row.weights.url, folder, row.weights.sha256_prefix, progress)
        return f"pulled from {row.weights.url}"
    weights = row.weights if row is not None else None
    repo = weights.repo if isinstance(weights, HubWeights) else order.model
    known = weights.sha256 if isinstance(weights, HubWeights) else None
    revision = order.revision or MAIN
    commit = _fetch_first(repo, WEIGHTS, revision, folder, known)
    if commit is None:
        raise WeightsMissing(f"{repo} has neither {' nor '.join(WEIGHTS)} at {revision}")
    for file in BESIDE:
        _fetch_first(repo, (file,), commit, folder, None)
    return f"pulled from {repo} at {commit}"


def _fetch_first(
    repo: str, files: tuple[str, ...], revision: str, folder: Path, known: str | None
) -> str | None:
    """Fetch the first of these files that the repository has; return the commit it is of, or
    None."""
    for file in files:
        try:
            return _fetch_one(repo, file, revision, folder, known)
        except EntryNotFoundError as error:
            if isinstance(error, LocalEntryNotFoundError):
                raise _unreachable(repo, error) from error
        except (GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError) as error:
            raise _refused_by_hub(repo, revision, error) from error
        except HfHubHTTPError as error:
            status = error.response.status_code
            raise ModelError(
                f"{repo}: the hub says {status} to {file}", hint="Try again later."
            ) from error
        except OfflineModeIsEnabled as error:
            raise _unreachable(repo, error) from error
        except HFValidationError as error:
            raise ModelUnknown(f"{repo!r} cannot be a repository of the hub: {error}") from error
        except WeightsRefused:
            raise
        except Exception as error:  # whatever its HTTP library raises when a connection breaks
            raise _unreachable(repo, error) from error
    return None


def _fetch_one(repo: str, file: str, revision: str, folder: Path, known: str | None) -> str:
    address = hf_hub_url(repo, file, revision=revision)
    said = get_hf_file_metadata(address)
    path = folder / file
    if not path.exists() or _wrong(path, said, known):
        _download(address, said, path)
    if wrong := _wrong(path, said, known):
        path.unlink()  # else the next try would take it for whole
        raise WeightsRefused(
            f"{repo}: {file} came damaged or is not what was expected: {wrong}",
            hint="Nothing was taken in. Try again; if it persists, the hub's file is at fault.",
        )
    return said.commit_hash or revision


def _download(address: str, said: HfFileMetadata, path: Path) -> None:
    """Download the file, from where an earlier try ended. huggingface_hub's own download begins
    anew."""
    headers = build_hf_headers()
    if urlsplit(said.location).netloc != urlsplit(address).netloc:
        headers.pop("authorization", None)  # large files lie elsewhere, and need no token there
    part = path.with_name(f"{path.name}.{(said.etag or '')[:16]}.part")
    with part.open("ab") as target:
        http_get(
            said.location,
            target,
            resume_size=target.tell(),
            headers=headers,
            expected_size=said.size,
            displayed_filename=path.name,
        )
    part.replace(path)


def _wrong(path: Path, said: HfFileMetadata, known: str | None) -> str:
    """Say how the file differs from what it should be; "" where it does not."""
    etag = said.etag or ""
    if len(etag) == 64:  # large files: their SHA-256
        found = store.sha256_of(path)
    elif len(etag) == 40:  # small ones: git's own hash
        content = path.read_bytes()
        header = b"blob %d\0" % len(content)
        found = hashlib.sha1(header + content, usedforsecurity=False).hexdigest()
    else:
        found = etag
    if found != etag:
        return f"hash {found[:12]}…, not {etag[:12]}…"
    if known is not None and found != known:
        return f"SHA-256 {found[:12]}…, but tagd knows {known[:12]}…"
    return ""


def _refused_by_hub(repo: str, revision: str, error: HfHubHTTPError) -> ModelError:
    status = error.response.status_code
    if isinstance(error, RevisionNotFoundError):
        return WeightsMissing(f"{repo} has no revision {revision!r}")
    if status in {401, 403}:
        return WeightsMissing(
            f"{repo}: the hub requires a login ({status})",
            hint="Set HF_TOKEN to a token that may read it, and accept its terms on the hub. A "
            "repository that does not exist is answered in the same way.",
        )
    return WeightsMissing(f"the hub has no repository {repo} ({status})")


def _unreachable(repo: str, error: Exception) -> WeightsMissing:
    cause = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
    return WeightsMissing(
        f"{repo}: {ENDPOINT} cannot be reached, or the connection was cut: {cause[0][:200]}",
        hint="Is this machine offline, or HF_HUB_OFFLINE set? Try again, it continues where it"
        " stopped; or bring the files here and use `tagd models import`.",
    )


def _only(folder: Path) -> Path:
    """Return the one file that was fetched."""
    return next(path for path in folder.iterdir() if path.is_file())
