"""Where the time of the photos goes, stage by stage: what a machine is short of."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Stage(StrEnum):
    """A part of the journey, in its order."""

    DECODE = "decode"  # in the decoder processes, beside everything else
    WAIT = "wait"  # for decoded photos: with a full queue, what decoding is too slow by
    FORWARD = "forward"  # choosing models and asking them
    DERIVE = "derive"  # from predictions to tags
    RECORD = "record"  # writing to the catalogue, and the claim of what comes next


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long each stage has taken for so many photos. Seconds."""

    photos: int
    seconds: Mapping[Stage, float]

    def milliseconds(self, stage: Stage) -> float:
        """Return what a photo costs in this stage, on average."""
        return 1000 * self.seconds[stage] / self.photos if self.photos else 0.0

    def since(self, earlier: StageTimes) -> StageTimes:
        """Return what was added to an earlier reading of the same stopwatch."""
        spent = {stage: self.seconds[stage] - earlier.seconds[stage] for stage in Stage}
        return StageTimes(self.photos - earlier.photos, spent)

    def dumped(self) -> str:
        """Write it as text, to be kept."""
        return json.dumps({"photos": self.photos, **self.seconds})

    @classmethod
    def loaded(cls, text: str) -> StageTimes:
        """Read what `dumped` wrote."""
        kept = json.loads(text)
        return cls(kept["photos"], {stage: kept[stage] for stage in Stage})


@dataclass(slots=True)
class Stopwatch:
    """Counts together what stages take. One thread uses it; `clock` counts seconds."""

    clock: Callable[[], float]
    _photos: int = 0
    _seconds: dict[Stage, float] = field(default_factory=lambda: dict.fromkeys(Stage, 0.0))
    _lap_began: float = 0.0

    def start(self) -> None:
        """Start: what passed until now belongs to no stage."""
        self._lap_began = self.clock()

    def lap(self, stage: Stage) -> None:
        """Count what passed since the start or the last lap for this stage."""
        now = self.clock()
        self._seconds[stage] += now - self._lap_began
        self._lap_began = now

    def add(self, stage: Stage, seconds: float) -> None:
        """Add what was spent on this stage elsewhere."""
        self._seconds[stage] += seconds

    def count(self, photos: int) -> None:
        """Count photos that have come through."""
        self._photos += photos

    def times(self) -> StageTimes:
        """Return all until now."""
        return StageTimes(self._photos, dict(self._seconds))
