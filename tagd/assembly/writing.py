"""`[metadata]` as what those who write tags into photos work by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.metadata.keywords import Field
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.sidecar import SidecarName
from tagd.writeback.queue import Writes
from tagd.writeback.tag_writer import MetadataSettings, WriteMode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.config.keys import Config


def metadata_settings(config: Config) -> MetadataSettings:
    """Return what is written into photos, and where."""
    wanted = config.metadata
    named = (*config.watch.folders, *filter(None, (wanted.sidecar_folder,)))
    return MetadataSettings(
        write=WriteMode(wanted.write),
        rules=tuple((rule.path, WriteMode(rule.write)) for rule in wanted.rules),
        sidecar_name=SidecarName(wanted.sidecar_name),
        sidecar_folder=wanted.sidecar_folder,
        fields=frozenset(map(Field, wanted.fields)),
        hierarchical=wanted.hierarchical,
        min_confidence=wanted.min_confidence,
        options=WriteOptions(wanted.preserve_mtime, wanted.backup_originals, named),
    )


def reads_keywords(config: Config) -> bool:
    """Return whether keywords that others wrote become tags by themselves. Those of all kinds lie
    in photos from elsewhere, so that they are taken where tagd works with keywords too, or is told
    to."""
    read = config.metadata.read
    return read == "on" or (read == "auto" and not metadata_settings(config).is_off)


def writes_of(config: Config, wake: Callable[[], None] = lambda: None) -> Writes | None:
    """Return what queues the writes of tags that change; None where nothing is ever to be
    written."""
    settings = metadata_settings(config)
    return None if settings.is_off else Writes(settings.wants, wake)
