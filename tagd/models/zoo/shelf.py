"""Every model that can be named: the zoo's, and those in tagd's own folder, which come first.

What is said of a model here costs no machine-learning library.
"""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING

from tagd.errors import ModelError, ModelUnknown, WeightsMissing
from tagd.models.zoo import bundled, labelset, registry, store
from tagd.models.zoo.fingerprint import fingerprint
from tagd.models.zoo.registry import OWN_LABELS, BundledWeights, FileWeights
from tagd.models.zoo.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tagd.models.zoo.registry import ModelFacts


class Shelf:
    """The models by id. `folder` is where pulled and imported ones lie; without one, its default.

    What lies there is looked up each time: another process may have put it there.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.store = Store(folder)

    def all(self) -> Mapping[str, ModelFacts]:
        """Return the zoo's models in its order, with what is on disk in the place of a row; then
        the others."""
        here = self.store.installed()
        zoo = {name: here.get(name, facts) for name, facts in registry.zoo().items()}
        return {**zoo, **{name: facts for name, facts in here.items() if name not in zoo}}

    def find(self, model: str) -> ModelFacts:
        """Return the facts of one model. Raises `ModelUnknown`, which names the nearest ids."""
        here = self.store.find(model)
        if here is not None:
            return here
        if model in registry.zoo():
            return registry.zoo()[model]
        return registry.find_in(self.all(), model)

    def labels_of(self, facts: ModelFacts) -> tuple[str, ...]:
        """Return the label ids in the order of the model's output."""
        if facts.label_set == OWN_LABELS:
            return tuple(label.id for label in store.own_labels(facts))
        return labelset.load(facts.label_set)

    def names(self, language: str) -> dict[str, str]:
        """Return what the labels are called that models brought along, by label id."""
        own = [store.own_labels(facts) for facts in self.store.installed().values()]
        return {label.id: label.name(language) for labels in own for label in labels}

    def fingerprint_of(self, facts: ModelFacts) -> str:
        """Return what the model's answers depend on, as one hash: the weights' hash is the recorded
        one, which loading enforces.

        Raises `WeightsMissing` for a model that is not on this disk, and `ModelError` when facts
        were changed and the pinned fingerprint was not.
        """
        if not isinstance(facts.weights, BundledWeights | FileWeights):
            raise absent(facts)
        found = identity(facts, facts.weights.sha256, self.labels_of(facts))
        if found != facts.fingerprint:
            raise ModelError(
                f"{facts.id}: the facts give the fingerprint {found[:12]}…, but pinned is "
                f"{(facts.fingerprint or '')[:12]}…",
                hint="tagd's own files were changed. Reinstall tagd, or import the model anew.",
            )
        return found

    def verify(self, model: str) -> Path:
        """Read the whole weights file and compare it with its record; returns where it lies.

        Raises `ModelUnknown`, `WeightsMissing` and `WeightsRefused`.
        """
        facts = self.find(model)
        self.fingerprint_of(facts)
        if isinstance(facts.weights, FileWeights):
            return store.verify(facts.weights)
        assert isinstance(facts.weights, BundledWeights)
        return bundled.verify(facts.weights)

    def remove(self, model: str) -> int:
        """Delete a pulled or imported model; returns how many bytes.

        Raises `ModelError` for one that came with tagd, and `ModelUnknown`.
        """
        if self.store.find(model) is None:
            if isinstance(self.find(model).weights, BundledWeights):
                raise ModelError(f"{model} is part of tagd and cannot be removed")
            raise ModelUnknown(f"{model} is not on this disk; there is nothing to remove")
        return self.store.remove(model)


def identity(facts: ModelFacts, weights_sha256: str, labels: tuple[str, ...]) -> str:
    """Return the fingerprint that a model with these facts, weights and labels has."""
    config = {"config": json.dumps(facts.config, sort_keys=True)} if facts.config else {}
    return fingerprint(
        weights_sha256=weights_sha256,
        preprocessing=facts.preprocessing,
        labels=labels,
        settings={**facts.settings, **config},
    )


def on_disk(facts: ModelFacts) -> bool:
    """Return whether its weights are here to be loaded; not whether they are whole."""
    if isinstance(facts.weights, FileWeights):
        return store.weights_path(facts.weights).is_file()
    if isinstance(facts.weights, BundledWeights):
        return importlib.util.find_spec(facts.weights.package) is not None
    return False


def absent(facts: ModelFacts) -> WeightsMissing:
    """Return what to raise for a model of the zoo that is not here."""
    return WeightsMissing(
        f"{facts.id} is known, but its weights are not on this disk",
        hint=f"Fetch them: `tagd models pull {facts.id}`; or"
        f" `tagd models import FILE --as {facts.id}`",
    )
