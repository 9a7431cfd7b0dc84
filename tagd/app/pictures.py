"""The pictures of photos, by photo id: small ones for a screen, and what one shows that lies in no
folder."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import structlog

from tagd.app import control
from tagd.catalogue.db.snapshot import snapshot
from tagd.catalogue.search import review
from tagd.config.paths import expand
from tagd.decoding.limits import DecodeLimits
from tagd.decoding.pool import DecoderPool
from tagd.errors import FileVanished, TagdError
from tagd.fs import current_folder
from tagd.previews.maker import Edge, Previews
from tagd.previews.store import PreviewStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tagd.config import Config

__all__ = ["Edge", "NoSuchPhoto", "Previews", "look", "paths_of", "picture", "previews_of"]

PREVIEWS = "$XDG_CACHE_HOME/tagd/previews"
UPLOADS = "$XDG_CACHE_HOME/tagd/looked-at"
MOST_DECODERS = 2  # the worker has those of its own
PICTURE_SECONDS = 30.0


class NoSuchPhoto(TagdError):
    """The catalogue knows no photo of this id whose file is there."""

    def __init__(self, photo_id: str) -> None:
        super().__init__(f"there is no photo {photo_id}")


def previews_of(config: Config) -> Previews:
    """Return who makes and keeps small pictures. Close it after use."""
    return Previews(
        PreviewStore(_cache(PREVIEWS), config.web.cache_megabytes * 1_000_000),
        lambda: _decoders(config),
    )


def uploads_of(_config: Config) -> Path:
    """Return the folder for pictures that are only looked at; made where it is not there."""
    folder = _cache(UPLOADS)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def picture(config: Config, previews: Previews, photo_id: str, edge: Edge) -> bytes:
    """Return a photo's small picture as WebP. Raises `NoSuchPhoto`, and `PhotoError` where none of
    its files can be read."""
    error: Exception = NoSuchPhoto(photo_id)
    for path in paths_of(config, photo_id):
        try:
            return previews.get(photo_id, edge, path, PICTURE_SECONDS)
        except FileVanished as gone:  # the copies may be there still
            error = gone
    raise error


def paths_of(config: Config, photo_id: str) -> list[Path]:
    """Return the files of a photo that are there. Raises `NoSuchPhoto`."""
    with snapshot(config.catalogue.path) as tx:
        paths = review.paths_of(tx, photo_id)
    if not paths:
        raise NoSuchPhoto(photo_id)
    return paths


def look(config: Config, path: Path) -> tuple[Mapping[str, Any], ...]:
    """Return the tags that a running daemon's models give the picture at this path, which is in no
    catalogue. Raises `ControlError` where no daemon runs, and `PhotoError` for what is no picture.
    """
    return control.look(config, path)


def _cache(place: str) -> Path:
    return expand(place, current_folder(), os.environ)


def _decoders(config: Config) -> DecoderPool:
    return DecoderPool(
        decoders=min(MOST_DECODERS, config.worker.decoders),
        limits=DecodeLimits(
            max_megapixels=config.worker.max_megapixels,
            timeout_seconds=min(config.worker.decode_timeout_seconds, PICTURE_SECONDS),
            shared_megapixels=config.worker.max_megapixels,
        ),
        on_event=lambda event: structlog.get_logger().warning(event),
    )
