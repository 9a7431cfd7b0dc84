"""Where photos take too long: a folder, or a network file system as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd import fs
from tagd.decoding.slow_places import DOUBTED_SECONDS, SlowPlaces

NAS = Path("/mnt/nas")


@pytest.fixture
def places() -> SlowPlaces:
    return SlowPlaces(lambda path: NAS if path.is_relative_to(NAS) else None)


def test_a_folder_is_doubted_and_neither_its_neighbours_nor_what_is_below(
    places: SlowPlaces,
) -> None:
    places.doubt(Path("/photos/inbox/a.jpg"), 0.0)
    assert places.any(1.0)
    assert places.has(Path("/photos/inbox/b.jpg"), 1.0)
    assert not places.has(Path("/photos/inbox/deep/b.jpg"), 1.0)
    assert not places.has(Path("/photos/b.jpg"), 1.0)
    assert places.mounts(1.0) == ()


def test_a_network_file_system_is_doubted_as_a_whole(places: SlowPlaces) -> None:
    places.doubt(NAS / "2024" / "a.jpg", 0.0)
    assert places.has(NAS / "other" / "b.jpg", 1.0)
    assert not places.has(Path("/mnt/nas2/b.jpg"), 1.0)
    assert places.mounts(1.0) == (NAS,)
    places.trust(NAS / "third" / "c.jpg")
    assert not places.any(1.0)


def test_whoever_answers_is_trusted_and_doubt_ends(places: SlowPlaces) -> None:
    places.doubt(Path("/a/1.jpg"), 0.0)
    places.doubt(Path("/b/1.jpg"), 0.0)
    places.trust(Path("/a/2.jpg"))
    assert not places.has(Path("/a/1.jpg"), 1.0)
    assert places.has(Path("/b/2.jpg"), DOUBTED_SECONDS - 1)
    assert not places.has(Path("/b/2.jpg"), DOUBTED_SECONDS)
    assert not places.any(DOUBTED_SECONDS)


def test_a_network_mount_is_found_without_a_look_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo = tmp_path / "mountinfo"
    mountinfo.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "2 1 0:9 / /mnt/nas rw - nfs4 nas:/photos rw\n"
        "3 2 8:2 / /mnt/nas/disk rw - ext4 /dev/sdb1 rw\n"
    )
    monkeypatch.setattr(fs, "_MOUNTINFO", mountinfo)
    assert fs.network_mount_of(Path("/mnt/nas/a/b.jpg")) == NAS
    assert fs.network_mount_of(Path("/mnt/nas/disk/b.jpg")) is None
    assert fs.network_mount_of(Path("/home/b.jpg")) is None
