"""The keys of `[policy]`: which model for which photo."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tagd.config.section import Section, Unit, as_tuple
from tagd.containers import FORMATS
from tagd.hours import hours_of
from tagd.policy.matching import RAW

Use = Literal["", "high-accuracy", "general", "realtime", "edge"]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(as_tuple)]
Probabilities = Annotated[
    tuple[Annotated[float, Field(gt=0, le=1)], ...], BeforeValidator(as_tuple)
]
Percent = Annotated[float, Field(ge=0, lt=100), Unit("% on ImageNet-1k")]
Milliseconds = Annotated[float, Field(ge=0), Unit("ms")]


def two_times(text: str) -> str:
    """Text as it is, where it is nothing or hours such as 22:00-06:00. Raises ValueError."""
    if text:
        hours_of(text)
    return text


def _known_type(text: str) -> str:
    known = sorted({*FORMATS, RAW})
    if text and text.upper() not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return text


class PolicyRule(Section):
    """One rule: what is set must hold for a photo; `models`, or else a use and targets, follow."""

    name: str = ""
    path: str = ""
    camera: str = ""
    type: Annotated[str, AfterValidator(_known_type)] = ""
    min_megapixels: Annotated[float, Field(ge=0)] = 0.0
    max_megapixels: Annotated[float, Field(ge=0)] = 0.0
    hours: Annotated[str, AfterValidator(two_times)] = ""
    models: Names = ()
    use: Use = ""
    accuracy_target: Annotated[float, Field(ge=0, lt=100)] = 0.0
    latency_target_ms: Annotated[float, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _says_what(self) -> PolicyRule:
        targets = bool(self.use or self.accuracy_target or self.latency_target_ms)
        if bool(self.models) == targets:
            raise ValueError("must have either models, or use, accuracy_target, latency_target_ms")
        return self


class PolicyCascade(Section):
    """Models in the order in which they are heard."""

    models: Names = ()
    settles_at: Probabilities = ()

    @model_validator(mode="after")
    def _one_for_each_but_the_last(self) -> PolicyCascade:
        if len(set(self.models)) != len(self.models):
            raise ValueError("models must differ from each other")
        if self.settles_at and len(self.settles_at) != len(self.models) - 1:
            raise ValueError("settles_at must have one number for each model but the last")
        return self


class Policy(Section):
    """Which model looks at which photo. The first of these that is set decides: name in [model];
    the first rule that matches; cascade; use and targets; otherwise the built-in cascade. `tagd
    policy explain PHOTO` shows the choice, and why.
    """

    use: Use = Field(
        default="",
        description="What the tags are for: 'high-accuracy' (EVA-02 or ViT), 'general' (ConvNeXt),"
        " 'realtime' (ResNet), 'edge' (EfficientNet or MobileNet).",
    )
    accuracy_target: Percent = Field(
        default=0.0,
        description="The accuracy that the model should reach. If none does, it is the most"
        " accurate that fits. 0: no target.",
    )
    latency_target_ms: Milliseconds = Field(
        default=0.0,
        description="The time that one photo may take, as measured by `tagd models bench`, or"
        " else estimated. 0: no target.",
    )
    memory_budget: Annotated[float, Unit("MB")] = Field(
        default=0.0,
        ge=0,
        description="What the models for one photo may use. 0: whatever is free."
        " memory_budget in [model] is never exceeded.",
    )
    backlog: Annotated[int, Unit("photos")] = Field(
        default=0,
        ge=0,
        description="With this many photos waiting, a faster model is used, and they are"
        " refined later. Models that you name are never replaced. 0: never.",
    )
    cascade: PolicyCascade = Field(
        default=PolicyCascade(),
        description="Models from the fastest to the most accurate. Each decides where it is"
        " at least as sure as settles_at (a probability for each but the last);"
        " without that, as `tagd policy calibrate` found.",
    )
    rules: Annotated[tuple[PolicyRule, ...], BeforeValidator(as_tuple)] = Field(
        default=(),
        description="Tables, of which the first that matches a photo is used. To match: path"
        " (a glob), camera, type, min_megapixels, max_megapixels, hours"
        " ('22:00-06:00'). To use: models (one, or several as a cascade), or use,"
        " accuracy_target, latency_target_ms.",
    )
