"""What the policy has to go by at this moment: the models, the machine, what was measured."""

from __future__ import annotations

import json
import statistics
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings
from tagd.catalogue.plans import speeds
from tagd.models.zoo.shelf import on_disk
from tagd.policy.cascade import Calibration, Settling
from tagd.policy.context import Machine, ModelOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.plans.speeds import Speed
    from tagd.models.pool import ModelPool
    from tagd.models.runtime.device import Device
    from tagd.models.zoo.registry import ModelFacts

LOOK_SECONDS = 10.0  # how old what is on disk and in the catalogue may be
# Milliseconds for a thousand million multiply-adds where no model was measured: two cores of 2020,
# and a GPU, which waits for the launch of its kernels more than it computes.
CPU_MS_PER_GMAC, GPU_MS_PER_GMAC = 16.0, 0.1
AS_QUICK = 0.95  # of the best rate measured


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found when we looked last."""

    device: Device
    options: tuple[ModelOption, ...]
    calibrations: tuple[Calibration, ...]
    whole_mb: int | None
    batch: int
    until: float


class Survey:
    """Looks at the machine; remembers for a while what takes time to find out. One thread asks.

    `batch` photos go into one pass; 0 for what suits the machine. Without a catalogue nothing
    counts as measured.
    """

    def __init__(
        self,
        models: ModelPool,
        catalogue: Catalogue | None,
        *,
        batch: int,
        now: Callable[[], datetime] = datetime.now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models = models
        self._catalogue = catalogue
        self._batch = batch
        self._now = now
        self._clock = clock
        self._seen: _Seen | None = None

    def __call__(self, waiting: int) -> Machine:
        """Return the machine as it is now, with so many photos queued. Raises
        `DeviceUnavailable`."""
        seen = self._look(self._models.device())
        return Machine(
            options=seen.options,
            free_mb=self._models.room_mb(),
            whole_mb=seen.whole_mb,
            batch=seen.batch,
            waiting=waiting,
            at=self._now().time(),
            calibrations=seen.calibrations,
        )

    def _look(self, device: Device) -> _Seen:
        seen = self._seen
        if seen is None or seen.device != device or self._clock() >= seen.until:
            measured: Sequence[Speed] = ()
            calibrations: tuple[Calibration, ...] = ()
            if self._catalogue is not None:
                with self._catalogue.read() as tx:
                    measured = speeds.load(tx)
                    calibrations = load_calibrations(tx)
            known = self._models.shelf.all().values()
            options = options_of(known, measured, device, self._batch)
            batch = self._batch or suitable_batch(measured, device)
            self._seen = seen = _Seen(
                device,
                options,
                calibrations,
                self._models.whole_mb(),
                batch,
                until=self._clock() + LOOK_SECONDS,
            )
        return seen


def suitable_batch(measured: Sequence[Speed], device: Device) -> int:
    """Return how many photos to put into one pass: of what is usual on the device no more than is
    of use to any model that was measured there, as each photo more takes memory. Measured by
    smaller passes alone, as `tagd models bench --batch 1` does it, a model says nothing of the
    usual ones."""
    usual = device.batch(0)
    rates: dict[str, dict[int, float]] = defaultdict(dict)
    for each in _measured_on(device, measured):
        if each.batch_size <= usual:
            rates[each.fingerprint][each.batch_size] = each.images_per_second
    enough = [
        min(size for size, rate in found.items() if rate >= AS_QUICK * max(found.values()))
        for found in rates.values()
        if usual in found
    ]
    return max(enough, default=usual)


def options_of(
    models: Iterable[ModelFacts], measured: Sequence[Speed], device: Device, batch: int
) -> tuple[ModelOption, ...]:
    """Return the models as the policy sees them, on this device and with batches of this size."""
    known = list(models)
    took = _milliseconds(measured, device)
    per_gmac = _per_gmac(known, took, device)
    return tuple(
        ModelOption(
            model=each.id,
            memory_mb=each.memory_needed_mb(device.precision, device.holds(batch)),
            fingerprint=each.fingerprint if on_disk(each) else None,
            top1=each.top1,
            milliseconds=took.get(
                each.fingerprint or "", each.gmacs * per_gmac if each.gmacs else None
            ),
            measured=each.fingerprint in took,
            label_set=each.label_set,
        )
        for each in known
    )


def load_calibrations(tx: Connection) -> tuple[Calibration, ...]:
    """Load what was fitted on this machine."""
    return tuple(map(_calibration, settings.below(tx, settings.CALIBRATED)))


def keep_calibration(tx: Connection, fitted: Calibration) -> None:
    """Keep this in the place of an earlier one for the same models."""
    settings.put(tx, settings.CALIBRATED + ",".join(fitted.models), json.dumps(asdict(fitted)))


def forget_calibration(tx: Connection, models: Sequence[str]) -> bool:
    """Drop what was fitted for these models. False where nothing was."""
    return settings.drop(tx, settings.CALIBRATED + ",".join(models))


def _calibration(stored: str) -> Calibration:
    fields = json.loads(stored)
    return Calibration(
        models=tuple(fields["models"]),
        fingerprints=tuple(fields["fingerprints"]),
        settlings=tuple(Settling(**each) for each in fields["settlings"]),
        origin=fields["origin"],
    )


def _milliseconds(measured: Sequence[Speed], device: Device) -> Mapping[str, float]:
    """Return how long one photo takes, by the model's fingerprint: from the smallest batch
    measured."""
    rows: dict[str, list[Speed]] = defaultdict(list)
    for each in _measured_on(device, measured):
        rows[each.fingerprint].append(each)
    smallest = {name: min(some, key=lambda each: each.batch_size) for name, some in rows.items()}
    return {name: each.latency_ms / each.batch_size for name, each in smallest.items()}


def _measured_on(device: Device, measured: Iterable[Speed]) -> Iterator[Speed]:
    wanted = device.name, device.precision
    return (each for each in measured if (each.device, each.precision) == wanted)


def _per_gmac(models: Sequence[ModelFacts], took: Mapping[str, float], device: Device) -> float:
    """Return what the models that were measured here say of the others."""
    ratios = [
        took[each.fingerprint] / each.gmacs
        for each in models
        if each.gmacs and each.fingerprint and each.fingerprint in took
    ]
    if ratios:
        return statistics.median(ratios)
    return CPU_MS_PER_GMAC if device.name == "cpu" else GPU_MS_PER_GMAC
