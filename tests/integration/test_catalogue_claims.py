"""Folders are served in turn: who has very many photos holds up nobody else."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from tagd.catalogue.queue import claims, jobs
from tagd.catalogue.queue.claims import FOLDERS_AT_ONCE, by_turns
from tagd.domain import Job, JobKind, Priority
from tagd.fs import key_of
from tests.catalogue import NOW, rows, settled, submit

FLOOD = 500


class Worker:
    """Claims as workers do, beginning where it ended."""

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._folder = 0
        self.claims = 0

    def claim(self, limit: int) -> list[Job]:
        self.claims += 1
        got = claims.claim(
            self._tx,
            JobKind.TAG,
            limit=limit,
            lease=f"w/{self.claims}",
            lease_seconds=60,
            now=NOW,
            after=self._folder,
        )
        if got:
            self._folder = jobs.folder_of(key_of(got[-1].path))
        return got


def folders(claimed: Sequence[Job]) -> list[str]:
    return [job.path.parent.name for job in claimed]


def numbers(claimed: Sequence[Job], folder: str) -> list[int]:
    return [int(job.path.stem) for job in claimed if job.path.parent.name == folder]


def flood(tx: Connection, folder: str, count: int = FLOOD) -> None:
    submit(tx, *(settled(f"/p/{folder}/{n}.jpg", n) for n in range(count)))


def test_a_photo_behind_a_flood_in_another_folder_is_among_the_next(tx: Connection) -> None:
    flood(tx, "archive")
    worker = Worker(tx)
    assert folders(worker.claim(8)) == ["archive"] * 8
    submit(tx, settled("/p/phone/1.jpg"))
    assert sorted(folders(worker.claim(8))) == [*["archive"] * 7, "phone"]
    assert folders(worker.claim(8)) == ["archive"] * 8, "no claim is smaller for it"


def test_several_floods_are_served_alike_and_each_oldest_first(tx: Connection) -> None:
    names = [f"album-{n}" for n in range(3 * FOLDERS_AT_ONCE)]
    for name in names:
        flood(tx, name, 40)
    worker, got = Worker(tx), list[Job]()
    while len(got) < 20 * len(names):
        claimed = worker.claim(16)
        assert len(set(folders(claimed))) == FOLDERS_AT_ONCE
        got += claimed
    for name in names:
        assert numbers(got, name) == list(range(20))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    waiting=st.lists(st.tuples(st.integers(0, 9), st.sampled_from(Priority)), max_size=40),
    limit=st.integers(1, 9),
)
def test_whoever_goes_first_goes_before_all_others(
    tx: Connection, waiting: list[tuple[int, Priority]], limit: int
) -> None:
    rows(tx, "DELETE FROM file RETURNING id")
    for number, (folder, priority) in enumerate(waiting):
        submit(tx, settled(f"/p/{folder}/{number}.jpg", number, priority))
    worker, got = Worker(tx), list[Job]()
    while claimed := worker.claim(limit):
        assert len(claimed) == min(limit, len(waiting) - len(got)), "as many as there are"
        got += claimed
    assert sorted(int(job.path.stem) for job in got) == list(range(len(waiting)))
    assert [job.priority for job in got] == sorted(priority for _, priority in waiting)


def test_one_of_each_in_turn() -> None:
    assert by_turns([[1, 2, 3], [4], [5, 6]]) == [1, 4, 5, 2, 6, 3]
    assert by_turns([]) == []
