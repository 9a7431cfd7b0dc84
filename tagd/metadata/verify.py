"""Whether a copy may take a photo's place: the same picture, nothing changed that is not ours."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from tagd.containers import (
    DamagedContainer,
    payload_hash,
    recognise,
    splice,
    strict_spans,
)
from tagd.containers.splice import jpeg
from tagd.containers.tags import MAKER_NOTE, XMP, all_tags
from tagd.metadata import exif, iptc

if TYPE_CHECKING:
    from tagd.containers.tags import Tags


def harm(before: bytes, after: bytes) -> str | None:
    """Say what is wrong with `after`, in words; None when it differs from `before` by keywords
    only."""
    kind = recognise(before)
    if recognise(after) != kind:
        return "it is of another kind than before"
    try:
        strict_spans(after)
        if payload_hash(after) != payload_hash(before):
            return "its picture is not the same, byte for byte"
        if kind == "JPEG":
            return _harm_to_jpeg(before, after)
        if splice.foreign(after) != splice.foreign(before):
            return "something besides its keywords has changed"
        if kind == "TIFF":
            return _harm_to_tags(_but_packet(all_tags(before)), _but_packet(all_tags(after)))
    except (DamagedContainer, splice.CannotSplice) as error:
        return f"its structure does not hold ({error})"
    return None


def _harm_to_jpeg(before: bytes, after: bytes) -> str | None:
    rest = (jpeg.EXIF, jpeg.PHOTOSHOP)
    if jpeg.foreign_but(after, *rest) != jpeg.foreign_but(before, *rest):
        return "a segment that is not tagd's has changed"
    if iptc.others(jpeg.photoshop(after)) != iptc.others(jpeg.photoshop(before)):
        return "Photoshop's resources have changed"
    one, other = jpeg.exif(before), jpeg.exif(after)
    if one == other:
        return None
    old, new = _but_keywords(one), _but_keywords(other)
    return _harm_to_tags(old, new) or _harm_to_offsets(old, new)


def _harm_to_tags(before: Tags, after: Tags) -> str | None:
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )
    if not changed:
        return None
    directory, number = changed[0]
    return f"tag {number:#06x} of directory {directory} has changed"


def _harm_to_offsets(before: Tags, after: Tags) -> str | None:
    """MakerNotes hold offsets that nobody else knows, and that are right only where they were."""
    places = ([tags[key].at for key in tags if key[1] == MAKER_NOTE] for tags in (before, after))
    return None if operator.eq(*places) else "its MakerNotes have moved"


def _but_keywords(block: bytes | None) -> Tags:
    return exif.others(all_tags(block)) if block else {}


def _but_packet(tags: Tags) -> Tags:
    return {key: value for key, value in tags.items() if key != ("0", XMP)}
