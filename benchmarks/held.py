"""What a file of the soak holds, whatever keywords it is given, and what it must be known by."""

from __future__ import annotations

from dataclasses import dataclass

from tagd.containers.payload import payload_hash
from tagd.metadata import reader
from tagd.metadata.keywords import Field


@dataclass(frozen=True, slots=True)
class Held:
    """What a file holds, whatever keywords it is given: its picture, or all of it where none can be
    seen in it, and captions. `keywords` are those of others. `takes_keywords`: others than these
    may be written into it. `is_bare`: somebody has deleted its sidecar. `is_doubtful`: what kept a
    sidecar from being written is gone, and nobody has had tagd try again."""

    payload: str
    is_photo: bool = True
    captions: tuple[bytes, ...] = ()
    keywords: frozenset[str] = frozenset()
    takes_keywords: bool = True
    is_bare: bool = False
    is_doubtful: bool = False

    @classmethod
    def of(cls, data: bytes, *, is_photo: bool = True) -> Held:
        """What these bytes are."""
        return cls(payload_hash(data), is_photo)

    @property
    def photo_id(self) -> str | None:
        """What it is to be known by; None where it cannot be tagged."""
        return self.payload if self.is_photo else None

    def lacks(self, data: bytes) -> str:
        """What of it these bytes have lost, in words; empty for nothing."""
        if payload_hash(data) != self.payload:
            return "its picture" if self.is_photo else "its bytes"
        return "" if all(caption in data for caption in self.captions) else "a caption"


def subjects(data: bytes) -> frozenset[str]:
    """The keywords in these bytes."""
    return frozenset(reader.of_photo(data).of(Field.SUBJECT))
