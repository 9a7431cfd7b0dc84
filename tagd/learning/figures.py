"""What a kept head says of scores, and whether it may give its tag. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.learning.measure import Measured

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tagd.catalogue.tagging.personal import KeptHead


def may_give(kept: KeptHead) -> bool:
    """Return whether a head is right often enough to give its tag without being asked."""
    return _measured(kept).may_give


def sure_of(kept: KeptHead, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how probable it is that photos with these scores show what is meant."""
    return _measured(kept).sure(scores)


def _measured(kept: KeptHead) -> Measured:
    return Measured(kept.threshold, kept.precision, kept.recall, kept.slope, kept.middle)
