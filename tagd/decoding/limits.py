"""What a photo may cost to read; in a module of its own, as who asks for photos needs no Pillow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_SPARE_BYTES: Final = 64 * 1024 * 1024
# What decoders may take together, where pictures are as large as they may be, and so deep that a
# pixel takes the most that was measured (see child.py). What any camera makes is never read alone.
_OF_FREE_MEMORY: Final = 0.6
_BYTES_PER_PIXEL: Final = 10
_LEAST_SHARED_MEGAPIXELS: Final = 25.0


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What a photo may cost. A pixel counts as one whatever its depth. Beside other photos it may
    have `shared_megapixels`; a larger one is read alone, with `max_megapixels`."""

    max_megapixels: float = 200
    timeout_seconds: float = 30
    shared_megapixels: float = 200

    @property
    def most_pixels(self) -> int:
        """`max_megapixels` as a number of pixels."""
        return int(self.max_megapixels * 1_000_000)

    @staticmethod
    def shared(free_mb: int | None, decoders: int) -> float:
        """Return `shared_megapixels` for so many decoders and so many MiB of free memory, or None
        where nobody says how much there is."""
        if free_mb is None:
            return math.inf
        share = _OF_FREE_MEMORY * free_mb * 2**20 / decoders
        return max(_LEAST_SHARED_MEGAPIXELS, share / _BYTES_PER_PIXEL / 1_000_000)

    @property
    def most_file_bytes(self) -> int:
        """The size from which a file is not even read: that of uncompressed 16-bit RGBA."""
        return 8 * self.most_pixels + _SPARE_BYTES
