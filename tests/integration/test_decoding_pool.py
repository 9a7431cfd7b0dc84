from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tagd.decoding.decode import DecodeLimits, decode
from tagd.decoding.pool import DecodeOutcome, DecodeRequest, DecoderPool
from tagd.domain import Geometry
from tagd.errors import (
    DecoderDied,
    DecoderHung,
    DecoderUnavailable,
    Deferred,
    FileVanished,
    NotAnImage,
    TooLarge,
)
from tests.photos import cat, distinct
from tests.support import PATIENCE_SECONDS, wait_until

INPUT = Geometry(96, (80, 80))
WIDE = Geometry((60, 90), (60, 90), "bilinear")
LIMITS = DecodeLimits()
HOUR = 3600.0  # longer than any test may take


class Events(list[str]):
    """What the pool told of."""

    def __call__(self, event: str) -> None:
        self.append(event)


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def pool(events: Events) -> Iterator[DecoderPool]:
    with DecoderPool(decoders=1, limits=LIMITS, on_event=events) as started:
        wait_until(lambda: len(started.pids) == 1)
        yield started


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    cat().save(path)
    return path


@pytest.fixture(scope="module")
def vast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 megapixels: 192 MB of pixels, and half a second of work."""
    path = tmp_path_factory.mktemp("vast") / "vast.png"
    Image.new("RGB", (8000, 6000), "teal").save(path, compress_level=1)
    return path


def collected(pool: DecoderPool, count: int) -> list[DecodeOutcome]:
    outcomes: list[DecodeOutcome] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(outcomes) < count:
        assert time.monotonic() < deadline, f"{len(outcomes)} of {count}"
        outcomes += pool.take(16, 1.0)
    return outcomes


def one(pool: DecoderPool, path: Path, ticket: int = 1) -> DecodeOutcome:
    pool.submit(DecodeRequest(ticket, path, (INPUT,)))
    (outcome,) = collected(pool, 1)
    assert outcome.ticket == ticket
    return outcome


def state(pid: int) -> str:
    """The kernel's letter for what a process does; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][:1]
    except FileNotFoundError:
        return ""


def is_gone(pid: int) -> bool:
    return state(pid) in {"", "Z"}


def test_two_hundred_photos_each_come_back_as_what_they_are(tmp_path: Path, events: Events) -> None:
    paths = distinct(200, tmp_path)
    with DecoderPool(decoders=2, limits=LIMITS, on_event=events) as pool:
        for ticket, path in enumerate(paths):
            pool.submit(DecodeRequest(ticket, path, (INPUT, WIDE)[: 1 + ticket % 2]))
        outcomes = {each.ticket: each for each in collected(pool, 200)}
        assert pool.outstanding == 0
        assert len(pool.pids) == 2
    assert sorted(outcomes) == list(range(200))
    for ticket, path in enumerate(paths):
        photo = outcomes[ticket].photo
        expected = decode(path, (INPUT, WIDE)[: 1 + ticket % 2], LIMITS)
        assert photo is not None
        assert (photo.path, photo.photo_id, photo.signature, photo.facts) == (
            path,
            expected.photo_id,
            expected.signature,
            expected.facts,
        )
        assert photo.inputs.keys() == expected.inputs.keys()
        assert all(
            np.array_equal(photo.inputs[each], expected.inputs[each]) for each in photo.inputs
        )
    assert len({each.photo.photo_id for each in outcomes.values() if each.photo}) == 200
    assert not events


def test_errors_come_back_as_what_they_are(pool: DecoderPool, tmp_path: Path) -> None:
    (tmp_path / "diary.jpg").write_text("Dear diary", encoding="ascii")
    assert isinstance(one(pool, tmp_path / "diary.jpg").error, NotAnImage)
    assert isinstance(one(pool, tmp_path / "nowhere.jpg").error, FileVanished)


def test_a_name_that_is_not_utf8(pool: DecoderPool, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.jpg"))
    cat().save(path, "JPEG")
    outcome = one(pool, path)
    assert outcome.photo is not None
    assert outcome.photo.path == path


def test_a_decoder_that_hangs_is_killed_and_replaced(events: Events, photo: Path) -> None:
    limits = DecodeLimits(timeout_seconds=3)  # which a machine under load keeps with a small photo
    with DecoderPool(decoders=1, limits=limits, on_event=events) as pool:
        assert one(pool, photo).photo
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state(pid) == "T")
        pool.submit(DecodeRequest(2, photo, (INPUT,)))
        pool.submit(DecodeRequest(3, photo, (INPUT,)))
        outcomes = {each.ticket: each for each in collected(pool, 2)}
        error = outcomes[2].error
        assert isinstance(error, DecoderHung)
        assert error.reason == "the decoder took longer than 3 s"
        # What only waited behind it is not to blame.
        assert outcomes[3].photo is not None
        assert is_gone(pid)
        assert events == [f"a decoder took longer than 3 s: {photo}"]


def test_photos_beside_one_that_hung_take_one_decoder_at_most(
    events: Events, photo: Path, vast: Path
) -> None:
    limits = DecodeLimits(timeout_seconds=5)
    with DecoderPool(decoders=2, limits=limits, on_event=events) as pool:
        assert one(pool, vast).photo
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        wait_until(lambda: state(pid) == "T")
        assert isinstance(one(pool, vast).error, DecoderHung)
        held_up = pool.is_held_up
        assert held_up
        for ticket in (2, 3):
            pool.submit(DecodeRequest(ticket, vast, (INPUT,), may_wait=True))
        pool.submit(DecodeRequest(4, photo, (INPUT,), may_wait=True))
        pool.submit(DecodeRequest(5, vast, (INPUT,)))  # asked by somebody who does not come again
        outcomes = {each.ticket: each for each in collected(pool, 4)}
        assert isinstance(outcomes[3].error, Deferred)
        assert all(outcomes[ticket].photo for ticket in (2, 4, 5))
        assert not pool.is_held_up, "it was answered"
        assert pool.silent == ()


def test_a_decoder_that_dies_costs_only_the_photo_that_it_worked_on(
    pool: DecoderPool, photo: Path, vast: Path, events: Events
) -> None:
    assert one(pool, photo).photo
    (pid,) = pool.pids
    pool.submit(DecodeRequest(2, vast, (INPUT,)))
    for ticket in (3, 4):
        pool.submit(DecodeRequest(ticket, photo, (INPUT,)))
    decoder = psutil.Process(pid)
    decoder.nice(19)  # so that it does not come to its end before we look
    wait_until(lambda: decoder.memory_info().rss > 80 * 1024 * 1024)
    decoder.kill()
    outcomes = {each.ticket: each for each in collected(pool, 3)}
    error = outcomes[2].error
    assert isinstance(error, DecoderDied)
    assert error.reason == "the decoder was killed by SIGKILL"
    assert outcomes[3].photo is not None
    assert outcomes[4].photo is not None
    assert events == [f"a decoder was killed by SIGKILL: {vast}"]
    assert is_gone(pid)
    # There was nothing wrong with the photo.
    assert one(pool, vast, 5).photo


def test_an_idle_decoder_that_dies_costs_nothing(
    pool: DecoderPool, photo: Path, events: Events
) -> None:
    assert one(pool, photo).photo
    (pid,) = pool.pids
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: pool.pids not in {(), (pid,)})
    assert one(pool, photo).photo
    assert not events


def test_a_picture_beyond_the_memory_of_a_decoder_is_too_large(
    pool: DecoderPool, photo: Path, vast: Path
) -> None:
    assert one(pool, photo).photo
    (pid,) = pool.pids
    psutil.Process(pid).rlimit(psutil.RLIMIT_AS, (150 * 1024 * 1024, psutil.RLIM_INFINITY))
    error = one(pool, vast).error
    assert isinstance(error, TooLarge)
    assert "memory" in error.reason
    # It knew how to say so, and goes on.
    assert one(pool, photo).photo
    assert pool.pids == (pid,)


def test_decoders_confine_themselves(pool: DecoderPool, photo: Path) -> None:
    assert one(pool, photo).photo
    decoder = psutil.Process(pool.pids[0])
    most = 512 * 1024 * 1024 + 10 * LIMITS.most_pixels
    assert decoder.rlimit(psutil.RLIMIT_AS) == (most, psutil.RLIM_INFINITY)
    assert decoder.rlimit(psutil.RLIMIT_CORE)[0] == 0
    assert decoder.memory_info().rss < 60 * 1024 * 1024
    mapped = {Path(each.path).name.split(".")[0] for each in decoder.memory_maps()}
    assert not {"_multiarray_umath", "libtorch"} & mapped
    # Ctrl-C reaches every process of the terminal's group: that is the daemon's to answer.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        decoder.send_signal(each)
    assert one(pool, photo).photo
    assert pool.pids == (decoder.pid,)


def test_decoders_are_as_many_as_there_is_work_for(events: Events, photo: Path) -> None:
    with DecoderPool(decoders=3, limits=LIMITS, on_event=events, idle_seconds=1.0) as pool:
        wait_until(lambda: len(pool.pids) == 1)
        for ticket in range(30):
            pool.submit(DecodeRequest(ticket, photo, (INPUT,)))
        wait_until(lambda: len(pool.pids) == 3)
        pids = set(pool.pids)
        assert all(each.photo for each in collected(pool, 30))
        # One stays warm.
        wait_until(lambda: len(pool.pids) == 1)
        assert set(pool.pids) < pids
        assert one(pool, photo, 31).photo


def test_a_decoder_is_replaced_after_its_share(events: Events, photo: Path) -> None:
    with DecoderPool(decoders=1, limits=LIMITS, on_event=events, photos_per_decoder=3) as pool:
        pids: set[int] = set()
        for ticket in range(10):
            assert one(pool, photo, ticket).photo
            pids.update(pool.pids)
        assert len(pids) > 3
    assert not events


def test_without_decoders_somebody_is_told(
    monkeypatch: pytest.MonkeyPatch, events: Events, photo: Path
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with DecoderPool(decoders=1, limits=LIMITS, on_event=events) as pool:
        pool.submit(DecodeRequest(1, photo, (INPUT,)))
        with pytest.raises(DecoderUnavailable, match="ended with status 1"):
            pool.take(1, PATIENCE_SECONDS)
        assert pool.outstanding == 1
        monkeypatch.undo()
        # It goes on trying, and nothing is lost.
        deadline = time.monotonic() + PATIENCE_SECONDS
        outcomes: list[DecodeOutcome] = []
        while not outcomes and time.monotonic() < deadline:
            try:
                outcomes = pool.take(1, 1.0)
            except DecoderUnavailable:
                continue
        assert [each.photo is not None for each in outcomes] == [True]
    assert len(events) >= 3


def test_a_waiting_take_is_woken(pool: DecoderPool) -> None:
    threading.Timer(0.05, pool.wake).start()
    assert pool.take(1, HOUR) == []
    assert pool.take(1, 0.0) == []


def test_a_take_may_linger_for_what_has_been_submitted(pool: DecoderPool, photo: Path) -> None:
    for ticket in range(3):
        pool.submit(DecodeRequest(ticket, photo, (INPUT,)))
    assert [each.ticket for each in pool.take(2, HOUR, linger=HOUR)] == [0, 1]
    assert [each.ticket for each in pool.take(2, HOUR, linger=HOUR)] == [2]


def test_what_was_discarded_never_comes(pool: DecoderPool, photo: Path) -> None:
    for ticket in range(5):
        pool.submit(DecodeRequest(ticket, photo, (INPUT,)))
    pool.discard()
    assert pool.outstanding == 0
    assert one(pool, photo, 77).photo
    assert pool.take(1, 0.0) == []


def test_more_than_agreed_is_refused(events: Events, photo: Path) -> None:
    with DecoderPool(decoders=1, limits=LIMITS, on_event=events, most_outstanding=2) as pool:
        pool.submit(DecodeRequest(1, photo, (INPUT,)))
        with pytest.raises(RuntimeError, match="ticket 1 is outstanding"):
            pool.submit(DecodeRequest(1, photo, (INPUT,)))
        pool.submit(DecodeRequest(2, photo, (INPUT,)))
        with pytest.raises(RuntimeError, match="2 photos are outstanding"):
            pool.submit(DecodeRequest(3, photo, (INPUT,)))
        collected(pool, 2)
        pool.submit(DecodeRequest(3, photo, (INPUT,)))
    with pytest.raises(RuntimeError, match="closed"):
        pool.submit(DecodeRequest(4, photo, (INPUT,)))


def test_closing_does_not_wait_for_a_decoder_that_hangs(events: Events, photo: Path) -> None:
    limits = DecodeLimits(timeout_seconds=HOUR)
    pool = DecoderPool(decoders=2, limits=limits, on_event=events)
    for ticket in range(20):
        pool.submit(DecodeRequest(ticket, photo, (INPUT,)))
    collected(pool, 20)
    pids = pool.pids
    os.kill(pids[0], signal.SIGSTOP)
    pool.submit(DecodeRequest(21, photo, (INPUT,)))
    pool.close()
    assert all(is_gone(each) for each in pids)
    assert pool.take(1, HOUR) == []


ORPHANS = """
import sys
from pathlib import Path
from tagd.domain import Geometry
from tagd.decoding.decode import DecodeLimits
from tagd.decoding.pool import DecodeRequest, DecoderPool

pool = DecoderPool(decoders=2, limits=DecodeLimits(), on_event=print)
for ticket in range(20):
    pool.submit(DecodeRequest(ticket, Path(sys.argv[1]), (Geometry(96, (80, 80)),)))
taken = 0
while taken < 20:
    taken += len(pool.take(20, 1.0))
print(*pool.pids, flush=True)
pool.take(1, 3600.0)
"""


def test_decoders_end_when_the_daemon_is_killed(photo: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANS, str(photo)], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        pids = [int(each) for each in daemon.stdout.readline().split()]
        assert len(pids) == 2
        daemon.kill()
        wait_until(lambda: all(is_gone(each) for each in pids))


HANGING = """
import time
from tagd.decoding import child as decoder_main
from tagd.decoding.decode import DecodeLimits

limits = DecodeLimits(timeout_seconds=0.1)
decoder_main._ALARM_SLACK_SECONDS = 0.1
decoder_main.read_photo = lambda *given, **named: time.sleep(3600)
decoder_main._confine(limits)
decoder_main._answer({"path": "", "offset": 0, "geometries": []}, 0, limits)
"""


def test_an_orphan_that_hangs_is_ended_by_the_kernel() -> None:
    ended = subprocess.run([sys.executable, "-c", HANGING], timeout=PATIENCE_SECONDS, check=False)
    assert ended.returncode == -signal.SIGALRM
