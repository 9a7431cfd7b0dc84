"""The story of a photo in the middle of its journey.

    claim → decode → choose → predict → derive → record

One thread tells it. Decoder processes work ahead of it, so that the next photos are decoded while
the model runs; a batch waits a moment for photos that are being decoded, and for no others. A turn
is some batches that are recorded together, as a transaction costs much the same for one photo as
for ten; it ends as soon as nothing more is on its way, so that a single photo never waits.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings
from tagd.catalogue.queue import jobs
from tagd.catalogue.tagging import identity, record
from tagd.decoding.pool import DecodeRequest
from tagd.domain import Job, JobKind, Priority
from tagd.errors import (
    CatalogueError,
    DecoderUnavailable,
    InternalFault,
    ModelError,
    PhotoError,
    TagdError,
)
from tagd.metadata.sidecar import BESIDE, SidecarRule
from tagd.tagging import failures
from tagd.tagging.batch import Turn, guarded
from tagd.tagging.embed import Embedder
from tagd.tagging.keyword_sync import FoundTags, TakenIn
from tagd.tagging.results import is_more_than_seen, is_partial, report_of, result_of, seen_in
from tagd.tagging.taggers import Seen, Taggers
from tagd.tagging.together import settle
from tagd.work.queue_worker import POLL_SECONDS, TROUBLE_SECONDS, QueueWorker
from tagd.work.stage_times import Stage, Stopwatch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.db.engine import Catalogue
    from tagd.catalogue.tagging.runs import Run
    from tagd.decoding.pool import DecoderPool
    from tagd.domain import DecodedPhoto, Embedding
    from tagd.labels.derivation import Derivation
    from tagd.tagging.classify import Classifier
    from tagd.tagging.failures import Report
    from tagd.tagging.results import PersonalTags
    from tagd.work.stage_times import StageTimes
    from tagd.writeback.queue import Writes

BATCH_SECONDS = 0.1  # how long a decoded photo may wait for others, to be looked at with them
TURN_SECONDS = 0.25  # how long a result may wait for others, to be recorded with them
TURN_PHOTOS = 32  # that many need not wait for more

# Of the process, not of one worker: a decoder may still answer a worker that another has replaced.
_TICKETS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """Plain values from the configuration. Seconds."""

    decoders: int
    max_attempts: int
    settle_seconds: float
    keeps_embeddings: bool = True  # what models see
    keep_runs: int | None = None  # earlier taggings of a photo that are kept; None for all
    reads_keywords: bool = True  # what photos say becomes tags
    sidecars: SidecarRule = BESIDE


def ahead(decoders: int, batch: int) -> int:
    """Photos claimed at most: at each decoder two, a batch, and twice what is recorded together, so
    that decoders have work while a turn is recorded."""
    return 2 * decoders + batch + 2 * TURN_PHOTOS


class Worker(QueueWorker):
    """Works the queue off, a batch a turn. Everything it needs is given; it starts no thread.
    `writes` queues the writing of tags into photos, where that is wanted; `taggers` look beside the
    classifier. `on_trouble` is called with None once the trouble seems over; `on_times` after each
    turn, with what the stages took in all turns until then. `on_fault` is told of each try of a
    photo that failed by a fault of tagd's own: what is raised for several together is looked into
    one by one. `say` is told what keeps embeddings from being filled in."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        decoders: DecoderPool,
        classifier: Classifier,
        derivation: Derivation,
        settings: WorkerSettings,
        on_report: Callable[[Report], None],
        on_trouble: Callable[[Exception | None], None],
        on_fault: Callable[[InternalFault], None] = lambda _: None,
        run: Run | None = None,
        writes: Writes | None = None,
        taggers: Taggers | None = None,
        personal: PersonalTags | None = None,
        beat: Callable[[], None] = lambda: None,
        on_times: Callable[[StageTimes], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(catalogue, JobKind.TAG, beat, clock)
        self._decoders = decoders
        self._classifier = classifier
        self._derivation = derivation
        self._settings = settings
        self._on_report = on_report
        self._on_trouble = on_trouble
        self._on_fault = on_fault
        self._run = run
        reads = settings.reads_keywords
        self._found = None if run is None else FoundTags(derivation, run.command, keywords=reads)
        self._writes = writes
        self._taggers = taggers or Taggers()
        self._personal = personal
        keeps = settings.keeps_embeddings
        self._embedder = Embedder(catalogue, classifier, say) if keeps else None
        self._on_times = on_times
        self._batch = 1
        self._claimed: dict[int, Job] = {}
        self._watch = Stopwatch(time.perf_counter)

    def wake(self) -> None:
        """There may be new jobs."""
        super().wake()
        self._decoders.wake()

    # The story

    def run(self) -> None:
        """Work until stopped. Trouble with catalogue, model or decoders is reported, and after a
        while everything is tried again; it costs no photo an attempt."""
        while not self._stop.is_set():
            self._beat()
            try:
                self.turn()
            except (CatalogueError, ModelError, DecoderUnavailable) as trouble:
                self._on_trouble(trouble)
                self._start_over()

    def begin(self) -> None:
        """Have the first photos decoded while the models are loaded: a turn that comes at once
        finds them there."""
        with self._catalogue.write() as tx:
            claimed = self._claim_more(tx)
        self._decode(claimed)

    def turn(self) -> int:
        """One turn; returns how many jobs came to an end in it."""
        if not self._claimed and not self._claim_first():
            return 0
        self._batch = self._classifier.batch
        turn = Turn()
        self._watch.start()
        try:
            self._look(turn)
        except (ModelError, DecoderUnavailable):
            self._record(turn)  # what has been found is not lost to what came after it
            raise
        return self._record(turn)

    def _look(self, turn: Turn) -> None:
        """Take batches as they come and ask the models, until it is time to record."""
        until = time.monotonic() + POLL_SECONDS
        while (left := until - time.monotonic()) > 0:
            batch = self._gather(left)
            self._watch.lap(Stage.WAIT)
            guarded(batch, lambda part: self._ask(part, turn.answers))
            self._watch.lap(Stage.FORWARD)
            turn.add(batch)
            is_over = not batch.photos or not self._claimed or turn.photos >= TURN_PHOTOS
            if is_over or self._stop.is_set():
                return
            until = min(until, time.monotonic() + TURN_SECONDS)

    def _claim_first(self) -> bool:
        """Claim when nothing is at work; without jobs, wait for some."""
        # Before the look at the queue: what is committed from here on is not missed.
        self._woken.clear()
        version = self._catalogue.data_version()
        with self._catalogue.write() as tx:
            claimed = self._claim_more(tx)
            due = None if claimed else jobs.next_due(tx)
        self._decode(claimed)
        if not claimed:
            # One that is due now and was not to be had is in other hands.
            self._wait(version, None if due == jobs.READY else due)
        return bool(claimed)

    def _wait(self, version: int, due: float | None) -> None:
        """Until woken, until another process changed the catalogue, or until a job falls due."""
        while not self._woken.is_set() and self._catalogue.data_version() == version:
            self._beat()
            left = POLL_SECONDS if due is None else due - self._clock()
            if left <= 0 or left > jobs.LONGEST_WAIT_SECONDS:  # the clock was set back
                return
            self._woken.wait(min(POLL_SECONDS, left))

    def _claim_more(self, tx: Connection, besides: int = 0) -> list[Job]:
        most = ahead(self._settings.decoders, self._batch) - len(self._claimed) - besides
        return self._claim(tx, most, last_one_by_one=self._decoders.is_held_up)

    def _decode(self, claimed: Sequence[Job]) -> None:
        try:
            models = self._classifier.reachable([job.path for job in claimed]) if claimed else []
        except TagdError:
            raise
        except Exception as raised:  # noqa: BLE001 - whatever it is, it costs one photo alone
            self._decode_apart(claimed, raised)
            return
        tickets = {next(_TICKETS): job for job in claimed}
        self._claimed |= tickets  # first, so that trouble below gives them back
        lacked = self._embedder.geometries(claimed) if self._embedder else {}
        sidecars = self._settings.sidecars
        for (ticket, job), reachable in zip(tickets.items(), models, strict=True):
            its = [lacked[job.file_id]] if job.file_id in lacked else []
            # The classifier may leave a photo alone that it has looked at before.
            further = self._taggers.geometries(reachable if job.priority < Priority.REFINE else ())
            geometries = (*self._classifier.inputs(reachable), *further, *its)
            needed = tuple(dict.fromkeys(geometries))
            self._decoders.submit(DecodeRequest.of(ticket, job, needed, sidecars))

    def _decode_apart(self, claimed: Sequence[Job], raised: Exception) -> None:
        """A fault of ours is the failure of one of these jobs."""
        if len(claimed) > 1:
            for job in claimed:
                self._decode([job])
            return
        [job] = claimed
        with self._catalogue.write() as tx:
            fault = InternalFault.of(job.path, raised)
            report = self._settle_failure(tx, job, fault, self._clock())
        self._on_report(report)

    def _gather(self, timeout: float) -> Turn:
        turn = Turn()
        for outcome in self._decoders.take(self._batch, timeout, BATCH_SECONDS):
            job = self._claimed.pop(outcome.ticket)
            self._watch.add(Stage.DECODE, outcome.seconds)
            if outcome.photo is not None:
                turn.decoded.append((job, outcome.photo))
            elif outcome.error is not None:
                turn.failed.append((job, outcome.error))
        return turn

    def _ask(self, batch: Turn, answered: Collection[str]) -> None:
        """Ask the models about content that they have not seen, each content once; `answered` are
        the photo ids that this turn has answers for."""
        contents = {
            photo.photo_id: photo for _, photo in batch.decoded if photo.photo_id not in answered
        }
        if not contents:
            return
        self._adopt(contents.values())
        backlog = self._classifier.backlog
        with self._catalogue.read() as tx:
            in_force = record.known(tx, list(contents))
            further = self._taggers.known(tx, contents)
            kept = self._taggers.kept(tx, in_force)
            waiting = 0 if backlog is None else jobs.waiting(tx, most=backlog) + len(self._claimed)
        chosen, refused = self._classifier.choose(contents.values(), waiting)
        batch.refuse(refused)
        due = batch.due(contents, chosen, in_force)
        blind = {
            photo_id
            for photo_id, choice in due.items()
            if not self._classifier.can_see(contents[photo_id], choice)
        }
        self._decode_anew(batch, blind)
        unseen = {photo_id: contents[photo_id] for photo_id in due if photo_id not in blind}
        embed = self._embedder is not None or bool(self._taggers)
        batch.answers = self._classifier.classify(unseen, due, embed=embed)
        there = [photo for _, photo in batch.decoded if photo.photo_id in contents]
        if self._embedder:
            known = {photo.photo_id: photo for photo in there if photo.photo_id not in unseen}
            lacking = [known[each] for each in batch.to_embed & known.keys()]
            batch.embeddings = self._embedder.look(lacking)
        seen = {photo.photo_id: self._seen(photo, batch, kept) for photo in there}
        batch.further = self._taggers.look(seen, further)

    def _seen(self, photo: DecodedPhoto, batch: Turn, kept: Mapping[str, Embedding]) -> Seen:
        answer, its = batch.answers.get(photo.photo_id), photo.photo_id
        embedding = answer.embedding if answer else batch.embeddings.get(its, kept.get(its))
        return Seen(photo, answer, embedding)

    def _adopt(self, photos: Collection[DecodedPhoto]) -> None:
        """Photos that the catalogue knows by what an earlier version called them go on as what they
        are now: nothing said of them is lost, and no model is asked again."""
        former = {old: each.photo_id for each in photos for old in each.former_ids}
        if not former:
            return
        with self._catalogue.read() as tx:
            known = identity.known_among(tx, former)
        if known:
            with self._catalogue.write() as tx:
                identity.adopt(tx, {old: former[old] for old in known})

    def _decode_anew(self, batch: Turn, photo_ids: Collection[str]) -> None:
        """Send these back to the decoders: what they were decoded for is not what was chosen, as
        memory, models on disk or the hour have changed since then."""
        self._decode(batch.take_out(photo_ids))

    def _record(self, turn: Turn) -> int:
        """Everything that this turn found, and the claim of what comes next."""
        reports: list[Report] = []
        claimed: list[Job] = []
        guarded(turn, lambda part: self._store(part, reports, claimed))
        self._decode(claimed)
        if self._writes is not None:
            self._writes.wake()
        for report in reports:
            self._on_report(report)
        self._on_times(self._watch.times())
        return len(reports)

    def _store(self, turn: Turn, reports: list[Report], claimed: list[Job]) -> None:
        """The same in one transaction, added to what there is."""
        now = self._clock()
        make = partial(
            result_of,
            turn=turn,
            derivation=self._derivation,
            want_of=self._classifier.want_of,
            keeps_embeddings=self._embedder is not None,
        )
        results = [make(job, photo) for job, photo in turn.decoded]
        self._watch.lap(Stage.DERIVE)
        with self._catalogue.write() as tx:
            landed = record.record(
                tx,
                results,
                self._derivation.name_of,
                now,
                above=self._derivation.above,
                run=self._run,
                keep=self._settings.keep_runs,
            )
            recorded = [result for result, ok in zip(results, landed, strict=True) if ok]
            if some := {result.photo_id for result in recorded if is_partial(result)}:
                settle(tx, identity.known_among(tx, some).values(), self._derivation)
            learned = self._personal.take_in(tx, seen_in(recorded), now) if self._personal else ()
            taken = self._found.take_in(tx, turn, recorded, now) if self._found else TakenIn()
            told = [
                report_of(each, taken.notes.get(each.job.file_id, ()), self._derivation.name_of)
                for each in recorded
            ]
            if self._writes is not None:
                looked_at = {each.photo_id for each in recorded if is_more_than_seen(each)}
                self._writes.queue(tx, looked_at, now)
                self._writes.queue_rows(tx, {*learned, *taken.photos})
            told += [self._settle_failure(tx, job, error, now) for job, error in turn.failed]
            more = self._claim_more(tx, len(claimed))
            self._note_times(tx, len(told))
        self._watch.lap(Stage.RECORD)
        reports += told
        claimed += more

    def _note_times(self, tx: Connection, ended: int) -> None:
        """For `tagd status --verbose`. What the commit takes counts from the next turn on."""
        self._watch.lap(Stage.RECORD)
        self._watch.count(ended)
        settings.put(tx, settings.STAGE_TIMES, self._watch.times().dumped())

    def _settle_failure(self, tx: Connection, job: Job, error: PhotoError, now: float) -> Report:
        if isinstance(error, InternalFault):
            self._on_fault(error)
        return failures.settle(
            tx,
            job,
            error,
            now,
            max_attempts=self._settings.max_attempts,
            settle_seconds=self._settings.settle_seconds,
        )

    def _start_over(self) -> None:
        """After trouble: forget what is in flight, give it back once the catalogue lets us."""
        self._claimed.clear()
        self._decoders.discard()
        while not self._stop.wait(TROUBLE_SECONDS):
            self._beat()
            try:
                self.let_go()
            except CatalogueError as trouble:
                self._on_trouble(trouble)
            else:
                self._on_trouble(None)
                return
