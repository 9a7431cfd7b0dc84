"""The shapes of JSON that tagd gives out, by what a use case returns. Pure.

Names are those that the views have; times are ISO 8601 in UTC, sizes bytes.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tagd.domain import CLASSIFIER
from tagd.fs import display
from tagd.work.stage_times import Stage

if TYPE_CHECKING:
    from tagd.app.corrections import Corrected
    from tagd.app.failures import Failure
    from tagd.app.history import Event, ShownRun
    from tagd.app.photo import PhotoReport
    from tagd.app.rederive import Outcome
    from tagd.app.retag import Marked, Plan, WentBack
    from tagd.app.status import KeptEmbeddings, StatusReport
    from tagd.app.tags import TagCount
    from tagd.app.undo import Undone
    from tagd.app.upkeep import Backup
    from tagd.catalogue.reports.overview import ShownJob, ShownStage
    from tagd.catalogue.reports.shown_tags import ShownTag
    from tagd.catalogue.search.search import Found
    from tagd.errors import QueryError
    from tagd.revise.hold import Hold
    from tagd.revise.plan import Step
    from tagd.work.stage_times import StageTimes


def iso(seconds: float) -> str:
    """Return seconds since 1970 as the views have times: with milliseconds, in UTC."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def mistake_fields(mistake: QueryError) -> dict[str, Any]:
    """Describe what is wrong with a query."""
    return {
        "error": mistake.reason,
        "at": mistake.at,
        "suggestions": list(mistake.suggestions),
    }


def tag_fields(tag: ShownTag) -> dict[str, Any]:
    """Describe a tag of a photo."""
    return {
        "tag": tag.name,
        "label": tag.label,
        "confidence": round(tag.confidence, 6),
        "source": tag.source,
        "state": tag.state,
        "model": tag.model,
        "tagger": tag.tagger,
    }


def found_fields(found: Found) -> dict[str, Any]:
    """Describe a file that a search found."""
    return {"path": display(found.path), "tags": [tag_fields(tag) for tag in found.tags]}


def row_fields(found: Found) -> dict[str, Any]:
    """Describe the same with all that is known of the file, for other programs."""
    facts = found.facts
    return {
        "path": display(found.path),
        "tags": [tag_fields(tag) for tag in found.tags],
        "state": found.state,
        "taken_at": facts and facts.taken_at,
        "camera_make": facts and facts.camera_make,
        "camera_model": facts and facts.camera_model,
        "format": facts and facts.format,
        "width": facts and facts.width,
        "height": facts and facts.height,
        "size": found.size,
        "modified_at": iso(found.modified_at),
        "photo_id": found.photo_id,
    }


def shown_fields(photo: PhotoReport) -> dict[str, Any]:
    """Describe everything that is known about a file."""
    shown, facts = photo.shown, photo.shown.facts
    return {
        "path": display(shown.path),
        "photo_id": shown.photo_id,
        "state": shown.state,
        "reason": shown.reason,
        "size": shown.size,
        "modified_at": iso(shown.modified_at),
        "seen_at": iso(shown.seen_at),
        "format": facts and facts.format,
        "width": facts and facts.width,
        "height": facts and facts.height,
        "orientation": facts and facts.orientation,
        "camera_make": facts and facts.camera_make,
        "camera_model": facts and facts.camera_model,
        "taken_at": facts and facts.taken_at,
        "tags": [
            tag_fields(tag) | {"also": [asdict(voice) for voice in shown.also.get(tag.label, ())]}
            for tag in shown.tags
        ],
        "predictions": [_stage_fields(stage) for stage in shown.stages],
        "jobs": [_job_fields(job) for job in shown.jobs],
        "no_tags": [
            {"label": no_tag.label, "name": no_tag.name, "reason": no_tag.reason}
            for no_tag in photo.no_tags
        ],
        "outdated_sidecars": [display(sidecar) for sidecar in photo.outdated_sidecars],
    }


def _stage_fields(stage: ShownStage) -> dict[str, Any]:
    return {
        "stage": stage.stage,
        "model": stage.model,
        "fingerprint": stage.fingerprint,
        "reason": stage.reason,
        "predicted_at": iso(stage.predicted_at),
        "tagger": stage.tagger,
        "best": [
            {"label": guess.label, "name": guess.name, "probability": guess.probability}
            for guess in stage.best
        ],
    }


def _job_fields(job: ShownJob) -> dict[str, Any]:
    return {
        "kind": job.kind,
        "state": job.state,
        "attempts": job.attempts,
        "not_before": iso(job.not_before),
        "error": job.error,
    }


def corrected_fields(done: Corrected) -> dict[str, Any]:
    """Describe what was corrected."""
    return {
        "tag": done.tag,
        "label": done.label,
        "word": done.word,
        "photos": done.photos,
        "changed": done.changed,
        "lifted": done.lifted,
        "below": list(done.below),
        "run": done.run,
    }


def undone_fields(done: Undone) -> dict[str, Any]:
    """Describe what was, or would be, taken back."""
    together = done.together
    return {
        "photos": together.photos,
        "changed": together.changed,
        "said": done.said,
        "gained": dict(sorted(together.gained.items())),
        "lost": dict(sorted(together.lost.items())),
        "run": done.run,
    }


def event_fields(event: Event) -> dict[str, Any]:
    """Describe a change of a photo's tags, as `v_history` has it."""
    return {
        "at": iso(event.at),
        "who": event.who,
        "change": event.change,
        "tag": event.tag,
        "label": event.label,
        "model": event.model,
        "run": event.run,
        "command": event.command,
    }


def run_fields(run: ShownRun) -> dict[str, Any]:
    """Describe a run, and what it did."""
    return {
        "run": run.run,
        "command": run.command,
        "started_at": iso(run.started_at),
        "tagged": run.tagged,
        "changed": run.changed,
        "took_back": run.took_back,
        "undone": run.undone,
        "written": run.written,
    }


def count_fields(count: TagCount) -> dict[str, Any]:
    """Describe a tag, and how many files have it."""
    return {"tag": count.name, "files": count.files}


def outcome_fields(outcome: Outcome) -> dict[str, Any]:
    """Describe what deriving all tags again changed, or would change."""
    return {
        "photos": outcome.photos,
        "changed": outcome.changed,
        "renamed": outcome.renamed,
        "gained": dict(sorted(outcome.gained.items())),
        "lost": dict(sorted(outcome.lost.items())),
    }


def failure_fields(failure: Failure) -> dict[str, Any]:
    """Describe a photo that was given up."""
    return {
        "path": display(failure.path),
        "code": failure.code,
        "reason": failure.reason,
        "failed_at": iso(failure.failed_at),
        "attempts": failure.attempts,
    }


def status_fields(report: StatusReport) -> dict[str, Any]:
    """Describe how things stand."""
    status, holder, eta = report.status, report.holder, report.status.seconds_left
    waiting, stale = status.oldest_waiting, {CLASSIFIER: status.stale, **status.behind}
    return {
        "catalogue": display(report.catalogue),
        "daemon": holder and {"pid": holder.pid, "what": holder.what, "since": iso(holder.since)},
        "model": report.engine.get("model"),
        "device": report.engine.get("device"),
        "files": dict(status.files),
        "queue": dict(status.queue),
        "photos_per_second": round(status.photos_per_second, 3),
        "eta_seconds": None if eta is None else round(eta, 1),
        "tagged_last_hour": status.tagged_last_hour,
        "oldest_waiting": None if waiting is None else iso(waiting),
        "stale": status.stale,
        "to_refine": status.to_refine,
        "untagged": status.untagged,
        "last_failures": [failure_fields(failure) for failure in status.last_failures],
        "mode": report.mode.mode,
        "troubles": report.issues,
        "unread": None if report.unread is None else dict(report.unread),
        "retag_window": window_fields(report.retag_opens_at, report.moment),
        "retag_held": hold_fields(report.retag_hold),
        "embeddings": embedding_fields(report.embeddings),
        "taggers": [{"tagger": key, "stale": stale.get(key, 0)} for key in report.taggers],
    }


def backup_fields(backup: Backup) -> dict[str, Any]:
    """Describe a backup of the catalogue."""
    return {"path": display(backup.path), "made_at": iso(backup.made_at)}


def embedding_fields(embeddings: KeptEmbeddings) -> dict[str, Any]:
    """Say of how many photos which model's embedding is kept, and how many are to be filled in."""
    return {
        "keep": embeddings.keep,
        "kept": [
            {
                "model": each.source.model,
                "fingerprint": each.source.fingerprint,
                "photos": each.photos,
                "bytes": each.bytes,
            }
            for each in embeddings.kept
        ],
        "to_fill": embeddings.lacking if embeddings.keep else 0,
    }


def window_fields(opens_at: datetime | None, now: datetime) -> dict[str, Any]:
    """Say whether it is the hour for re-tagging, and when it is."""
    moment = opens_at and opens_at.astimezone(UTC).isoformat(timespec="seconds")
    return {
        "open": opens_at is not None and opens_at <= now,
        "opens_at": moment and moment.replace("+00:00", "Z"),
    }


def hold_fields(hold: Hold | None) -> dict[str, Any] | None:
    """Say what holds re-tagging back."""
    if hold is None:
        return None
    return {"by": hold.by, "until": hold.until and iso(hold.until.timestamp())}


def stage_fields(times: StageTimes | None) -> dict[str, Any] | None:
    """Say where the time of a photo goes; None before a photo."""
    if times is None:
        return None
    took = {stage.value: round(times.milliseconds(stage), 3) for stage in Stage}
    return {"photos": times.photos, "milliseconds_a_photo": took}


def plan_fields(plan: Plan) -> dict[str, Any]:
    """Say how many photos go from which models to which, and when."""
    return {
        "steps": [step_fields(step) for step in plan.steps],
        "photos": plan.photos,
        "unmet": dict(plan.unmet),
        "window": window_fields(plan.window.opens_at, plan.window.now),
    }


def step_fields(step: Step) -> dict[str, Any]:
    """Describe so many photos that go from some models to others."""
    seconds = None if step.seconds is None else round(step.seconds, 1)
    return asdict(step) | {"seconds": seconds}


def marked_fields(marked: Marked) -> dict[str, Any]:
    """Say how many photos will be tagged again, and when."""
    return {
        "marked": marked.photos,
        "window": window_fields(marked.window.opens_at, marked.window.now),
    }


def went_back_fields(done: WentBack) -> dict[str, Any]:
    """Say what a model's tags that count again changed."""
    outcome = done.outcome
    return {
        "photos": outcome.photos,
        "changed": outcome.changed,
        "gained": dict(outcome.gained.most_common()),
        "lost": dict(outcome.lost.most_common()),
        "still_to_be_tagged_again": done.behind,
    }
