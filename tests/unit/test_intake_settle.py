"""When a file counts as whole, on a clock that the test turns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Priority, SettledFile, Signature
from tagd.intake.settle import Settler, stood_still

PHOTO = Path("/photos/a.jpg")
FIRST = Signature(size=10, mtime_ns=1, ctime_ns=1, inode=1)
GROWN = replace(FIRST, size=20, mtime_ns=2, ctime_ns=2)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def settler() -> tuple[Settler, Clock]:
    clock = Clock()
    return Settler(1.0, clock), clock


def test_a_file_that_its_writer_closed_is_whole_at_once() -> None:
    files, _ = settler()
    files.saw(PHOTO, FIRST, Priority.NEW)
    assert files.whole(PHOTO, GROWN, Priority.NEW) == SettledFile(PHOTO, GROWN, Priority.NEW)
    assert len(files) == 0
    assert files.next_due() is None


def test_another_file_has_to_stand_still_between_two_observations() -> None:
    files, clock = settler()
    assert files.saw(PHOTO, FIRST) is None
    assert files.next_due() == 101.0
    clock.now = 100.9
    assert files.due() == []
    assert files.saw(PHOTO, FIRST) is None
    clock.now = 101.0
    assert files.due() == [PHOTO]
    assert files.saw(PHOTO, FIRST) == SettledFile(PHOTO, FIRST, Priority.RESCAN)
    assert len(files) == 0


def test_a_change_starts_the_wait_anew() -> None:
    files, clock = settler()
    files.saw(PHOTO, FIRST)
    clock.now = 101.0
    assert files.due() == [PHOTO]
    assert files.saw(PHOTO, GROWN) is None
    clock.now = 101.9
    assert files.due() == []
    clock.now = 102.0
    assert files.due() == [PHOTO]
    assert files.saw(PHOTO, GROWN) is not None


def test_a_change_of_mode_alone_does_not() -> None:
    files, clock = settler()
    files.saw(PHOTO, FIRST)
    clock.now = 101.0
    renamed = replace(FIRST, ctime_ns=9)
    assert files.saw(PHOTO, renamed) == SettledFile(PHOTO, renamed, Priority.RESCAN)


def test_a_path_that_was_due_comes_up_again_unless_it_settles() -> None:
    files, clock = settler()
    files.saw(PHOTO, FIRST)
    clock.now = 101.0
    assert files.due() == [PHOTO]
    assert files.due() == []
    assert files.next_due() == 102.0
    files.forget(PHOTO)
    assert files.next_due() is None


def test_a_path_that_came_back_is_due_once() -> None:
    files, clock = settler()
    files.saw(PHOTO, FIRST)
    files.forget(PHOTO)
    clock.now = 100.5
    files.saw(PHOTO, FIRST)
    clock.now = 101.0
    assert files.due() == []
    clock.now = 101.5
    assert files.due() == [PHOTO]


def test_the_most_urgent_wish_counts() -> None:
    files, clock = settler()
    files.saw(PHOTO, FIRST, Priority.NEW)
    clock.now = 101.0
    settled = files.saw(PHOTO, FIRST, Priority.RESCAN)
    assert settled is not None
    assert settled.priority is Priority.NEW


def test_what_is_below_a_folder_is_forgotten_with_it_and_no_more() -> None:
    files, _ = settler()
    files.saw(Path("/photos/a/b.jpg"), FIRST)
    files.saw(Path("/photos/ab.jpg"), FIRST)
    files.forget_below(Path("/photos/a"))
    assert [path for path, _ in files.growing(0)] == [Path("/photos/ab.jpg")]


def test_a_file_that_keeps_changing_is_known_by_how_long() -> None:
    files, clock = settler()
    for second in range(90):
        clock.now = 100.0 + second
        files.saw(PHOTO, replace(FIRST, size=second))
    assert files.growing(60.0) == [(PHOTO, 89.0)]
    assert files.growing(90.0) == []


def test_what_both_times_say_is_old_stood_still() -> None:
    at = 1_000.0
    old = Signature(1, int(998.0e9), int(998.5e9), 1)
    assert stood_still(old, 1.0, at)
    assert not stood_still(old, 2.0, at)
    assert not stood_still(replace(old, ctime_ns=int(999.5e9)), 1.0, at)
    assert not stood_still(replace(old, mtime_ns=int(1_005e9)), 1.0, at)


STEPS = st.lists(
    st.tuples(st.floats(0.01, 1.5), st.booleans(), st.booleans()), min_size=1, max_size=60
)


@given(STEPS)
def test_no_file_settles_that_changed_within_the_wait(
    steps: list[tuple[float, bool, bool]],
) -> None:
    files, clock = settler()
    size, changed_at = 0, clock.now
    for wait, grows, looked_at_by_an_event in steps:
        clock.now += wait
        if grows:
            size, changed_at = size + 1, clock.now
        for path in [*files.due(), *([PHOTO] if looked_at_by_an_event else [])]:
            if files.saw(path, replace(FIRST, size=size, mtime_ns=size)) is not None:
                assert clock.now - changed_at >= 1.0


@given(STEPS, st.floats(0.01, 0.9))
def test_every_file_that_stands_still_settles_soon(
    steps: list[tuple[float, bool, bool]], tick: float
) -> None:
    files, clock = settler()
    size = 0
    files.saw(PHOTO, FIRST)
    for wait, grows, _ in steps:
        clock.now += wait
        size += grows
        for path in files.due():
            files.saw(path, replace(FIRST, size=size, mtime_ns=size))
    if len(files) == 0:
        return
    stands_since, settled = clock.now, None
    while settled is None and clock.now < stands_since + 10:
        clock.now += tick
        for path in files.due():
            settled = files.saw(path, replace(FIRST, size=size, mtime_ns=size))
    # One wait until it is looked at, one of standing still, and what the caller was late by.
    assert clock.now - stands_since <= 2.0 + 2 * tick
    assert len(files) == 0


def test_many_waiting_files_cost_nothing_while_none_is_due() -> None:
    files, clock = settler()
    for number in range(100_000):
        files.saw(Path(f"/photos/{number}.jpg"), FIRST)
    clock.now = 100.5
    looked_at = 0
    for _ in range(100_000):
        looked_at += len(files.due())
    assert looked_at == 0
    clock.now = 101.0
    assert len(files.due()) == 100_000
