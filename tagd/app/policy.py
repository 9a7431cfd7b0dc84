"""Which models look at a photo and why, and how sure the stages of a cascade must be."""

from __future__ import annotations

from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.app.measure import truths_in
from tagd.assembly.build import limits_of, models_of, unchecked
from tagd.assembly.policy import preferences_of
from tagd.assembly.survey import Survey, forget_calibration, keep_calibration
from tagd.assembly.taggers import taggers_of
from tagd.catalogue.queue import jobs
from tagd.decoding.decode import decode
from tagd.domain import JobState
from tagd.errors import ConfigError, ModelError, in_a_line
from tagd.fs import display
from tagd.lab import answers
from tagd.lab import calibrate as calibrating
from tagd.lab.answers import LabelledPhoto
from tagd.policy.cascade import EMBEDDED, Calibration
from tagd.policy.context import PolicyContext
from tagd.policy.matching import why_not
from tagd.policy.selection import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.lab.calibrate import Answers, CalibrationReport
    from tagd.policy.preferences import Preferences
    from tagd.policy.selection import Decision
    from tagd.tagging.taggers import Tagger

    Say = Callable[[str], None]
    Counting = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Which models would look at a photo now, by what is configured and what is known of the photo
    and of the machine, whose device is named in words. `rules`: the name of each, and why it is not
    about this photo; None where it is."""

    preferences: Preferences
    rules: tuple[tuple[str, str | None], ...]
    context: PolicyContext
    decision: Decision
    device: str
    further: tuple[tuple[str, str], ...] = ()  # each tagger beside the classifier, and by what


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """A cascade of these models, which is to be fitted on the photos below a folder that holds a
    folder for each class, and tried on the pictures `none` of any of these."""

    models: tuple[str, ...]
    folder: Path
    none: Path | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the models of a cascade said. So many photos were `unread`, and so many of a class that
    the models do not know (`unknown`)."""

    request: CalibrationRequest
    fingerprints: tuple[str, ...]
    answers: Answers
    unread: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """How sure the stages of a cascade must be: how good that is, and what is to be kept of it."""

    report: CalibrationReport
    calibration: Calibration

    @property
    def photos(self) -> int:
        """How many photos it was fitted and tried on."""
        return self.report.parts[-1].photos


def explain(catalogue: Catalogue | None, config: Config, path: Path) -> Explanation:
    """Say which models would look at the photo at this absolute path. Without a catalogue nothing
    waits, and nothing was measured yet. Raises `PhotoError` and `ModelError`."""
    preferences = preferences_of(config)
    photo = decode(path, (), limits_of(config)).facts
    with closing(models_of(config)) as pool:
        survey = Survey(pool, catalogue, batch=config.worker.batch_size)
        context = PolicyContext(path, photo, survey(_waiting(catalogue)))
        rules = tuple((rule.name, why_not(rule, context)) for rule in preferences.rules)
        decision = decide(preferences, context)
        taggers = taggers_of(config, unchecked(config, pool, catalogue))
        models = [stage.model for stage in decision.choice.stages]
        further = tuple((tagger.key, _by_what(tagger, models)) for tagger in taggers)
        return Explanation(preferences, rules, context, decision, pool.device().name, further)


def _by_what(tagger: Tagger, models: Sequence[str]) -> str:
    try:
        return tagger.explain(models)
    except ModelError as error:
        return f"does not look: {in_a_line(error)}"


def _waiting(catalogue: Catalogue | None) -> int:
    """Return how many photos wait to be tagged."""
    if catalogue is None:
        return 0
    with catalogue.read() as tx:
        return jobs.counts(tx)[JobState.WAITING]


def cascade_of(config: Config, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the models of a cascade: those named, else those configured. Raises `ConfigError`
    where they are none."""
    chosen = tuple(named) or config.policy.cascade.models or EMBEDDED.models
    if len(set(chosen)) != len(chosen) or len(chosen) < 2:
        raise ConfigError("a cascade needs two or more different models")
    return chosen


def ask(
    config: Config,
    request: CalibrationRequest,
    counting: Counting = lambda _models: nullcontext(lambda _done, _total: None),
    say: Say = lambda _: None,
) -> Asked:
    """Ask the models of a cascade about photos whose class is known. `counting` makes what is told
    how far that is; `say` is told of a GPU that goes. Raises `ModelError`."""
    models = request.models
    with closing(models_of(config, say=say)) as pool:
        pictures, unknown = _pictures(config, request, answers.common_labels(pool, models))
        fingerprints = tuple(pool.fingerprint_of(model) for model in models)
        with counting(" then ".join(models)) as progress:
            said, unread = answers.ask(
                pool,
                models,
                pictures,
                batch_size=pool.device().batch(config.worker.batch_size),
                decoders=config.worker.decoders,
                limits=limits_of(config),
                progress=progress,
            )
    return Asked(request, fingerprints, said, unread, unknown)


def _pictures(
    config: Config, request: CalibrationRequest, labels: Sequence[str]
) -> tuple[list[LabelledPhoto], int]:
    """Return the photos of a class that the models know and those of none, and how many are of a
    class that they do not know."""
    found, truths = truths_in(config, request.folder)
    known = zip(found, truths(labels), strict=True)
    pictures = [LabelledPhoto(photo.path, label) for photo, label in known if label is not None]
    unknown = len(found) - len(pictures)
    if request.none is not None:
        files = sorted(path for path in request.none.rglob("*") if path.is_file())
        pictures += [LabelledPhoto(path, None) for path in files]
    return pictures, unknown


def fit(asked: Asked) -> Fitted:
    """Fit how sure the stages must be on one half of the photos, and try it on the other. Raises
    `ConfigError` where there are too few."""
    request = asked.request
    try:
        report = calibrating.calibrate(asked.answers)
    except ValueError as error:
        raise ConfigError(f"{display(request.folder)}: too little to fit: {error}") from error
    origin = f"fitted on {report.parts[0].photos} of {report.parts[-1].photos} photos"
    if request.none is not None:
        pictures = "picture" if report.none == 1 else "pictures"
        origin += f" and {report.none:,} {pictures} of no class"
    calibration = Calibration(
        models=request.models,
        fingerprints=asked.fingerprints,
        settlings=report.settlings,
        origin=f"{origin} in {display(request.folder)}",
    )
    return Fitted(report, calibration)


def keep(catalogue: Catalogue, calibration: Calibration) -> None:
    """Have a cascade go by it from now on, also in a running daemon."""
    with catalogue.write() as tx:
        keep_calibration(tx, calibration)


def forget(catalogue: Catalogue, models: Sequence[str]) -> bool:
    """Have a cascade go by tagd's own thresholds; returns whether others were kept."""
    with catalogue.write() as tx:
        return forget_calibration(tx, models)
