"""TIFFs laid out by hand: the same pages with their pieces at other places, and other metadata."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_SHORT, _LONG, _BIG = 3, 4, 16
Fields = Mapping[int, Sequence[int]]


@dataclass(frozen=True)
class Page:
    """A directory: its tags, each SHORTs, and the pieces of its picture in order. `pieces_by` are
    the tags that hold their places and byte counts; the directories of `parts` hang below it."""

    tags: Fields
    pieces: Sequence[bytes]
    pieces_by: tuple[int, int] = (273, 279)
    parts: Sequence[Page] = ()
    texts: Mapping[int, bytes] = field(default_factory=dict)


def page(width: int = 4, *pieces: bytes, **more: Sequence[int]) -> Page:
    """A plain grey page; `more` are tags as t254=[1]."""
    tags: dict[int, Sequence[int]] = {256: [width], 257: [len(pieces)], 258: [8]}
    tags |= {tag: [1] for tag in (259, 262, 277, 278)}
    tags |= {int(name[1:]): values for name, values in more.items()}
    return Page(tags, pieces or (bytes(width),))


def laid_out(*pages: Page, order: str = "<", big: bool = False, gap: int = 0) -> bytes:
    """The file, with `gap` bytes of nothing before each piece."""
    return _Writer(order, big, gap).file(pages)


class _Writer:
    def __init__(self, order: str, big: bool, gap: int) -> None:
        self._order, self._big, self._gap = order, big, gap
        self._offset = "Q" if big else "I"
        magic = struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42)
        self._body = bytearray({"<": b"II", ">": b"MM"}[order] + magic)
        self._body += bytes(8 if big else 4)

    def file(self, pages: Sequence[Page]) -> bytes:
        pointer = len(self._body) - (8 if self._big else 4)
        self._body += bytes(8)  # where "CR" would make it a Canon's
        for each in pages:
            at, pointer_next = self._directory(each)
            self._put(pointer, self._offset, at)
            pointer = pointer_next
        return bytes(self._body)

    def _directory(self, each: Page) -> tuple[int, int]:
        """Where it is, and where it says which one follows."""
        rows = {tag: (_SHORT, "H", list(values)) for tag, values in each.tags.items()}
        kind = _BIG if self._big else _LONG
        places = [self._append(bytes(self._gap), piece) for piece in each.pieces]
        rows[each.pieces_by[0]] = (kind, self._offset, places)
        rows[each.pieces_by[1]] = (_LONG, "I", [len(piece) for piece in each.pieces])
        if each.parts:
            parts = [self._directory(part)[0] for part in each.parts]
            rows[330] = (kind, self._offset, parts)
        rows |= {tag: (7, "B", list(text)) for tag, text in each.texts.items()}
        return self._write(rows)

    def _write(self, rows: dict[int, tuple[int, str, list[int]]]) -> tuple[int, int]:
        room = 8 if self._big else 4
        packed = b""
        for tag, (kind, code, values) in sorted(rows.items()):
            value = struct.pack(f"{self._order}{len(values)}{code}", *values)
            if len(value) > room:
                value = struct.pack(self._order + self._offset, self._append(b"", value))
            head = struct.pack(f"{self._order}HH{self._offset}", tag, kind, len(values))
            packed += head + value.ljust(room, b"\0")
        count = struct.pack(self._order + ("Q" if self._big else "H"), len(rows))
        at = self._append(b"", count + packed + bytes(room))
        return at, len(self._body) - room

    def _append(self, before: bytes, data: bytes) -> int:
        self._body += before + bytes(len(self._body + before) % 2)
        at = len(self._body)
        self._body += data
        return at

    def _put(self, at: int, code: str, value: int) -> None:
        struct.pack_into(self._order + code, self._body, at, value)
