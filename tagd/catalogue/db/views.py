"""The public contract: views whose names begin with `v_`, stable across releases.

Made to be read by the sqlite3 shell, Datasette or pandas while the daemon runs. Columns may be
added at the end; none is renamed, moved or removed. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from tagd.catalogue.db.schema import NOTHING_OURS, STALE
from tagd.catalogue.db.statements import ONE_A_LABEL, UNSAID
from tagd.domain import JobState

PRESENT = "file.state <> 'missing'"
# What was looked at, and found to be right without anything of tagd's, is noted as well.
INSCRIBED = f"inscription.ours <> '{NOTHING_OURS}'"


def iso(seconds: str) -> str:
    """SQL for seconds since 1970 as ISO 8601 in UTC, with milliseconds."""
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', {seconds}, 'unixepoch')"


REJECTED_AT = """COALESCE(
                   (SELECT MAX(history.at) FROM history
                    WHERE history.photo_id = tag.photo_id AND history.label_id = tag.label_id
                    AND history.after = 'rejected'), tag.tagged_at)"""

# None of a file whose photo is not known; 0 where it was looked at in vain.
TAGS = """CASE WHEN file.photo_id IS NOT NULL THEN
                   (SELECT count(DISTINCT tag.label_id) FROM tag
                    WHERE tag.photo_id = file.photo_id AND tag.state <> 'rejected') END"""

# Looks that models had at photos, those that were taken back, and changes of single tags.
EVENTS = (
    """
            SELECT photo_id, tagged_at AS at, 'model' AS who, 'tagged' AS change, NULL AS label_id,
                   'model' AS source, model_id, run_id
            FROM tagging""",
    """
            SELECT tagging.photo_id, run.started_at AS at, 'person' AS who, 'undone' AS change,
                   NULL AS label_id, 'model' AS source, tagging.model_id, run.id AS run_id
            FROM tagging JOIN run ON run.id = tagging.undone_by""",
    """
            SELECT photo_id, at, who,
                   CASE WHEN after IS NULL THEN 'removed'
                        WHEN after <> 'active' THEN after
                        WHEN before IS NULL THEN 'added'
                        ELSE 'restored' END AS change,
                   label_id, source, NULL AS model_id, run_id
            FROM history""",
)

VIEWS: dict[str, str] = {
    "v_photo_tags": f"""
        SELECT file.path, label.name AS tag, label.key AS label, tag.confidence, tag.source,
               tag.state, model.name AS model, {iso("tag.tagged_at")} AS tagged_at,
               tagger.key AS tagger
        FROM tag
        JOIN file ON file.photo_id = tag.photo_id AND {PRESENT}
        JOIN label ON label.id = tag.label_id
        LEFT JOIN model ON model.id = tag.model_id
        LEFT JOIN tagger ON tagger.id = tag.tagger_id
        WHERE tag.state <> 'rejected' AND {ONE_A_LABEL}""",
    "v_rejected_tags": f"""
        SELECT file.path, label.name AS tag, label.key AS label, tag.source,
               {iso(REJECTED_AT)} AS rejected_at
        FROM tag
        JOIN file ON file.photo_id = tag.photo_id AND {PRESENT}
        JOIN label ON label.id = tag.label_id
        WHERE tag.state = 'rejected' AND {ONE_A_LABEL}""",
    "v_suggested_tags": f"""
        SELECT file.path, label.name AS tag, label.key AS label, suggestion.confidence,
               model.name AS model, {iso("suggestion.suggested_at")} AS suggested_at
        FROM suggestion
        JOIN file ON file.photo_id = suggestion.photo_id AND {PRESENT}
        JOIN label ON label.id = suggestion.label_id
        JOIN model ON model.id = suggestion.model_id
        WHERE {UNSAID}""",
    "v_files": f"""
        SELECT file.path, photo.content_hash AS photo_id, file.state, file.reason, file.size,
               {iso("file.mtime_ns / 1000000000.0")} AS modified_at,
               {iso("file.seen_at")} AS seen_at,
               photo.format, photo.width, photo.height, photo.camera_make, photo.camera_model,
               photo.taken_at, said.rating, said.latitude, said.longitude,
               {iso("file.first_seen_at")} AS first_seen_at, {TAGS} AS tags
        FROM file
        LEFT JOIN photo ON photo.id = file.photo_id
        LEFT JOIN said ON said.file_id = file.id""",
    # Kept counts. Where several labels share a name, a file that has them all counts once.
    "v_tags": f"""
        SELECT label.name AS tag, CASE count(*) WHEN 1 THEN sum(tag_count.files) ELSE (
                   SELECT count(DISTINCT file.id) FROM label AS namesake
                   JOIN found ON found.label_id = namesake.id
                   JOIN file ON file.photo_id = found.photo_id AND {PRESENT}
                   WHERE namesake.name = label.name
               ) END AS files, group_concat(label.key, ' ') AS label
        FROM tag_count JOIN label ON label.id = tag_count.label_id
        WHERE tag_count.files > 0
        GROUP BY label.name""",
    # Every state has its row, also with no job in it.
    "v_queue": f"""
        SELECT states.column1 AS state,
               (SELECT COUNT(*) FROM job WHERE job.state = states.column1) AS jobs
        FROM (VALUES {", ".join(f"('{state.value}')" for state in JobState)}) AS states""",
    "v_models": f"""
        SELECT model.name AS model, model.fingerprint, COUNT(photo_tagger.photo_id) AS photos,
               {iso("model.first_used_at")} AS first_used_at
        FROM model
        LEFT JOIN tagging ON tagging.model_id = model.id
        LEFT JOIN photo_tagger ON photo_tagger.tagging_id = tagging.id
        GROUP BY model.id""",
    "v_speeds": f"""
        SELECT model, device, batch_size, images_per_second, latency_ms, latency_p95_ms, precision,
               hardware, fingerprint, {iso("measured_at")} AS measured_at
        FROM speed""",
    "v_stale": f"""
        SELECT file.path, asked.models AS tagged_by, wanted.models AS wanted,
               coalesce(asked.refine, 0) AS refine, tagger.key AS tagger
        FROM photo_tagger
        JOIN tagger ON tagger.id = photo_tagger.tagger_id
        JOIN file ON file.photo_id = photo_tagger.photo_id AND file.state = 'tagged'
        JOIN want AS wanted ON wanted.id = photo_tagger.desired_id
        LEFT JOIN want AS asked ON asked.id = photo_tagger.applied_id
        WHERE {STALE}""",
    "v_runs": f"""
        SELECT run.id AS run, run.command, {iso("run.started_at")} AS started_at,
               (SELECT COALESCE(MAX(photos), 0) FROM (SELECT COUNT(*) AS photos FROM tagging
                WHERE tagging.run_id = run.id GROUP BY tagger_id)) AS tagged,
               (SELECT COUNT(*) FROM history WHERE history.run_id = run.id) AS changed,
               (SELECT COUNT(DISTINCT file_id || place) FROM revision
                WHERE revision.run_id = run.id AND undone = 0)
               + (SELECT COUNT(*) FROM inscription
                  WHERE inscription.run_id = run.id AND {INSCRIBED} AND NOT EXISTS (
                      SELECT 1 FROM revision WHERE revision.file_id = inscription.file_id
                      AND revision.place = inscription.place)) AS written
        FROM run""",
    "v_written": f"""
        SELECT file.path, inscription.place, inscription.path AS written_to,
               inscription.run_id AS run, {iso("inscription.written_at")} AS written_at
        FROM inscription JOIN file ON file.id = inscription.file_id AND {PRESENT}
        WHERE {INSCRIBED}""",
    # One SELECT for each kind of event, so that a condition reaches the index of each table.
    "v_history": "\n        UNION ALL".join(
        f"""
        SELECT file.path, {iso("event.at")} AS at, event.who, event.change, label.name AS tag,
               label.key AS label, event.source, model.name AS model, event.run_id AS run,
               run.command
        FROM file
        JOIN ({events}) AS event ON event.photo_id = file.photo_id
        LEFT JOIN label ON label.id = event.label_id
        LEFT JOIN model ON model.id = event.model_id
        LEFT JOIN run ON run.id = event.run_id
        WHERE {PRESENT}"""
        for events in EVENTS
    ),
    "v_predictions": f"""
        SELECT file.path, prediction.stage, model.name AS model,
               json_extract(best.value, '$[0]') AS label,
               label.name AS name,
               json_extract(best.value, '$[1]') AS probability,
               best.key + 1 AS rank, tagging.reason, {iso("tagging.tagged_at")} AS predicted_at,
               tagger.key AS tagger
        FROM photo_tagger
        JOIN tagger ON tagger.id = photo_tagger.tagger_id
        JOIN file ON file.photo_id = photo_tagger.photo_id AND {PRESENT}
        JOIN tagging ON tagging.id = photo_tagger.tagging_id
        JOIN prediction ON prediction.tagging_id = tagging.id
        JOIN model ON model.id = prediction.model_id
        JOIN json_each(prediction.best) AS best
        LEFT JOIN label ON label.key = json_extract(best.value, '$[0]')""",
}


def create() -> dict[str, str]:
    """The statement that makes each view, by name, as `sqlite_master.sql` shows it afterwards."""
    return {name: f"CREATE VIEW {name} AS {select.strip()}" for name, select in VIEWS.items()}
