"""What a network can be asked for: its logits, the embedding before them, the features before that.

pictures ─▶ … ─▶ features ─▶ pooled: embedding ─▶ last linear layer: logits
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray


class Output(StrEnum):
    """One of the places in a network whose values can be had. In the order of `Outputs`."""

    LOGITS = "logits"
    EMBEDDING = "embedding"
    FEATURES = "features"


LOGITS: Final = frozenset({Output.LOGITS})
WITH_EMBEDDING: Final = frozenset({Output.LOGITS, Output.EMBEDDING})
EVERYTHING: Final = frozenset(Output)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Rows of fp32, one a picture; None for what was not asked for.

    `logits` is (N, classes). `embedding` (N, width) is what the last linear layer is given.
    `features` is the last map with places, as the network lays it out: (N, channels, height,
    width), (N, height, width, channels) or (N, tokens, width).
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    features: NDArray[np.float32] | None = None


def in_order(outputs: Iterable[Output]) -> tuple[Output, ...]:
    """Return these outputs, logits always among them, in the order of `Outputs`."""
    wanted = {Output.LOGITS, *outputs}
    return tuple(output for output in Output if output in wanted)
