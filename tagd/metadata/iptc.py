"""IPTC keywords in Photoshop's image resources, which JPEG has in a segment of its own.

All else stays where it is, byte for byte. Source: IPTC-IIM 4.2; Adobe Photoshop file formats.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from tagd.containers.splice import CannotSplice, jpeg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Dataset = tuple[int, int, bytes]  # record, number, value

KEYWORDS: Final = (2, 25)
CHARACTER_SET: Final = (1, 90)
_EXTENDED: Final = 0x8000
_MOST_READ: Final = 10_000  # datasets; an honest block has some dozens
_UTF8: Final = b"\x1b%G"
# The last is one of those for plug-ins: there where tagd has marked the text as UTF-8.
_IPTC, _DIGEST, _MARKED = 0x0404, 0x0425, 0x0FA0
_MARK: Final = b"tagd"


@dataclass(frozen=True, slots=True)
class _Resource:
    """One of Photoshop's resources: its number, its bytes before the size, and what it holds."""

    kind: int
    head: bytes
    body: bytes

    def to_bytes(self) -> bytes:
        padding = b"\0" * (len(self.body) % 2)
        return self.head + len(self.body).to_bytes(4, "big") + self.body + padding


def datasets(resources: bytes) -> list[Dataset]:
    """Return every dataset of the IPTC resource, in order; none where it is damaged."""
    return of_block(
        b"".join(resource.body for resource in _resources(resources) if resource.kind == _IPTC)
    )


def of_block(block: bytes) -> list[Dataset]:
    """Return every dataset of a bare IPTC block, as TIFF holds it."""
    found: list[Dataset] = []
    at = 0
    while block[at : at + 1] == b"\x1c" and at + 5 <= len(block):
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        if size & 0x8000 or at + 5 + size > len(block):
            return []
        found.append((block[at + 1], block[at + 2], block[at + 5 : at + 5 + size]))
        at += 5 + size
    return found


def found_in(press: bytes) -> list[Dataset]:
    """Return every sound dataset of a bare block, or of Photoshop's resources: for reading only."""
    if press.startswith(b"8BIM"):
        press = b"".join(resource.body for resource in _resources(press) if resource.kind == _IPTC)
    return list(islice(_sound(_unswapped(press)), _MOST_READ))


def _unswapped(block: bytes) -> bytes:
    """Return the block in its own order. A TIFF may call it LONGs, and who did has turned each of
    them."""
    if block[:1] == b"\x1c" or block[3:4] != b"\x1c":
        return block
    count = len(block) // 4
    return struct.pack(f">{count}I", *struct.unpack(f"<{count}I", block[: count * 4]))


def _sound(block: bytes) -> Iterator[Dataset]:
    at = block.find(b"\x1c")  # zeros may stand before the first
    while 0 <= at <= len(block) - 5 and block[at] == 0x1C:
        size, start = int.from_bytes(block[at + 3 : at + 5], "big"), at + 5
        if size & _EXTENDED:  # then it is how long the length is
            width = min(size & ~_EXTENDED, 8)
            size, start = int.from_bytes(block[start : start + width], "big"), start + width
        if start + size > len(block):
            return
        yield block[at + 1], block[at + 2], block[start : start + size]
        at = start + size


def keywords(found: list[Dataset]) -> tuple[str, ...]:
    """Return the keywords. What is not marked as UTF-8 is taken for it where it is, else for
    Windows' Western character set, as nearly all who wrote no mark had it."""
    values = [value for record, number, value in found if (record, number) == KEYWORDS]
    utf8 = is_utf8(found)
    return tuple(_text(value, utf8) for value in values)


def text_of(found: list[Dataset], dataset: tuple[int, int]) -> str:
    """Return what a dataset that stands once says; empty where it is absent."""
    values = (value for record, number, value in found if (record, number) == dataset)
    return next(values, b"").decode("ascii", "replace").strip("\0 ")


def is_utf8(found: list[Dataset]) -> bool:
    """Return whether the datasets are marked as UTF-8."""
    return (*CHARACTER_SET, _UTF8) in found


def others(resources: bytes) -> tuple[list[Dataset], list[tuple[int, bytes]]]:
    """Return all that says something besides keywords: not their character set, nor a digest of
    them."""
    ours = {KEYWORDS, CHARACTER_SET}
    return (
        [dataset for dataset in datasets(resources) if dataset[:2] not in ours],
        [
            (resource.kind, resource.body)
            for resource in _resources(resources)
            if resource.kind not in {_IPTC, _DIGEST} and not _is_mark(resource)
        ],
    )


def with_keywords(data: bytes, values: Sequence[str]) -> bytes:
    """Return the same JPEG whose IPTC holds these keywords, those that stay in their places.

    Marked as UTF-8 only where a value needs it, and no longer than that. Raises CannotSplice.
    """
    resources = jpeg.photoshop(data)
    found = _resources(resources)
    rest = resources[sum(len(resource.to_bytes()) for resource in found) :]
    if b"".join(resource.to_bytes() for resource in found) + rest != resources:
        raise CannotSplice("Photoshop's resources are not built as they should be")
    blocks = [resource for resource in found if resource.kind == _IPTC]
    if len(blocks) != 1:
        raise CannotSplice("it has IPTC in more than one place, and no rule says which counts")
    old, is_marked = blocks[0].body, any(map(_is_mark, found))
    said = of_block(old)
    told, needs_mark = _marked(said, _replaced(said, values), is_marked)
    new = _block(told) + old[len(_block(said)) :]
    kept = [_with_body(resource, old, new) for resource in found if not _is_mark(resource)]
    if needs_mark:
        kept.append(_Resource(_MARKED, b"8BIM" + _MARKED.to_bytes(2, "big") + bytes(2), _MARK))
    return jpeg.with_photoshop(data, b"".join(resource.to_bytes() for resource in kept) + rest)


def _replaced(found: list[Dataset], values: Sequence[str]) -> list[Dataset]:
    """Return the datasets with these keywords: new ones behind the last that stays, else behind all
    that are about the photo."""
    utf8 = is_utf8(found)
    kept = [e for e in found if e[:2] != KEYWORDS or _text(e[2], utf8) in values]
    there = keywords(kept)
    new = [(*KEYWORDS, value.encode()) for value in values if value not in there]
    last = [at for at, dataset in enumerate(kept, 1) if dataset[:2] == KEYWORDS]
    about = [at for at, dataset in enumerate(kept, 1) if dataset[0] <= KEYWORDS[0]]
    at = max(last or about, default=0)
    return [*kept[:at], *new, *kept[at:]]


def _marked(
    said: list[Dataset], told: list[Dataset], is_by_tagd: bool
) -> tuple[list[Dataset], bool]:
    """Return what is to be told with a mark for UTF-8 where it needs one, and whether that is
    tagd's."""
    is_ours = is_by_tagd and _is_plain(dataset for dataset in told if dataset[:2] != KEYWORDS)
    bare = [dataset for dataset in told if not is_ours or dataset[:2] != CHARACTER_SET]
    new = bare if is_ours else [dataset for dataset in bare if dataset not in said]
    if _is_plain(new) or is_utf8(bare):
        return bare, False
    if not is_ours and (
        any(dataset[:2] == CHARACTER_SET for dataset in bare) or not _is_plain(said)
    ):
        raise CannotSplice("its IPTC has text in an older character set")
    at = sum(dataset[:2] == (1, 0) for dataset in bare[:1])
    return [*bare[:at], (*CHARACTER_SET, _UTF8), *bare[at:]], True


def _is_plain(found: Iterable[Dataset]) -> bool:
    """Return whether it says the same in every character set."""
    return all(value.isascii() for record, _, value in found if record == KEYWORDS[0])


def _with_body(resource: _Resource, old: bytes, new: bytes) -> _Resource:
    """Return the resource as it is beside the new block: a digest stays right where it was."""
    if resource.kind == _IPTC:
        return replace(resource, body=new)
    is_current = resource.kind == _DIGEST and resource.body == _digest(old)
    return replace(resource, body=_digest(new)) if is_current else resource


def _digest(block: bytes) -> bytes:
    return hashlib.md5(block, usedforsecurity=False).digest()


def _block(found: list[Dataset]) -> bytes:
    return b"".join(
        bytes([0x1C, record, number]) + len(value).to_bytes(2, "big") + value
        for record, number, value in found
    )


def _is_mark(resource: _Resource) -> bool:
    return (resource.kind, resource.body) == (_MARKED, _MARK)


def _resources(data: bytes) -> list[_Resource]:
    found = []
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        start, kind = at, int.from_bytes(data[at + 4 : at + 6], "big")
        at += 6 + (data[at + 6] + 2) // 2 * 2  # a name, padded to an even length
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(_Resource(kind, data[start:at], data[at + 4 : at + 4 + size]))
        at += 4 + size + size % 2
    return found


def _text(value: bytes, utf8: bool) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8" if utf8 else "cp1252", "replace")
