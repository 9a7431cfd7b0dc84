"""Large files, made large by holes: what a write takes of memory and disk is bounded."""

from __future__ import annotations

import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from tagd.errors import FileBusy, MetadataUnsafe
from tagd.metadata import writer as writing
from tagd.metadata.sidecar import SidecarRule
from tagd.metadata.writer import in_turn
from tests.corpus import SPLICED
from tests.metadata import TAGS, writer


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    place = tmp_path / "photo.jpg"
    place.write_bytes(SPLICED["plain.jpg"])
    return place


def test_a_sidecar_larger_than_any_honest_one_is_not_read(photo: Path) -> None:
    place = photo.with_name("photo.jpg.xmp")
    place.touch()
    os.truncate(place, 8 << 30)  # a hole, which takes no room
    with pytest.raises(MetadataUnsafe, match="larger than 16 MB"):
        writer().write_sidecar(photo, TAGS, {}, rule=SidecarRule())
    assert place.stat().st_size == 8 << 30


def test_nothing_is_written_into_a_very_large_photo(photo: Path) -> None:
    os.truncate(photo, 8 << 30)
    with pytest.raises(MetadataUnsafe, match="larger than 256 MB"):
        writer().embed(photo, TAGS, {})
    assert photo.stat().st_size == 8 << 30


def test_holes_stay_holes(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(SPLICED["plain.png"])
    os.truncate(photo, 32 << 20)
    if photo.stat().st_blocks * 512 > 1 << 20:
        pytest.skip("this file system keeps no holes")
    writer().embed(photo, TAGS, {})
    assert photo.stat().st_size > 32 << 20
    assert photo.stat().st_blocks * 512 < 1 << 20
    assert photo.read_bytes().endswith(bytes(100))


def test_a_write_takes_at_most_three_times_the_photo_in_memory(tmp_path: Path) -> None:
    for name in ("plain.png", "plain.tif", "plain.jpg"):
        photo = tmp_path / name
        photo.write_bytes(SPLICED[name])
        os.truncate(photo, 24 << 20)
        tracemalloc.start()
        try:
            writer().embed(photo, TAGS, {})
            assert tracemalloc.get_traced_memory()[1] < 3.1 * (24 << 20), name
        finally:
            tracemalloc.stop()


def test_large_photos_are_written_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = tmp_path / "small.jpg", tmp_path / "large.jpg"
    small.touch()
    large.touch()
    os.truncate(large, 33 << 20)
    monkeypatch.setattr(writing, "_PATIENCE_SECONDS", 0.01)
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with in_turn(large):
            is_held.set()
            may_end.wait()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert is_held.wait(60)
        with in_turn(small):
            pass
        with pytest.raises(FileBusy, match="other large photos"), in_turn(large):
            pass
    finally:
        may_end.set()
        other.join()
    with in_turn(large):
        pass
