"""Workers of the queue in processes of their own, which a test can kill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_WORKER = """
import sys, time
from pathlib import Path
from tagd.catalogue.db.engine import open_writer
from tagd.catalogue.queue import jobs
from tagd.domain import JobKind
from tagd.work.queue_worker import QueueWorker

catalogue = open_writer(Path(sys.argv[1]))
worker = QueueWorker(catalogue, JobKind.TAG, lambda: None, time.time)
with catalogue.write() as tx:
    [job] = worker._claim(tx, 1)
print(job.path.name, flush=True)
sys.stdin.readline()
with catalogue.write() as tx:
    print(jobs.complete(tx, job), flush=True)
"""


class Worker:
    """A process that has claimed a job, that of the file `name`."""

    def __init__(self, catalogue: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _WORKER, catalogue],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.name = self.process.stdout.readline().strip()

    def complete(self) -> bool:
        """Have it complete its job; return whether the job was still its own."""
        told, _ = self.process.communicate("\n")
        return told.strip() == "True"

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@contextmanager
def at_work(catalogue: Path) -> Iterator[Worker]:
    """A worker that is at work in the block."""
    worker = Worker(catalogue)
    try:
        yield worker
    finally:
        worker.kill()
