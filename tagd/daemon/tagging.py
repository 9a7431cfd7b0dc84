"""The tagging: models, decoders, and the worker's thread, which can be held up, let go on, and
built anew out of another configuration.

One thread, the supervisor's, calls; what it wants is brought about by and by, since nothing ends a
forward pass.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tagd.assembly.build import classifier_of, decoders_of, note_engine, worker_of
from tagd.assembly.derivation import derivation_of
from tagd.assembly.taggers import taggers_of
from tagd.assembly.writing import writes_of
from tagd.catalogue.tagging.runs import Run
from tagd.daemon import work_log
from tagd.errors import CatalogueError, TagdError, in_a_line
from tagd.fs import display
from tagd.revise.rederive import rederive_if_changed

if TYPE_CHECKING:
    from collections.abc import Callable

    from structlog.typing import FilteringBoundLogger

    from tagd.catalogue.db.engine import Catalogue
    from tagd.config import Config
    from tagd.decoding.pool import DecoderPool
    from tagd.models.pool import ModelPool
    from tagd.ops.pulse import Pulses
    from tagd.tagging.classify import Classifier
    from tagd.tagging.failures import Report
    from tagd.tagging.taggers import Taggers
    from tagd.tagging.worker import Worker
    from tagd.work.stage_times import StageTimes

Engine = dict[str, str]  # model, device

_SILENT = "does not answer: its photos wait, and are tried again by themselves"
WORKER, DECODERS = "worker", "decoders"  # the threads


@dataclass(frozen=True, slots=True)
class Tools:
    """What a worker works with."""

    config: Config
    classifier: Classifier
    decoders: DecoderPool
    taggers: Taggers


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who is told, from the worker's thread: of each job's end, of what the stages took until then,
    of the models when they are loaded, of an error that ends the service (with words where it is
    not one of ours), and of tags that are to be written into photos."""

    on_report: Callable[[Report], None]
    on_times: Callable[[StageTimes], None]
    on_ready: Callable[[Engine], None]
    on_fault: Callable[[TagdError | None], None]
    on_writes: Callable[[], None]


def moved(before: str, now: str) -> str:
    """What to say where the models came to run in another way than before: an export has ended, or
    a GPU has gone or come back. It is always this machine."""
    if "ONNX Runtime" in now and "ONNX Runtime" not in before:
        return f"ONNX Runtime runs the models from now on, on this machine as before: {now}"
    return f"the models run in another way from now on, on this machine as before: {now}"


class Tagging:
    """Raises ModelError where a model that is named is not there."""

    def __init__(
        self,
        config: Config,
        catalogue: Catalogue,
        listeners: Listeners,
        *,
        pulses: Pulses,
        log: FilteringBoundLogger,
    ) -> None:
        self._catalogue = catalogue
        self._listeners = listeners
        self._pulses = pulses
        self._log = log
        self.run = Run.of("tagd run")
        self._engine: Engine = {}
        self._trouble = self._said = ""
        self._next: Tools | None = None
        self._tools = self.prepare(config, anew=True)
        self._ending = threading.Event()
        self._worker = self._new_worker()
        self._thread = self._new_thread()

    def prepare(self, config: Config, *, anew: bool) -> Tools:
        """Tools for another configuration: other models and decoders, or those that there are."""
        if not anew:
            tools = self._next or self._tools
            taggers = taggers_of(config, tools.classifier)
            return Tools(config, tools.classifier, tools.decoders, taggers)
        classifier = classifier_of(config, self._catalogue)
        decoders = decoders_of(config, self._log.warning, self._pulses.of(DECODERS))
        return Tools(config, classifier, decoders, taggers_of(config, classifier))

    def take(self, tools: Tools) -> None:
        """Work with these as soon as the present turn has ended."""
        replaced, self._next = self._next, tools
        if replaced is not None:
            self._put_away(replaced)
        self._let_end()

    def steer(self, *, work: bool) -> None:
        """Called about every second: bring about what is wanted, as far as that can be done now."""
        if self._thread.is_alive():
            if not work or self._next is not None:
                self._let_end()
            return
        self._pulses.rest(WORKER)
        if self._next is not None:
            old, self._tools, self._next = self._tools, self._next, None
            self._put_away(old)
        if work:
            self._start()

    def wake(self) -> None:
        """There may be new jobs. From any thread."""
        self._worker.wake()

    def heartbeat(self) -> None:
        """Prolong the leases. Raises `CatalogueError`."""
        self._worker.heartbeat()

    @property
    def engine(self) -> Engine:
        """The models and their device; empty where none were loaded yet."""
        return self._engine

    @property
    def models(self) -> ModelPool:
        """The models that the worker has, or will have after the present turn."""
        return (self._next or self._tools).classifier.pool

    @property
    def taggers(self) -> Taggers:
        """Who looks beside the classifier now, or will after the present turn."""
        return (self._next or self._tools).taggers

    @property
    def troubles(self) -> tuple[str, ...]:
        """What keeps the worker from its work at the moment."""
        silent = (f"{display(each)} {_SILENT}" for each in self._tools.decoders.silent)
        return (*((f"cannot work: {self._trouble}",) if self._trouble else ()), *silent)

    @property
    def is_working(self) -> bool:
        """Whether the worker's thread runs."""
        return self._thread.is_alive()

    def end(self, timeout: float) -> bool:
        """End everything; what is not finished goes back to the queue. False where the worker had
        to be left behind in a forward pass."""
        self._let_end()
        if self._thread.ident is not None:
            self._thread.join(timeout)
        self._tools.decoders.close(timeout=0.5)
        if self._next is not None:
            self._put_away(self._next)
        self._give_back()
        return not self._thread.is_alive()

    def _let_end(self) -> None:
        self._ending.set()
        self._worker.stop()

    def _start(self) -> None:
        self._ending = threading.Event()
        self._worker = self._new_worker()
        self._thread = self._new_thread()
        self._thread.start()

    def _new_worker(self) -> Worker:
        return worker_of(
            self._tools.config,
            self._catalogue,
            self._tools.classifier,
            self._tools.decoders,
            self._tools.taggers,
            on_report=self._report,
            on_trouble=self._hear,
            on_fault=partial(work_log.fault, self._log),
            on_writes=self._listeners.on_writes,
            run=self.run,
            beat=self._pulses.of(WORKER),
            on_times=self._listeners.on_times,
        )

    def _new_thread(self) -> threading.Thread:
        work = (self._worker, self._tools, self._ending)
        return threading.Thread(target=self._work, args=work, name=WORKER, daemon=True)

    def _work(self, worker: Worker, tools: Tools, ending: threading.Event) -> None:
        """The worker's thread. A fault of ours ends the service, loudly, for a supervisor to start
        it again: a daemon that only looks alive is worse than none."""
        try:
            self._rederive(tools, ending)
            if ending.is_set():
                return
            self._engine = note_engine(self._catalogue, tools.classifier)
            self._listeners.on_ready(self._engine)
            worker.run()
            self._give_back()
        except CatalogueError as trouble:
            self._hear(trouble)  # `steer` starts it again
        except TagdError as error:
            self._listeners.on_fault(error)
        except Exception:  # noqa: BLE001 - whatever it is, it is said and ends the service
            self._log.exception("stopped by an internal error")
            self._listeners.on_fault(None)

    def _rederive(self, tools: Tools, ending: threading.Event) -> None:
        beat = self._pulses.of(WORKER)
        beat()
        rederived = rederive_if_changed(
            self._catalogue,
            derivation_of(tools.config),
            run=self.run,
            writes=writes_of(tools.config, self._listeners.on_writes),
            stopping=ending.is_set,
            on_progress=lambda _: beat(),
        )
        if rederived and rederived.photos:
            self._log.info(
                "tags derived again, as the rules have changed",
                photos=rederived.photos,
                changed=rederived.changed,
            )

    def _hear(self, trouble: Exception | None) -> None:
        """The same trouble is said once, until a job has come to an end."""
        self._trouble = in_a_line(trouble) if trouble else ""
        if trouble and self._trouble != self._said:
            self._said = self._trouble
            self._log.error("cannot work", reason=in_a_line(trouble))

    def _report(self, report: Report) -> None:
        self._trouble = self._said = ""
        self._listeners.on_report(report)
        before = self._engine["device"]
        if report.model and self._tools.classifier.device != before:
            self._engine = note_engine(self._catalogue, self._tools.classifier)
            self._log.info(moved(before, self._engine["device"]))

    def _give_back(self) -> None:
        """What the worker had claimed goes back to the queue, and out of the decoders' hands."""
        self._tools.decoders.discard()
        try:
            self._worker.let_go()
        except CatalogueError as trouble:
            # Nothing is lost: leases run out, and the next start takes every one back.
            self._log.warning("could not give back what was at work", reason=in_a_line(trouble))

    def _put_away(self, tools: Tools) -> None:
        """Close what no other tools use: neither the worker's, nor those that are next."""
        kept = [each for each in (self._tools, self._next) if each and each is not tools]
        if all(tools.decoders is not each.decoders for each in kept):
            tools.decoders.close(timeout=0.5)
        if all(tools.classifier is not each.classifier for each in kept):
            tools.classifier.close()
