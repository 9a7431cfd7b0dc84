"""Forward passes of a few sizes: how many pictures go into which one. Pure.

What is recorded or compiled for one shape runs for no other, so a pass takes one of a few sizes and
what its pictures leave empty is computed for nothing.
"""

from __future__ import annotations

RUNGS = (1, 4, 16, 64, 256)


def take(waiting: int, rungs: tuple[int, ...], limit: int | None = None) -> int:
    """How many of the waiting pictures the next pass takes. `rungs` are the sizes of passes, in
    ascending order, none for any size; no pass is larger than `limit`.

    A rung is padded where at least half of it is filled, and else left to a smaller one: so less is
    computed for nothing than for something, in few passes.
    """
    if not rungs:
        return min(waiting, limit or waiting)
    fit = [rung for rung in rungs if limit is None or rung <= limit] or [rungs[0]]
    padded = next((rung for rung in fit if rung >= waiting), None)
    if padded is not None and 2 * waiting >= padded:
        return waiting
    return max((rung for rung in fit if rung <= waiting), default=waiting)


def rung_of(pictures: int, rungs: tuple[int, ...]) -> int:
    """The size of the pass that these pictures, as `take` gives them, go through."""
    return next((rung for rung in rungs if rung >= pictures), pictures)
