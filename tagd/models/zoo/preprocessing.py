"""From `uint8` RGB pixels to a network's input: (pixel / 255 - mean) / std, by channel.

What comes before, resize and crop, is the `Geometry`, which the decoder carries out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.domain import Geometry

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """A model's geometry, and the mean and standard deviation (red, green, blue) of values in
    0 to 1 that its training subtracted and divided by."""

    geometry: Geometry
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def canonical(self) -> Mapping[str, object]:
        """Return what an answer depends on, as plain values with one spelling each."""
        resize = self.geometry.resize
        return {
            "resize": resize if isinstance(resize, int) else list(resize),
            "crop": list(self.geometry.crop),
            "interpolation": self.geometry.interpolation,
            "mean": [float(value) for value in self.mean],
            "std": [float(value) for value in self.std],
        }
