"""Disks that are unmounted and come back: what was on them is never called missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import open_owner
from tests.acceptance.home import Home
from tests.faults.conftest import Mount
from tests.faults.daemon import wait_told, wait_well
from tests.intake import Live, drop, states, work_off, write
from tests.photos import distinct
from tests.support import wait_until


def unmount(place: Path) -> None:
    """As soon as no scan is just looking at it."""
    command = ["umount", str(place)]
    wait_until(lambda: not subprocess.run(command, capture_output=True, check=False).returncode)


@pytest.mark.slow
def test_a_watched_disk_that_is_unmounted_and_comes_back(home: Home, mount: Mount) -> None:
    disk = home.root / "disk"
    disk.mkdir()
    distinct(3, disk)
    mount("--bind", disk, home.photos)
    with home.daemon():
        wait_well(home, 3)
        unmount(home.photos)
        wait_told(home, "as if its disk were not mounted")
        assert set(home.states().values()) == {"tagged"}
        distinct(4, disk)
        mount("--bind", disk, home.photos)
        wait_well(home, 4)


@pytest.mark.parametrize("removes_folder", [False, True])
def test_a_disk_below_a_watched_folder(tmp_path: Path, mount: Mount, removes_folder: bool) -> None:
    root, disk, usb = tmp_path / "photos", tmp_path / "disk", tmp_path / "photos/usb"
    for folder in (root, disk, usb):
        folder.mkdir()
    mount("-t", "tmpfs", "tagd-test", disk)
    write(root / "a.jpg", "a")
    write(disk / "deep/b.jpg", "b")
    mount("--bind", disk, usb)
    everything = {"photos/a.jpg": "tagged", "photos/usb/deep/b.jpg": "tagged"}
    with open_owner(tmp_path / "catalogue.db") as catalogue, Live(catalogue, root) as live:
        live.until(lambda: len(states(catalogue)) == 2)
        assert work_off(catalogue) == 2
        live.intake.request_rescan()
        live.until(lambda: live.intake.state().watches == 3)
        unmount(usb)
        if removes_folder:
            usb.rmdir()
        drop(root / "c.jpg", "c")
        live.until(lambda: "photos/c.jpg" in states(catalogue))
        assert work_off(catalogue) == 1
        live.intake.request_rescan()
        live.until(lambda: any(str(usb) in t.message for t in live.intake.state().troubles))
        assert states(catalogue) == {**everything, "photos/c.jpg": "tagged"}
        usb.mkdir(exist_ok=True)
        mount("--bind", disk, usb)
        (usb / "deep/b.jpg").rename(usb / "deep/renamed.jpg")
        live.intake.request_rescan()
        live.until(lambda: live.intake.state().troubles == ())
        live.until_states(
            {
                "photos/a.jpg": "tagged",
                "photos/c.jpg": "tagged",
                "photos/usb/deep/renamed.jpg": "tagged",
            }
        )
        (usb / "deep/renamed.jpg").unlink()
        write(usb / "kept.jpg", "kept")
        live.until(lambda: states(catalogue)["photos/usb/deep/renamed.jpg"] == "missing")
