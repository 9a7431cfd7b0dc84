"""Many photos, decoded in processes of their own, in the order in which they are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.pipeline.decoder import DecodeRequest, DecoderPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tagd.domain import Geometry
    from tagd.pipeline.decode import DecodeLimits
    from tagd.pipeline.decoder import DecodeOutcome

WAIT_SECONDS = 60.0


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
