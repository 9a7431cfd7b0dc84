"""What there is to measure at this moment, for `[metrics]`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import tagd
from tagd.catalogue.db import settings
from tagd.catalogue.reports import activity
from tagd.ops.metrics import Gauge, Total

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tagd.catalogue.db.engine import Catalogue
    from tagd.daemon.tagging import Engine
    from tagd.intake.intake import IntakeState
    from tagd.models.pool import ModelPool
    from tagd.ops.pulse import Late


def of_catalogue(catalogue: Catalogue, duties: Sequence[str]) -> Iterator[Gauge]:
    """The queue, and when the duties were done. Raises `CatalogueError`."""
    now = time.time()
    with catalogue.read() as tx:
        queue = activity.queue(tx)
        done = {duty: settings.get(tx, settings.CARED + duty) for duty in duties}
        last = activity.last_tagged_at(tx)
    for each in queue:
        labels = (
            ("kind", str(each.kind)),
            ("priority", each.priority.name.lower()),
            ("state", str(each.state)),
        )
        yield Gauge("tagd_queue_jobs", "Jobs in the queue.", each.jobs, labels)
        age = max(0.0, now - each.oldest)
        yield Gauge("tagd_queue_oldest_seconds", "Age of the oldest of these.", age, labels)
    if last is not None:
        yield Gauge("tagd_last_tagged_timestamp_seconds", "When a photo was last tagged.", last)
    for duty, moment in done.items():
        if moment is not None:
            yield Gauge(
                "tagd_duty_last_done_timestamp_seconds",
                "When this was last done.",
                float(moment),
                (("duty", duty),),
            )


def of_intake(state: IntakeState) -> Iterator[Gauge]:
    """The watch and the scans."""
    yield Gauge("tagd_watches", "Folders that the kernel tells of.", state.watches)
    yield Gauge("tagd_polled_folders", "Folders that are polled instead.", len(state.polling))
    yield Gauge("tagd_settling_files", "Files that may still be being written.", state.settling)
    yield Total("tagd_watch_overflows_total", "Times that the watch lost events.", state.overflows)
    yield Gauge("tagd_troubles", "What keeps it from watching all.", len(state.troubles))
    if state.last_scan is not None:
        scan = state.last_scan
        yield Gauge("tagd_scan_timestamp_seconds", "When the last scan began.", scan.at)
        yield Gauge("tagd_scan_seconds", "How long it took.", scan.seconds)
        yield Gauge("tagd_scan_files", "Files that it met.", scan.files)


def of_models(models: ModelPool) -> Iterator[Gauge]:
    """The models in memory, and the memory. Raises `DeviceUnavailable`."""
    for model in models.loaded():
        yield Gauge("tagd_model_loaded", "Models in memory.", 1, (("model", model),))
    yield Total("tagd_model_loads_total", "Times that a model was loaded.", models.loads)
    for name, what, megabytes in (
        ("room", "What models may take on their device.", models.room_mb()),
        ("total", "What their device has.", models.whole_mb()),
    ):
        if megabytes is not None:
            yield Gauge(f"tagd_device_memory_{name}_bytes", what, megabytes * 2**20)


def of_work(engine: Engine, late: Sequence[Late], *, working: bool) -> Iterator[Gauge]:
    """Who does the work, and whether it goes on."""
    labels = (("version", tagd.__version__), *engine.items())
    if engine:
        yield Gauge("tagd_info", "This tagd, its models and their device.", 1, labels)
    yield Gauge("tagd_working", "1 while it tags, 0 while it is paused.", int(working))
    yield Gauge("tagd_late_threads", "Threads that make no progress.", len(late))
