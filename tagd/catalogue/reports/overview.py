"""What a person asks of the catalogue: one file, the whole, what failed, which tags there are."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select, text

from tagd.catalogue.db.schema import (
    CLASSIFIER_ID,
    file,
    job,
    label,
    model,
    photo,
    photo_tagger,
    prediction,
    tagger,
    tagging,
    untagged,
    want,
)
from tagd.catalogue.db.snapshot import sqlite
from tagd.catalogue.db.statements import at_or_below, chunks
from tagd.catalogue.files.photos import facts_of
from tagd.catalogue.plans import stale
from tagd.catalogue.queue import jobs
from tagd.catalogue.reports.shown_tags import ShownTag, Voice, also_given, tags_of
from tagd.catalogue.written import unwritten
from tagd.domain import CLASSIFIER, FileState, JobKind, JobState, PhotoFacts
from tagd.fs import key_of, path_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from sqlalchemy import Connection

MINUTE, HOUR = 60.0, 3600.0
_YET = dict.fromkeys((JobState.WAITING, JobState.LEASED), " yet")


@dataclass(frozen=True, slots=True)
class ShownGuess:
    """One of the labels that a model found most probable."""

    label: str
    name: str
    probability: float


@dataclass(frozen=True, slots=True)
class ShownStage:
    """What one model said to a tagger, why it was asked, and when (seconds since 1970)."""

    stage: int
    model: str
    fingerprint: str
    reason: str
    predicted_at: float
    best: tuple[ShownGuess, ...]
    tagger: str


@dataclass(frozen=True, slots=True)
class ShownJob:
    """Work that is queued for a file, or was given up. Times are seconds since 1970."""

    kind: JobKind
    state: JobState
    priority: int
    attempts: int
    not_before: float
    error: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """Everything that is known about one file. Times are seconds since 1970; size in bytes."""

    path: Path
    state: FileState
    reason: str | None
    size: int
    modified_at: float
    seen_at: float
    photo_id: str | None
    facts: PhotoFacts | None
    tags: tuple[ShownTag, ...]  # the rejected ones too
    also: Mapping[str, tuple[Voice, ...]]  # by label: what taggers beside the surest gave too
    stages: tuple[ShownStage, ...]
    jobs: tuple[ShownJob, ...]


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that is there, and its photo by row id once its content is known."""

    path: Path
    photo_id: int | None
    state: FileState
    reason: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was given up: a stable code, the reason in words, and since when."""

    path: Path
    code: str
    reason: str
    failed_at: float
    attempts: int
    kind: JobKind = JobKind.TAG  # what could not be done


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag, and how many files have it."""

    name: str
    files: int


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand. `oldest_waiting` is when it was queued, in seconds since 1970."""

    files: dict[FileState, int]
    queue: dict[JobState, int]
    tagged_last_minute: int
    tagged_last_hour: int
    oldest_waiting: float | None
    last_failures: tuple[Failure, ...]
    failures: int  # all of them
    stale: int = 0  # photos that other models are wanted for by the classifier
    behind: Mapping[str, int] = field(default_factory=dict)  # the same by each further tagger
    to_refine: int = 0  # photos that a quick model tagged for now
    untagged: int = 0  # files that were looked at and have no tag

    @property
    def photos_per_second(self) -> float:
        """Return the pace of the last minute."""
        return self.tagged_last_minute / MINUTE

    @property
    def seconds_left(self) -> float | None:
        """Return how long the queue takes at that pace; None where that cannot be told."""
        left = self.queue[JobState.WAITING] + self.queue[JobState.LEASED]
        if not left:
            return 0.0
        return left / self.photos_per_second if self.tagged_last_minute else None


def show(tx: Connection, path: Path) -> Shown | None:
    """Return what is known about the file at this absolute path, None for nothing."""
    row = tx.execute(
        select(file, photo)
        .join_from(file, photo, photo.c.id == file.c.photo_id, isouter=True)
        .where(file.c.path_key == key_of(path))
    ).first()
    if row is None:
        return None
    its = row._mapping  # noqa: SLF001  # SQLAlchemy's public name for a row by column
    photo_row = its[photo.c.id]
    return Shown(
        path=path,
        state=FileState(its[file.c.state]),
        reason=its[file.c.reason],
        size=its[file.c.size],
        modified_at=its[file.c.mtime_ns] / 1e9,
        seen_at=its[file.c.seen_at],
        photo_id=its[photo.c.content_hash],
        facts=None if photo_row is None else facts_of(row),
        tags=()
        if photo_row is None
        else tuple(tags_of(sqlite(tx), [photo_row]).get(photo_row, ())),
        also={} if photo_row is None else also_given(sqlite(tx), photo_row),
        stages=() if photo_row is None else _stages(tx, photo_row),
        jobs=_jobs(tx, its[file.c.id]),
    )


def photos_at(tx: Connection, path: Path) -> list[ShownFile]:
    """Return the file at this absolute path, or those below it where it is a folder; not those that
    are missing. Empty where the catalogue knows of none."""
    there = at_or_below(file.c.path_key, path)
    rows = tx.execute(
        select(file.c.path_key, file.c.photo_id, file.c.state, file.c.reason)
        .where(there, file.c.state != FileState.MISSING)
        .order_by(file.c.path_key)
    )
    return [ShownFile(path_of(key), *rest) for key, *rest in rows]


def files_at(tx: Connection, path: Path) -> list[int]:
    """Return the files that `photos_at` finds and whose content is known, by row id."""
    there = at_or_below(file.c.path_key, path)
    known = (file.c.state != FileState.MISSING, file.c.photo_id.is_not(None))
    return list(tx.scalars(select(file.c.id).where(there, *known).order_by(file.c.path_key)))


def known_files(tx: Connection, files: Collection[int]) -> dict[int, int]:
    """Return those of these files, by row id, that are there and whose content is known, each with
    its photo by row id."""
    found: dict[int, int] = {}
    for some in chunks(files):
        known = (file.c.state != FileState.MISSING, file.c.photo_id.is_not(None))
        rows = tx.execute(select(file.c.id, file.c.photo_id).where(file.c.id.in_(some), *known))
        found.update({row.id: row.photo_id for row in rows})
    return found


def status(tx: Connection, now: float, *, failures: int = 5) -> Status:
    """Return the whole at a glance, with the last few failures."""
    by_state: dict[str, int] = dict(
        tx.execute(select(file.c.state, func.count()).group_by(file.c.state)).all()
    )
    waiting = job.c.state == JobState.WAITING
    gaps = stale.gaps(tx)
    mine = [gap for gap in gaps if gap.tagger == CLASSIFIER]
    behind = Counter[str]()
    for gap in gaps:
        if gap.tagger != CLASSIFIER:
            behind[gap.tagger] += gap.photos
    return Status(
        files={state: by_state.get(state, 0) for state in FileState},
        queue=jobs.counts(tx),
        tagged_last_minute=_tagged_since(tx, now - MINUTE),
        tagged_last_hour=_tagged_since(tx, now - HOUR),
        oldest_waiting=tx.scalar(select(func.min(job.c.created_at)).where(waiting)),
        last_failures=tuple(failed(tx, limit=failures)),
        failures=by_state.get(FileState.FAILED, 0) + unwritten.count(tx),
        stale=sum(gap.photos for gap in mine if not gap.refine),
        behind=behind,
        to_refine=sum(gap.photos for gap in mine if gap.refine),
        untagged=_untagged(tx),
    )


def failed(tx: Connection, *, limit: int | None = None) -> list[Failure]:
    """Return the files that were given up, and those whose tags could not be written into them, by
    now or for good, the latest first."""
    its_job = (job.c.file_id == file.c.id) & (job.c.kind == JobKind.TAG)
    not_tagged = tx.execute(
        select(file, job.c.attempts)
        .join_from(file, job, its_job, isouter=True)
        .where(file.c.state == FileState.FAILED)
        .order_by(file.c.state_since.desc(), file.c.id.desc())
        .limit(limit)
    )
    not_written = tx.execute(
        select(file.c.path_key, job)
        .join_from(job, file, file.c.id == job.c.file_id)
        .where(unwritten.has_failed())
        .order_by(job.c.created_at.desc(), job.c.id.desc())
        .limit(limit)
    )
    found = [
        Failure(
            path=path_of(row.path_key),
            code=row.reason_code or "",
            reason=row.reason or "",
            failed_at=row.state_since,
            attempts=row.attempts or 0,
        )
        for row in not_tagged
    ]
    found += [
        Failure(
            path=path_of(row.path_key),
            code=row.error_code or "",
            reason=f"its tags are not written{_YET.get(row.state, '')}: {row.error}",
            failed_at=row.created_at,
            attempts=row.attempts,
            kind=JobKind.WRITE,
        )
        for row in not_written
    ]
    return sorted(found, key=lambda each: -each.failed_at)[:limit]


def tag_counts(tx: Connection) -> list[TagCount]:
    """Return every current tag with the number of files that have it, the most frequent first."""
    rows = tx.execute(text("SELECT tag, files FROM v_tags ORDER BY files DESC, tag"))
    return [TagCount(name, count) for name, count in rows]


def last_look(tx: Connection) -> int:
    """Return the last time that a model looked at any photo, as a number that only grows."""
    return tx.scalar(select(func.max(tagging.c.id))) or 0


def looked_with_since(tx: Connection, paths: Collection[Path], look: int) -> list[str]:
    """Return the models, in words, whose later looks for the classifier than that at these files'
    photos are in force: those of most photos first."""
    found = Counter[str]()
    looks = (
        select(want.c.models, func.count())
        .join_from(file, photo_tagger, photo_tagger.c.photo_id == file.c.photo_id)
        .join(tagging, tagging.c.id == photo_tagger.c.tagging_id)
        .join(want, want.c.id == tagging.c.want_id)
        .where(tagging.c.id > look, tagging.c.tagger_id == CLASSIFIER_ID)
        .group_by(want.c.models)
    )
    for some in chunks(map(key_of, paths)):
        found.update(dict(tx.execute(looks.where(file.c.path_key.in_(some))).all()))
    return sorted(found, key=lambda models: (-found[models], models))


def not_looked_at_since(tx: Connection, paths: Collection[Path], look: int) -> int:
    """Count those of these files that have tags, or none, from no later look than that at their
    photos."""
    mine = and_(
        photo_tagger.c.photo_id == file.c.photo_id, photo_tagger.c.tagger_id == CLASSIFIER_ID
    )
    before = select(func.count()).join_from(file, photo_tagger, mine, isouter=True)
    before = before.where(
        file.c.state == FileState.TAGGED, func.coalesce(photo_tagger.c.tagging_id, 0) <= look
    )
    keys = [key_of(path) for path in paths]
    return sum(tx.scalar(before.where(file.c.path_key.in_(some))) or 0 for some in chunks(keys))


def _untagged(tx: Connection) -> int:
    looked = (file.c.photo_id == untagged.c.photo_id) & (file.c.state == FileState.TAGGED)
    return tx.scalar(select(func.count()).select_from(untagged.join(file, looked))) or 0


def _tagged_since(tx: Connection, moment: float) -> int:
    """Count the photos that the classifier has looked at since then."""
    recent = select(func.count()).select_from(tagging).where(tagging.c.tagged_at > moment)
    return tx.execute(recent.where(tagging.c.tagger_id == CLASSIFIER_ID)).scalar_one()


def _stages(tx: Connection, photo_id: int) -> tuple[ShownStage, ...]:
    """Return what every tagger's current tagging heard, the classifier's first."""
    rows = tx.execute(
        select(
            prediction,
            model.c.name,
            model.c.fingerprint,
            tagging.c.reason,
            tagging.c.tagged_at,
            tagger.c.key.label("tagger"),
        )
        .join_from(photo_tagger, tagging, tagging.c.id == photo_tagger.c.tagging_id)
        .join(prediction, prediction.c.tagging_id == tagging.c.id)
        .join(model, model.c.id == prediction.c.model_id)
        .join(tagger, tagger.c.id == photo_tagger.c.tagger_id)
        .where(photo_tagger.c.photo_id == photo_id)
        .order_by(photo_tagger.c.tagger_id, prediction.c.stage)
    ).all()
    best = [json.loads(row.best) for row in rows]
    keys = {key for guesses in best for key, _ in guesses}
    found = tx.execute(select(label.c.key, label.c.name).where(label.c.key.in_(keys)))
    names: dict[str, str] = dict(found.all())
    return tuple(
        ShownStage(
            stage=row.stage,
            model=row.name,
            fingerprint=row.fingerprint,
            reason=row.reason,
            predicted_at=row.tagged_at,
            best=tuple(ShownGuess(key, names.get(key, key), p) for key, p in guesses),
            tagger=row.tagger,
        )
        for row, guesses in zip(rows, best, strict=True)
    )


def _jobs(tx: Connection, file_id: int) -> tuple[ShownJob, ...]:
    rows = tx.execute(select(job).where(job.c.file_id == file_id).order_by(job.c.id))
    return tuple(
        ShownJob(
            kind=JobKind(row.kind),
            state=JobState(row.state),
            priority=row.priority,
            attempts=row.attempts,
            not_before=row.not_before,
            error=row.error,
        )
        for row in rows
    )
