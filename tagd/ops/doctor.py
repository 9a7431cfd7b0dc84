"""What `tagd doctor` examines, in the order that a person would look.

Each check is a function of plain values in `checks.py`; here they meet the machine.
"""

from __future__ import annotations

import importlib.util
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.catalogue.db.engine import open_reader, owner_of
from tagd.catalogue.db.snapshot import newest
from tagd.errors import TagdError
from tagd.fs import display, file_system_of
from tagd.intake.patience import answers
from tagd.ops import checks
from tagd.ops.checks import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tagd.models.runtime.device import Wanted

INOTIFY = Path("/proc/sys/fs/inotify")
DECODER_SECONDS = 30.0
SELF_TEST_SLOW_MS = 1000.0


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined, in plain values. `admits(relative path, is folder)` says what is watched
    below a folder; `models` are those that may be asked; `policy()` says how they are chosen, and
    raises `ModelError` where what was asked for cannot be had."""

    folders: tuple[Path, ...]
    admits: Callable[[str, bool], bool]
    catalogue: Path
    models: tuple[str, ...]
    policy: Callable[[], str]
    device: Wanted
    max_megapixels: float
    decode_timeout_seconds: float
    models_folder: Path | None = None
    sidecar_folder: Path | None = None  # where any are written


def examine(patient: Patient) -> Iterator[Finding]:
    """Yield every finding, as it is made; the slow ones come last. Changes nothing."""
    saw = newest(patient.catalogue) if _sees(patient.catalogue.exists) else None
    yield checks.clock(time.time(), saw)
    yield from _state(patient.catalogue)
    for folder in patient.folders:
        yield _guarded("folder", partial(checks.watched_folder, folder))
    if patient.sidecar_folder is not None:
        yield _guarded("sidecar folder", partial(checks.sidecar_folder, patient.sidecar_folder))
    yield _guarded("watches", partial(_watches, patient))
    yield checks.raw_extra(importlib.util.find_spec("rawpy") is not None)
    yield _guarded("decoder", partial(_decoder, patient))
    weights = [_guarded("weights", partial(_weights, patient, model)) for model in patient.models]
    yield from weights
    if all(check.level is Level.OK for check in weights):
        yield _guarded("policy", lambda: checks.ok("policy", patient.policy()))
    for model in patient.models:
        yield _guarded("model", partial(_model, patient, model))


def _guarded(name: str, check: Callable[[], Finding]) -> Finding:
    """Make what a check raises what it found."""
    try:
        return check()
    except TagdError as error:
        return Finding(name, Level.PROBLEM, error.message, error.hint)
    except OSError as error:
        reason = error.strerror or str(error)
        what = f"{display(Path(error.filename))}: {reason}" if error.filename else reason
        is_closed = isinstance(error, PermissionError)
        advice = "give this user rights on it, and on every folder above it" if is_closed else ""
        return Finding(name, Level.PROBLEM, what, advice)


def _sees(look: Callable[[], bool]) -> bool:
    """Return what `look` says. What lies where nobody may look is not seen, and its own check says
    why."""
    try:
        return look()
    except OSError:
        return False


def _state(catalogue: Path) -> Iterator[Finding]:
    yield checks.sqlite_version()
    yield _guarded("state folder", partial(checks.state_folder, catalogue))
    yield _guarded("catalogue", partial(checks.catalogue_place, catalogue))
    if not _sees(catalogue.exists):
        return
    yield _guarded("daemon", lambda: checks.owner(owner_of(catalogue)))
    yield _guarded("schema", partial(_schema, catalogue))
    yield _guarded("integrity", partial(checks.integrity, catalogue))


def _schema(catalogue: Path) -> Finding:
    with closing(open_reader(catalogue)):
        return checks.ok("schema", "the catalogue is of this version")


def _watches(patient: Patient) -> Finding:
    roots = [
        folder
        for folder in patient.folders
        if answers(folder) and _sees(folder.is_dir) and not file_system_of(folder).is_network
    ]
    needed = sum(checks.folders_below(root, patient.admits) for root in roots)
    return checks.watch_budget(
        needed,
        len(roots),
        checks.limit(INOTIFY / "max_user_watches"),
        checks.limit(INOTIFY / "max_user_instances"),
    )


def _decoder(patient: Patient) -> Finding:
    """Start a decoder process and have it read a picture."""
    # Lazy, as all of tagd that brings in numpy: the other checks need none of it.
    from PIL import Image  # noqa: PLC0415

    from tagd.decoding.confinement import landlock_version  # noqa: PLC0415
    from tagd.decoding.decode import DecodeLimits  # noqa: PLC0415
    from tagd.decoding.pool import DecodeRequest, DecoderPool  # noqa: PLC0415
    from tagd.domain import Geometry  # noqa: PLC0415

    limits = DecodeLimits(
        max_megapixels=patient.max_megapixels, timeout_seconds=patient.decode_timeout_seconds
    )
    said: list[str] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tagd-doctor-") as folder:
        picture = Path(folder) / "picture.jpg"
        Image.new("RGB", (64, 48), (200, 120, 40)).save(picture)
        pool = DecoderPool(decoders=1, limits=limits, on_event=said.append)
        try:
            pool.submit(DecodeRequest(ticket=1, path=picture, geometries=(Geometry(32, (32, 32)),)))
            outcomes = pool.take(1, DECODER_SECONDS)
        finally:
            pool.close(1.0)
    if outcomes and outcomes[0].photo:
        took = f"started and read a photo in {time.monotonic() - began:.1f} s"
        return checks.ok("decoder", f"{took}; {checks.confinement(landlock_version())}")
    reason = outcomes[0].error if outcomes else f"no answer within {DECODER_SECONDS:.0f} s"
    return Finding(
        "decoder", Level.PROBLEM, f"a photo could not be decoded: {reason}", "; ".join(said)
    )


def _weights(patient: Patient, model: str) -> Finding:
    from tagd.models.zoo.shelf import Shelf  # noqa: PLC0415  lazy, as above

    path = Shelf(patient.models_folder).verify(model)
    return checks.ok("weights", f"{model} has its known SHA-256: {display(path)}")


def _model(patient: Patient, model: str) -> Finding:
    """Load the model and ask it about a picture whose answer is known."""
    from tagd.models.pool import ModelPool, PoolSettings  # noqa: PLC0415  lazy, as above
    from tagd.models.selftest import self_test  # noqa: PLC0415

    settings = PoolSettings(device=patient.device, folder=patient.models_folder)
    with closing(ModelPool(settings=settings)) as pool:
        test = self_test(pool, model)
    what = f"{model}: {test.milliseconds:.1f} ms a photo on {test.description}"
    if not test.ok:
        return Finding(
            "model",
            Level.PROBLEM,
            f"{what}, but its answer is not the known one: off by {test.deviation:.3g}, where"
            f" {test.tolerance:.3g} is allowed",
            "the device or PyTorch is at fault: try [model] device = 'cpu', or reinstall torch",
        )
    if test.milliseconds > SELF_TEST_SLOW_MS:
        return Finding("model", Level.WARNING, what, "another program may be using the machine")
    return checks.ok("model", what)
