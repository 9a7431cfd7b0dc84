"""Killed before any statement of a turn, or before its commit: all of it is there, or none."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path

from sqlalchemy import Connection, event

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.queue import deaths
from tagd.catalogue.tagging.record import record
from tests.catalogue import LABELS, NOW, claim, fresh, name_of, result, rows, settled, submit

TABLES = ("photo", "tagging", "prediction", "tag", "label", "model")


def a_turn(path: Path, die_before: int) -> None:
    """Record two photos and claim the next, in one transaction; die before that statement of it."""
    catalogue = open_owner(path)
    with catalogue.write() as tx:
        deaths.recover(tx, NOW)
        # Each death as if it were the first: those that are alike say something of the jobs.
        tx.exec_driver_sql("UPDATE job SET deaths = 0, not_before = 0")
        mine = claim(tx, limit=2)

    steps = itertools.count()

    def step(*_: object) -> None:
        if next(steps) == die_before:
            os.kill(os.getpid(), signal.SIGKILL)

    with catalogue.write() as tx:
        event.listen(tx, "before_cursor_execute", step)
        event.listen(tx.engine, "commit", step)
        results = [result(job, f"{job.file_id:032x}", *LABELS[:2]) for job in mine]
        assert all(record(tx, results, name_of, NOW))
        claim(tx, limit=2, lease="worker/2")


def in_a_child(path: Path, die_before: int) -> bool:
    """Whether it died. Nothing of SQLite's is open here meanwhile, so that forking is safe."""
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        try:
            a_turn(path, die_before)
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def held(tx: Connection) -> list[int]:
    return [int(rows(tx, f"SELECT count(*) FROM {table}")[0][0]) for table in TABLES]


def test_a_kill_anywhere_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with fresh(tmp_path) as catalogue, catalogue.write() as tx:
        submit(tx, *(settled(f"/p/{number}.jpg", number) for number in range(4)))
    path = tmp_path / "catalogue.db"
    deaths = 0
    while in_a_child(path, deaths):
        deaths += 1
        with open_owner(path) as catalogue, catalogue.read() as tx:
            assert held(tx) == [0] * len(TABLES)
            assert rows(tx, "SELECT state, count(*) FROM file GROUP BY 1") == [("queued", 4)]
            assert rows(tx, "SELECT count(*), max(attempts) FROM job") == [(4, 0)]
            assert rows(tx, "PRAGMA integrity_check") == [("ok",)]
    assert deaths > 15, "there are that many statements, and a commit"
    with open_owner(path) as catalogue, catalogue.read() as tx:
        assert held(tx) == [2, 2, 2, 4, 64, 1]
        assert rows(tx, "SELECT state, count(*) FROM file GROUP BY 1") == [
            ("queued", 2),
            ("tagged", 2),
        ]
        assert rows(tx, "SELECT file_id, state FROM job") == [(3, "leased"), (4, "leased")]
