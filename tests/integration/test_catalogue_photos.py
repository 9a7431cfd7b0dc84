"""Files as a scan and a watch find them: submitted, moved, gone, and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tagd.catalogue.files import photos
from tagd.catalogue.files.photos import KnownFile, RootRecord, Submitted
from tagd.catalogue.queue import jobs
from tagd.catalogue.tagging.record import record
from tagd.domain import FileState, Priority, SettledFile, Signature
from tagd.fs import key_of
from tests.catalogue import (
    NOW,
    Later,
    claim,
    name_of,
    result,
    rows,
    settled,
    signature,
    submit,
)

CAT = "n00000000"


def tag_all(tx: Connection) -> None:
    """A worker does everything that waits; each file has a photo of its own, after its size."""
    claimed = claim(tx, limit=1000)
    sizes = dict(rows(tx, "SELECT id, size FROM file"))
    found = [
        result(each, f"{sizes[each.file_id]:032x}", CAT, signature=_signature(tx, each.file_id))
        for each in claimed
    ]
    assert all(record(tx, found, name_of, NOW))


def _signature(tx: Connection, file_id: int) -> Signature:
    [row] = rows(tx, f"SELECT size, mtime_ns, ctime_ns, inode FROM file WHERE id = {file_id}")
    return Signature(*row)


def states(tx: Connection) -> dict[str, str]:
    return dict(rows(tx, "SELECT path, state FROM file"))


def tags(tx: Connection) -> list[tuple[str, str]]:
    return [(path, tag) for path, tag in rows(tx, "SELECT path, tag FROM v_photo_tags ORDER BY 1")]


def waiting(tx: Connection) -> list[str]:
    return [
        path
        for (path,) in rows(
            tx,
            "SELECT path FROM job JOIN file ON file.id = file_id WHERE job.state = 'waiting'"
            " ORDER BY priority, job.id",
        )
    ]


# Submitting


def test_a_new_file_is_queued_once(tx: Connection) -> None:
    assert submit(tx, settled("/p/a.jpg"), settled("/p/b.jpg", 2)) == Submitted(2, 0)
    assert submit(tx, settled("/p/a.jpg")) == Submitted(1, 0)
    assert states(tx) == {"/p/a.jpg": "queued", "/p/b.jpg": "queued"}
    assert waiting(tx) == ["/p/a.jpg", "/p/b.jpg"]


def test_when_a_file_was_first_seen_stays_noted(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"), now=NOW)
    tag_all(tx)
    submit(tx, settled("/p/a.jpg", 2), now=NOW + 5)
    assert rows(tx, "SELECT first_seen_at, seen_at FROM file") == [(NOW, NOW + 5)]
    [(shown,)] = rows(tx, "SELECT first_seen_at FROM v_files")
    assert str(shown).startswith("2023-11-14T22:13:20")


def test_a_path_given_twice_counts_as_it_was_given_last(tx: Connection) -> None:
    assert submit(tx, settled("/p/a.jpg", 1), settled("/p/a.jpg", 2)) == Submitted(1, 0)
    assert rows(tx, "SELECT size FROM file") == [(1002,)]


def test_an_unchanged_tagged_file_is_left_alone(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    assert submit(tx, settled("/p/a.jpg"), now=NOW + 5) == Submitted(0, 1)
    assert (states(tx), waiting(tx)) == ({"/p/a.jpg": "tagged"}, [])


@pytest.mark.parametrize("changed", [settled("/p/a.jpg", 2), settled("/p/a.jpg", 1, ctime=9)])
def test_a_changed_file_is_read_again_and_keeps_its_tags_meanwhile(
    tx: Connection, changed: SettledFile
) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    assert submit(tx, changed) == Submitted(1, 0)
    assert states(tx) == {"/p/a.jpg": "queued"}
    assert tags(tx) == [("/p/a.jpg", "cat")]


def test_a_change_while_it_is_worked_on_starts_the_job_over(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    [job] = claim(tx)
    submit(tx, settled("/p/a.jpg", 2))
    assert waiting(tx) == ["/p/a.jpg"]
    assert not jobs.complete(tx, job)
    assert not jobs.retry_later(tx, job, "x", "x", Later(NOW))
    assert not jobs.quarantine(tx, job, "x", "x", NOW)
    assert states(tx) == {"/p/a.jpg": "queued"}


def test_a_failed_file_stays_failed_until_it_changes_or_somebody_asks(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    jobs.quarantine(tx, claim(tx)[0], "corrupt", "no image", NOW)
    assert submit(tx, settled("/p/a.jpg", priority=Priority.RESCAN)) == Submitted(0, 1)
    assert (states(tx), waiting(tx)) == ({"/p/a.jpg": "failed"}, [])

    assert submit(tx, settled("/p/a.jpg", priority=Priority.ASKED)) == Submitted(1, 0)
    assert (states(tx), waiting(tx)) == ({"/p/a.jpg": "queued"}, ["/p/a.jpg"])
    [job] = claim(tx, lease="worker/2")
    assert (job.attempts, job.priority) == (0, Priority.ASKED)

    jobs.quarantine(tx, job, "corrupt", "no image", NOW)
    assert submit(tx, settled("/p/a.jpg", 2, Priority.RESCAN)) == Submitted(1, 0)
    assert waiting(tx) == ["/p/a.jpg"]
    assert rows(tx, "SELECT reason, reason_code FROM file") == [(None, None)]


def test_who_asks_overtakes(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{n}.jpg", n, Priority.RESCAN) for n in range(1, 4)))
    submit(tx, settled("/p/2.jpg", 2, Priority.NEW))
    submit(tx, settled("/p/3.jpg", 3, Priority.ASKED))
    submit(tx, settled("/p/3.jpg", 3, Priority.RESCAN))
    assert waiting(tx) == ["/p/3.jpg", "/p/2.jpg", "/p/1.jpg"]


def test_who_asks_does_not_wait_for_the_back_off(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    jobs.retry_later(tx, claim(tx)[0], "unreadable", "no rights", Later(NOW + 3600))
    submit(tx, settled("/p/a.jpg", priority=Priority.RESCAN))
    assert claim(tx, lease="worker/2") == []
    submit(tx, settled("/p/a.jpg", priority=Priority.ASKED))
    assert [job.path for job in claim(tx, lease="worker/2")] == [Path("/p/a.jpg")]


def test_a_missing_file_that_is_back_is_tagged_without_a_job(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"), settled("/p/b.jpg", 2))
    tag_all(tx)
    assert photos.mark_missing(tx, [Path("/p/a.jpg"), Path("/p/b.jpg")], NOW) == 2
    assert tags(tx) == []
    assert submit(tx, settled("/p/a.jpg")) == Submitted(0, 1)
    assert submit(tx, settled("/p/b.jpg", 3)) == Submitted(1, 0)
    assert states(tx) == {"/p/a.jpg": "tagged", "/p/b.jpg": "queued"}
    assert waiting(tx) == ["/p/b.jpg"]
    assert tags(tx) == [("/p/a.jpg", "cat"), ("/p/b.jpg", "cat")]


def test_a_missing_file_whose_new_content_was_never_read_is_queued_when_it_is_back(
    tx: Connection,
) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    submit(tx, settled("/p/a.jpg", 2))  # its tags are those of another picture
    photos.mark_missing(tx, [1], NOW)
    assert submit(tx, settled("/p/a.jpg", 2)) == Submitted(1, 0)
    assert states(tx) == {"/p/a.jpg": "queued"}
    photos.mark_missing(tx, [1], NOW)
    photos.rename(tx, Path("/p/a.jpg"), Path("/p/b.jpg"), is_folder=False, now=NOW)
    assert states(tx) == {"/p/b.jpg": "queued"}
    assert waiting(tx) == ["/p/b.jpg"]


def test_a_photo_that_was_given_up_is_looked_at_when_it_is_back(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    submit(tx, settled("/p/a.jpg", 2))
    [job] = claim(tx)
    jobs.quarantine(tx, job, "truncated", "it ends too early", NOW)
    photos.mark_missing(tx, [1], NOW)
    assert submit(tx, settled("/p/a.jpg", 2)) == Submitted(1, 0)


def test_a_missing_file_that_never_was_tagged_is_queued_when_it_is_back(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    assert photos.mark_missing(tx, [1], NOW) == 1
    assert waiting(tx) == []
    assert submit(tx, settled("/p/a.jpg")) == Submitted(1, 0)
    assert (states(tx), waiting(tx)) == ({"/p/a.jpg": "queued"}, ["/p/a.jpg"])


# What is known


def test_what_is_known_below_a_folder_and_not_beside_it(tx: Connection) -> None:
    inside = ["/photos/a.jpg", "/photos/sub/b.jpg", "/photos//c.jpg", "/photos/\x01.jpg"]
    beside = ["/photos2/a.jpg", "/photos", "/photos.jpg", "/photo/s.jpg", "/photos0"]
    submit(tx, *(settled(path) for path in inside + beside))
    assert set(photos.known_files(tx, Path("/photos"))) == {key_of(Path(path)) for path in inside}
    everything = {key_of(Path(path)) for path in inside + beside}
    assert set(photos.known_files(tx, Path("/"))) == everything


def test_what_is_known_of_a_file(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    assert photos.known_files(tx, Path("/p")) == {
        b"/p/a.jpg": KnownFile(1, signature(), FileState.QUEUED)
    }
    tag_all(tx)
    known = photos.known_files(tx, Path("/p"))[b"/p/a.jpg"]
    assert known.state == FileState.TAGGED


NAMES = (
    st.binary(min_size=1, max_size=20)
    .map(lambda name: name.replace(b"/", b"_").replace(b"\0", b"_"))
    .filter(lambda name: name not in {b".", b".."})
)


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    names=st.sets(NAMES, min_size=1, max_size=8), folders=st.lists(NAMES, min_size=2, max_size=2)
)
def test_any_bytes_are_a_name(tx: Connection, names: set[bytes], folders: list[bytes]) -> None:
    """Submitted, renamed with its folder, found below it: with names in any encoding or none."""
    point = tx.begin_nested()
    source, destination = (Path(os.fsdecode(b"/top/" + folder)) for folder in folders)
    paths = {source / os.fsdecode(name) for name in names}
    submit(tx, *(settled(path, number) for number, path in enumerate(sorted(paths), 1)))
    assert {job.path for job in claim(tx)} == paths
    photos.rename(tx, source, destination, is_folder=True, now=NOW)
    moved = {key_of(destination / os.fsdecode(name)) for name in names}
    assert set(photos.known_files(tx, destination)) == moved
    assert rows(tx, "SELECT path FROM file ORDER BY path_key") == [
        (key.decode("utf-8", "backslashreplace"),) for key in sorted(moved)
    ]
    assert rows(tx, "SELECT DISTINCT typeof(path_key), typeof(path) FROM file") == [
        ("blob", "text")
    ]
    point.rollback()


# Moves


def test_a_renamed_file_keeps_its_tags(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    after = signature(1, ctime=77)
    moved = photos.rename(
        tx, Path("/p/a.jpg"), Path("/q/b.jpg"), is_folder=False, now=NOW, signature=after
    )
    assert moved == 1
    assert tags(tx) == [("/q/b.jpg", "cat")]
    # Its ctime is known, so that the next scan finds it unchanged.
    assert submit(tx, settled("/q/b.jpg", 1, ctime=77)) == Submitted(0, 1)
    assert photos.rename(tx, Path("/p/a.jpg"), Path("/x"), is_folder=False, now=NOW) == 0


def test_a_rename_with_other_content_does_not_hide_the_change(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    photos.rename(
        tx, Path("/p/a.jpg"), Path("/p/b.jpg"), is_folder=False, now=NOW, signature=signature(2)
    )
    assert submit(tx, settled("/p/b.jpg", 2)) == Submitted(1, 0)


def test_a_rename_replaces_what_was_there(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"), settled("/p/b.jpg", 2))
    photos.rename(tx, Path("/p/a.jpg"), Path("/p/b.jpg"), is_folder=False, now=NOW)
    assert rows(tx, "SELECT id, path FROM file") == [(1, "/p/b.jpg")]
    assert waiting(tx) == ["/p/b.jpg"]
    photos.rename(tx, Path("/p/b.jpg"), Path("/p/b.jpg"), is_folder=False, now=NOW)
    assert waiting(tx) == ["/p/b.jpg"]


def test_a_renamed_folder_takes_everything_below_along(tx: Connection) -> None:
    submit(
        tx,
        settled("/p/trip/a.jpg", 1),
        settled("/p/trip/day/b.jpg", 2),
        settled("/p/trip2/c.jpg", 3),
        settled("/q/trip/a.jpg", 4),
        settled("/q/trip/other.jpg", 5),
    )
    tag_all(tx)
    photos.mark_missing(tx, [Path("/p/trip/day/b.jpg")], NOW)
    assert photos.rename(tx, Path("/p/trip"), Path("/q/trip"), is_folder=True, now=NOW) == 2
    assert states(tx) == {
        "/q/trip/a.jpg": "tagged",
        "/q/trip/day/b.jpg": "missing",
        "/p/trip2/c.jpg": "tagged",
        "/q/trip/other.jpg": "tagged",
    }
    assert rows(tx, "SELECT id FROM file WHERE path = '/q/trip/a.jpg'") == [(1,)]


def test_a_rename_that_is_told_after_the_scan_called_it_missing(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"), settled("/p/b.jpg", 2))
    tag_all(tx)
    submit(tx, settled("/p/b.jpg", 3))
    photos.mark_missing(tx, [1, 2], NOW)
    photos.rename(tx, Path("/p/a.jpg"), Path("/p/c.jpg"), is_folder=False, now=NOW)
    assert states(tx) == {"/p/c.jpg": "tagged", "/p/b.jpg": "missing"}


def test_files_that_moved_while_nobody_looked_are_adopted(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{n}.jpg", n) for n in range(1, 5)), settled("/p/new.jpg", 5))
    tag_all(tx)
    gone = [1, 2, 3]
    photos.mark_missing(tx, [3], NOW)
    found = [
        settled("/q/one.jpg", 1, ctime=50),
        settled("/q/again.jpg", 1, ctime=51),  # a hard link, or chance: only one can be it
        settled("/q/three.jpg", 3, ctime=52),
        settled("/q/four.jpg", 4, ctime=53),  # that one is not gone
        settled("/p/2.jpg", 1, ctime=54),  # there again, so not where another went
    ]
    assert photos.adopt_moved(tx, found, gone, NOW) == {Path("/q/one.jpg"), Path("/q/three.jpg")}
    assert states(tx) == {
        "/q/one.jpg": "tagged",
        "/p/2.jpg": "tagged",
        "/q/three.jpg": "tagged",
        "/p/4.jpg": "tagged",
        "/p/new.jpg": "tagged",
    }
    # Another file may have been given the inode of the one that went, so these are read again.
    assert waiting(tx) == ["/q/one.jpg", "/q/three.jpg"]


def test_a_file_that_moved_under_its_name_is_not_read_again(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    tag_all(tx)
    found = settled("/q/a.jpg", ctime=50)
    assert photos.adopt_moved(tx, [found], [1], NOW) == {Path("/q/a.jpg")}
    assert submit(tx, found) == Submitted(0, 1)
    assert waiting(tx) == []


def test_an_adopted_file_that_was_never_tagged_is_queued(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg", 1), settled("/p/b.jpg", 2))
    photos.mark_missing(tx, [2], NOW)
    photos.adopt_moved(tx, [settled("/q/a.jpg", 1), settled("/q/b.jpg", 2)], [1, 2], NOW)
    assert states(tx) == {"/q/a.jpg": "queued", "/q/b.jpg": "queued"}
    assert waiting(tx) == ["/q/a.jpg", "/q/b.jpg"]


def test_without_stable_inodes_nothing_is_adopted(tx: Connection) -> None:
    bare = SettledFile(Path("/p/a.jpg"), Signature(1, 1, 1, 0), Priority.NEW)
    submit(tx, bare)
    found = SettledFile(Path("/q/a.jpg"), bare.signature, Priority.NEW)
    assert photos.adopt_moved(tx, [found], [1], NOW) == frozenset()


# Disappearing


def test_a_folder_that_is_gone(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"), settled("/p/sub/b.jpg", 2), settled("/p2/c.jpg", 3))
    assert photos.mark_missing_below(tx, Path("/p"), NOW) == 2
    assert photos.mark_missing_below(tx, Path("/p"), NOW) == 0
    assert states(tx) == {"/p/a.jpg": "missing", "/p/sub/b.jpg": "missing", "/p2/c.jpg": "queued"}
    assert waiting(tx) == ["/p2/c.jpg"]


def test_the_missing_are_forgotten_and_what_a_person_said_is_not(tx: Connection) -> None:
    submit(tx, *(settled(f"/p/{n}.jpg", n) for n in range(1, 6)))
    submit(tx, settled("/p/copy.jpg", 1))
    tag_all(tx)
    tx.exec_driver_sql("UPDATE tag SET state = 'rejected' WHERE photo_id = 2")
    photos.mark_missing(tx, [1, 2, 3], NOW)
    photos.mark_missing(tx, [4], NOW + 10)
    assert photos.forget_missing(tx, NOW + 5) == 3
    assert sorted(states(tx)) == ["/p/4.jpg", "/p/5.jpg", "/p/copy.jpg"]
    # 1 has a copy, 2 a person's say, 4 is not missing for long enough.
    assert rows(tx, "SELECT id FROM photo ORDER BY id") == [(1,), (2,), (4,), (5,)]
    assert rows(tx, "SELECT DISTINCT photo_id FROM tagging ORDER BY 1") == [(1,), (2,), (4,), (5,)]
    assert rows(tx, "PRAGMA foreign_key_check") == []


def test_a_watched_folder_is_remembered(tx: Connection) -> None:
    top = Path("/photos")
    assert photos.known_root(tx, top) is None
    for inode in (5, (1 << 64) - 3):
        record = RootRecord(top, device=(1 << 64) - 1, inode=inode, scanned_at=NOW)
        photos.remember_root(tx, record)
        assert photos.known_root(tx, top) == record
