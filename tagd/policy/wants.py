"""What the user asked for, as frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum


class Use(StrEnum):
    """What the tags are for, as the guide to these models names it."""

    HIGH_ACCURACY = "high-accuracy"  # EVA-02 Large where there is plenty, else ViT-Base
    GENERAL = "general"  # ConvNeXt
    REALTIME = "realtime"  # ResNet, as large as the time allows
    EDGE = "edge"  # EfficientNet or MobileNet


@dataclass(frozen=True, slots=True)
class Targets:
    """What a model should reach: top-1 in % on ImageNet-1k, and milliseconds a photo at most."""

    use: Use | None = None
    accuracy: float | None = None
    latency_ms: float | None = None

    def __bool__(self) -> bool:
        return not (self.use is None and self.accuracy is None and self.latency_ms is None)


@dataclass(frozen=True, slots=True)
class Cascade:
    """Models in the order in which they are heard. `settles_at` holds a probability for each but
    the last; empty leaves it to what was calibrated."""

    models: tuple[str, ...]
    settles_at: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, from the first moment up to the last one, over midnight where that comes
    before. The same twice is the whole day."""

    start: time
    end: time

    def hold(self, at: time) -> bool:
        """Whether this moment is in it."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


def hours_of(text: str) -> Hours:
    """`22:00-06:00` as a part of the day. Raises ValueError."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError("must be two times of day, such as 22:00-06:00")
    start_hour, start_minute, end_hour, end_minute = (int(part or 0) for part in found.groups())
    return Hours(time(start_hour, start_minute), time(end_hour, end_minute))


@dataclass(frozen=True, slots=True)
class Rule:
    """Which photos it is about (whatever is set must hold), and what is wanted for them: models by
    name, one alone or several as a cascade, or else targets."""

    name: str
    path: str = ""  # glob
    camera: str = ""  # glob over make, model, and both
    type: str = ""  # JPEG, RAW, … as PhotoFacts.format
    min_megapixels: float | None = None
    max_megapixels: float | None = None
    hours: Hours | None = None
    models: tuple[str, ...] = ()
    targets: Targets = Targets()


@dataclass(frozen=True, slots=True)
class Wants:
    """Everything that was asked for. The first of these that is set counts: `model` (alone), the
    first rule that matches, `cascade`, `targets`; else the embedded cascade.

    No choice takes more than `memory_budget_mb`. From `backlog` waiting photos on, a quicker model
    works, unless a person named the model; None never has it so.
    """

    model: str | None = None
    rules: tuple[Rule, ...] = ()
    cascade: Cascade | None = None
    targets: Targets = Targets()
    memory_budget_mb: float | None = None
    backlog: int | None = None


def named(wants: Wants) -> tuple[str, ...]:
    """Every model that the user named, each once: those must be there."""
    by_rules = [model for rule in wants.rules for model in rule.models]
    cascade = wants.cascade.models if wants.cascade else ()
    every = (wants.model,) if wants.model else (*by_rules, *cascade)
    return tuple(dict.fromkeys(every))
