"""Leases belong to processes: another one takes back what an ended process had in hand, and only
that."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.db.processes import Process
from tagd.catalogue.queue import deaths, leases
from tagd.fs import path_of
from tests.catalogue import NOW, claim, rows, settled, submit
from tests.workers import at_work


def queue(tx: Connection) -> dict[str, tuple[str, int]]:
    """The state and the deaths of the job of each file."""
    found = "SELECT path_key, job.state, deaths FROM job JOIN file ON file.id = job.file_id"
    return {path_of(key).name: (state, deaths) for key, state, deaths in rows(tx, found)}


def recover(catalogue: Catalogue, now: float = NOW) -> int:
    with catalogue.write() as tx:
        return deaths.recover(tx, now)


def test_a_living_process_keeps_its_jobs_where_another_one_died(catalogue: Catalogue) -> None:
    with catalogue.write() as tx:
        submit(tx, settled("/p/a.jpg", 1), settled("/p/b.jpg", 2))
    with at_work(catalogue.path) as living, at_work(catalogue.path) as dying:
        assert recover(catalogue) == 0
        dying.kill()
        assert recover(catalogue) == 1
        with catalogue.read() as tx:
            assert queue(tx) == {living.name: ("leased", 0), dying.name: ("waiting", 1)}
        assert recover(catalogue) == 0
        assert living.complete()
    with catalogue.read() as tx:
        assert list(queue(tx)) == [dying.name]


def test_a_process_takes_back_nothing_of_its_own(tx: Connection) -> None:
    submit(tx, settled("/p/a.jpg"))
    [job] = claim(tx, lease=f"{leases.owner('tagging')}/1", seconds=60)
    assert leases.process_of(job.lease) == Process.this()
    assert deaths.recover(tx, NOW + 120) == 0
    assert leases.recover(tx, NOW + 120) == 1, "it is late, and no process has ended"
    assert queue(tx) == {"a.jpg": ("waiting", 0)}


@pytest.mark.parametrize("elsewhere", ["another-machine:1:5", "another-machine:1:"])
def test_another_machines_lease_counts_until_it_runs_out(tx: Connection, elsewhere: str) -> None:
    submit(tx, settled("/p/a.jpg"))
    claim(tx, lease=f"{elsewhere}:tagging/1", seconds=60)
    assert deaths.recover(tx, NOW + 59) == 0
    assert deaths.recover(tx, NOW + 60) == 1
    assert queue(tx) == {"a.jpg": ("waiting", 1)}


def test_a_number_that_the_kernel_gave_anew_is_another_process() -> None:
    us = Process.this()
    assert us.pid == os.getpid()
    assert not us.has_ended()
    assert us.began is not None
    assert replace(us, began=us.began - 1).has_ended()
    assert not replace(us, host="another-machine", began=1).has_ended()


@given(
    st.builds(
        Process,
        st.text("abcdefghij-.0123456789", min_size=1),
        st.integers(1),
        st.none() | st.integers(0),
    )
)
def test_a_process_is_read_as_it_was_written(process: Process) -> None:
    assert Process.read(str(process)) == process
    assert leases.process_of(f"{process}:0a1b/7") == process


@given(st.text())
def test_any_other_text_names_none(text: str) -> None:
    assert leases.process_of(f"{text.replace(':', '')}/1") is None
