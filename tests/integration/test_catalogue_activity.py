"""What goes on, out of the catalogue."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import insert

from tagd.catalogue.db.schema import file, model, photo, tagging
from tagd.catalogue.queue import jobs
from tagd.catalogue.reports import activity
from tagd.domain import FileState, JobKind, JobState, Priority
from tests.catalogue import FINGERPRINT, NOW, fresh


def test_queue_pace_and_latest(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue:
        with catalogue.write() as tx:
            tx.execute(insert(model).values(name="m", fingerprint=FINGERPRINT, first_used_at=NOW))
            for number in range(1, 5):
                path = f"/p/{number}.jpg"
                tx.execute(
                    insert(photo).values(
                        content_hash=f"{number:032x}",
                        format="JPEG",
                        width=1,
                        height=1,
                        orientation=1,
                    )
                )
                tx.execute(
                    insert(file).values(
                        path_key=path.encode(),
                        path=path,
                        photo_id=number,
                        state=FileState.TAGGED,
                        state_since=NOW,
                        size=1,
                        mtime_ns=1,
                        ctime_ns=1,
                        inode=number,
                        seen_at=NOW,
                    )
                )
                tx.execute(
                    insert(tagging).values(
                        photo_id=number,
                        model_id=1,
                        reason="",
                        orientation=1,
                        tagged_at=NOW - 10 * number,
                    )
                )
            jobs.enqueue(tx, JobKind.TAG, {1: Priority.NEW, 2: Priority.NEW}, NOW - 5)
            jobs.enqueue(tx, JobKind.TAG, {3: Priority.RESCAN}, NOW)
        with catalogue.read() as tx:
            assert activity.pace(tx, NOW, 10.0, 3) == [1, 1, 1]
            assert activity.pace(tx, NOW, 15.0, 2) == [2, 1]
            assert [each.path.name for each in activity.latest(tx, 2)] == ["1.jpg", "2.jpg"]
            waiting = JobState.WAITING
            assert activity.queue(tx) == [
                activity.Queued(JobKind.TAG, Priority.NEW, waiting, 2, NOW - 5),
                activity.Queued(JobKind.TAG, Priority.RESCAN, waiting, 1, NOW),
            ]
