"""From decoded photos to what the chosen models say of them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tagd.errors import ModelError
from tagd.models.predictions import certainty, predictions_of
from tagd.policy import cascade, selection
from tagd.policy.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tagd.domain import Choice, DecodedPhoto, Geometry, Predictions, Stage
    from tagd.models.pool import ModelPool
    from tagd.policy.facts import Machine
    from tagd.policy.selection import Wants


class Survey(Protocol):
    """Finds out what there is to go by at this moment; `waiting` photos are queued."""

    def __call__(self, waiting: int) -> Machine:
        """The machine as it is now."""


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


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice for a photo now, and the one that it deserves, whatever waits."""

    now: Choice
    at_rest: Choice


class Classifier:
    """Chooses and asks the models. Knows neither catalogue nor queue."""

    def __init__(self, models: ModelPool, wants: Wants, survey: Survey) -> None:
        self._models = models
        self._wants = wants
        self._survey = survey

    @property
    def backlog(self) -> int | None:
        """From how many waiting photos on quicker models work; None for never."""
        return self._wants.backlog

    @property
    def models(self) -> tuple[str, ...]:
        """The models for a photo that no rule is about."""
        return tuple(stage.model for stage in self._usual.stages)

    @property
    def reason(self) -> str:
        """Why it is these."""
        return self._usual.reason

    @property
    def _usual(self) -> Choice:
        return selection.usual(self._wants, self._survey(0)).choice

    @property
    def device(self) -> str:
        """Where the models run, and why there, for people."""
        return self._models.get(self.models[0]).session.describe()

    def check(self) -> None:
        """Raise `ModelUnknown` or `WeightsMissing` for a model that the user named and that is not
        here, and another `ModelError` for what never fits the memory budget and for a device that
        is not there: whatever photo it is meant for, it is better known at once."""
        for model in selection.named(self._wants):
            self._models.fingerprint_of(model)
        selection.check(self._wants, self._survey(0))

    def warm_up(self) -> None:
        """Load what is asked as a rule and pass one black picture through it: the first forward
        pass allocates, and the first photo should not wait for that."""
        for model in self.models:
            loaded = self._models.get(model)
            height, width = loaded.geometry.crop
            loaded.session.logits(np.zeros((1, height, width, 3), dtype=np.uint8))

    def close(self) -> None:
        """Let go of the models."""
        self._models.close()

    def geometries(self, paths: Sequence[Path]) -> list[tuple[Geometry, ...]]:
        """Every model input that the choice for each of these files may need, each once."""
        machine = self._survey(0)
        return [self._inputs(selection.reachable(self._wants, machine, path)) for path in paths]

    def choose(
        self, photos: Iterable[DecodedPhoto], waiting: int
    ) -> tuple[dict[str, Chosen], dict[str, ModelError]]:
        """The models for each photo (by photo id), and why; and those whose rule names a model that
        cannot be had, which is no trouble of the others. `waiting` photos are queued.

        Raises `ModelError` where no rule is to blame: it would be the same for every photo.
        """
        machine = self._survey(waiting)
        rest = machine.at_rest()
        chosen: dict[str, Chosen] = {}
        refused: dict[str, ModelError] = {}
        for photo in photos:
            now, then = (Facts(photo.path, photo.facts, moment) for moment in (machine, rest))
            try:
                chosen[photo.photo_id] = Chosen(
                    now=selection.choose(self._wants, now),
                    at_rest=selection.choose(self._wants, then),
                )
            except ModelError as trouble:
                if selection.rule_of(self._wants, now) is None:
                    raise
                refused[photo.photo_id] = trouble
        return chosen, refused

    def can_see(self, photo: DecodedPhoto, choice: Choice) -> bool:
        """Whether the photo was decoded for these models: facts may have changed since then."""
        models = [stage.model for stage in choice.stages]
        return set(self._inputs(models)) <= photo.inputs.keys()

    def wanted(self, choice: Choice) -> tuple[str, ...]:
        """The fingerprints of the choice's stages, in order."""
        return tuple(self._models.fingerprint_of(stage.model) for stage in choice.stages)

    def classify(
        self, photos: Mapping[str, DecodedPhoto], choices: Mapping[str, Choice]
    ) -> dict[str, Answer]:
        """Ask each photo's models (both by photo id), those of one choice together."""
        together: dict[Choice, list[DecodedPhoto]] = defaultdict(list)
        for photo_id, photo in photos.items():
            together[choices[photo_id]].append(photo)
        return {
            photo_id: Answer(choice, said)
            for choice, same in together.items()
            for photo_id, said in self._hear(same, choice.stages).items()
        }

    def _hear(
        self, photos: Sequence[DecodedPhoto], stages: Sequence[Stage]
    ) -> dict[str, tuple[Predictions, ...]]:
        """What the stages say: only what one did not settle goes on to the next."""
        heard: dict[str, tuple[Predictions, ...]] = defaultdict(tuple)
        unsettled = list(photos)
        for stage in stages:
            if not unsettled:
                break
            asked, unsettled = unsettled, []
            for photo, (said, sure) in zip(asked, self._predict(stage, asked), strict=True):
                heard[photo.photo_id] += (said,)
                if not cascade.settled(stage, sure):
                    unsettled.append(photo)
        return heard

    def _predict(
        self, stage: Stage, photos: Sequence[DecodedPhoto]
    ) -> Iterator[tuple[Predictions, float]]:
        """What the model says of each photo, and how sure it is."""
        loaded = self._models.get(stage.model)
        images = np.stack([photo.inputs[loaded.geometry] for photo in photos])
        for photo, row in zip(photos, loaded.session.logits(images), strict=True):
            said = predictions_of(photo.photo_id, loaded, row)
            yield said, certainty(row, stage.temperature)

    def _inputs(self, models: Iterable[str]) -> tuple[Geometry, ...]:
        return tuple(dict.fromkeys(self._models.geometry_of(model) for model in models))
