"""What comes between tagd and the photos that it writes tags into, while the real daemon runs."""

from __future__ import annotations

import os
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests import photos
from tests.acceptance.home import Home
from tests.faults.conftest import Mount
from tests.faults.daemon import preload, tool, troubles, wait_told
from tests.inscriptions import subjects
from tests.support import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EMBEDDED = '[metadata]\nwrite = "embedded"\n'
WRITTEN_SECONDS = 90.0  # what could not be written is tried again after half a minute

# A disk that takes its time to write tagd's copies of photos, while there is a file HOLD: for each
# copy there is a file of the same name in HELD, and who takes that away lets it go on.
SLOW_DISK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fsync(int descriptor) {
    char link[64], place[4096], held[8192];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, place, sizeof place - 1);
    place[length < 0 ? 0 : length] = 0;
    char *name = strrchr(place, '/');
    if (name && strncmp(name, "/.tagd-", 7) == 0 && access(HOLD, F_OK) == 0) {
        snprintf(held, sizeof held, "%s%s", HELD, name);
        close(open(held, O_CREAT | O_WRONLY, 0600));
        while (access(held, F_OK) == 0 && access(HOLD, F_OK) == 0) usleep(1000);
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(descriptor);
}
"""


def have(tag: str, *paths: Path) -> bool:
    """Whether the photos hold this keyword."""
    return all(tag in subjects(path) for path in paths)


def is_well(home: Home) -> bool:
    return not troubles(home)


def test_photos_on_a_full_disk_stay_whole_and_get_their_tags_when_there_is_room(
    home: Home, mount: Mount
) -> None:
    mount("-t", "tmpfs", "-o", "size=4m", "tagd-test", home.photos)
    home.configure(EMBEDDED)
    with home.daemon():
        assert home.run("pause").returncode == 0
        paths = photos.distinct(3, home.photos)
        before = [path.read_bytes() for path in paths]
        ballast = home.photos / "ballast.zip"
        with ballast.open("wb", buffering=0) as file:
            while file.write(bytes(4096)) == 4096:  # less, and then an error, once it is full
                if os.statvfs(home.photos).f_bavail == 0:
                    break
        assert home.run("resume").returncode == 0
        wait_told(home, "there is no room for a second copy")
        assert [path.read_bytes() for path in paths] == before
        assert "not written yet" in home.run("failed").stdout
        ballast.unlink()
        wait_until(partial(have, "animal", paths[0], paths[2]), WRITTEN_SECONDS, "tags are written")
        wait_until(partial(is_well, home), WRITTEN_SECONDS, "nothing is wrong")
    assert sorted(home.photos.iterdir()) == paths


def test_whoever_changes_a_photo_in_the_midst_of_a_write_wins_and_gets_the_tags_later(
    home: Home, tmp_path: Path
) -> None:
    hold, held = tmp_path / "hold", tmp_path / "held"
    hold.touch()
    held.mkdir()
    home.environment["LD_PRELOAD"] = str(preload(SLOW_DISK, tmp_path, HOLD=hold, HELD=held))
    home.configure(EMBEDDED)
    replaced, appended, edited = photos.distinct(3, home.photos)
    to_do = {replaced: replace, appended: append, edited: edit}
    with home.daemon():
        while to_do:
            copy = first_in(held)
            [(path,)] = home.rows("SELECT path_key FROM intent WHERE token = ?", copy.name[6:-5])
            if meddle := to_do.pop(Path(os.fsdecode(path)), None):
                meddle(Path(os.fsdecode(path)))
            if not to_do:
                hold.unlink()
            copy.unlink()
        for tag, photo in (("espresso", replaced), ("coffee", appended), ("animal", edited)):
            wait_until(partial(have, tag, photo), WRITTEN_SECONDS, f"{photo} has {tag}")
        assert appended.read_bytes().endswith(b"newer")
        assert subjects(edited)[0] == "Aunt Ada"
        wait_until(lambda: "Aunt Ada" in home.tags(edited.name), 30, "what was said is read")
        wait_until(partial(is_well, home), WRITTEN_SECONDS, "nothing is wrong")
    assert sorted(home.photos.iterdir()) == [replaced, appended, edited]


def first_in(folder: Path) -> Path:
    """Wait for a file there."""
    wait_until(lambda: any(folder.iterdir()), WRITTEN_SECONDS, "a photo is being written")
    return next(folder.iterdir())


def replace(photo: Path) -> None:
    new = photo.with_name(".new")
    photos.coffee().save(new, "JPEG")
    new.replace(photo)


def append(photo: Path) -> None:
    with photo.open("ab") as file:
        file.write(b"newer")


def edit(photo: Path) -> None:
    said = "-XMP-dc:Subject=Aunt Ada"
    subprocess.run([tool("exiftool"), "-q", "-overwrite_original", said, photo], check=True)


def test_a_folder_that_may_not_be_written_to_is_said_until_it_may(home: Home) -> None:
    if os.geteuid() == 0:  # who may write everywhere, but for this
        without = "-dac_override,-dac_read_search"
        home.prefix = [tool("setpriv"), "--bounding-set", without, "--inh-caps", without]
    home.configure(EMBEDDED)
    folder = home.photos / "locked"
    folder.mkdir()
    [photo] = photos.distinct(1, folder)
    before = photo.read_bytes()
    folder.chmod(0o555)
    with home.daemon():
        wait_told(home, "cannot be written (Permission denied)")
        assert photo.read_bytes() == before
        assert "failed --retry" in home.run("failed").stdout
        folder.chmod(0o755)
        assert home.run("failed", "--retry").returncode == 0
        wait_until(partial(have, "animal", photo), WRITTEN_SECONDS, "its tags are written")
        wait_until(partial(is_well, home), WRITTEN_SECONDS, "nothing is wrong")
    assert list(folder.iterdir()) == [photo]
