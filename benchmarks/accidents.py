"""Files that real life and ill will leave in a library, and what must come of each.

Each is made of a picture of its own, so that no two are one photo.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image

from benchmarks.held import Held
from tests import corpus

FAR_FUTURE_SECONDS: Final = 15_026_000_000  # in the year 2446, beyond what 64 bits of ns hold
LONG_TEXT: Final = b"Comment\0" + b"All work and no play. " * 100_000  # more than Pillow takes
LONGEST_NAME: Final = 255  # bytes
CONTROLS: Final = (b"bad\x01word", b"\x1b[2Jclear")
AS_READ: Final = frozenset({"bad\x01word", "\x1b[2Jclear", "bad word", "[2Jclear"})
BEFORE_PICTURE: Final = 33  # bytes of a PNG: its signature and header
_HEAD: Final = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    b' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
)
_LAUGHS: Final = b"".join(
    b'<!ENTITY l%d "%s">' % (each, b"&l%d;" % (each - 1) * 10) for each in range(1, 9)
)
PATHOLOGICAL: Final = (
    _HEAD + b"<a>" * 100_000,
    b'<!DOCTYPE x [<!ENTITY l0 "ha">' + _LAUGHS + b"]>" + _HEAD + b"&l8;</rdf:RDF></x:xmpmeta>",
    _HEAD + b"\0\xff\xfe" * 1000,
)


@dataclass(frozen=True, slots=True)
class Accident:
    """A file: its bytes, what it must be held to hold, and its name's ending. `sidecar` lies beside
    it; `has_long_name`: there is no room for `.xmp`."""

    data: bytes
    held: Held
    ending: str = ".jpg"
    modified_at: float | None = None  # seconds since 1970
    sidecar: bytes | None = None
    has_long_name: bool = False

    def touch(self, place: Path) -> None:
        """Give the file there its time."""
        if self.modified_at is not None:
            os.utime(place, (0, self.modified_at))


def controls(picture: bytes, _: int) -> Accident:
    """Keywords with control characters, as IPTC has them, and a caption."""
    segment = corpus.iptc(*CONTROLS, utf8=False)
    kept = tuple(b"\x1c\x02\x19\0" + bytes([len(each)]) + each for each in CONTROLS)
    data = corpus.with_segments(picture, segment)
    return Accident(data, replace(Held.of(data), captions=kept, keywords=AS_READ))


def truncated(picture: bytes, _: int) -> Accident:
    """A JPEG whose last bytes are gone: tagged by the rest, and nothing is written into it."""
    data = picture[:-2]
    return Accident(data, replace(Held.of(data), takes_keywords=False))


def long_text(picture: bytes, _: int) -> Accident:
    """A PNG with more text than picture."""
    png = corpus.encoded(Image.open(io.BytesIO(picture)), "png")
    text = corpus.chunk(b"tEXt", LONG_TEXT)
    data = png[:BEFORE_PICTURE] + text + png[BEFORE_PICTURE:]
    return Accident(data, replace(Held.of(data), captions=(text,)), ending=".png")


def bad_sidecar(picture: bytes, number: int) -> Accident:
    """XMP beside a photo that nobody can read, and so nobody may rewrite."""
    beside = PATHOLOGICAL[number % len(PATHOLOGICAL)]
    return Accident(picture, Held.of(picture), sidecar=beside)


def nothing(_: bytes, __: int) -> Accident:
    """No byte."""
    return Accident(b"", Held.of(b"", is_photo=False))


def far_future(picture: bytes, _: int) -> Accident:
    """A camera whose clock went wrong."""
    return Accident(picture, Held.of(picture), modified_at=FAR_FUTURE_SECONDS)


def long_name(picture: bytes, _: int) -> Accident:
    """A name that has no room for `.xmp`."""
    return Accident(picture, Held.of(picture), has_long_name=True)


KINDS: Final[tuple[Callable[[bytes, int], Accident], ...]] = (
    controls,
    truncated,
    long_text,
    bad_sidecar,
    nothing,
    far_future,
    long_name,
)
