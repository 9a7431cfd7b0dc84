"""The shapes of JSON that tell of models: listed, measured, compared, chosen. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tagd.app.measure import Evaluated
    from tagd.app.models import Model
    from tagd.app.policy import Explanation
    from tagd.lab.bench import MeasuredSpeed
    from tagd.lab.compare import Compared, Opinion


def listed_fields(model: Model) -> dict[str, Any]:
    """A model in a list of them, with its best figure."""
    facts, speed = model.facts, model.quickest
    return {
        "id": facts.id,
        "family": facts.family,
        "backend": facts.backend,
        "checkpoint": facts.checkpoint,
        "on_disk": model.is_here,
        "megabytes": round(model.size_bytes / 1e6, 1),
        "parameters_m": facts.parameters_m,
        "gmacs": facts.gmacs,
        "top1": facts.top1,
        "memory_mb": facts.memory_mb.model_dump(),
        "images_per_second": round(speed.images_per_second, 2) if speed else None,
        "device": speed.device if speed else None,
    }


def model_fields(model: Model) -> dict[str, Any]:
    """Every fact of a model, and how quick it was here."""
    measured = [
        {
            "device": speed.device,
            "batch": speed.batch_size,
            "images_per_second": speed.images_per_second,
        }
        for speed in model.speeds
    ]
    facts = model.facts.model_dump(mode="json", exclude_none=True)
    return {**facts, "on_disk": model.is_here, "measured": measured}


def measured_fields(measured: MeasuredSpeed) -> dict[str, Any]:
    """How quick a model is in a session, at a batch size."""
    return {**asdict(measured.speed), "session": measured.session, "used": measured.is_used}


def compared_fields(photo: Compared, names: Mapping[str, str]) -> dict[str, Any]:
    """What models say of a photo."""
    return {
        "path": display(photo.path),
        "error": photo.error or None,
        "models": [_opinion_fields(opinion, names) for opinion in photo.opinions],
    }


def _opinion_fields(opinion: Opinion, names: Mapping[str, str]) -> dict[str, Any]:
    label, confidence = opinion.guesses[0]
    return {
        "model": opinion.model,
        "class": names[label],
        "label": label,
        "confidence": confidence,
        "parameters_m": opinion.parameters_m,
        "milliseconds": opinion.milliseconds,
        "guesses": [
            {"label": label, "name": names[label], "probability": probability}
            for label, probability in opinion.guesses
        ],
    }


def evaluated_fields(evaluated: Evaluated) -> list[dict[str, Any]]:
    """How often each model is right, or why that cannot be told."""
    strange = evaluated.strange.items()
    others = [{"model": model, "error": error.message} for model, error in strange]
    return [*map(asdict, evaluated.models), *others]


def explanation_fields(explained: Explanation) -> dict[str, Any]:
    """Which models would look at a photo, and why."""
    context, decision = explained.context, explained.decision
    return {
        "path": display(context.path),
        "photo": asdict(context.photo),
        "machine": {
            "device": explained.device,
            "free_mb": context.machine.free_mb,
            "waiting": context.machine.waiting,
            "at": f"{context.machine.at:%H:%M}",
        },
        "rule": decision.rule and decision.rule.name,
        "rules": [{"name": name, "why_not": why_not} for name, why_not in explained.rules],
        "stages": [asdict(stage) for stage in decision.choice.stages],
        "reason": decision.choice.reason,
        "refine": decision.choice.refine,
        "thresholds": decision.origin,
        "taggers": [{"tagger": key, "by": by_what} for key, by_what in explained.further],
        "passed_over": [asdict(option) for option in decision.passed_over],
    }
