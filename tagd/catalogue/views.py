"""The public contract: views whose names begin with `v_`, stable across releases.

Made to be read by the sqlite3 shell, Datasette or pandas while the daemon runs. Columns may be
added at the end; none is renamed, moved or removed. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from tagd.catalogue.schema import STALE
from tagd.domain import JobState

PRESENT = "file.state <> 'missing'"


def iso(seconds: str) -> str:
    """SQL for seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', {seconds}, 'unixepoch')"


VIEWS: dict[str, str] = {
    "v_photo_tags": f"""
        SELECT file.path, label.name AS tag, label.key AS label, tag.confidence, tag.source,
               tag.state, model.name AS model, {iso("tag.tagged_at")} AS tagged_at
        FROM tag
        JOIN file ON file.photo_id = tag.photo_id AND {PRESENT}
        JOIN label ON label.id = tag.label_id
        LEFT JOIN model ON model.id = tag.model_id
        WHERE tag.state <> 'rejected'""",
    "v_rejected_tags": f"""
        SELECT file.path, label.name AS tag, label.key AS label, tag.source,
               {iso("tag.tagged_at")} AS rejected_at
        FROM tag
        JOIN file ON file.photo_id = tag.photo_id AND {PRESENT}
        JOIN label ON label.id = tag.label_id
        WHERE tag.state = 'rejected'""",
    "v_files": f"""
        SELECT file.path, photo.content_hash AS photo_id, file.state, file.reason, file.size,
               {iso("file.mtime_ns / 1000000000.0")} AS modified_at,
               {iso("file.seen_at")} AS seen_at,
               photo.format, photo.width, photo.height, photo.camera_make, photo.camera_model,
               photo.taken_at
        FROM file LEFT JOIN photo ON photo.id = file.photo_id""",
    "v_tags": f"""
        SELECT label.name AS tag, COUNT(DISTINCT file.id) AS files
        FROM tag
        JOIN file ON file.photo_id = tag.photo_id AND {PRESENT}
        JOIN label ON label.id = tag.label_id
        WHERE tag.state <> 'rejected'
        GROUP BY label.name""",
    # Every state has its row, also with no job in it.
    "v_queue": f"""
        SELECT states.column1 AS state,
               (SELECT COUNT(*) FROM job WHERE job.state = states.column1) AS jobs
        FROM (VALUES {", ".join(f"('{state.value}')" for state in JobState)}) AS states""",
    "v_models": f"""
        SELECT model.name AS model, model.fingerprint, COUNT(photo.id) AS photos,
               {iso("model.first_used_at")} AS first_used_at
        FROM model
        LEFT JOIN tagging ON tagging.model_id = model.id
        LEFT JOIN photo ON photo.tagging_id = tagging.id
        GROUP BY model.id""",
    "v_speeds": f"""
        SELECT model, device, batch_size, images_per_second, latency_ms, latency_p95_ms, precision,
               hardware, fingerprint, {iso("measured_at")} AS measured_at
        FROM speed""",
    "v_stale": f"""
        SELECT file.path, asked.models AS tagged_by, wanted.models AS wanted,
               coalesce(asked.refine, 0) AS refine
        FROM photo
        JOIN file ON file.photo_id = photo.id AND file.state = 'tagged'
        JOIN want AS wanted ON wanted.id = photo.wanted_id
        LEFT JOIN want AS asked ON asked.id = photo.asked_id
        WHERE {STALE}""",
    "v_predictions": f"""
        SELECT file.path, prediction.stage, model.name AS model,
               json_extract(best.value, '$[0]') AS label,
               label.name AS name,
               json_extract(best.value, '$[1]') AS probability,
               best.key + 1 AS rank, tagging.reason, {iso("tagging.tagged_at")} AS predicted_at
        FROM photo
        JOIN file ON file.photo_id = photo.id AND {PRESENT}
        JOIN tagging ON tagging.id = photo.tagging_id
        JOIN prediction ON prediction.tagging_id = tagging.id
        JOIN model ON model.id = prediction.model_id
        JOIN json_each(prediction.best) AS best
        LEFT JOIN label ON label.key = json_extract(best.value, '$[0]')""",
}


def create() -> dict[str, str]:
    """The statement that makes each view, by name, as `sqlite_master.sql` shows it afterwards."""
    return {name: f"CREATE VIEW {name} AS {select.strip()}" for name, select in VIEWS.items()}
