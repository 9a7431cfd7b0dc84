"""What the user asked for, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tagd.hours import Hours


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
class Preferences:
    """Everything that was asked for. The first of these that is set counts: `model` (alone), the
    first rule that matches, `cascade`, `targets`; else the embedded cascade.

    No choice takes more than `memory_budget_mb`. From `backlog` waiting photos on, a quicker model
    works, unless a person named the model; 0 always has it so, None never.
    """

    model: str | None = None
    rules: tuple[Rule, ...] = ()
    cascade: Cascade | None = None
    targets: Targets = Targets()
    memory_budget_mb: float | None = None
    backlog: int | None = None


def named(preferences: Preferences) -> tuple[str, ...]:
    """Return every model that the user named, each once: those must be there."""
    by_rules = [model for rule in preferences.rules for model in rule.models]
    cascade = preferences.cascade.models if preferences.cascade else ()
    every = (preferences.model,) if preferences.model else (*by_rules, *cascade)
    return tuple(dict.fromkeys(every))
