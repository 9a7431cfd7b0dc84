"""From decoded photos to what the chosen models say of them."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tagd.errors import ModelError
from tagd.models.predictions import certainty, embedding_of, predictions_of
from tagd.models.runtime.outputs import LOGITS, WITH_EMBEDDING
from tagd.policy import cascade, selection
from tagd.policy.context import PolicyContext
from tagd.policy.lasting import Lasting, settled_on, want_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tagd.catalogue.tagging.record import InForce
    from tagd.domain import Choice, DecodedPhoto, Embedding, Geometry, Predictions, Stage, Want
    from tagd.models.pool import LoadedModel, ModelPool
    from tagd.policy.context import Machine
    from tagd.policy.selection import Preferences


class Survey(Protocol):
    """Finds out what there is to go by at this moment; `waiting` photos are queued."""

    def __call__(self, waiting: int) -> Machine:
        """The machine as it is now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one photo: the choice, and what each stage that was heard predicted. What
    the last one said counts, and `embedding` is what that one saw, None where nobody asked."""

    choice: Choice
    stages: tuple[Predictions, ...]
    embedding: Embedding | None = None

    @property
    def final(self) -> Predictions:
        """The predictions that the tags are derived from."""
        return self.stages[-1]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice for a photo at this moment, and what it is to be tagged by in the end: the first
    of `content_with`, or any of them. `again` is that first one, where it can be had now."""

    now: Choice
    asked: Want  # what `now` is, to be compared
    content_with: tuple[Want, ...] = ()
    again: Choice | None = None

    def due(self, known: InForce | None, photo: DecodedPhoto, *, refine: bool) -> Choice | None:
        """What the models are to be asked; None where the tags that the photo has stay. Tags are
        never replaced by those of a quick look, and with `refine` those of one are replaced."""
        if known is None or known.orientation != photo.facts.orientation:
            return self.now
        stays = {each.key for each in self.content_with}
        if not (refine and self.now.refine):
            stays.add(self.asked.key)
        return None if known.asked in stays else self.again

    def wanted(self, known: InForce | None, choice: Choice | None) -> Want | None:
        """What the photo is to be tagged by in the end, where this is asked now, or nothing; None
        where nobody can tell."""
        if not self.content_with:
            return None
        if choice is not None and choice is self.now:
            return settled_on(self.content_with, self.asked.key)
        return settled_on(self.content_with, known.asked if known and choice is None else None)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What one stage says of a photo, how sure it is, and what it sees."""

    said: Predictions
    sure: float
    embedding: Embedding | None


class Classifier:
    """Chooses and asks the models. Knows neither catalogue nor queue."""

    def __init__(self, models: ModelPool, preferences: Preferences, survey: Survey) -> None:
        self._models = models
        self._preferences = preferences
        self._survey = survey

    @property
    def pool(self) -> ModelPool:
        """The models, for others who ask about them."""
        return self._models

    @property
    def backlog(self) -> int | None:
        """From how many waiting photos on quicker models work; None for never."""
        return self._preferences.backlog

    @property
    def batch(self) -> int:
        """How many photos to ask about at once, at most. Raises `DeviceUnavailable`."""
        return self._survey(0).batch

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
        return selection.usual(self._preferences, self._survey(0)).choice

    @property
    def device(self) -> str:
        """Where the models run, and why there, for people."""
        return self._models.get(self.models[0]).session.describe()

    def check(self) -> None:
        """Raise `ModelUnknown` or `WeightsMissing` for a model that the user named and that is not
        here, and another `ModelError` for what never fits the memory budget and for a device that
        is not there: whatever photo it is meant for, it is better known at once."""
        for model in selection.named(self._preferences):
            self._models.fingerprint_of(model)
        selection.check(self._preferences, self._survey(0))

    def warm_up(self) -> None:
        """Load what is asked as a rule and pass one black picture through it: the first forward
        pass allocates, and the first photo should not wait for that."""
        for model in self.models:
            loaded = self._models.get(model)
            height, width = loaded.geometry.crop
            loaded.session.run(np.zeros((1, height, width, 3), dtype=np.uint8))

    def close(self) -> None:
        """Let go of the models."""
        self._models.close()

    def reachable(self, paths: Sequence[Path]) -> list[tuple[str, ...]]:
        """Return every model that the choice for each of these files may need, each once."""
        machine = self._survey(0)
        return [selection.reachable(self._preferences, machine, path) for path in paths]

    def inputs(self, models: Iterable[str]) -> tuple[Geometry, ...]:
        """Return what these models are given, each once."""
        return tuple(dict.fromkeys(self._models.geometry_of(model) for model in models))

    def choose(
        self, photos: Iterable[DecodedPhoto], waiting: int
    ) -> tuple[dict[str, Chosen], dict[str, ModelError]]:
        """The models for each photo (by photo id), and why; and those whose rule names a model that
        cannot be had, which is no trouble of the others. `waiting` photos are queued.

        Raises `ModelError` where no rule is to blame: it would be the same for every photo.
        """
        machine = self._survey(waiting)
        lasting = Lasting(self._preferences, machine)
        chosen: dict[str, Chosen] = {}
        refused: dict[str, ModelError] = {}
        for photo in photos:
            now = PolicyContext(photo.path, photo.facts, machine)
            try:
                chosen[photo.photo_id] = self._chosen(now, lasting)
            except ModelError as trouble:
                if selection.rule_of(self._preferences, now) is None:
                    raise
                refused[photo.photo_id] = trouble
        return chosen, refused

    def _chosen(self, facts: PolicyContext, lasting: Lasting) -> Chosen:
        now = selection.choose(self._preferences, facts)
        chosen = Chosen(now, self.want_of(now))
        with suppress(ModelError):  # what it is to have is not here: the tags that it has stay
            choices = lasting.choices(facts.path, facts.photo)
            there = selection.has_room(self._preferences, choices[0], facts.machine)
            return replace(
                chosen,
                content_with=tuple(map(self.want_of, choices)),
                again=choices[0] if there else None,
            )
        return chosen

    def can_see(self, photo: DecodedPhoto, choice: Choice) -> bool:
        """Whether the photo was decoded for these models: facts may have changed since then."""
        models = [stage.model for stage in choice.stages]
        return set(self.inputs(models)) <= photo.inputs.keys()

    def want_of(self, choice: Choice) -> Want:
        """The choice as it can be compared."""
        return want_of(choice, self._models.fingerprint_of)

    def classify(
        self,
        photos: Mapping[str, DecodedPhoto],
        choices: Mapping[str, Choice],
        *,
        embed: bool = False,
    ) -> dict[str, Answer]:
        """Ask each photo's models (both by photo id), those of one choice together; with `embed`
        also for what the last one sees."""
        together: dict[Choice, list[DecodedPhoto]] = defaultdict(list)
        for photo_id, photo in photos.items():
            together[choices[photo_id]].append(photo)
        return {
            photo_id: Answer(choice, tuple(each.said for each in heard), heard[-1].embedding)
            for choice, same in together.items()
            for photo_id, heard in self._hear(same, choice.stages, embed=embed).items()
        }

    def embed(self, model: str, photos: Sequence[DecodedPhoto]) -> list[Embedding]:
        """What one model sees in these photos, which were decoded for it. Raises `ModelError`."""
        found = self._ask(self._models.get(model), photos, embed=True)
        return [each.embedding for each in found if each.embedding]

    def _hear(
        self, photos: Sequence[DecodedPhoto], stages: Sequence[Stage], *, embed: bool
    ) -> dict[str, tuple[_Heard, ...]]:
        """What the stages say: only what one did not settle goes on to the next."""
        heard: dict[str, tuple[_Heard, ...]] = defaultdict(tuple)
        unsettled = list(photos)
        for stage in stages:
            if not unsettled:
                break
            asked, unsettled = unsettled, []
            loaded = self._models.get(stage.model)
            answers = self._ask(loaded, asked, embed=embed, temperature=stage.temperature)
            for photo, said in zip(asked, answers, strict=True):
                heard[photo.photo_id] += (said,)
                if not cascade.settled(stage, said.sure):
                    unsettled.append(photo)
        return heard

    def _ask(
        self,
        loaded: LoadedModel,
        photos: Sequence[DecodedPhoto],
        *,
        embed: bool,
        temperature: float = 1.0,
    ) -> Iterator[_Heard]:
        """What the model says of each photo, and, where it can, what it sees in it."""
        images = np.stack([photo.inputs[loaded.geometry] for photo in photos])
        wanted = WITH_EMBEDDING if embed else LOGITS
        answer = loaded.session.run(images, wanted & loaded.session.outputs)
        seen = [None] * len(photos) if answer.embedding is None else answer.embedding
        for photo, row, vector in zip(photos, answer.logits, seen, strict=True):
            said = predictions_of(photo.photo_id, loaded, row)
            saw = embedding_of(photo.photo_id, loaded, vector) if embed else None
            yield _Heard(said, certainty(row, temperature), saw)
