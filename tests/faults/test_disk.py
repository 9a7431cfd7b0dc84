"""The catalogue's disk: full, read-only, broken; and another program that keeps it locked."""

from __future__ import annotations

import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.faults.conftest import Mount
from tests.faults.daemon import preload, wait_told, wait_well
from tests.support import wait_until

pytestmark = pytest.mark.slow

LOCKED_SECONDS = 30.0

# A disk whose cache cannot be written out while a file named BROKEN is there, and one that the
# kernel has turned read-only, as it does on errors, while READ_ONLY is there: what is open stays.
BROKEN_DISK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fails(int descriptor, const char *sign) {
    char link[64], place[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, place, sizeof place - 1);
    if (length < 0) return 0;
    place[length] = 0;
    return strstr(place, "catalogue.db") && access(sign, F_OK) == 0;
}

int fsync(int descriptor) {
    if (fails(descriptor, BROKEN)) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}

int fdatasync(int descriptor) {
    if (fails(descriptor, BROKEN)) { errno = EIO; return -1; }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(descriptor);
}

typedef ssize_t (*writing)(int, const void *, size_t, off_t);

ssize_t pwrite(int descriptor, const void *data, size_t size, off_t at) {
    if (fails(descriptor, READ_ONLY)) { errno = EROFS; return -1; }
    return ((writing)dlsym(RTLD_NEXT, "pwrite"))(descriptor, data, size, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t size, off_t at) {
    if (fails(descriptor, READ_ONLY)) { errno = EROFS; return -1; }
    return ((writing)dlsym(RTLD_NEXT, "pwrite64"))(descriptor, data, size, at);
}
"""


def drop(home: Home, count: int, prefix: str) -> None:
    """So many photos, all at once."""
    staged = home.root / f"staged-{prefix}"
    staged.mkdir()
    for path in photos.distinct(count, staged, size=(300, 180 + len(prefix))):
        path.rename(home.photos / f"{prefix}-{path.name}")


def test_a_full_disk_is_said_and_the_work_goes_on_when_there_is_room(
    home: Home, mount: Mount
) -> None:
    data = home.database.parent
    data.mkdir()
    mount("-t", "tmpfs", "-o", "size=8m", "tagd-test", data)
    home.configure("[backup]\nkeep = 0\n")  # none that finds no room, where this takes long
    with home.daemon():
        drop(home, 3, "a")
        wait_well(home, 3)
        ballast = data / "ballast"
        with ballast.open("wb", buffering=0) as file:
            file.write(bytes(8 << 20))  # as much of it as there is room for
        drop(home, 40, "bb")
        wait_told(home, "no space is left on its disk")
        ballast.unlink()
        wait_well(home, 43)
    assert set(home.states().values()) == {"tagged"}


def test_a_catalogue_that_may_only_be_read_is_refused_in_words_and_can_be_searched(
    home: Home, mount: Mount
) -> None:
    data = home.database.parent
    data.mkdir()
    mount("-t", "tmpfs", "tagd-test", data)
    drop(home, 2, "a")
    assert home.run("tag", home.photos).returncode == 0
    mount("-o", "remount,ro", data)
    refused = home.run("run")
    assert refused.returncode == 1
    assert "Read-only file system" in refused.stderr or "readonly" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert home.run("search", "animal OR food").stdout.count(".jpg") == 2
    assert home.run("status").returncode == 0
    mount("-o", "remount,rw", data)
    drop(home, 2, "bb")
    with home.daemon():
        wait_well(home, 4)


def test_another_program_that_keeps_it_locked_for_half_a_minute(home: Home) -> None:
    with home.daemon() as daemon:
        drop(home, 2, "a")
        wait_well(home, 2)
        with closing(sqlite3.connect(home.database, timeout=60, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            begun = time.monotonic()
            drop(home, 5, "bb")
            wait_told(home, "is locked by another program")
            # The worker is replaced, and the new one finds the catalogue locked at its start.
            home.configure("[worker]\nbatch_size = 3\n")
            daemon.send_signal(signal.SIGHUP)
            wait_until(lambda: time.monotonic() - begun > LOCKED_SECONDS)
            assert len(home.states()) == 2
            other.execute("ROLLBACK")
        wait_well(home, 7)


@pytest.fixture
def signs(home: Home, tmp_path: Path) -> tuple[Path, Path]:
    """The catalogue's disk is broken while the first file is there, read-only while the second."""
    broken, read_only = tmp_path / "broken", tmp_path / "read-only"
    library = preload(BROKEN_DISK, tmp_path, BROKEN=broken, READ_ONLY=read_only)
    home.environment["LD_PRELOAD"] = str(library)
    return broken, read_only


def test_a_disk_that_fails_to_write_what_it_was_given(home: Home, signs: tuple[Path, Path]) -> None:
    broken, _ = signs
    with home.daemon():
        drop(home, 2, "a")
        wait_well(home, 2)
        broken.touch()
        drop(home, 5, "bb")
        wait_told(home, "the disk reports an error")
        broken.unlink()
        wait_well(home, 7)
    assert set(home.states().values()) == {"tagged"}


def test_a_disk_that_turns_read_only_under_the_running_daemon(
    home: Home, signs: tuple[Path, Path]
) -> None:
    _, read_only = signs
    with home.daemon() as daemon:
        drop(home, 2, "a")
        wait_well(home, 2)
        read_only.touch()
        drop(home, 5, "bb")
        wait_told(home, "the disk reports an error")
        assert home.run("search", "animal OR food").stdout.count(".jpg") == 2
        assert daemon.poll() is None
        read_only.unlink()
        wait_well(home, 7)
