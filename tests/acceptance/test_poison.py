"""The real daemon, with photos whose tags can never be written: it goes on, at each start."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.home import Home
from tests.photos import cat, distinct
from tests.support import wait_until


def codes(home: Home) -> dict[str, str]:
    """What failed, by the photo's name."""
    return {Path(each["path"]).name: each["code"] for each in home.json("failed")}


def test_a_photo_that_cannot_be_written_stops_neither_the_daemon_nor_its_next_start(
    home: Home,
) -> None:
    long = f"{'猫' * 82}yy.jpg"
    side = home.root / "side"
    side.write_text("a file where the folder should be")
    home.configure(f'[metadata]\nwrite = "sidecar"\nsidecar_folder = "{side}"\n')
    cat().save(home.photos / "cat.png")
    for photo in distinct(1, home.photos):
        photo.rename(home.photos / "first.jpg")
    failed = {"cat.png": "not-writable", "first.jpg": "not-writable"}
    for _ in range(2):  # starts
        with home.daemon():
            wait_until(lambda: codes(home) == failed)
            wait_until(
                lambda: any("the tags of 2 photos" in e for e in home.json("status")["troubles"])
            )
    assert home.run("doctor").returncode == 1
    assert f"{side} is no folder" in home.run("doctor").stdout

    side.unlink()
    assert home.run("failed", "--retry").returncode == 0
    home.configure('[metadata]\nwrite = "sidecar"\n')
    cat().save(home.photos / long)
    for number in range(2):
        with home.daemon():
            [photo] = distinct(1, home.root)
            photo.rename(home.photos / f"later{number}.jpg")
            wait_until((home.photos / f"later{number}.jpg.xmp").exists)
            wait_until(lambda: codes(home) == {long: "name-too-long"})
    assert {each.name for each in home.photos.glob("*.xmp")} >= {"cat.png.xmp", "first.jpg.xmp"}
    assert "Traceback" not in home.log.read_text(encoding="utf-8")
