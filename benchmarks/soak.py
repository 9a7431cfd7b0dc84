"""An hour with a person who is busy, a machine that fails, and a model of what must come of it.

    python -m benchmarks.soak [--minutes 60] [--seed 1] [--fuse]

A seeded generator drops, copies, moves, edits and deletes photos, breaks copies off, leaves hostile
files, and in the first half of the time kills the daemon with SIGKILL in the midst of it, which all
the while writes tags into the photos, beside them or both. After each round everything must come to
rest. Then the catalogue must hold exactly what the model says, nothing lost and nothing doubled;
each photo its picture and captions as before and the tags in force as keywords; each sidecar must
be its photo's. At times the person says what is in a photo, by command, and that must stay. The
second half is one life, over which descriptors, threads and memory must stay flat.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from benchmarks import report
from benchmarks.beside import Beside
from benchmarks.footprint import pss_mib
from benchmarks.fuse import without_attributes
from benchmarks.library import Library
from benchmarks.reading import Reading
from tests.acceptance.home import Home, export_graphs
from tests.support import PATIENCE_SECONDS, wait_until

REST_SECONDS = PATIENCE_SECONDS  # for everything to come to rest: no rescan helps within it
STEPS = (5, 60)  # of a round
KILLED_BETWEEN, KILLED_AFTER = 0.01, 0.5  # shares of the steps and rounds of the first half
WARM_SHARE = 0.2  # of the second half, in which caches fill and decoders grow
TAIL_SHARE = 0.2  # of the second half, which the time after warming up is compared with
SAID_AFTER = 0.1  # share of the rounds after which the person says what is in a photo
CHANGED_AFTER = 0.1  # share of the rounds of the first half after which tags go elsewhere
# A crash tells where it was.
SETTINGS = {"TAGD_WATCH__SETTLE_SECONDS": "0.5", "PYTHONFAULTHANDLER": "1"}
# The watch misses a photo at times where a file system of FUSE's is busy; a scan finds it.
ON_FUSE = {"TAGD_WATCH__RESCAN_MINUTES": "0.5"}
WRITE = "TAGD_METADATA__WRITE"
MODES = ("both", "sidecar", "embedded")  # the first is that of the second half
NONE: frozenset[str] = frozenset()
UNWRITTEN = (
    "SELECT file.path FROM job JOIN file ON file.id = job.file_id"
    " WHERE job.kind = 'write' AND job.state = 'quarantined'"
)
SAYINGS = ("confirm", "reject")
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
    reading: Reading = field(init=False)
    beside: Beside = field(init=False)
    mode: str = MODES[0]
    decided: dict[str, tuple[str, bool]] = field(default_factory=dict)
    tags: dict[str, frozenset[str]] = field(default_factory=dict)  # by content, at rest
    rounds: int = 0
    changes: int = 0
    kills: int = 0
    slowest_rest: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    started_at: int = 0  # bytes of the log that are of earlier lives

    def run(self) -> None:
        """All rounds: with kills first, then one life."""
        self.reading = Reading(self.home.photos)
        self.beside = Beside(self.library)
        self.home.environment[WRITE] = self.mode
        self._start()
        try:
            while time.monotonic() < self.half:
                self._round(has_kills=True)
            self._change(MODES[0])
            while time.monotonic() < self.end:
                self._round(has_kills=False)
            self._end()
        finally:
            self.daemon.kill()
            self.daemon.wait()

    def _round(self, *, has_kills: bool) -> None:
        for _ in range(self.rng.randrange(*STEPS)):
            self.library.step()
            if has_kills and self.rng.random() < KILLED_BETWEEN:
                self._kill()
        if has_kills and self.rng.random() < KILLED_AFTER:
            self._kill()
        self.library.end_copies()
        self._rest()
        if self.rng.random() < SAID_AFTER:
            self._decide()
            self._rest()
        if self._try_again():
            self._rest()
        if has_kills and self.rng.random() < CHANGED_AFTER:
            self._change(self.rng.choice(MODES))
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
        self._start()

    def _start(self) -> None:
        log = self.home.log
        self.started_at = log.stat().st_size if log.exists() else 0
        self.daemon = self.home.start()

    def _end(self) -> None:
        def is_ready() -> bool:
            return b"ready: " in self.home.log.read_bytes()[self.started_at :]

        wait_until(is_ready, what="it is ready")  # before, a signal ends it as it ends any process
        self.daemon.terminate()
        code = self.daemon.wait(PATIENCE_SECONDS)
        assert code == 0, f"it ended with {code}:\n{self.home.log.read_text()[-5000:]}"

    def _change(self, mode: str) -> None:
        """Tags are written elsewhere from now on, and there for the photos that are known too."""
        self._end()
        self.mode = self.home.environment[WRITE] = mode
        done = self.home.run("write", self.home.photos)
        assert done.returncode in {0, 1}, done.stderr
        self._doubt(self.library.is_blocked)
        self._start()
        self._rest()
        self.changes += 1

    def _try_again(self) -> bool:
        """A person has tagd try again once what was in a sidecar's place is gone."""
        files = self.library.files
        again = {
            n for n, held in files.items() if held.is_doubtful and not self.library.is_blocked(n)
        }
        if not again:
            return False
        done = self.home.run("failed", "--retry")
        assert done.returncode == 0, done.stderr
        for name in again:
            files[name] = replace(files[name], is_doubtful=False)
        return True

    def _doubt(self, which: Callable[[str], bool]) -> None:
        for name, held in self.library.files.items():
            if which(name):
                self.library.files[name] = replace(held, is_doubtful=True)

    def _decide(self) -> None:
        """A person confirms or rejects a tag of a photo, or adds one: once a photo, since who
        rejects what was confirmed takes that back."""
        told = self._in_force()
        undecided = [
            name
            for name, held in sorted(self.library.files.items())
            if held.photo_id is not None and held.photo_id not in self.decided
        ]
        if not undecided:
            return
        name = self.rng.choice(undecided)
        words = [("add", f"word {self.rounds}", True)]
        words += [(say, tag, say == "confirm") for tag in told[name] for say in SAYINGS]
        how, tag, stays = self.rng.choice(sorted(words))
        done = self.home.run(how, self.home.photos / name, tag)
        assert done.returncode == 0, f"{how} {name} {tag}: {done.stderr}"
        self.decided[self.library.files[name].payload] = (tag, stays)

    def _rest(self) -> None:
        """Wait until the catalogue says what the model says, and look at the whole of it."""
        begun, wrong = time.monotonic(), ["nothing was asked yet"]

        def is_right() -> bool:
            nonlocal wrong
            assert self.daemon.poll() is None, self.home.log.read_text()[-5000:]
            wrong = self._wrong() or self._unwritten()
            return not wrong

        try:
            wait_until(is_right, REST_SECONDS)
        except AssertionError as error:
            words = "\n".join([*wrong[:20], self.home.log.read_text()[-5000:]])
            raise AssertionError(f"after {self.library.steps}:\n{words}") from error
        self.library.rest()
        told = self._in_force()
        self.tags |= {held.payload: told[name] for name, held in self.library.files.items()}
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
        return waiting + self.library.differences(seen) + self._failed_otherwise()

    def _failed_otherwise(self) -> list[str]:
        """Photos whose tags could not be written, and no reason is known, or that were written."""
        prefix = f"{self.home.photos}/"
        failed = {path.removeprefix(prefix) for (path,) in self.home.rows(UNWRITTEN)}
        found = []
        for name, held in self.library.files.items():
            if not held.is_photo or held.is_doubtful:
                continue
            may_fail = self.library.is_blocked(name)
            must_fail = may_fail and (self.mode != "embedded" or not held.takes_keywords)
            if name in failed and not may_fail:
                found.append(f"{name} is among what was not written")
            if must_fail and name not in failed:
                found.append(f"{name} is not among what was not written")
        gone = failed - self.library.files.keys()
        return found + [f"{name} is not there, and failed" for name in sorted(gone)]

    def _unwritten(self) -> list[str]:
        """What the photos hold other than they must, and what was said and has not stayed."""
        told = self._in_force()
        files = self.library.files
        photos = {name: held for name, held in files.items() if held.is_photo}
        inside = {} if self.mode == "sidecar" else {name: told[name] for name in photos}
        inside |= {name: NONE for name, held in photos.items() if not held.takes_keywords}
        found = list(self.reading.differences(files, inside))
        found += self.beside.differences(told, are_written=self.mode != "embedded")
        found += self.beside.changed()
        for name, held in photos.items():
            before = self.tags.get(held.payload, told[name])
            if told[name] != before and held.payload not in self.decided:
                found.append(f"{name} has {sorted(told[name])}, and had {sorted(before)}")
            tag, stays = self.decided.get(held.payload, ("", False))
            if (tag in told[name]) is not stays:
                found.append(f"{tag} is {'not ' if stays else ''}in force for {name}")
        return found

    def _in_force(self) -> defaultdict[str, frozenset[str]]:
        """The tags in force by path below the photos."""
        prefix = f"{self.home.photos}/"
        tags: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for path, tag in self.home.rows("SELECT path, tag FROM v_photo_tags"):
            tags[path.removeprefix(prefix)] |= {tag}
        return tags

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
            "changes_of_where_tags_go": self.changes,
            "decisions": len(self.decided),
            "files_with_our_keywords": self.home.rows("SELECT count(*) FROM v_written")[0][0],
            "files_at_the_end": len(self.library.files),
            "accidents": self.library.steps["accident"],
            "slowest_rest_seconds": round(self.slowest_rest, 1),
            "descriptors_most": [max(e.descriptors for e in part) for part in (early, late)],
            "threads_most": [max(e.threads for e in part) for part in (early, late)],
            "memory_mib_most": [round(max(e.pss_mib for e in p), 1) for p in (early, late)],
            "memory_growth_mib": round(growth, 1),
        }


def soak(home: Home, minutes: float, seed: int, *, fuse: bool = False) -> dict[str, object]:
    """Soak tagd in a home that nobody has used; returns the figures. Raises AssertionError with
    what is not as it must be, and NoFuse where that cannot be mounted."""
    home.environment |= SETTINGS | (ON_FUSE if fuse else {})
    at_home = contextlib.nullcontext(home.root)
    with without_attributes(home.root) if fuse else at_home as disk:
        home.photos, staged = disk / "soaked", disk / "staged"
        home.photos.mkdir()
        staged.mkdir()
        home.configure("")
        now = time.monotonic()
        one = Soak(
            home,
            Library(home.photos, staged, random.Random(seed), keeps_inodes=not fuse),
            random.Random(seed + 1),
            half=now + minutes * 30,
            end=now + minutes * 60,
        )
        one.run()
        return {"seed": seed, "minutes": minutes, **one.figures()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fuse", action="store_true", help="on bindfs, without attributes")
    parser.add_argument("--note", default="", help="kept with the figures, such as what else ran")
    chosen = parser.parse_args()
    root = Path(tempfile.mkdtemp(prefix="tagd-soak-"))
    home = Home(root / "home", cache=export_graphs(root / "cache"))
    figures = soak(home, chosen.minutes, chosen.seed, fuse=chosen.fuse)
    shutil.rmtree(root)  # where it failed it stays, to be looked at
    note = f"; {chosen.note}" if chosen.note else ""
    report.keep(
        "soak-fuse" if chosen.fuse else "soak",
        figures,
        f"a busy person and SIGKILLs against a model; pairs are once warm, at the end{note}",
    )


if __name__ == "__main__":
    main()
