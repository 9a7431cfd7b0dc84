"""A second tagger that is small and real: whether a photo is dark or bright, by its mean colour."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tagd.domain import Embedding, Geometry, Predictions, Tag, Tags, Want
from tagd.errors import ModelError
from tagd.tagging.taggers import Seen

DARK, BRIGHT = "own:dark", "own:bright"
SMALL = Geometry(resize=16, crop=(16, 16), interpolation="bilinear")


@dataclass
class Brightness:
    """`split`: from which mean a photo is bright, between 0 and 1; it belongs to the plan."""

    split: float = 0.5
    key: str = "brightness"
    follows: bool = False
    bases: tuple[str, ...] = ()
    missing: str = ""  # why its model cannot be had
    failing: Exception | None = None
    asked: int = 0
    names: Mapping[str, str] = field(default_factory=dict)  # labels in the place of its own

    @property
    def plan(self) -> Want:
        if self.missing:
            raise ModelError(self.missing)
        return Want(f"brightness at {self.split}", f"mean-colour-{self.split}")

    def geometries(self, models: Sequence[str]) -> tuple[Geometry, ...]:
        return (SMALL,)

    def explain(self, models: Sequence[str]) -> str:
        return "by its mean colour"

    def can_see(self, seen: Seen) -> bool:
        return SMALL in seen.photo.inputs

    def recall(self, embeddings: Sequence[Embedding]) -> list[Predictions]:
        return []

    def probabilities(self, predictions: Predictions) -> dict[str, float]:
        return {}

    def why_not(self, label: str, probability: float, model: str) -> str:
        return f"{label} {probability:.2f} is less than half"

    def look(self, photos: Sequence[Seen]) -> list[Predictions]:
        if self.failing is not None:
            raise self.failing
        self.asked += len(photos)
        return [self._of(seen) for seen in photos]

    def tags_of(self, predictions: Predictions, seconds: Callable[[str], bool]) -> Tags:
        said = zip(predictions.labels, predictions.probabilities(), strict=True)
        tags = tuple(Tag(self.names.get(label, label), p) for label, p in said if p >= 0.5)
        return Tags(predictions.photo_id, tags)

    def _of(self, seen: Seen) -> Predictions:
        mean = float(seen.photo.inputs[SMALL].mean() / 255)
        bright = 1 / (1 + math.exp(-20 * (mean - self.split)))
        chances = {BRIGHT: bright, DARK: 1 - bright}
        labels = sorted(chances, key=lambda label: -chances[label])
        logits = np.log(np.array([chances[label] for label in labels]), dtype=np.float64)
        name = f"mean-colour-{self.split}"
        return Predictions(
            seen.photo.photo_id, name, f"{name:f<64}", tuple(labels), logits.astype(np.float32), 0.0
        )
