"""The thread that has tags catch up, and its cron time; built anew out of another configuration."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from tagd.assembly.build import retagger_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apscheduler.schedulers.background import BackgroundScheduler
    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.models.pool import ModelPool
    from tagd.ops.pulse import Pulses
    from tagd.revise.retagger import Retagger
    from tagd.tagging.taggers import Taggers

RETAG = "retag"  # the thread


class Retagging:
    """One thread, the supervisor's, calls. `on_fault` is told where the thread ends by a fault of
    ours, which it must not."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        on_queued: Callable[[], None],
        on_writes: Callable[[], None],
        on_fault: Callable[[], None],
        pulses: Pulses,
        log: FilteringBoundLogger,
    ) -> None:
        self._catalogue = catalogue
        self._on_queued = on_queued
        self._on_writes = on_writes
        self._on_fault = on_fault
        self._pulses = pulses
        self._log = log
        self._retagger: Retagger | None = None
        self._end: Callable[[float], bool] = lambda _: True

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps tags from catching up at the moment."""
        return self._retagger.troubles if self._retagger else ()

    def start(self, config: Config, models: ModelPool, taggers: Taggers) -> None:
        """Go by this configuration from now on. Where this raises, all goes on as before. Raises
        `CatalogueError`."""
        retagger = retagger_of(
            config,
            self._catalogue,
            models,
            taggers,
            on_queued=self._on_queued,
            on_writes=self._on_writes,
            beat=self._pulses.of(RETAG),
            log=self._log,
        )
        retagger.take_up()
        self.stop(0.0)
        self._retagger = retagger
        scheduler = _cron_scheduler(config.retag.cron, retagger.ask_check)
        thread = threading.Thread(target=self._work, args=[retagger.run], name=RETAG, daemon=True)
        thread.start()
        if scheduler is not None:
            scheduler.start()

        def end(timeout: float) -> bool:
            if scheduler is not None:
                scheduler.shutdown(wait=False)
            retagger.stop()
            thread.join(timeout)
            self._pulses.rest(RETAG)
            return not thread.is_alive()

        self._end = end

    def stop(self, timeout: float) -> bool:
        """End it. False where it is at work still, in a transaction that comes to its end."""
        return self._end(timeout)

    def _work(self, run: Callable[[], None]) -> None:
        try:
            run()
        except Exception:  # noqa: BLE001 - whatever it is, it is said and ends the service
            self._log.exception("stopped by an internal error")
            self._on_fault()


def _cron_scheduler(cron: str, job: Callable[[], None]) -> BackgroundScheduler | None:
    """Return a scheduler, not started yet, that runs `job` at these times by the wall clock; None
    for no times. Where the clock is set back an hour, it is silent for an hour; what the job asks
    for happens at intervals anyway, so that its thread is not supervised either."""
    if not cron:
        return None
    # Lazy: hardly anyone has a cron time.
    from apscheduler.schedulers.background import BackgroundScheduler  # noqa: PLC0415
    from apscheduler.triggers.cron import CronTrigger  # noqa: PLC0415

    scheduler = BackgroundScheduler(daemon=True)
    # No grace time: by default a run that is a second late is skipped.
    scheduler.add_job(
        job,
        CronTrigger.from_crontab(cron),
        id="retag-check",
        coalesce=True,
        max_instances=1,
        misfire_grace_time=None,
    )
    return scheduler
