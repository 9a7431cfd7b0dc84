"""IPTC in Photoshop's image resources, read. Source: IPTC-IIM 4.2; Adobe Photoshop file formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

Dataset = tuple[int, int, bytes]  # record, number, value

KEYWORDS: Final = (2, 25)
CHARACTER_SET: Final = (1, 90)
_VERSIONS: Final = ((1, 0), (2, 0))
_UTF8: Final = b"\x1b%G"
_IPTC, _DIGEST = 0x0404, 0x0425


def datasets(resources: bytes) -> list[Dataset]:
    """Every dataset of the IPTC resource, in order; none where it is damaged."""
    return of_block(b"".join(body for kind, body in _resources(resources) if kind == _IPTC))


def of_block(block: bytes) -> list[Dataset]:
    """Every dataset of a bare IPTC block, as TIFF holds it."""
    found: list[Dataset] = []
    at = 0
    while block[at : at + 1] == b"\x1c" and at + 5 <= len(block):
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        if size & 0x8000 or at + 5 + size > len(block):
            return []
        found.append((block[at + 1], block[at + 2], block[at + 5 : at + 5 + size]))
        at += 5 + size
    return found


def keywords(found: list[Dataset]) -> tuple[str, ...]:
    """The keywords. What is not marked as UTF-8 is taken for it where it is, else for Latin-1."""
    values = [value for record, number, value in found if (record, number) == KEYWORDS]
    return tuple(_text(value, is_utf8(found)) for value in values)


def is_utf8(found: list[Dataset]) -> bool:
    """Whether the datasets are marked as UTF-8."""
    return (*CHARACTER_SET, _UTF8) in found


def may_become_utf8(found: list[Dataset]) -> bool:
    """Whether marking them as UTF-8 changes the meaning of none."""
    return is_utf8(found) or all(value.isascii() for record, _, value in found if record == 2)


def others(resources: bytes) -> tuple[list[Dataset], list[tuple[int, bytes]]]:
    """All that says something besides keywords: not their character set, nor the versions and the
    digest that a writer has to add."""
    ours = {KEYWORDS, CHARACTER_SET, *_VERSIONS}
    return (
        [each for each in datasets(resources) if each[:2] not in ours],
        [each for each in _resources(resources) if each[0] not in {_IPTC, _DIGEST}],
    )


def _resources(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        at += 6 + (data[at + 6] + 2) // 2 * 2  # a name, padded to an even length
        size = int.from_bytes(data[at : at + 4], "big")
        yield kind, data[at + 4 : at + 4 + size]
        at += 4 + size + size % 2


def _text(value: bytes, utf8: bool) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("utf-8", "replace") if utf8 else value.decode("latin-1")
