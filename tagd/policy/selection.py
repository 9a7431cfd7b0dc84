"""Which models look at a photo, and why. Pure: the same facts give the same choice.

The embedded cascade, measured on 2026-11-21 on 320 labelled ImageNet photos with timm's own
preprocessing (top-1):

    EfficientNet-Lite0 alone     87.2%
    EfficientNet-Lite2 alone     90.9%
    the cascade, settling at
        0.50                     90.9%   22% sent on to Lite2
        0.60                     91.6%   31%
        0.70                     91.3%   41%

On 1,000 such photos, measured elsewhere, 0.6 sends 28% on and gets 90.9% (Lite2 alone: 90.8%). And
at 0.6 Lite0 settles none of nine pictures that show none of the thousand classes (textures, text,
the moon, a retina scan, a blurred clock); at 0.55 it would settle one, wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass

from tagd.domain import Choice, Stage

QUICK = "efficientnet-lite0"
ACCURATE = "efficientnet-lite2"
SETTLES_AT = 0.6

EMBEDDED_CASCADE = Choice(
    stages=(Stage(QUICK, settles_at=SETTLES_AT), Stage(ACCURATE)),
    reason=f"the embedded cascade: {QUICK}, and {ACCURATE} where it is less than "
    f"{SETTLES_AT:.0%} sure",
)


@dataclass(frozen=True, slots=True)
class Wants:
    """What the user asked for. `model`: this one alone, and never another in its place."""

    model: str | None = None


def choose(wants: Wants) -> Choice:
    """The models for a photo, in the order they are heard, and the reason."""
    if wants.model:
        return Choice(stages=(Stage(wants.model),), reason="named in [model] name")
    return EMBEDDED_CASCADE


def reachable(wants: Wants) -> tuple[str, ...]:
    """Every model that a choice may name, each once: what photos have to be decoded for."""
    return tuple(dict.fromkeys(stage.model for stage in choose(wants).stages))
