"""A person drops photos into a folder and queries their tags: the real command, real weights."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from pathlib import Path

import piexif
import pytest
from PIL import Image

from tests import photos
from tests.acceptance.home import TAG_SECONDS, Home
from tests.support import wait_until


@pytest.fixture
def folder(running: Home, request: pytest.FixtureRequest) -> Path:
    """This test's own folder below the watched one."""
    place = running.photos / str(request.node.name)
    place.mkdir()
    return place


def drop(image: Image.Image, place: Path) -> None:
    """Save beside, then rename into place, as a careful program does."""
    staged = place.with_name(f".{place.name}.part")
    image.save(staged, "JPEG", quality=92)
    staged.rename(place)


def name_of(home: Home, path: Path) -> str:
    return str(path.relative_to(home.photos))


def test_coffee_is_espresso_and_chelsea_a_cat(running: Home, folder: Path) -> None:
    drop(photos.coffee(), folder / "coffee.jpg")
    drop(photos.cat(), folder / "chelsea.jpg")
    running.wait_state(name_of(running, folder / "coffee.jpg"), "tagged")
    running.wait_state(name_of(running, folder / "chelsea.jpg"), "tagged")

    [(confidence, label, source, state, model)] = running.rows(
        "SELECT confidence, label, source, state, model FROM v_photo_tags"
        " WHERE path = ? AND tag = 'espresso'",
        str(folder / "coffee.jpg"),
    )
    assert confidence > 0.9
    assert (label, source, state) == ("n07920052", "model", "active")
    assert model.startswith("efficientnet-lite")
    assert any("cat" in tag for tag in running.tags(name_of(running, folder / "chelsea.jpg"))[:3])


def test_a_slow_copy_is_tagged_once_and_only_when_it_is_whole(running: Home, folder: Path) -> None:
    whole = folder.parent.parent / "whole.jpg"
    photos.coffee().rotate(3).save(whole, quality=95)
    data = whole.read_bytes()
    before = running.inferences()
    place = folder / "slow.jpg"
    seen: list[str] = []
    with place.open("wb") as file:
        for start in range(0, len(data), len(data) // 12):
            file.write(data[start : start + len(data) // 12])
            file.flush()
            # A pause between chunks is the thing under test, not a wait for a result.
            threading.Event().wait(0.2)
            seen.append(running.states().get(name_of(running, place), ""))
    running.wait_state(name_of(running, place), "tagged")
    assert "failed" not in seen
    assert running.inferences() == before + 1


def test_a_writer_that_closes_and_goes_on_is_not_given_up(running: Home, folder: Path) -> None:
    """Samba and `rsync --inplace` close a file and open it again: half a picture is no verdict."""
    whole = folder.parent.parent / "inplace.jpg"
    photos.cat().rotate(4).save(whole, quality=95)
    data = whole.read_bytes()
    place = folder / "inplace.jpg"
    place.write_bytes(data[: len(data) // 2])
    wait_until(
        lambda: name_of(running, place) in running.states(), TAG_SECONDS, "half of it was seen"
    )
    with place.open("ab") as file:
        file.write(data[len(data) // 2 :])
    running.wait_state(name_of(running, place), "tagged")
    assert "animal" in running.tags(name_of(running, place))


def test_a_rename_keeps_the_tags_without_another_look(running: Home, folder: Path) -> None:
    drop(photos.coffee().rotate(5), folder / "before.jpg")
    running.wait_state(name_of(running, folder / "before.jpg"), "tagged")
    tags, before = running.tags(name_of(running, folder / "before.jpg")), running.inferences()
    (folder / "before.jpg").rename(folder / "after.jpg")
    running.wait_state(name_of(running, folder / "after.jpg"), "tagged")
    assert running.tags(name_of(running, folder / "after.jpg")) == tags
    assert name_of(running, folder / "before.jpg") not in running.states()
    assert running.inferences() == before


def test_a_folder_moved_out_and_in_again_keeps_its_tags(running: Home, folder: Path) -> None:
    album = folder / "album"
    album.mkdir()
    for turn in range(3):
        drop(photos.cat().rotate(10 + turn), album / f"{turn}.jpg")
    names = [name_of(running, album / f"{turn}.jpg") for turn in range(3)]
    for name in names:
        running.wait_state(name, "tagged")
    before, tags = running.inferences(), [running.tags(name) for name in names]

    outside = running.root / "outside"
    album.rename(outside)
    for name in names:
        running.wait_state(name, "missing")
        assert running.tags(name) == []
    outside.rename(folder / "again")
    names = [name_of(running, folder / "again" / f"{turn}.jpg") for turn in range(3)]
    for name in names:
        running.wait_state(name, "tagged")
    assert [running.tags(name) for name in names] == tags
    assert running.inferences() == before


def test_a_deleted_photo_is_missing(running: Home, folder: Path) -> None:
    drop(photos.coffee().rotate(20), folder / "gone.jpg")
    running.wait_state(name_of(running, folder / "gone.jpg"), "tagged")
    (folder / "gone.jpg").unlink()
    running.wait_state(name_of(running, folder / "gone.jpg"), "missing")
    assert running.tags(name_of(running, folder / "gone.jpg")) == []


def test_edited_metadata_costs_no_inference(running: Home, folder: Path) -> None:
    place = folder / "edited.jpg"
    drop(photos.cat().rotate(21), place)
    running.wait_state(name_of(running, place), "tagged")
    tags, before = running.tags(name_of(running, place)), running.inferences()
    [(photo_id, size)] = running.rows(
        "SELECT photo_id, size FROM v_files WHERE path = ?", str(place)
    )
    exif = piexif.dump({"0th": {piexif.ImageIFD.Artist: "somebody"}})
    piexif.insert(exif, str(place))

    def read_again() -> bool:
        return bool(
            running.rows(
                "SELECT 1 FROM v_files WHERE path = ? AND size <> ? AND state = 'tagged'",
                str(place),
                size,
            )
        )

    wait_until(read_again, TAG_SECONDS, "the edit was noticed")
    assert running.rows("SELECT photo_id FROM v_files WHERE path = ?", str(place)) == [(photo_id,)]
    assert running.tags(name_of(running, place)) == tags
    assert running.inferences() == before


def test_a_copy_has_the_same_tags_without_another_look(running: Home, folder: Path) -> None:
    drop(photos.coffee().rotate(22), folder / "original.jpg")
    running.wait_state(name_of(running, folder / "original.jpg"), "tagged")
    before = running.inferences()
    shutil.copy(folder / "original.jpg", folder / "copy.jpg")
    running.wait_state(name_of(running, folder / "copy.jpg"), "tagged")
    assert running.tags(name_of(running, folder / "copy.jpg"))
    assert running.tags(name_of(running, folder / "copy.jpg")) == running.tags(
        name_of(running, folder / "original.jpg")
    )
    assert running.inferences() == before


def test_replaced_content_gets_its_own_tags(running: Home, folder: Path) -> None:
    place = folder / "replaced.jpg"
    drop(photos.coffee().rotate(23), place)
    running.wait_state(name_of(running, place), "tagged")
    assert "espresso" in running.tags(name_of(running, place))
    drop(photos.cat().rotate(23), place)
    wait_until(
        lambda: any("cat" in tag for tag in running.tags(name_of(running, place))),
        TAG_SECONDS,
        "the cat's tags",
    )
    assert "espresso" not in running.tags(name_of(running, place))


def test_what_is_no_photo_is_named_and_the_rest_goes_on(running: Home, folder: Path) -> None:
    (folder / "text.jpg").write_text("not a photo\n" * 100)
    (folder / "empty.jpg").touch()
    drop(photos.coffee().rotate(24), folder / "fine.jpg")
    for name in ("text.jpg", "empty.jpg"):
        running.wait_state(name_of(running, folder / name), "failed")
        [(reason,)] = running.rows("SELECT reason FROM v_files WHERE path = ?", str(folder / name))
        assert reason
    running.wait_state(name_of(running, folder / "fine.jpg"), "tagged")


def test_a_repaired_file_leaves_quarantine(running: Home, folder: Path) -> None:
    place = folder / "repaired.jpg"
    place.write_text("not a photo yet\n" * 100)
    running.wait_state(name_of(running, place), "failed")
    drop(photos.coffee().rotate(25), place)
    running.wait_state(name_of(running, place), "tagged")
    reasons = running.rows("SELECT reason FROM v_files WHERE path = ?", str(place))
    assert reasons == [(None,)]


def test_a_name_that_is_not_utf8(running: Home, folder: Path) -> None:
    staged = folder / ".staged"
    photos.coffee().rotate(26).save(staged, "JPEG")
    staged.rename(Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")))
    name = name_of(running, folder / "caf\\xe9.jpg")
    running.wait_state(name, "tagged")
    assert running.states()[name] == "tagged"


def test_anyone_may_read_while_the_daemon_writes(running: Home, folder: Path) -> None:
    """A reader that keeps a transaction open sees one moment, and holds nobody up."""
    with sqlite3.connect(f"file:{running.database}?mode=ro", uri=True) as reader:
        reader.execute("BEGIN")
        count = reader.execute("SELECT count(*) FROM v_files").fetchone()
        drop(photos.coffee().rotate(27), folder / "new.jpg")
        running.wait_state(name_of(running, folder / "new.jpg"), "tagged")
        assert reader.execute("SELECT count(*) FROM v_files").fetchone() == count
    reader.close()
