"""The tagger `everyday`: words for what people photograph, told by small heads from what the
classifier's last model saw. No further pass, but where that model has no head: then the quickest
of those that have one looks as well, for this alone.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from tagd.domain import EVERYDAY, Predictions, Want
from tagd.errors import ModelError
from tagd.models.runtime.heads import SHIPPED, Head, shipped
from tagd.policy.cascade import QUICK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from tagd.domain import DecodedPhoto, Embedding, Geometry
    from tagd.models.pool import ModelPool
    from tagd.tagging.taggers import Seen

LEAST: Final = 0.01  # what is less probable is not kept: no threshold is near it
FEWEST: Final = 5  # words that are kept in any case, for people to see


class Looks(Protocol):
    """What asks a model, as the classifier does."""

    @property
    def pool(self) -> ModelPool:
        """The models."""

    def embed(self, model: str, photos: Sequence[DecodedPhoto]) -> Sequence[Embedding]:
        """Return what a model sees in photos that were decoded for it. Raises `ModelError`."""


class Everyday:
    """See `Tagger`. The heads in `folder` are read when they are first needed."""

    key = EVERYDAY
    follows = True

    def __init__(self, looks: Looks, folder: Path = SHIPPED) -> None:
        self._looks = looks
        self._folder = folder

    @cached_property
    def plan(self) -> Want:
        """All heads, whichever is asked. Raises `ModelError` where one of them cannot be used."""
        heads = sorted(self._heads.values(), key=lambda head: head.name)
        fingerprints = tuple(head.fingerprint for head in heads)
        names = " or ".join(head.name for head in heads)
        return Want(json.dumps([self.key, fingerprints]), names, fingerprints)

    @property
    def bases(self) -> Collection[str]:
        """The fingerprints of the models that have a head."""
        return self._heads.keys()

    def geometries(self, models: Sequence[str]) -> tuple[Geometry, ...]:
        """Return the quick model's input, unless each of these models has a head."""
        if models and all(map(self._has_head, models)):
            return ()
        return (self._looks.pool.geometry_of(QUICK),)

    def explain(self, models: Sequence[str]) -> str:
        """Say by which model's embedding. Raises `ModelError` where the heads cannot be used."""
        heads = {head.base: head.name for head in self._heads.values()}
        headless = [model for model in models if not self._has_head(model)]
        words = [f"{heads[model]}, by what {model} sees" for model in models if model in heads]
        if headless:
            lack = "has no head" if len(headless) == 1 else "have no head"
            lacking = " and ".join(headless)
            words.append(f"{heads[QUICK]}, by a look of {QUICK}, as {lacking} {lack}")
        return "; or ".join(words)

    def can_see(self, seen: Seen) -> bool:
        """Return whether a model with a head saw the photo, or can."""
        return self._tells(seen.embedding) or self.geometries(())[0] in seen.photo.inputs

    def look(self, photos: Sequence[Seen]) -> Sequence[Predictions]:
        """Return what the heads say. Raises `ModelError`."""
        known = [seen.embedding for seen in photos if seen.embedding]
        told = [embedding for embedding in known if self._tells(embedding)]
        unseen = [seen.photo for seen in photos if not self._tells(seen.embedding)]
        if unseen and not self._looks.pool.has_room(QUICK):
            raise ModelError(
                f"there is no room for {QUICK} beside the models in memory",
                hint="Raise [model] memory_budget, or close other programs.",
            )
        return self.recall([*told, *(self._looks.embed(QUICK, unseen) if unseen else ())])

    def recall(self, embeddings: Sequence[Embedding]) -> Sequence[Predictions]:
        """Return what the heads say of what their bases saw."""
        together: dict[str, list[Embedding]] = defaultdict(list)
        for embedding in embeddings:
            if self._tells(embedding):
                together[embedding.fingerprint].append(embedding)
        return [
            predictions
            for base, same in together.items()
            for predictions in said_by(self._heads[base], same)
        ]

    def _tells(self, embedding: Embedding | None) -> bool:
        return (
            embedding is not None
            and embedding.vector is not None
            and embedding.fingerprint in self._heads
        )

    def _has_head(self, model: str) -> bool:
        try:
            return self._looks.pool.fingerprint_of(model) in self._heads
        except ModelError:
            return False  # said by whoever is to ask it

    @property
    def _heads(self) -> Mapping[str, Head]:
        """The heads by their bases' fingerprints. Raises `ModelError`."""
        if isinstance(self._read, ModelError):
            raise self._read
        return self._read

    @cached_property
    def _read(self) -> Mapping[str, Head] | ModelError:
        try:
            heads = shipped(self.key, self._folder)
            for head in heads:
                head.require(self._looks.pool.fingerprint_of(head.base))
        except ModelError as error:
            return error  # as long as we run: the files are tagd's own
        return {head.base_fingerprint: head for head in heads}


def said_by(head: Head, embeddings: Sequence[Embedding]) -> list[Predictions]:
    """Return what a head says of photos, by what its base saw in them. A word's logit is the
    logarithm of its probability: the words are no alternatives, and do not add up to one."""
    rows = np.stack([each.vector for each in embeddings if each.vector is not None])
    found = []
    for embedding, sure in zip(embeddings, head.probabilities(rows), strict=True):
        order = np.argsort(-sure, kind="stable")
        kept = order[: max(FEWEST, int((sure >= LEAST).sum()))]
        found.append(
            Predictions(
                photo_id=embedding.photo_id,
                model=head.name,
                fingerprint=head.fingerprint,
                labels=tuple(head.labels[place] for place in kept),
                logits=np.log(np.maximum(sure[kept], np.finfo(np.float32).tiny)),
                log_sum_exp=0.0,
            )
        )
    return found
