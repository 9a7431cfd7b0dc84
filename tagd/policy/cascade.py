"""Whether a stage's answer stands, or the next model decides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.domain import Stage


def settled(stage: Stage, best_probability: float) -> bool:
    """Whether the answer stands: the last stage's always does, another's when it is sure enough.

    A probability that is no number settles nothing.
    """
    return stage.settles_at is None or best_probability >= stage.settles_at
