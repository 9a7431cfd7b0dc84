"""Learning beside others: processes that end in the middle, people who correct meanwhile, and other
machines."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import structlog
from sqlalchemy import Connection

from tagd.assembly import learning as assembly
from tagd.catalogue.tagging import personal
from tagd.catalogue.tagging.corrections import Action
from tagd.catalogue.tagging.runs import Run
from tagd.daemon.learning import QUIET_SECONDS, Learning
from tagd.learning import exchange, teach
from tagd.learning.teach import Means
from tagd.writeback.queue import Writes
from tests.catalogue import fresh, rows
from tests.learning import (
    Library,
    add_photos,
    learned,
    names,
    say,
    suggested,
    told,
)
from tests.support import wait_until


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with fresh(tmp_path) as catalogue:
        yield Library(catalogue, tmp_path)


class Killed(BaseException):
    """Stands for a process that ends at once."""


def test_a_process_that_ends_in_the_middle_does_it_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teach, "PAGE", 3)
    queued: list[int] = []

    class Dying(Writes):
        def queue_rows(self, tx: Connection, photos: object, priority: object = None) -> None:
            queued.append(1)
            if len(queued) == 3:
                raise Killed

    with pytest.raises(Killed):
        library.learn(gives=True, writes=Dying(lambda _: False))
    assert len(learned(library.catalogue)) == 6  # two pages are whole, the third is not begun
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert teach.is_due(tx, of)
    [again] = assembly.learn_due(library.config(), library.catalogue)
    assert len(again.outcome.gained) == len(library.hidden) - 6
    assert learned(library.catalogue) == names(library.hidden)


def test_people_who_correct_meanwhile_lose_nothing(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teach, "PAGE", 1)
    told(library.catalogue, gives=True)
    begun = threading.Event()

    def person(action: Action, paths: list[Path]) -> None:
        begun.wait(60)
        for path in paths:
            say(library.catalogue, action, [path])

    people = [
        threading.Thread(target=person, args=[Action.REJECT, library.hidden[::-2]]),
        threading.Thread(target=person, args=[Action.ADD, library.others[:5]]),
    ]
    for each in people:
        each.start()
    begun.set()
    for _ in range(3):
        library.learn()
    for each in people:
        each.join()
    library.learn()
    rejected, added = names(library.hidden[::-2]), names(library.others[:5])
    assert not (learned(library.catalogue) | suggested(library.catalogue)) & rejected
    with library.catalogue.read() as tx:
        found = {
            (Path(str(path)).name, source, state)
            for path, source, state in rows(
                tx, "SELECT path, tag.source, tag.state FROM tag JOIN file USING (photo_id)"
            )
        }
    assert {name for name, source, state in found if state == "rejected"} == rejected
    assert {name for name, source, _ in found if source == "person"} >= added


def test_heads_go_to_another_machine(library: Library, tmp_path: Path) -> None:
    library.learn()
    with library.catalogue.read() as tx:
        told_of = [(each, personal.heads(tx)[each.label_id]) for each in personal.every(tx)]
    [foreign] = exchange.loaded(exchange.dumped(told_of).encode())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with fresh(elsewhere) as catalogue:
        boats = add_photos(catalogue, elsewhere, [3] * 5 + [0] * 40, 3000)[:5]
        of = told(catalogue)
        with catalogue.write() as tx:
            heads = exchange.kept(tx, foreign, time.time())
        found = teach.take_over(catalogue, of, heads, Means(Run.of("import")))
        assert suggested(catalogue) == names(boats)
        assert len(found.likely) == 5
        with catalogue.read() as tx:
            [of] = personal.every(tx)
            assert not teach.is_due(tx, of)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "another"}',
        '{"format": "tagd heads 1", "tags": [{"tag": "a", "heads": []}]}',
        '{"format": "tagd heads 1", "tags": [{"tag": "a", "heads": [{"weights": "!"}]}]}',
        "[" * 100_000,
    ],
)
def test_a_file_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        exchange.loaded(text.encode())


def test_weights_that_are_no_numbers_are_refused(library: Library) -> None:
    library.learn()
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        [head] = personal.heads(tx)[of.label_id]
    broken = replace(head, weights=np.full(8, np.nan, dtype=np.float32))
    with pytest.raises(ValueError, match="none"):
        exchange.loaded(exchange.dumped([(of, [broken])]).encode())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_daemon_learns_again_once_nobody_has_spoken_for_a_while(library: Library) -> None:
    library.learn(gives=True)
    clock, config = Clock(), library.config()
    daemon = Learning(library.catalogue, structlog.get_logger(), clock)

    def checked(*, work: bool = True) -> bool:
        daemon.check(config, work=work)
        return daemon.is_learning

    def settled() -> bool:
        return not checked(work=False)

    assert not checked()
    clock.now += QUIET_SECONDS
    assert checked()  # after a start, since examples may have changed while nobody ran
    wait_until(settled)
    say(library.catalogue, Action.REJECT, library.hidden[:1])
    say(library.catalogue, Action.ADD, library.others[:1])
    assert not checked()
    clock.now += QUIET_SECONDS / 2
    say(library.catalogue, Action.REJECT, library.others[1:2])
    assert not checked()
    clock.now += QUIET_SECONDS / 2
    assert not checked()  # somebody has spoken since
    clock.now += QUIET_SECONDS
    assert not checked(work=False)  # not the hour for it
    assert checked()
    wait_until(settled)
    assert daemon.troubles == ()
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert not teach.is_due(tx, of)
        [head] = personal.heads(tx)[of.label_id]
    assert (head.given, head.rejected) == (9, 2)


def test_a_learning_process_that_is_killed_leaves_it_for_the_next(library: Library) -> None:
    told(library.catalogue, gives=True)
    command = [sys.executable, "-m", "tagd.assembly.learning"]
    for _ in range(2):
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            process.stdin.write(library.config().model_dump_json().encode())
            process.stdin.close()
            wait_until(lambda: learning_or_done(library, process))
            process.kill()
    done = subprocess.run(
        command,
        input=library.config().model_dump_json().encode(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert learned(library.catalogue) == names(library.hidden)
    with library.catalogue.read() as tx:
        [of] = personal.every(tx)
        assert not teach.is_due(tx, of)


def learning_or_done(library: Library, process: subprocess.Popen[bytes]) -> bool:
    with library.catalogue.read() as tx:
        return personal.every(tx)[0].examples is not None or process.poll() is not None
