"""The queue against a model of it: whatever happens in whatever order, no job is lost, none is
doubled, and who is first in line is served first."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.queue import deaths, jobs, leases
from tagd.catalogue.queue.jobs import SUSPECT_DEATHS
from tagd.domain import Job, JobState, Priority
from tests.catalogue import NOW, Later, claim, fresh, settled

FILES = st.integers(1, 8)
LEASE_SECONDS = 60


@dataclass
class Expected:
    """What the model knows of one file's job."""

    place: int  # the order in which files came
    priority: int
    state: JobState = JobState.WAITING
    due: float = 0
    lease: str = ""
    lease_until: float = 0
    attempts: int = 0
    deaths: int = 0
    content: int = 0


class Queue(RuleBasedStateMachine):
    """Submissions, workers, a clock and a restart, at random."""

    claimed = Bundle("claimed")

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.catalogue = fresh(Path(self.folder.name))
        self.now = NOW
        self.places = 0
        self.leases = 0
        self.jobs: dict[int, Expected] = {}

    def teardown(self) -> None:
        self.catalogue.close()
        self.folder.cleanup()

    def mine(self, job: Job) -> Expected | None:
        """The model's job, where the claim still holds it."""
        expected = self.jobs.get(int(job.path.stem))
        held = expected and expected.state == JobState.LEASED and expected.lease == job.lease
        return expected if held else None

    @rule(number=FILES, content=st.integers(0, 2), priority=st.sampled_from(Priority))
    def submit(self, number: int, content: int, priority: Priority) -> None:
        with self.catalogue.write() as tx:
            photos.submit(tx, [settled(f"/p/{number}", 10 * content + 1, priority)], self.now)
        present = self.jobs.get(number)
        if present is None:
            self.places += 1
            self.jobs[number] = Expected(self.places, priority, content=content)
        elif present.content != content or (
            present.state == JobState.QUARANTINED and priority == Priority.ASKED
        ):
            self.jobs[number] = Expected(
                present.place, min(priority, present.priority), content=content
            )
        elif present.state == JobState.WAITING:
            present.priority = min(priority, present.priority)
            present.due = 0 if priority == Priority.ASKED else present.due

    @rule(target=claimed, limit=st.integers(1, 5))
    def claim(self, limit: int) -> MultipleResults[Job]:
        self.leases += 1
        lease = f"worker/{self.leases}"
        with self.catalogue.write() as tx:
            got = claim(tx, limit, lease, self.now, LEASE_SECONDS)
        ready = sorted(
            (each.priority, each.place, number)
            for number, each in self.jobs.items()
            if each.state == JobState.WAITING and each.due <= self.now
        )
        expects = [number for *_, number in ready[:limit]]
        suspects = [number for number in expects if self.jobs[number].deaths >= SUSPECT_DEATHS]
        one_is_out = any(
            each.deaths >= SUSPECT_DEATHS and each.state == JobState.LEASED
            for each in self.jobs.values()
        )
        left = suspects if one_is_out else suspects[1:]
        assert [int(job.path.stem) for job in got] == [n for n in expects if n not in left]
        for job in got:
            expected = self.jobs[int(job.path.stem)]
            assert (job.attempts, job.priority) == (expected.attempts, expected.priority)
            expected.state, expected.lease = JobState.LEASED, lease
            expected.lease_until = self.now + LEASE_SECONDS
        return multiple(*got)

    @rule(job=consumes(claimed))
    def complete(self, job: Job) -> None:
        """Done, and the file forgotten, so that it may come as a new one."""
        with self.catalogue.write() as tx:
            ended = jobs.complete(tx, job)
            if ended:
                tx.exec_driver_sql(f"DELETE FROM file WHERE id = {job.file_id}")
        assert ended == (self.mine(job) is not None)
        if ended:
            del self.jobs[int(job.path.stem)]

    @rule(job=consumes(claimed), wait=st.integers(0, 100), counts=st.booleans())
    def retry(self, job: Job, wait: int, counts: bool) -> None:
        due = self.now + wait
        with self.catalogue.write() as tx:
            ours = jobs.retry_later(tx, job, "x", "x", Later(due, counts=counts))
        expected = self.mine(job)
        assert ours == (expected is not None)
        if expected:
            expected.state, expected.due = JobState.WAITING, due
            expected.attempts += counts
            expected.deaths = 0

    @rule(job=consumes(claimed))
    def quarantine(self, job: Job) -> None:
        with self.catalogue.write() as tx:
            ours = jobs.quarantine(tx, job, "x", "x", self.now)
        expected = self.mine(job)
        assert ours == (expected is not None)
        if expected:
            expected.state = JobState.QUARANTINED

    @rule(seconds=st.integers(1, 100))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule()
    def heartbeat(self) -> None:
        with self.catalogue.write() as tx:
            count = leases.heartbeat(tx, "worker", self.now + LEASE_SECONDS)
        leased = [each for each in self.jobs.values() if each.state == JobState.LEASED]
        assert count == len(leased)
        for each in leased:
            each.lease_until = self.now + LEASE_SECONDS

    @rule()
    def leases_run_out(self) -> None:
        with self.catalogue.write() as tx:
            count = leases.recover(tx, self.now)
        leased = [each for each in self.jobs.values() if each.state == JobState.LEASED]
        lost = [each for each in leased if each.lease_until <= self.now]
        assert count == len(lost)
        for each in lost:
            each.state = JobState.WAITING

    @rule()
    def die(self) -> None:
        with self.catalogue.write() as tx:
            count = deaths.recover(tx, self.now)
        lost = [each for each in self.jobs.values() if each.state == JobState.LEASED]
        assert count == len(lost)
        for each in lost:
            if each.deaths >= deaths.MOST_DEATHS:
                each.state, each.deaths = JobState.QUARANTINED, 0
                continue
            each.state, each.deaths = JobState.WAITING, each.deaths + 1
            if each.deaths >= SUSPECT_DEATHS:
                each.due = self.now + deaths.WAIT_SECONDS

    @rule()
    def restart(self) -> None:
        self.catalogue.close()
        self.catalogue = open_owner(self.catalogue.path)

    @invariant()
    def every_job_is_there_once(self) -> None:
        with self.catalogue.read() as tx:
            found = tx.exec_driver_sql(
                "SELECT path, job.state FROM job JOIN file ON file.id = file_id"
            )
            assert sorted((int(Path(path).stem), state) for path, state in found) == sorted(
                (number, str(each.state)) for number, each in self.jobs.items()
            )


def test_the_queue_is_what_its_model_says() -> None:
    run_state_machine_as_test(
        Queue, settings=settings(max_examples=40, stateful_step_count=40, deadline=None)
    )
