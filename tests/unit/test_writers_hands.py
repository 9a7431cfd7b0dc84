"""What the writers' threads have in hand at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.writeback.bulk import THREADS
from tagd.writeback.hands import (
    LATER_SECONDS,
    MOST_ON_ONE,
    SOON_SECONDS,
    STALLED_SECONDS,
    Hands,
)

NAS, OTHER = Path("/mnt/nas"), Path("/mnt/other")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hands(clock: Clock) -> Hands:
    def mount_of(path: Path) -> Path | None:
        return next((each for each in (NAS, OTHER) if path.is_relative_to(each)), None)

    return Hands(mount_of, clock)


def test_no_two_have_one_photo_in_hand(hands: Hands) -> None:
    assert hands.take(1, Path("/a.jpg")) == 0
    assert hands.take(1, Path("/a.jpg")) == SOON_SECONDS
    hands.put_down(1)
    assert hands.take(1, Path("/a.jpg")) == 0


def test_disks_take_every_writer_and_a_network_file_system_some(hands: Hands) -> None:
    for number in range(MOST_ON_ONE):
        assert hands.take(number, NAS / "a.jpg") == 0
    assert hands.take(10, NAS / "b.jpg") == SOON_SECONDS
    for number in range(20, 20 + THREADS):
        assert hands.take(number, Path("/a.jpg")) == 0


def test_all_network_file_systems_together_leave_one_writer_for_disks(hands: Hands) -> None:
    begun = [hands.take(number, (NAS, OTHER)[number % 2] / "a.jpg") for number in range(THREADS)]
    assert begun.count(0) == THREADS - 1


def test_one_that_does_not_answer_is_left_alone_and_said(hands: Hands, clock: Clock) -> None:
    hands.take(1, NAS / "a.jpg")
    clock.now = STALLED_SECONDS
    assert hands.troubles == []
    clock.now += 1
    assert hands.take(2, NAS / "b.jpg") == LATER_SECONDS
    assert hands.take(3, OTHER / "b.jpg") == 0
    assert hands.stalled() == {1: NAS}
    [said] = hands.troubles
    assert str(NAS) in said
    hands.put_down(1)
    assert hands.troubles == []
    assert hands.take(2, NAS / "b.jpg") == 0


def test_a_slow_disk_is_no_trouble(hands: Hands, clock: Clock) -> None:
    hands.take(1, Path("/a.jpg"))
    clock.now = 10 * STALLED_SECONDS
    assert hands.stalled() == {}
    assert hands.troubles == []
