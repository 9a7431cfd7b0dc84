"""What the policy has to go by, found on a machine and in a catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import pytest

from tagd.assembly.policy import preferences_of
from tagd.assembly.survey import LOOK_SECONDS, Survey, keep_calibration, suitable_batch
from tagd.catalogue.plans import speeds
from tagd.catalogue.plans.speeds import Speed
from tagd.config import Config, load
from tagd.hours import Hours
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.runtime.device import Device
from tagd.models.zoo import registry
from tagd.policy.cascade import Calibration, Settling
from tagd.policy.context import Machine, ModelOption
from tagd.policy.preferences import Cascade, Preferences, Rule, Targets, Use
from tests.catalogue import fresh

LITE0, LITE2 = "efficientnet-lite0", "efficientnet-lite2"
ON_CPU, ON_GPU = Device("cpu", "fp32", "a test"), Device("cuda:0", "bf16", "a test")
FITTED = Calibration((LITE0, LITE2), ("a", "b"), (Settling(0.7, 1.25),), "here")


def pool(folder: Path) -> ModelPool:
    """A pool on the CPU with no models but the embedded ones."""
    settings = PoolSettings(device="cpu", folder=folder / "models")
    return ModelPool(settings=settings, free_mb=lambda _device: 1234)


def speed(model: str, milliseconds: float, batch: int = 1, device: str = "cpu") -> Speed:
    fingerprint = registry.find(model).fingerprint or ""
    return Speed(
        fingerprint=fingerprint,
        device=device,
        batch_size=batch,
        model=model,
        hardware="a machine",
        precision="fp32",
        images_per_second=1000 * batch / milliseconds,
        latency_ms=milliseconds,
        latency_p95_ms=milliseconds,
        measured_at=0.0,
    )


def find(machine: Machine, model: str) -> ModelOption:
    found = machine.find(model)
    assert found is not None
    return found


def test_the_machine_is_seen_as_it_is(tmp_path: Path) -> None:
    now = datetime(2026, 1, 2, 3, 4)
    machine = Survey(pool(tmp_path), None, batch=4, now=lambda: now)(7)
    assert (machine.waiting, machine.free_mb, machine.at) == (7, 1234, time(3, 4))
    assert set(registry.zoo()) <= {each.model for each in machine.options}
    lite0, eva = find(machine, LITE0), find(machine, "eva02-large")
    facts = registry.find(LITE0)
    assert (lite0.fingerprint, lite0.top1) == (facts.fingerprint, facts.top1)
    assert lite0.memory_mb == facts.memory_needed_mb("fp32", 4)
    assert eva.fingerprint is None
    assert eva.milliseconds is not None
    assert lite0.milliseconds is not None
    assert eva.milliseconds > 100 * lite0.milliseconds
    assert not lite0.measured


def test_what_was_measured_here_outranks_the_estimate_and_corrects_the_others(
    tmp_path: Path,
) -> None:
    with fresh(tmp_path) as catalogue:
        with catalogue.write() as tx:
            speeds.put(
                tx, [speed(LITE0, 40), speed(LITE0, 80, batch=4), speed(LITE2, 1, device="cuda:0")]
            )
        machine = Survey(pool(tmp_path), catalogue, batch=4)(0)
    lite0, lite2 = find(machine, LITE0), find(machine, LITE2)
    assert (lite0.milliseconds, lite0.measured) == (40, True)
    assert not lite2.measured
    gmacs = [registry.find(model).gmacs or 0 for model in (LITE0, LITE2)]
    assert lite2.milliseconds == pytest.approx(40 * gmacs[1] / gmacs[0])


def test_what_changed_is_noticed_after_a_while(tmp_path: Path) -> None:
    clock = [0.0]
    with fresh(tmp_path) as catalogue:
        survey = Survey(pool(tmp_path), catalogue, batch=1, clock=lambda: clock[0])
        assert survey(0).calibrations == ()
        with catalogue.write() as tx:
            keep_calibration(tx, FITTED)
            speeds.put(tx, [speed(LITE0, 40)])
        assert survey(0).calibrations == ()
        clock[0] += LOOK_SECONDS
        machine = survey(0)
    assert machine.calibrations == (FITTED,)
    assert find(machine, LITE0).measured


def test_a_calibration_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    other = Calibration((LITE0, LITE2), ("a", "b"), (Settling(0.8),), "later")
    with fresh(tmp_path) as catalogue:
        with catalogue.write() as tx:
            keep_calibration(tx, FITTED)
            keep_calibration(tx, other)
        assert Survey(pool(tmp_path), catalogue, batch=1)(0).calibrations == (other,)


def test_a_configuration_without_wishes_wants_nothing() -> None:
    assert preferences_of(Config()) == Preferences()


def test_every_key_reaches_the_policy(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        """
        [model]
        memory_budget = 900
        [policy]
        use = "general"
        accuracy_target = 80
        latency_target_ms = 50
        memory_budget = 1000
        backlog = 500
        cascade = { models = ["a", "b"], settles_at = [0.7] }
        [[policy.rules]]
        name = "night"
        path = "a/*"
        camera = "canon*"
        type = "RAW"
        min_megapixels = 2
        max_megapixels = 50
        hours = "22:00-06:00"
        models = ["c"]
        [[policy.rules]]
        use = "edge"
        """
    )
    preferences = preferences_of(load(file, {"HOME": str(tmp_path)}))
    assert preferences == Preferences(
        rules=(
            Rule(
                "rule 1 (night)",
                path="a/*",
                camera="canon*",
                type="RAW",
                min_megapixels=2,
                max_megapixels=50,
                hours=Hours(time(22), time(6)),
                models=("c",),
            ),
            Rule("rule 2", targets=Targets(Use.EDGE)),
        ),
        cascade=Cascade(("a", "b"), (0.7,)),
        targets=Targets(Use.GENERAL, 80, 50),
        memory_budget_mb=900,
        backlog=500,
    )


@pytest.mark.parametrize(
    ("device", "rates", "batch"),
    [
        (ON_CPU, {}, 4),
        (ON_GPU, {}, 16),
        (ON_CPU, {1: 100, 2: 102, 4: 103, 8: 200}, 1),  # no gain in more
        (ON_CPU, {1: 80, 2: 99, 4: 103}, 2),
        (ON_GPU, {1: 200, 4: 700, 16: 1900, 64: 4000}, 16),
        (ON_GPU, {1: 200, 4: 1890, 16: 1900}, 4),
        (
            ON_GPU,
            {1: 900},
            16,
        ),  # as `tagd models bench --batch 1` leaves it: of more it tells nothing
        (ON_GPU, {1: 900, 64: 18_000}, 16),
    ],
)
def test_as_many_photos_go_into_a_pass_as_are_of_use(
    device: Device, rates: dict[int, float], batch: int
) -> None:
    measured = [
        replace(speed(LITE0, 1000 * size / rate, size, device.name), precision=device.precision)
        for size, rate in rates.items()
    ]
    assert suitable_batch(measured, device) == batch


def test_who_asks_for_a_number_of_photos_in_a_pass_gets_it(tmp_path: Path) -> None:
    assert Survey(pool(tmp_path), None, batch=7)(0).batch == 7


def test_the_model_that_gains_most_by_more_photos_says_how_many(tmp_path: Path) -> None:
    measured = [speed(LITE0, 10), speed(LITE0, 40, 4), speed(LITE2, 20), speed(LITE2, 40, 4)]
    with fresh(tmp_path) as catalogue:
        with catalogue.write() as tx:
            speeds.put(tx, measured)
        assert Survey(pool(tmp_path), catalogue, batch=0)(0).batch == 4
