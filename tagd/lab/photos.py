"""Many photos, decoded in processes of their own, in the order in which they are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tagd.decoding.geometry import turned_size
from tagd.decoding.pool import DecodeRequest, DecoderPool
from tagd.domain import Geometry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from tagd.decoding.decode import DecodeLimits
    from tagd.decoding.pool import DecodeOutcome
    from tagd.domain import DecodedPhoto

WAIT_SECONDS = 60.0
LONGEST = 320  # pixels of a thumbnail
# All of the picture, whatever its shape: pressed into a square, which `thumbnail` undoes.
SQUARE = Geometry(resize=(LONGEST, LONGEST), crop=(LONGEST, LONGEST))


def thumbnail(photo: DecodedPhoto) -> NDArray[np.uint8]:
    """Return the whole picture, small and upright, of a photo that was decoded for `SQUARE` too."""
    facts = photo.facts
    size = turned_size((facts.width, facts.height), facts.orientation)
    longest = max(size)
    width, height = (max(1, round(LONGEST * edge / longest)) for edge in size)
    return np.asarray(Image.fromarray(photo.inputs[SQUARE]).resize((width, height)))


def batches(
    paths: Sequence[Path],
    geometries: Sequence[Geometry],
    *,
    size: int,
    decoders: int,
    limits: DecodeLimits,
    on_event: Callable[[str], None] = lambda _: None,
) -> Iterator[list[DecodeOutcome]]:
    """Batches of up to `size` outcomes, whose ticket is the photo's place in `paths`.

    Raises DecoderUnavailable.
    """
    ahead = 2 * decoders + size
    wanted = tuple(dict.fromkeys(geometries))
    todo = iter(enumerate(paths))
    with DecoderPool(
        decoders=decoders, limits=limits, on_event=on_event, most_outstanding=ahead
    ) as pool:
        gathered: list[DecodeOutcome] = []
        while True:
            while pool.outstanding < ahead and (each := next(todo, None)) is not None:
                pool.submit(DecodeRequest(each[0], each[1], wanted))
            if not pool.outstanding:
                break
            gathered += pool.take(size - len(gathered), WAIT_SECONDS)
            if len(gathered) == size:
                yield gathered
                gathered = []
        if gathered:
            yield gathered
