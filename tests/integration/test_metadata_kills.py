"""Killed before any step of a write: the photo is the old or the new one, whole."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tagd.domain import Signature
from tagd.metadata import file_calls
from tagd.metadata.folder import Folder
from tagd.metadata.ledger import FileIdentity, Intent, digest_of
from tagd.metadata.recovery import Recovered, recover
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.writer import Writer
from tests.corpus import SPLICED
from tests.metadata import TAGS

STEPS = [
    *((os, name) for name in ("open", "write", "fchown", "fchmod", "setxattr", "utime", "fsync")),
    *((os, name) for name in ("close", "rename", "replace", "unlink", "link")),
    (file_calls, "_RENAMEAT2"),
]


class FolderLedger:
    """A ledger that a kill leaves as it is: a file an intent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, intent: Intent) -> None:
        place = self._folder / intent.token
        way = None if intent.way is None else intent.way.hex()
        text = json.dumps({**asdict(intent), "path": str(intent.path), "way": way})
        place.with_suffix(".new").write_text(text)
        place.with_suffix(".new").rename(place)

    def done(self, intent: Intent, signature: Signature | None) -> None:
        (self._folder / intent.token).unlink()

    def pending(self) -> Sequence[Intent]:
        found = []
        for place in self._folder.iterdir():
            if not place.suffix:
                told = json.loads(place.read_text())
                seen = FileIdentity(**told["seen"]) if told["seen"] else None
                way = None if told["way"] is None else bytes.fromhex(told["way"])
                path = Path(told["path"])
                found.append(Intent(**{**told, "path": path, "seen": seen, "way": way}))
        return found


def count_steps(die_before: int) -> None:
    """Let this process be killed before that call of those that change anything on the disk."""
    steps = itertools.count()

    def step(real: Any) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            if next(steps) == die_before:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return call

    for place, name in STEPS:
        setattr(place, name, step(getattr(place, name)))


def write(photo: Path, ledger: FolderLedger, options: WriteOptions, die_before: int) -> None:
    """Write the photo until then, in a child of its own."""
    count_steps(die_before)
    Writer(ledger, options=options).embed(photo, TAGS, {})
    os._exit(0)


# Children of a small server: a fork of this process, which may hold models, takes long.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload([__name__])


def dies(photo: Path, ledger: FolderLedger, options: WriteOptions, die_before: int) -> bool:
    """Whether a child that writes the photo was killed before that step."""
    child = CHILDREN.Process(target=write, args=(photo, ledger, options, die_before))
    child.start()
    child.join()
    assert child.exitcode in (0, -signal.SIGKILL)
    return child.exitcode != 0


def without_exchange(*_: object) -> bool:
    """A file system that cannot."""
    return False


@pytest.mark.parametrize("exchange", [Folder.exchange, without_exchange])
@pytest.mark.parametrize("times", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_a_kill_at_any_step_leaves_the_old_photo_or_the_new(
    exchange: Any, times: int, tmp_path: Path
) -> None:
    photos, kept = tmp_path / "photos", tmp_path / "ledger"
    photos.mkdir()
    kept.mkdir()
    ledger = FolderLedger(kept)
    options = WriteOptions(exchange=exchange)
    photo = photos / "photo.jpg"
    old = SPLICED["canon-big.jpg"]
    photo.write_bytes(old)
    Writer(ledger, options=options).embed(photo, TAGS, {})
    new = photo.read_bytes()
    assert new != old
    outcomes: list[Recovered] = []
    for step in itertools.count():
        deaths = 0
        for _ in range(times):
            photo.write_bytes(old)
            if not dies(photo, ledger, options, step):
                break
            deaths += 1
            assert photo.read_bytes() in (old, new)
            outcomes += set_right(ledger)
            assert photo.read_bytes() in (old, new)
            assert [each.name for each in photos.iterdir()] == ["photo.jpg"]
        if not deaths:
            break
        assert deaths == times
    assert step >= 12, "there are that many steps"
    assert {Recovered.UNDONE, Recovered.WRITTEN} == set(outcomes)


def test_a_kill_at_any_step_keeps_the_original_where_that_is_wanted(tmp_path: Path) -> None:
    photos, kept = tmp_path / "photos", tmp_path / "ledger"
    photos.mkdir()
    kept.mkdir()
    ledger, old = FolderLedger(kept), SPLICED["canon-big.jpg"]
    photo, original = photos / "photo.jpg", photos / "photo.jpg_original"
    for step in itertools.count():
        photo.write_bytes(old)
        original.unlink(missing_ok=True)
        if not dies(photo, ledger, WriteOptions(keep_original=True), step):
            break
        set_right(ledger)
        assert photo.read_bytes() == old or original.read_bytes() == old
        assert {each.name for each in photos.iterdir()} <= {photo.name, original.name}
    assert step >= 16, "there are that many steps"


def set_right(ledger: FolderLedger) -> list[Recovered]:
    """As a start does; twice, since a start may be killed too."""
    outcomes = []
    for intent in ledger.pending():
        outcome = recover(intent)
        assert recover(intent) is outcome
        holds = intent.digest == digest_of(intent.path.read_bytes())
        assert (outcome is Recovered.WRITTEN) == holds
        ledger.done(intent, None)
        outcomes.append(outcome)
    return outcomes


# States that only a race and a kill together leave


def intent_of(photo: Path, new: bytes) -> Intent:
    return Intent.to_write(photo, FileIdentity.of(photo.lstat()), new)


def test_newer_bytes_that_the_exchange_caught_are_put_back(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    intent = intent_of(photo, SPLICED["comment.jpg"])
    newer = SPLICED["icc.jpg"]
    intent.swap.write_bytes(newer)
    photo.write_bytes(SPLICED["comment.jpg"])
    assert recover(intent) is Recovered.UNDONE
    assert photo.read_bytes() == newer
    assert not intent.swap.exists()


def test_the_only_copy_gets_its_name_back(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    intent = intent_of(photo, SPLICED["comment.jpg"])
    photo.rename(intent.swap)
    assert recover(intent) is Recovered.UNDONE
    assert photo.read_bytes() == SPLICED["plain.jpg"]


def test_the_old_photo_stays_while_the_one_in_its_place_is_damaged(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    intent = intent_of(photo, SPLICED["comment.jpg"])
    photo.rename(intent.swap)
    photo.write_bytes(SPLICED["icc.jpg"][:200])
    assert recover(intent) is Recovered.KEPT
    assert intent.swap.read_bytes() == SPLICED["plain.jpg"]
    photo.write_bytes(SPLICED["icc.jpg"])
    assert recover(intent) is Recovered.UNDONE
    assert not intent.swap.exists()
    assert photo.read_bytes() == SPLICED["icc.jpg"]
