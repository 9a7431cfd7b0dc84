"""Every part of the whole, built from a configuration as plain values."""

from __future__ import annotations

import json
import os
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tagd.assembly.derivation import derivation_of
from tagd.assembly.policy import preferences_of
from tagd.assembly.survey import Survey
from tagd.assembly.writing import metadata_settings, reads_keywords, writes_of
from tagd.catalogue.db import settings
from tagd.config.paths import expand
from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecoderPool
from tagd.fs import current_folder
from tagd.hours import hours_of
from tagd.intake.exclude import Excludes
from tagd.intake.intake import Intake
from tagd.intake.one_time import OneTimeIntake
from tagd.intake.submit import Submitter
from tagd.learning.scorer import Scorer
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.runtime import memory
from tagd.models.runtime.device import GPU_BATCH, Device
from tagd.policy.lasting import Lasting
from tagd.revise.recall import Recall
from tagd.revise.retagger import Retagger, RetagSettings
from tagd.revise.staleness import Standard
from tagd.tagging.classify import Classifier
from tagd.tagging.worker import Worker, WorkerSettings, ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.config import Config
    from tagd.errors import InternalFault
    from tagd.tagging.failures import Report
    from tagd.tagging.taggers import Taggers
    from tagd.work.stage_times import StageTimes

# Exported models: made again whenever they are not there, so no setting.
GRAPHS = "$XDG_CACHE_HOME/tagd/graphs"


def _silent() -> None:
    """The beat of who is not looked after."""


def _sayer(log: FilteringBoundLogger) -> Callable[[str, str, Mapping[str, object]], None]:
    """The log as a function of level, message and fields, for parts that know no structlog."""
    return lambda level, message, fields: getattr(log, level)(message, **fields)


def models_of(config: Config, say: Callable[[str], None] = lambda _: None) -> ModelPool:
    """The models in memory. `say` is told of a GPU that goes, and of models that are let go."""
    settings = PoolSettings(
        device=config.model.device,
        folder=config.model.folder,
        memory_budget_mb=config.model.memory_budget or None,
        idle_unload_seconds=60 * config.model.idle_unload_minutes or None,
        allow_cpu_fallback=config.model.allow_cpu_fallback,
        batch=config.worker.batch_size,
        graphs=expand(GRAPHS, current_folder(), os.environ),
    )
    return ModelPool(settings=settings, say=say)


def classifier_of(config: Config, catalogue: Catalogue) -> Classifier:
    """The models, and the policy that picks among them. Raises ModelUnknown and WeightsMissing for
    a model that the configuration names and that is not here."""
    log = structlog.get_logger()
    models = models_of(config, say=lambda what: log.warning("models", what=what))
    return classifier_with(config, models, catalogue)


def policy_of(config: Config) -> str:
    """How the models for a photo are chosen as a rule. Raises `ModelError` where what the
    configuration names cannot be had."""
    with closing(models_of(config)) as models:
        return classifier_with(config, models, None).reason


def classifier_with(config: Config, models: ModelPool, catalogue: Catalogue | None) -> Classifier:
    """The policy over models that others have as well. Raises as `classifier_of` does."""
    classifier = unchecked(config, models, catalogue)
    classifier.check()
    return classifier


def unchecked(config: Config, models: ModelPool, catalogue: Catalogue | None) -> Classifier:
    """The same with these models, whether or not what the configuration names is here."""
    survey = Survey(models, catalogue, batch=config.worker.batch_size)
    return Classifier(models, preferences_of(config), survey)


def settings_of(config: Config) -> WorkerSettings:
    """How the worker works."""
    return WorkerSettings(
        decoders=config.worker.decoders,
        max_attempts=config.worker.max_attempts,
        settle_seconds=config.watch.settle_seconds,
        keeps_embeddings=config.embeddings.keep,
        keep_runs=config.retag.keep_runs,
        reads_keywords=reads_keywords(config),
        sidecars=metadata_settings(config).sidecars,
    )


def limits_of(config: Config) -> DecodeLimits:
    """What one photo may cost to read, as there is memory now."""
    return DecodeLimits(
        max_megapixels=config.worker.max_megapixels,
        timeout_seconds=config.worker.decode_timeout_seconds,
        shared_megapixels=DecodeLimits.shared(
            memory.free_mb(Device("cpu", "fp32", "")), config.worker.decoders
        ),
    )


def decoders_of(
    config: Config, on_event: Callable[[str], None], beat: Callable[[], None] = _silent
) -> DecoderPool:
    """The processes that read and decode photos; the first is started at once."""
    return DecoderPool(
        decoders=config.worker.decoders,
        limits=limits_of(config),
        on_event=on_event,
        beat=beat,
        most_outstanding=ahead(config.worker.decoders, config.worker.batch_size or GPU_BATCH),
    )


def worker_of(
    config: Config,
    catalogue: Catalogue,
    classifier: Classifier,
    decoders: DecoderPool,
    taggers: Taggers,
    *,
    on_report: Callable[[Report], None],
    on_trouble: Callable[[Exception | None], None],
    on_fault: Callable[[InternalFault], None],
    on_writes: Callable[[], None] = _silent,
    run: Run,
    beat: Callable[[], None] = _silent,
    on_times: Callable[[StageTimes], None] = lambda _: None,
) -> Worker:
    """What works the queue off, as part of this run. `on_writes` is called when there are tags to
    be written into photos."""
    derivation = derivation_of(config)
    return Worker(
        catalogue=catalogue,
        decoders=decoders,
        classifier=classifier,
        derivation=derivation,
        personal=Scorer(run, derivation.above),
        settings=settings_of(config),
        on_report=on_report,
        on_trouble=on_trouble,
        on_fault=on_fault,
        run=run,
        writes=writes_of(config, on_writes),
        taggers=taggers,
        beat=beat,
        on_times=on_times,
        say=lambda what: structlog.get_logger().warning("embeddings", reason=what),
    )


def intake_of(
    config: Config,
    catalogue: Catalogue,
    *,
    on_submitted: Callable[[], None],
    on_leftover: Callable[[Path], None],
    log: FilteringBoundLogger,
    beats: Callable[[str], Callable[[], None]],
) -> Intake:
    """What watches the folders and fills the queue."""

    return Intake(
        catalogue=catalogue,
        folders=config.watch.folders,
        excludes=Excludes(config.watch.exclude),
        settle_seconds=config.watch.settle_seconds,
        rescan_minutes=config.watch.rescan_minutes,
        forget_after_days=config.watch.forget_after_days,
        sidecars=metadata_settings(config).sidecars,
        on_submitted=on_submitted,
        on_leftover=on_leftover,
        say=_sayer(log),
        beats=beats,
    )


def standard_of(config: Config, catalogue: Catalogue, models: ModelPool) -> Standard:
    """What photos are to be tagged by, as the configuration and this machine have it. Raises
    `DeviceUnavailable`."""
    machine = Survey(models, catalogue, batch=config.worker.batch_size)(0)
    return Standard(Lasting(preferences_of(config), machine), machine)


def retagger_of(
    config: Config,
    catalogue: Catalogue,
    models: ModelPool,
    taggers: Taggers,
    *,
    on_queued: Callable[[], None],
    on_writes: Callable[[], None],
    beat: Callable[[], None],
    log: FilteringBoundLogger,
) -> Retagger:
    """What has tags catch up. Its own survey: that is not for several threads."""

    return Retagger(
        catalogue=catalogue,
        preferences=preferences_of(config),
        survey=Survey(models, catalogue, batch=config.worker.batch_size),
        taggers=taggers,
        recall=recall_of(config, catalogue, taggers, on_writes),
        settings=RetagSettings(
            windows=tuple(map(hours_of, config.retag.windows)),
            per_hour=config.retag.per_hour,
            check_seconds=60 * config.retag.check_minutes,
            work_windows=tuple(map(hours_of, config.worker.windows)),
            keeps_embeddings=config.embeddings.keep,
        ),
        on_queued=on_queued,
        say=_sayer(log),
        beat=beat,
    )


def recall_of(
    config: Config,
    catalogue: Catalogue,
    taggers: Taggers,
    on_writes: Callable[[], None] = _silent,
) -> Recall:
    """What has taggers catch up by what is kept, with no photo opened."""
    return Recall(
        catalogue,
        taggers,
        derivation_of(config),
        writes=writes_of(config, on_writes),
        keep_runs=config.retag.keep_runs,
    )


def one_time_intake_of(
    config: Config, catalogue: Catalogue, pause: Callable[[float], bool]
) -> OneTimeIntake:
    """What submits the paths that a person names."""
    return OneTimeIntake(
        submitter=Submitter(catalogue, on_submitted=lambda: None, wall=time.time),
        excludes=Excludes(config.watch.exclude),
        settle_seconds=config.watch.settle_seconds,
        clock=time.monotonic,
        wall=time.time,
        pause=pause,
    )


def note_engine(catalogue: Catalogue, classifier: Classifier) -> dict[str, str]:
    """Load the models, and note for `tagd status` which they are and where they run."""
    classifier.warm_up()
    engine = {"model": ", then ".join(classifier.models), "device": classifier.device}
    with catalogue.write() as tx:
        settings.put(tx, settings.WORKING_WITH, json.dumps(engine))
    return engine
