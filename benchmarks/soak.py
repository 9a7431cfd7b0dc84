"""An hour with a person who is busy, a machine that fails, and a model of what must come of it.

    python -m benchmarks.soak [--minutes 60] [--seed 1]

A seeded generator drops, copies, moves, edits and deletes photos, breaks copies off, and in the
first half of the time kills the daemon with SIGKILL in the midst of it. After each round everything
must come to rest, and the catalogue must hold exactly what the model says: nothing lost, nothing
doubled. The second half is one life, over which descriptors, threads and memory must stay flat.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import report
from benchmarks.footprint import pss_mib
from benchmarks.library import Library
from tests.acceptance.home import Home, export_graphs
from tests.support import wait_until

REST_SECONDS = 60.0  # for everything to come to rest: no rescan helps within it
STEPS = (5, 60)  # of a round
KILLED_BETWEEN, KILLED_AFTER = 0.01, 0.5  # shares of the steps and rounds of the first half
WARM_SHARE = 0.2  # of the second half, in which caches fill and decoders grow
TAIL_SHARE = 0.2  # of the second half, which the time after warming up is compared with
SETTINGS = {"TAGD_WATCH__SETTLE_SECONDS": "0.5"}
TWICE = (
    "SELECT count(*) FROM (SELECT 1 FROM tagging GROUP BY photo_id HAVING count(*) > 1)",
    "SELECT count(*) FROM (SELECT 1 FROM v_photo_tags GROUP BY path, label, source"
    " HAVING count(*) > 1)",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the daemon takes at rest; `pss_mib` with its decoders."""

    at: float
    descriptors: int
    threads: int
    pss_mib: float


@dataclass(slots=True)
class Soak:
    """One run. `end` and `half` are moments of the monotonic clock."""

    home: Home
    library: Library
    rng: random.Random
    half: float
    end: float
    daemon: subprocess.Popen[bytes] = field(init=False)
    rounds: int = 0
    kills: int = 0
    slowest_rest: float = 0.0
    samples: list[Sample] = field(default_factory=list)

    def run(self) -> None:
        """All rounds: with kills first, then one life."""
        self.daemon = self.home.start()
        try:
            while time.monotonic() < self.end:
                self._round()
            self.daemon.terminate()
            assert self.daemon.wait(10) == 0, self.home.log.read_text()[-5000:]
        finally:
            self.daemon.kill()
            self.daemon.wait()

    def _round(self) -> None:
        has_kills = time.monotonic() < self.half
        for _ in range(self.rng.randrange(*STEPS)):
            self.library.step()
            if has_kills and self.rng.random() < KILLED_BETWEEN:
                self._kill()
        if has_kills and self.rng.random() < KILLED_AFTER:
            self._kill()
        self.library.end_copies()
        self._rest()
        if not has_kills:
            self._sample(psutil.Process(self.daemon.pid))
        self.rounds += 1

    def _kill(self) -> None:
        """SIGKILL for the daemon alone, as its decoders notice; some steps while it is dead."""
        self.daemon.kill()
        self.daemon.wait()
        self.kills += 1
        for _ in range(self.rng.randrange(8)):
            self.library.step()
        self.daemon = self.home.start()

    def _rest(self) -> None:
        """Wait until the catalogue says what the model says, and look at the whole of it."""
        begun, wrong = time.monotonic(), ["nothing was asked yet"]

        def is_right() -> bool:
            nonlocal wrong
            assert self.daemon.poll() is None, self.home.log.read_text()[-5000:]
            wrong = self._wrong()
            return not wrong

        try:
            wait_until(is_right, REST_SECONDS)
        except AssertionError as error:
            words = "\n".join([*wrong[:20], self.home.log.read_text()[-5000:]])
            raise AssertionError(f"seed and steps {self.library.steps}: {words}") from error
        self.slowest_rest = max(self.slowest_rest, time.monotonic() - begun)
        assert self.home.rows("PRAGMA quick_check") == [("ok",)]
        for question in TWICE:
            assert self.home.rows(question) == [(0,)], question

    def _wrong(self) -> list[str]:
        prefix = f"{self.home.photos}/"
        seen = {
            path.removeprefix(prefix): (state, photo_id)
            for path, state, photo_id in self.home.rows("SELECT path, state, photo_id FROM v_files")
        }
        queue = Counter(dict(self.home.rows("SELECT state, jobs FROM v_queue")))
        waiting = [f"{queue[each]} {each}" for each in ("waiting", "leased") if queue[each]]
        return waiting + self.library.differences(seen)

    def _sample(self, daemon: psutil.Process) -> None:
        self.samples.append(
            Sample(time.monotonic(), daemon.num_fds(), daemon.num_threads(), pss_mib(daemon))
        )

    def figures(self) -> dict[str, object]:
        """What came of it: the most of each once warm, and at the end."""
        length = self.end - self.half
        warm = self.half + WARM_SHARE * length
        tail = self.end - TAIL_SHARE * length
        early = [each for each in self.samples if warm <= each.at < tail] or self.samples
        late = [each for each in self.samples if each.at >= tail] or self.samples
        growth = max(e.pss_mib for e in late) - max(e.pss_mib for e in early)
        return {
            "rounds": self.rounds,
            "steps": self.library.steps.total(),
            "kills": self.kills,
            "files_at_the_end": len(self.library.files),
            "slowest_rest_seconds": round(self.slowest_rest, 1),
            "descriptors_most": [max(e.descriptors for e in part) for part in (early, late)],
            "threads_most": [max(e.threads for e in part) for part in (early, late)],
            "memory_mib_most": [round(max(e.pss_mib for e in p), 1) for p in (early, late)],
            "memory_growth_mib": round(growth, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--note", default="", help="kept with the figures, such as what else ran")
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tagd-soak-"))
    home = Home(root / "home", cache=export_graphs(root / "cache"))
    home.environment |= SETTINGS
    staged = root / "staged"
    staged.mkdir()
    now = time.monotonic()
    soak = Soak(
        home,
        Library(home.photos, staged, random.Random(chosen.seed)),
        random.Random(chosen.seed + 1),
        half=now + chosen.minutes * 30,
        end=now + chosen.minutes * 60,
    )
    soak.run()
    shutil.rmtree(root)  # where it failed it stays, to be looked at
    note = f"; {chosen.note}" if chosen.note else ""
    report.keep(
        "soak",
        {"seed": chosen.seed, "minutes": chosen.minutes, **soak.figures()},
        f"a busy person and SIGKILLs against a model; pairs are once warm, at the end{note}",
    )


if __name__ == "__main__":
    main()
