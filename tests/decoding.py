"""What the tests of decoding share: a small picture, and how it is decoded."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tagd.decoding.decode import DecodeLimits, decode
from tagd.domain import DecodedPhoto, Geometry
from tests.photos import coffee

INPUT = Geometry(64, (56, 56))
LIMITS = DecodeLimits()
PICTURE = coffee().resize((150, 100), Image.Resampling.LANCZOS)


def decoded(path: Path, limits: DecodeLimits = LIMITS) -> DecodedPhoto:
    return decode(path, [INPUT], limits)
