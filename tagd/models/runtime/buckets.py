"""Batch sizes of recorded passes: how many pictures go into which one. Pure.

What is recorded or compiled for one shape runs for no other. So a pass has one of a few sizes, its
buckets, and the places that its pictures leave empty are computed for nothing.
"""

from __future__ import annotations

BUCKETS = (1, 4, 16, 64, 256)


def take(waiting: int, buckets: tuple[int, ...], limit: int | None = None) -> int:
    """Return how many of the waiting pictures the next pass takes. `buckets` are the sizes of
    passes, in ascending order, none for any size; no pass is larger than `limit`.

    A bucket that is at least half full is padded; otherwise a smaller one is filled first. So less
    is computed for nothing than for something, in few passes.
    """
    if not buckets:
        return min(waiting, limit or waiting)
    fit = [bucket for bucket in buckets if limit is None or bucket <= limit] or [buckets[0]]
    padded = next((bucket for bucket in fit if bucket >= waiting), None)
    if padded is not None and 2 * waiting >= padded:
        return waiting
    return max((bucket for bucket in fit if bucket <= waiting), default=waiting)


def bucket_of(pictures: int, buckets: tuple[int, ...]) -> int:
    """Return the size of the pass that these pictures, as `take` gives them, go through."""
    return next((bucket for bucket in buckets if bucket >= pictures), pictures)
