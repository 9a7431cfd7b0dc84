"""The models: which there are, and getting, checking and dropping them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app import catalogues
from tagd.catalogue.plans import speeds
from tagd.catalogue.plans.speeds import Speed
from tagd.errors import CatalogueError, TagdError
from tagd.models.zoo.shelf import Shelf, on_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tagd.config import Config
    from tagd.models.zoo.registry import ModelFacts

BYTES_A_PARAMETER = 4


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of a model, whether its weights are on this disk, and how quick it was here, by
    device and batch size."""

    facts: ModelFacts
    is_here: bool
    speeds: tuple[Speed, ...]

    @property
    def quickest(self) -> Speed | None:
        """Return the most images a second; None where nobody has measured."""
        return max(self.speeds, key=lambda speed: speed.images_per_second, default=None)

    @property
    def size_bytes(self) -> float:
        """Return what the weights take on a disk: as they are, or four bytes a parameter."""
        size = getattr(self.facts.weights, "size_bytes", None)
        return size or self.facts.parameters_m * 1e6 * BYTES_A_PARAMETER


@dataclass(frozen=True, slots=True)
class Verified:
    """Where a model's weights lie that are as they should be, or what is wrong with them."""

    model: str
    path: Path | None = None
    error: TagdError | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """How many bytes were freed, and whether the configuration names the model still."""

    freed: int
    is_configured: bool


def models(config: Config, *, here: bool = False) -> tuple[Model, ...]:
    """Return the models, the zoo's first; where told so, those on this disk alone."""
    measured = defaultdict[str | None, list[Speed]](list)
    for speed in _speeds(config):
        measured[speed.fingerprint].append(speed)
    found = [
        Model(facts, on_disk(facts), tuple(measured[facts.fingerprint]))
        for facts in shelf_of(config).all().values()
    ]
    return tuple(model for model in found if model.is_here or not here)


def model(config: Config, name: str) -> Model:
    """Return one of them. Raises `ModelUnknown`, which names the nearest."""
    facts = shelf_of(config).find(name)
    measured = tuple(speed for speed in _speeds(config) if speed.model == name)
    return Model(facts, on_disk(facts), measured)


def take_in(
    config: Config,
    path: Path,
    name: str,
    *,
    labels: str | None = None,
    architecture: str = "",
    replace: bool = False,
) -> ModelFacts:
    """Copy weights at an absolute path, load and try them, and return what is known of the model
    then. `labels`: what the outputs mean, a set's name or a file with a list; `architecture`, such
    as timm:resnet34, for weights that do not say. Raises `ModelError`, and leaves nothing then."""
    from tagd.models.acquire.adopt import AdoptRequest, adopt  # noqa: PLC0415  lazy: torch

    request = AdoptRequest(path, name, labels, architecture, replace=replace)
    return adopt(request, shelf_of(config))


def pull(
    config: Config,
    model: str,
    *,
    revision: str | None = None,
    name: str = "",
    labels: str | None = None,
    replace: bool = False,
) -> ModelFacts:
    """Fetch a model of the zoo, or OWNER/NAME of the hub as `name`, and take it in likewise. Goes
    on where an earlier try ended. Raises `ModelError`."""
    from tagd.models.acquire import pull as acquire  # noqa: PLC0415  lazy: the hub's library

    order = acquire.Order(model, revision=revision, name=name, labels=labels, replace=replace)
    return acquire.pull(order, shelf_of(config))


def verify(config: Config, names: Sequence[str] = ()) -> Iterator[Verified]:
    """Compare the weights of these models, or of all on this disk, with their SHA-256, and yield
    what came of each at once: large ones take seconds."""
    shelf = shelf_of(config)
    for name in names or [name for name, facts in shelf.all().items() if on_disk(facts)]:
        try:
            yield Verified(name, path=shelf.verify(name))
        except TagdError as error:
            yield Verified(name, error=error)


def remove(config: Config, name: str) -> Removed:
    """Delete a model that was pulled or imported. Raises `ModelError`."""
    freed = shelf_of(config).remove(name)
    return Removed(freed, is_configured=config.model.name == name)


def shelf_of(config: Config) -> Shelf:
    """Return every model that can be named."""
    return Shelf(config.model.folder)


def _speeds(config: Config) -> Sequence[Speed]:
    """Return what was measured here; nothing where no catalogue can be read."""
    try:
        with catalogues.reader(config) as catalogue, catalogue.read() as tx:
            return speeds.load(tx)
    except CatalogueError:
        return ()
