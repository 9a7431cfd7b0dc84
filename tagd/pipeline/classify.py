"""From decoded photos to what the chosen models say of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagd.models.predictions import predictions_of
from tagd.policy import cascade, selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tagd.domain import Choice, DecodedPhoto, Geometry, Predictions
    from tagd.models.pool import ModelPool
    from tagd.policy.selection import Wants


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one photo: the choice, and what each stage that was heard predicted. What
    the last one said counts."""

    choice: Choice
    stages: tuple[Predictions, ...]

    @property
    def final(self) -> Predictions:
        """The predictions that the tags are derived from."""
        return self.stages[-1]


class Classifier:
    """Chooses and asks the models. Knows neither catalogue nor queue."""

    def __init__(self, models: ModelPool, wants: Wants) -> None:
        self._models = models
        self._wants = wants

    @property
    def geometries(self) -> tuple[Geometry, ...]:
        """Every model input that a choice may need, each once."""
        reachable = selection.reachable(self._wants)
        return tuple(dict.fromkeys(self._models.geometry_of(model) for model in reachable))

    @property
    def models(self) -> tuple[str, ...]:
        """The models that a choice may name."""
        return selection.reachable(self._wants)

    @property
    def device(self) -> str:
        """Where the models run, and why there, for people."""
        return self._models.get(self.models[0]).session.describe()

    def warm_up(self) -> None:
        """Load what will be asked and pass one black picture through it: the first forward pass
        allocates, and the first photo should not wait for that."""
        for model in self.models:
            loaded = self._models.get(model)
            height, width = loaded.geometry.crop
            loaded.session.logits(np.zeros((1, height, width, 3), dtype=np.uint8))

    def choose(self) -> Choice:
        """The models for a photo, and why."""
        return selection.choose(self._wants)

    def wanted(self, choice: Choice) -> tuple[str, ...]:
        """The fingerprints of the choice's stages, in order."""
        return tuple(self._models.fingerprint_of(stage.model) for stage in choice.stages)

    def classify(self, photos: Mapping[str, DecodedPhoto], choice: Choice) -> dict[str, Answer]:
        """Ask the choice's models about each photo (by photo id), stage by stage: only what a stage
        did not settle goes on to the next."""
        heard: dict[str, list[Predictions]] = defaultdict(list)
        unsettled = list(photos.values())
        for stage in choice.stages:
            if not unsettled:
                break
            for predictions in self._predict(stage.model, unsettled):
                heard[predictions.photo_id].append(predictions)
            unsettled = [
                photo
                for photo in unsettled
                if not cascade.settled(stage, heard[photo.photo_id][-1].best_probability)
            ]
        return {photo_id: Answer(choice, tuple(said)) for photo_id, said in heard.items()}

    def _predict(self, model: str, photos: Sequence[DecodedPhoto]) -> Iterator[Predictions]:
        loaded = self._models.get(model)
        images = np.stack([photo.inputs[loaded.geometry] for photo in photos])
        for photo, row in zip(photos, loaded.session.logits(images), strict=True):
            yield predictions_of(photo.photo_id, loaded, row)
