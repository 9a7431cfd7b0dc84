"""What searches walk and `v_tags` counts, kept up to date by triggers: no code path can forget it.

`found` follows `tag`, `tag_count` follows `found` and `file`, `untagged` follows `found` and
`photo`, and `file.taken` follows `photo`. A tag counts when it is not rejected, once a photo
however many gave it; a file when it is not missing. The triggers are made anew after every
migration, as the views are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

PREFIX = "keep_"  # what the names of the triggers begin with

_DIGITS = "replace(replace(replace(substr(taken_at, 1, 19), '-', ''), ':', ''), 'T', '')"
# 2024-06-01T12:30:00+09:00 is 20240601123000 on the camera's own clock; what is left out is 0.
TAKEN = f"coalesce(CAST(substr({_DIGITS} || '00000000000000', 1, 14) AS INTEGER), 0)"


def _taken_of(photo: str) -> str:
    return f"coalesce((SELECT {TAKEN} FROM photo WHERE id = {photo}), 0)"


def _known_of(photo: str) -> str:
    """The same, out of an index where a file has it already."""
    return f"coalesce((SELECT taken FROM file WHERE photo_id = {photo}), {_taken_of(photo)})"


def _anew(row: str) -> str:
    """What is in force of a label and a photo, as `row` names them, found out anew."""
    return f"""
        DELETE FROM found WHERE label_id = {row}.label_id AND photo_id = {row}.photo_id
            AND taken = {_known_of(f"{row}.photo_id")};
        INSERT INTO found (label_id, taken, photo_id, confidence)
            SELECT {row}.label_id, {_known_of(f"{row}.photo_id")}, {row}.photo_id, max(confidence)
            FROM tag WHERE photo_id = {row}.photo_id AND label_id = {row}.label_id
                AND state <> 'rejected'
            HAVING count(*) > 0;"""


def _counted(row: str, change: str) -> str:
    """The labels of a file's photo have a file more, or fewer."""
    return f"""
        UPDATE tag_count SET files = files {change} WHERE {row}.state <> 'missing' AND label_id IN (
            SELECT label_id FROM tag WHERE photo_id = {row}.photo_id AND state <> 'rejected');"""


_FILES_OF_NEW = "(SELECT count(*) FROM file WHERE photo_id = {row}.photo_id AND state <> 'missing')"
_SYNC_TAKEN = f"""UPDATE file SET taken = {_taken_of("NEW.photo_id")}
            WHERE id = NEW.id AND taken <> {_taken_of("NEW.photo_id")};"""

_IS_BARE = "NOT EXISTS (SELECT 1 FROM tag WHERE photo_id = photo.id AND state <> 'rejected')"

_TRIGGERS = {
    "tag_insert": f"""AFTER INSERT ON tag WHEN NEW.state <> 'rejected' BEGIN
        INSERT INTO found (label_id, taken, photo_id, confidence)
            VALUES (NEW.label_id, {_known_of("NEW.photo_id")}, NEW.photo_id, NEW.confidence)
            ON CONFLICT (label_id, taken, photo_id)
            DO UPDATE SET confidence = max(confidence, excluded.confidence);
    END""",
    "tag_delete": f"""AFTER DELETE ON tag WHEN OLD.state <> 'rejected' BEGIN{_anew("OLD")}
    END""",
    "tag_update": f"""AFTER UPDATE OF photo_id, label_id, source, state, confidence ON tag
        BEGIN{_anew("OLD")}{_anew("NEW")}
    END""",
    "found_insert": f"""AFTER INSERT ON found BEGIN
        INSERT INTO tag_count (label_id, files)
            VALUES (NEW.label_id, {_FILES_OF_NEW.format(row="NEW")})
            ON CONFLICT (label_id) DO UPDATE SET files = files + excluded.files;
        DELETE FROM untagged WHERE photo_id = NEW.photo_id;
    END""",
    "found_delete": f"""AFTER DELETE ON found BEGIN
        UPDATE tag_count SET files = files - {_FILES_OF_NEW.format(row="OLD")}
            WHERE label_id = OLD.label_id;
        INSERT OR IGNORE INTO untagged (photo_id)
            SELECT id FROM photo WHERE id = OLD.photo_id AND {_IS_BARE};
    END""",
    "photo_insert": """AFTER INSERT ON photo BEGIN
        INSERT OR IGNORE INTO untagged (photo_id) VALUES (NEW.id);
    END""",
    "file_insert": f"""AFTER INSERT ON file WHEN NEW.photo_id IS NOT NULL BEGIN
        {_SYNC_TAKEN}{_counted("NEW", "+ 1")}
    END""",
    "file_delete": f"""AFTER DELETE ON file WHEN OLD.photo_id IS NOT NULL
        BEGIN{_counted("OLD", "- 1")}
    END""",
    "file_photo": f"""AFTER UPDATE OF photo_id ON file WHEN OLD.photo_id IS NOT NEW.photo_id BEGIN
        {_SYNC_TAKEN}{_counted("NEW", "+ 1")}
    END""",
    "file_photo_gone": f"""AFTER UPDATE OF photo_id ON file
        WHEN OLD.photo_id IS NOT NULL AND OLD.photo_id IS NOT NEW.photo_id
        BEGIN{_counted("OLD", "- 1")}
    END""",
    "file_state": f"""AFTER UPDATE OF state ON file WHEN OLD.photo_id IS NEW.photo_id
        AND (OLD.state = 'missing') <> (NEW.state = 'missing')
        BEGIN{_counted("OLD", "- 1")}{_counted("NEW", "+ 1")}
    END""",
    "photo_taken": f"""AFTER UPDATE OF taken_at ON photo WHEN OLD.taken_at IS NOT NEW.taken_at BEGIN
        UPDATE found SET taken = {TAKEN.replace("taken_at", "NEW.taken_at")}
            WHERE taken = {TAKEN.replace("taken_at", "OLD.taken_at")} AND photo_id = NEW.id
            AND label_id IN (SELECT label_id FROM tag WHERE photo_id = NEW.id);
        UPDATE file SET taken = {TAKEN.replace("taken_at", "NEW.taken_at")} WHERE photo_id = NEW.id;
    END""",
    # While the photo is still there to say when it was taken, and not by the foreign key after.
    "photo_delete": """BEFORE DELETE ON photo BEGIN
        DELETE FROM tag WHERE photo_id = OLD.id;
    END""",
}

_RECOUNT = (
    "DELETE FROM found",
    f"""INSERT INTO found (label_id, taken, photo_id, confidence)
        SELECT tag.label_id, {TAKEN}, tag.photo_id, max(tag.confidence)
        FROM tag JOIN photo ON photo.id = tag.photo_id WHERE tag.state <> 'rejected'
        GROUP BY tag.label_id, tag.photo_id ORDER BY 1, 2, 3""",
    f"""UPDATE file SET taken = {_taken_of("file.photo_id")}
        WHERE taken <> {_taken_of("file.photo_id")}""",
    "DELETE FROM tag_count",
    """INSERT INTO tag_count (label_id, files)
        SELECT found.label_id, count(file.id) FROM found
        JOIN file ON file.photo_id = found.photo_id AND file.state <> 'missing'
        GROUP BY found.label_id""",
    "DELETE FROM untagged",
    f"INSERT INTO untagged (photo_id) SELECT id FROM photo WHERE {_IS_BARE}",
)


def create() -> dict[str, str]:
    """The statement that makes each trigger, by name, as `sqlite_master.sql` shows it."""
    return {
        PREFIX + name: f"CREATE TRIGGER {PREFIX}{name} {body}" for name, body in _TRIGGERS.items()
    }


def drop(tx: Connection) -> None:
    """Take the triggers away, as before a migration or much that comes at once."""
    for (name,) in tx.exec_driver_sql(
        f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB '{PREFIX}*'"
    ).all():
        tx.exec_driver_sql(f"DROP TRIGGER {name}")


def make(tx: Connection) -> None:
    """Find everything out anew, and keep it up to date from here on."""
    kept = "'found', 'tag_count', 'untagged'"
    has_tables = f"SELECT count(*) FROM sqlite_master WHERE name IN ({kept})"
    if tx.exec_driver_sql(has_tables).scalar_one() < 3:
        return  # migrated to a version from before there were any
    for statement in (*_RECOUNT, *create().values()):
        tx.exec_driver_sql(statement)
