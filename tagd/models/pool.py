"""Models are loaded once and handed out many times. Facts about them are free: no torch."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.opening import Opening
from tagd.models.runtime import memory
from tagd.models.runtime.failover import FailoverSession
from tagd.models.runtime.placement import Placement
from tagd.models.zoo.registry import FileWeights
from tagd.models.zoo.shelf import Shelf, on_disk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.domain import Geometry
    from tagd.models.runtime.device import Device, Wanted
    from tagd.models.runtime.session import Session
    from tagd.models.zoo.registry import ModelFacts

Opener = Callable[["ModelFacts", tuple[str, ...], "Device"], "Session"]

BATCH = 4  # photos in a forward pass, as the estimate of memory takes them


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that can be asked. `labels` are in the order of the session's logits."""

    facts: ModelFacts
    fingerprint: str
    labels: tuple[str, ...]
    session: Session

    @property
    def geometry(self) -> Geometry:
        """How a picture becomes its input."""
        return self.facts.preprocessing.geometry


@dataclass(slots=True)
class _Place:
    """A loaded model, what it takes, and when it was last asked for."""

    model: LoadedModel
    session: Session  # the one on the device
    device: Device
    megabytes: int
    used_at: float


@dataclass(slots=True)
class _Known:
    """What is said of a model without loading it."""

    facts: ModelFacts
    labels: tuple[str, ...]
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """`memory_budget_mb`: what all loaded models may take together; None leaves it at what is free.
    `idle_unload_seconds`: None keeps models for ever. `threads` is what a forward pass on the CPU
    takes, by default every physical core."""

    device: Wanted = "auto"
    threads: int | None = None
    folder: Path | None = None
    memory_budget_mb: float | None = None
    idle_unload_seconds: float | None = None
    allow_cpu_fallback: bool = False
    batch: int = BATCH
    graphs: Path | None = None  # where ONNX graphs are kept; None for PyTorch alone

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ValueError(f"threads must be at least 1, not {self.threads}")


class ModelPool:
    """The models in memory, by id. Any thread may ask.

    Ask `get` for every batch and do not keep what it returns, so that the pool may let go of models
    that nobody needs. The rest takes the place of real backends, devices and clocks; `say` is told
    of a GPU that goes and comes, and of models that were let go.
    """

    def __init__(
        self,
        device: Wanted = "auto",
        *,
        settings: PoolSettings | None = None,
        threads: int | None = None,
        open_session: Opener | None = None,
        find_device: Callable[[Wanted], Device] | None = None,
        works: Callable[[Device], bool] | None = None,
        free_mb: Callable[[Device], int | None] = memory.free_mb,
        reclaim: Callable[[], None] = memory.reclaim,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings or PoolSettings(device, threads)
        asked = self.settings
        self.opening = Opening(asked.threads, asked.folder, asked.graphs, say)
        self._open = open_session or self.opening.open
        self._free_mb = free_mb
        self._reclaim = reclaim
        self._clock = clock
        self.say = say
        self._placement = Placement(
            self.settings.device,
            allow_cpu_fallback=self.settings.allow_cpu_fallback,
            find=find_device or self.opening.find,
            works=works or self.opening.works,
            clock=clock,
            say=say,
        )
        self.shelf = Shelf(self.settings.folder)
        self._loading = threading.RLock()
        self._loaded: dict[str, _Place] = {}
        self._known: dict[str, _Known] = {}
        self._limits: dict[tuple[str, str], int] = {}  # the batches that fitted a device's memory
        self._timer: threading.Timer | None = None
        self._closed = False
        self.loads = 0  # until now

    def get(self, model: str) -> LoadedModel:
        """Return the model, loaded on first use; whoever else asks meanwhile waits for the same
        load.

        A load that failed is tried anew by the next call. Raises `ModelUnknown`, `WeightsMissing`,
        `WeightsRefused`, `DeviceUnavailable`, and `ModelError` when there is no memory for it.
        """
        # Without the lock, so that a model in memory never waits for another one's load.
        place = self._loaded.get(model)
        if place is None or self._placement.probe_due:
            with self._loading:
                place = self._present(model) or self._load(model)
        place.used_at = self._clock()
        return place.model

    def loaded(self) -> tuple[str, ...]:
        """Return the ids of the models in memory, in the order they were loaded."""
        return tuple(self._loaded)

    def has_room(self, model: str) -> bool:
        """Return whether `get` would let go of no other model for this one. Raises `ModelUnknown`
        and `DeviceUnavailable`."""
        with self._loading:
            if model in self._loaded:
                return True
            device = self._placement.device()
            left = self._left(device)
            return left is None or self._needed_mb(self._know(model).facts, device) <= left

    def unload(self, model: str) -> bool:
        """Let go of the model, which whoever is just using it may still finish with; its memory is
        given back after that. Returns whether it was there."""
        with self._loading:
            return self._let_go([model])

    def sweep(self) -> tuple[str, ...]:
        """Let go of what nobody asked for in `idle_unload_seconds`; returns which. The pool does so
        by itself."""
        limit = self.settings.idle_unload_seconds
        with self._loading:
            now = self._clock()
            idle = [
                model
                for model, place in self._loaded.items()
                if limit is not None and now - place.used_at >= limit
            ]
            if self._let_go(idle):
                self.say(f"{', '.join(idle)} unloaded: nobody asked for it")
            self._arm()
        return tuple(idle)

    def close(self) -> None:
        """Let go of all and close their sessions, at the end of the program."""
        with self._loading:
            self._closed = True
            self._arm()
            closing = [place.model.session for place in self._loaded.values()]
            self._loaded.clear()
        for session in closing:
            session.close()

    def device(self) -> Device:
        """Return where a model would be loaded now. Raises `DeviceUnavailable`."""
        with self._loading:
            return self._placement.device()

    def room_mb(self) -> int | None:
        """Return what models may take together on the device, in MiB: what is free, and what those
        in memory would give back; None where nobody says. Raises `DeviceUnavailable`."""
        with self._loading:
            free = self._free_mb(self._placement.device())
            taken = sum(place.megabytes for place in self._loaded.values())
        return None if free is None else free + taken

    def whole_mb(self) -> int | None:
        """Return what the device has, in MiB, whoever takes it now; None where nobody says. Raises
        `DeviceUnavailable`."""
        with self._loading:
            return memory.whole_mb(self._placement.device())

    def geometry_of(self, model: str) -> Geometry:
        """Return what `get(model).geometry` is. Raises `ModelUnknown`."""
        return self._know(model).facts.preprocessing.geometry

    def facts_of(self, model: str) -> ModelFacts:
        """Return what `get(model).facts` is. Raises `ModelUnknown`."""
        return self._know(model).facts

    def labels_of(self, model: str) -> tuple[str, ...]:
        """Return what `get(model).labels` is. Raises `ModelUnknown`."""
        return self._know(model).labels

    def fingerprint_of(self, model: str) -> str:
        """Return what `get(model).fingerprint` is: the weights' hash is the recorded one, which
        loading enforces.

        Raises `ModelUnknown`, `WeightsMissing` for a model that is not on this disk, and
        `ModelError` when facts were changed and the pinned one was not.
        """
        known = self._know(model)
        if known.fingerprint is None:
            known.fingerprint = self.shelf.fingerprint_of(known.facts)
        return known.fingerprint

    def replaced(self) -> tuple[str, ...]:
        """Return the models in use here that are others on the disk by now, by id: imported or
        pulled anew. Whoever wants those needs another pool."""
        return tuple(
            model
            for model, known in list(self._known.items())
            if isinstance(known.facts.weights, FileWeights) and self._is_replaced(known.facts)
        )

    def _is_replaced(self, facts: ModelFacts) -> bool:
        try:
            there = self.shelf.store.find(facts.id)
        except ModelError:
            return False  # said by whoever loads it
        return there is not None and there.fingerprint != facts.fingerprint

    # With the lock held

    def _present(self, model: str) -> _Place | None:
        """Return the model, if it is in memory and where it should be."""
        if self._placement.probe_due:
            device = self._placement.device()
            elsewhere = [m for m, place in self._loaded.items() if place.device != device]
            self._let_go(elsewhere)
        return self._loaded.get(model)

    def _load(self, model: str) -> _Place:
        self._known.pop(model, None)  # its files may have been replaced
        known = self._know(model)
        identity = self.fingerprint_of(model)
        device = self._placement.device()
        needed = self._make_room(known.facts, device)
        try:
            session = self._open(known.facts, known.labels, device)
        except DeviceUnavailable as error:
            if device.name == "cpu":
                raise
            # It is listed still; whether the CPU may stand in is for the placement to say.
            self._lose(device.name, error)
            return self._load(model)
        session.batch_limit = self._limits.get((model, device.name))
        guarded = FailoverSession(session, partial(self._replace, model))
        loaded = LoadedModel(known.facts, identity, known.labels, guarded)
        self.loads += 1
        self._loaded[model] = place = _Place(loaded, session, device, needed, self._clock())
        self._arm()
        return place

    def _replace(self, model: str, failed: Session, error: DeviceUnavailable) -> Session:
        """Open another session in the place of one whose device has gone. Raises
        `DeviceUnavailable` where nothing may take its place."""
        with self._loading:
            place = self._loaded.get(model)
            if failed.device == "cpu":
                raise error
            if place is None or place.session is failed:  # else another thread saw it first
                self._lose(failed.device, error)
                place = self._load(model)
            return place.session

    def _lose(self, device: str, error: DeviceUnavailable) -> None:
        """Note that the GPU has gone, and what was on it."""
        self._placement.lost(error.message)
        self._let_go([m for m, place in self._loaded.items() if place.device.name == device])

    def _make_room(self, facts: ModelFacts, device: Device) -> int:
        """Let go of the least recently used until the model fits; returns what it needs in MiB."""
        needed = self._needed_mb(facts, device)
        budget = self.settings.memory_budget_mb
        if budget is not None and needed > budget:
            raise ModelError(
                f"{facts.id} needs about {needed} MB, but [model] memory_budget is {budget:g}",
                hint="Raise it, or choose a smaller model.",
            )
        while (left := self._left(device)) is not None and needed > left:
            if not self._loaded:
                raise ModelError(
                    f"{facts.id} needs about {needed} MB on {device.name}, but {left} are free",
                    hint="Close other programs, or choose a smaller model.",
                )
            oldest = min(self._loaded, key=lambda model: self._loaded[model].used_at)
            self._let_go([oldest])
            self.say(f"{oldest} unloaded to make room for {facts.id}")
        return needed

    def _needed_mb(self, facts: ModelFacts, device: Device) -> int:
        return facts.memory_needed_mb(device.precision, device.holds(self.settings.batch))

    def _left(self, device: Device) -> int | None:
        """Return what another model may take, in MiB; None for as much as it likes."""
        free = self._free_mb(device)
        if self.settings.memory_budget_mb is None:
            return free
        taken = sum(place.megabytes for place in self._loaded.values())
        spare = int(self.settings.memory_budget_mb - taken)
        return spare if free is None else min(spare, free)

    def _let_go(self, models: Sequence[str]) -> bool:
        """Forget these models; their memory is given back unless someone is just using them."""
        had = False
        for model in models:
            if (place := self._loaded.pop(model, None)) is None:
                continue
            if (limit := place.session.batch_limit) is not None:
                self._limits[model, place.device.name] = limit
            self._known.pop(model, None)
            del place
            had = True
        if had:
            self._reclaim()
        return had

    def _know(self, model: str) -> _Known:
        """Return what is said of a model without loading it. A row of the zoo is looked up each
        time, as its weights may come at any time."""
        if (known := self._known.get(model)) is not None:
            return known
        facts = self.shelf.find(model)
        known = _Known(facts, self.shelf.labels_of(facts))
        if on_disk(facts):
            self._known[model] = known
        return known

    def _arm(self) -> None:
        """Have `sweep` called when the next model may have been idle for long enough."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        limit = self.settings.idle_unload_seconds
        if limit is None or self._closed or not self._loaded:
            return
        oldest = min(place.used_at for place in self._loaded.values())
        wait = max(1.0, limit - (self._clock() - oldest))
        # Weakly, so that a pool that nobody has any more does not keep its models till then.
        self._timer = threading.Timer(wait, _sweep, [weakref.ref(self)])
        self._timer.daemon = True
        self._timer.start()


def _sweep(pool: weakref.ref[ModelPool]) -> None:
    if (present := pool()) is not None:
        present.sweep()
