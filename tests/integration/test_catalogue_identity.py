"""A photo stays the same one whatever is written into its file, and whoever knew it before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tagd.catalogue.db import migrate, triggers
from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.tagging import identity
from tagd.catalogue.tagging.corrections import Action, Correction, correct
from tagd.catalogue.tagging.record import record
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.written import inscriptions
from tagd.containers import former_hashes, splice
from tagd.models.pool import ModelPool
from tagd.policy.preferences import Preferences
from tagd.writeback.refresh import as_it_is
from tests.catalogue import LABELS, NOW, claim, name_of, result, rows, settled, submit
from tests.desk import Desk
from tests.dng import dng
from tests.metadata import edited_by_exiftool, needs_exiftool
from tests.photos import cat, coffee

OLD, NEW, OTHER = (letter * 32 for letter in "abc")
RUN = Run("run", "tagd add", NOW)
PACKET = b"<?xpacket begin?><x/><?xpacket end?>"


# The catalogue


def has(tx: Connection, path: str, number: int, photo_id: str, *labels: str) -> int:
    """A file with this content was tagged; returns the photo's row id."""
    submit(tx, settled(path, number))
    record(tx, [result(each, photo_id, *labels) for each in claim(tx)], name_of, NOW)
    [(row,)] = rows(tx, f"SELECT id FROM photo WHERE content_hash = '{photo_id}'")
    return int(str(row))


def say(tx: Connection, action: Action, photo: int, label: str) -> None:
    [(number,)] = rows(tx, f"SELECT id FROM label WHERE key = '{label}'")
    correct(tx, Correction(action, int(str(number))), [photo], RUN, NOW)


def tags(tx: Connection, photo_id: str) -> list[tuple[object, ...]]:
    return rows(
        tx,
        "SELECT label.key, source, state FROM tag JOIN label ON label.id = tag.label_id"
        f" WHERE photo_id = (SELECT id FROM photo WHERE content_hash = '{photo_id}') ORDER BY 1, 2",
    )


def counts(tx: Connection) -> list[list[tuple[object, ...]]]:
    tables = (
        "SELECT * FROM found ORDER BY 1, 2, 3",
        "SELECT * FROM tag_count WHERE files ORDER BY 1",
    )
    return [rows(tx, table) for table in tables]


def are_right(tx: Connection) -> bool:
    """Whether what searches walk is what it would be if found out anew."""
    kept = counts(tx)
    triggers.drop(tx)
    triggers.make(tx)
    return counts(tx) == kept


def test_a_photo_goes_on_under_its_new_id(tx: Connection) -> None:
    row = has(tx, "/a.tif", 1, OLD, LABELS[0], LABELS[1])
    say(tx, Action.REJECT, row, LABELS[0])
    before = tags(tx, OLD)
    assert identity.known_among(tx, [OLD, NEW, OTHER]) == {OLD: row}
    identity.adopt(tx, {OLD: NEW, OTHER: NEW})
    assert rows(tx, "SELECT id, content_hash FROM photo") == [(row, NEW)]
    assert tags(tx, NEW) == before
    assert rows(tx, "SELECT photo_id FROM file") == [(row,)]
    assert are_right(tx)


def test_two_that_are_one_by_now_are_joined_with_what_was_said_of_both(tx: Connection) -> None:
    old = has(tx, "/a.tif", 1, OLD, LABELS[0], LABELS[1], LABELS[3])
    new = has(tx, "/b.tif", 2, NEW, LABELS[0], LABELS[1], LABELS[2])
    has(tx, "/c.tif", 3, OTHER, LABELS[2])
    say(tx, Action.REJECT, old, LABELS[0])
    say(tx, Action.ADD, old, LABELS[2])
    say(tx, Action.CONFIRM, old, LABELS[1])
    say(tx, Action.REJECT, new, LABELS[1])
    identity.adopt(tx, {OLD: NEW})
    assert tags(tx, NEW) == [
        (LABELS[0], "model", "rejected"),
        (LABELS[1], "model", "rejected"),  # the word of the one that stays
        (LABELS[2], "person", "active"),
    ]
    assert rows(tx, "SELECT path, photo_id FROM file ORDER BY 1")[:2] == [
        ("/a.tif", new),
        ("/b.tif", new),
    ]
    assert rows(tx, "SELECT DISTINCT photo_id FROM history") == [(new,)]
    assert len(rows(tx, "SELECT * FROM photo")) == 2
    assert rows(tx, "PRAGMA foreign_key_check") == []
    assert are_right(tx)


def test_an_upgrade_has_files_of_former_identity_read_again(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.db"
    path.touch()
    migrate.upgrade(path, to="0007")
    known = (
        ("/a.tif", "TIFF", "tagged"),
        ("/b.jpg", "JPEG", "tagged"),
        ("/c.gif", "GIF", "missing"),
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, (name, kind, state) in enumerate(known, 1):
            connection.execute(
                "INSERT INTO photo (id, content_hash, format, width, height, orientation)"
                " VALUES (?, ?, ?, 1, 1, 1)",
                (number, f"{number:032x}", kind),
            )
            connection.execute(
                "INSERT INTO file (path_key, path, photo_id, state, state_since, size, mtime_ns,"
                " ctime_ns, inode, seen_at) VALUES (?, ?, ?, ?, 0, 1, 1, 1, ?, 0)",
                (name.encode(), name, number, state, number),
            )
    with open_owner(path) as catalogue, catalogue.read() as tx:
        queued = "SELECT path, job.state FROM job JOIN file ON file.id = job.file_id"
        assert rows(tx, queued) == [("/a.tif", "waiting")]


# The real worker


@pytest.fixture
def desk(tmp_path: Path, pool: ModelPool) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield Desk(tmp_path, pool, stack)


NAMES = ("cat.tif", "cat.gif", "cat.bmp", "cat.dng")


def drop(desk: Desk) -> None:
    for name in NAMES[:3]:
        cat().save(desk.photos / name)
    (desk.photos / "cat.dng").write_bytes(dng(cat().resize((64, 48)), preview=coffee()))


def known(desk: Desk) -> dict[str, tuple[object, ...]]:
    """Each file's photo by its row, and its id."""
    sql = "SELECT path, photo.id, content_hash, state FROM file JOIN photo ON photo.id = photo_id"
    with desk.catalogue.read() as tx:
        return {Path(str(each[0])).name: each[1:] for each in rows(tx, sql)}


def test_photos_that_an_earlier_version_tagged_keep_their_tags_without_a_second_look(
    desk: Desk,
) -> None:
    drop(desk)
    desk.tag(Preferences(), *NAMES)
    before = known(desk)
    written = splice.with_packet((desk.photos / "cat.tif").read_bytes(), PACKET)
    with desk.catalogue.write() as tx:
        for name, (row, *_) in before.items():
            # Known by all bytes, and the TIFF by those from before tagd wrote into it.
            [was] = former_hashes((desk.photos / name).read_bytes())
            tx.exec_driver_sql("UPDATE photo SET content_hash = ? WHERE id = ?", (was, row))
    (desk.photos / "cat.tif").write_bytes(written)
    with desk.catalogue.read() as tx:
        [(number,)] = rows(tx, "SELECT id FROM file WHERE path LIKE '%.tif'")
        target = inscriptions.target(tx, int(str(number)))
    assert target
    as_it_is(desk.catalogue, target)  # it does not say that the picture has changed
    with desk.catalogue.write() as tx:
        tx.exec_driver_sql(
            "INSERT OR IGNORE INTO job (kind, file_id, priority, state, created_at)"
            " SELECT 'tag', id, 20, 'waiting', 0 FROM file"
        )
    desk.work_off(Preferences())
    assert known(desk) == before
    assert len(desk.taggings()) == len(NAMES)


@needs_exiftool
def test_what_others_write_into_a_photo_makes_no_other_of_it(desk: Desk, tmp_path: Path) -> None:
    drop(desk)
    desk.tag(Preferences(), *NAMES)
    before = known(desk)
    said = ("-XMP-dc:Title=A title", "-XMP-xmp:Rating=3", "-XMP-dc:Subject=ours")
    place = ("-XMP:GPSLatitude=48.1", "-EXIF:Artist=Ada", "-Comment=hello")
    edited = [name for name in NAMES if not name.endswith("bmp")]
    for name in edited:
        photo = desk.photos / name
        data = edited_by_exiftool(photo.read_bytes(), *said, *place, folder=tmp_path)
        assert data != photo.read_bytes()
        photo.write_bytes(data)
    desk.submit(*edited)
    desk.work_off(Preferences())
    assert known(desk) == before
    assert len(desk.taggings()) == len(NAMES)
