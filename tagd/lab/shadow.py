"""What another model would change: both are asked about the same photos, nothing is recorded."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tagd.lab import photos
from tagd.lab.page import jpeg
from tagd.models.predictions import predictions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tagd.decoding.decode import DecodeLimits
    from tagd.domain import DecodedPhoto, Tags
    from tagd.labels.derivation import Derivation
    from tagd.models.pool import ModelPool


@dataclass(frozen=True, slots=True)
class Shadowed:
    """One photo with the tags of either model, by name, most confident first. `picture` is a small
    JPEG; None where it was not asked for, or could not be read, and then `error` says why."""

    path: Path
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    picture: bytes | None = field(default=None, repr=False)
    error: str = ""

    @property
    def gained(self) -> tuple[str, ...]:
        """Tags of the new model alone."""
        return tuple(each for each in self.new if each not in self.old)

    @property
    def lost(self) -> tuple[str, ...]:
        """Tags of the old model alone."""
        return tuple(each for each in self.old if each not in self.new)

    @property
    def kept(self) -> tuple[str, ...]:
        """Tags of both."""
        return tuple(each for each in self.new if each in self.old)


@dataclass(frozen=True, slots=True)
class TagChange:
    """How many photos gain a tag, lose it and keep it."""

    tag: str
    gained: int
    lost: int
    kept: int


def shadow(
    pool: ModelPool,
    models: tuple[str, str],
    paths: Sequence[Path],
    derivation: Derivation,
    *,
    batch_size: int,
    decoders: int,
    limits: DecodeLimits,
    pictures: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> list[Shadowed]:
    """Ask the old model and the new one about each photo, in the order of `paths`.

    Raises `ModelError` and DecoderUnavailable.
    """
    found: dict[int, Shadowed] = {}
    for outcomes in photos.batches(
        paths,
        [pool.geometry_of(model) for model in models] + [photos.SQUARE] * pictures,
        size=batch_size,
        decoders=decoders,
        limits=limits,
    ):
        read = [(each.ticket, each.photo) for each in outcomes if each.photo is not None]
        given = [list(_tags(pool, model, [one for _, one in read], derivation)) for model in models]
        for (place, photo), old, new in zip(read, *given, strict=True):
            picture = jpeg(photos.thumbnail(photo)) if pictures else None
            before, after = (_names(said, derivation) for said in (old, new))
            found[place] = Shadowed(paths[place], before, after, picture)
        for each in outcomes:
            if each.error is not None:
                found[each.ticket] = Shadowed(paths[each.ticket], error=each.error.reason)
        progress(len(found), len(paths))
    return [found[place] for place in sorted(found)]


def changes(shadowed: Sequence[Shadowed]) -> list[TagChange]:
    """Count what changes by tag: those that change in most photos first."""
    gained = Counter(tag for each in shadowed for tag in each.gained)
    lost = Counter(tag for each in shadowed for tag in each.lost)
    kept = Counter(tag for each in shadowed for tag in each.kept)
    found = [TagChange(tag, gained[tag], lost[tag], kept[tag]) for tag in gained | lost | kept]
    return sorted(found, key=lambda each: (-each.gained - each.lost, -each.kept, each.tag))


def _tags(
    pool: ModelPool, model: str, decoded: Sequence[DecodedPhoto], derivation: Derivation
) -> Iterator[Tags]:
    if not decoded:
        return
    loaded = pool.get(model)
    images = np.stack([photo.inputs[loaded.geometry] for photo in decoded])
    for photo, row in zip(decoded, loaded.session.run(images).logits, strict=True):
        yield derivation.tags_of(predictions_of(photo.photo_id, loaded, row))


def _names(said: Tags, derivation: Derivation) -> tuple[str, ...]:
    return tuple(derivation.name_of(tag.label) for tag in said.tags)
