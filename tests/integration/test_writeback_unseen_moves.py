"""Sidecars of photos whose moves nobody saw: one photo less, one more, and the same content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tagd.containers.payload import payload_hash
from tagd.metadata import safe_write, writer
from tagd.metadata.sidecar import subject_of
from tagd.writeback import followers
from tagd.writeback.tag_writer import WriteMode
from tests import catalogue as recorded
from tests import inscriptions
from tests import photos as pictures
from tests.inscriptions import CAT, DOG, Desk, move, names, rated, subjects, told

LATER = 60.0  # seconds: whoever moves a photo has moved its sidecar too by then


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """One that knows photos by what they show, not by their names."""
    monkeypatch.setattr(inscriptions, "photo_of", lambda path: payload_hash(path.read_bytes()))
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        desk = Desk(catalogue, tmp_path / "photos")
        desk.set(write=WriteMode.SIDECAR)
        yield desk


def test_a_sidecar_goes_along_where_a_move_was_seen_as_one_photo_less_and_one_more(
    desk: Desk,
) -> None:
    """As where the inode is another by now, or is not kept."""
    photo = desk.photo()
    desk.write()
    rated(photo.with_name("cat.jpg.xmp"))
    there = photo.rename(desk.folder / "other.jpg")
    desk.missing(photo)
    desk.tag(there, CAT)
    desk.write()
    sidecar = there.with_name("other.jpg.xmp")
    assert names(desk) == ["other.jpg", "other.jpg.xmp"]
    assert b'xmp:Rating="5"' in sidecar.read_bytes()
    assert told(desk) == [("other.jpg", "other.jpg.xmp", 1)]


def test_a_sidecar_that_came_along_in_its_folder_is_known_there(desk: Desk) -> None:
    (desk.folder / "day").mkdir()
    photo = desk.photo("day/cat.jpg")
    desk.write()
    desk.set(write=WriteMode.EMBEDDED)
    there = photo.parent.rename(desk.folder / "night") / "cat.jpg"
    desk.missing(photo)
    desk.tag(there, CAT)
    desk.write()
    moved = move(desk, there, "trip/cat.jpg")
    desk.write(LATER)
    assert moved.with_name("cat.jpg.xmp").exists()
    assert names(desk) == ["cat.jpg", "cat.jpg.xmp"]


def test_a_copy_leaves_the_sidecar_where_the_photo_is(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    copy = desk.folder / "copy.jpg"
    copy.write_bytes(photo.read_bytes())
    desk.tag(copy, CAT)
    desk.write()
    assert names(desk) == ["cat.jpg", "cat.jpg.xmp", "copy.jpg", "copy.jpg.xmp"]


def test_the_sidecar_of_a_photo_that_another_with_the_same_tags_replaced_is_not_taken_for_its(
    desk: Desk,
) -> None:
    photo = desk.photo()
    desk.write()
    before = payload_hash(photo.read_bytes())
    pictures.coffee().save(photo)
    desk.tag(photo, CAT)
    desk.write()
    sidecar = photo.with_name("cat.jpg.xmp")
    assert subject_of(sidecar).content == payload_hash(photo.read_bytes()) != before
    assert subject_of(photo.with_name("cat.jpg.xmp_orphan")).content == before


def copied(desk: Desk) -> tuple[Path, Path]:
    """A photo with a copy that is not written yet: where it is by now, and where it is known."""
    photo = desk.photo()
    desk.write()
    copy = desk.folder / "copy.jpg"
    copy.write_bytes(photo.read_bytes())
    desk.tag(copy, CAT)
    return photo.rename(desk.folder / "moved.jpg"), photo


def test_a_photo_whose_sidecar_went_to_its_copy_gets_another(desk: Desk) -> None:
    there, photo = copied(desk)
    desk.write()
    assert names(desk) == ["copy.jpg", "copy.jpg.xmp", "moved.jpg"]
    desk.moved(photo, there)
    desk.write(LATER)
    assert names(desk) == ["copy.jpg", "copy.jpg.xmp", "moved.jpg", "moved.jpg.xmp"]


def test_a_missing_photo_whose_sidecar_went_to_its_copy_is_looked_at_when_it_is_back(
    desk: Desk,
) -> None:
    there, photo = copied(desk)
    desk.missing(photo)
    desk.write()
    before = desk.waiting_tags()
    desk.moved(photo, there)
    assert desk.waiting_tags() == before + 1


@pytest.mark.parametrize("is_rated", [False, True])
def test_a_sidecar_follows_to_the_name_of_a_photo_that_was_deleted(
    desk: Desk, is_rated: bool
) -> None:
    gone, photo = desk.photo("gone.jpg"), desk.folder / "stays.jpg"
    pictures.coffee().save(photo)
    desk.tag(photo, CAT)
    desk.write()
    its = payload_hash(photo.read_bytes())
    left = gone.with_name("gone.jpg.xmp")
    gone.unlink()
    desk.missing(gone)
    if is_rated:
        rated(left)
    before = left.read_bytes()
    move(desk, photo, "gone.jpg")
    desk.write(LATER)
    if is_rated:
        assert left.read_bytes() == before, "never over what others wrote"
        assert names(desk) == ["gone.jpg", "gone.jpg.xmp", "stays.jpg.xmp"]
    else:
        assert subject_of(left).content == its
        assert left.with_name("gone.jpg.xmp_orphan").read_bytes() == before
        assert names(desk) == ["gone.jpg", "gone.jpg.xmp", "gone.jpg.xmp_orphan"]


def test_another_threads_sidecar_that_comes_to_the_name_meanwhile_is_not_moved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, other = desk.photo(), desk.folder / "other.jpg"
    pictures.coffee().save(other)
    desk.tag(other, CAT)
    desk.write()
    sidecar = photo.with_name("cat.jpg.xmp")
    others = other.with_name("other.jpg.xmp").read_bytes()

    def late(path: Path, *options: Any, **named: Any) -> Any:
        if path == sidecar:
            path.write_bytes(others)
        return safe_write.take(path, *options, **named)

    monkeypatch.setattr(followers, "take", late)
    move(desk, photo, "renamed.jpg")
    desk.write(LATER)
    assert sidecar.read_bytes() == others
    assert subject_of(desk.folder / "renamed.jpg.xmp").content != subject_of(sidecar).content


@pytest.mark.parametrize("of_folder", [False, True])
def test_a_photo_that_moves_in_the_midst_of_a_write_has_its_sidecar_where_it_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, of_folder: bool
) -> None:
    (desk.folder / "day").mkdir()
    photo = desk.photo("day/cat.jpg")

    def late(place: Path, *given: Any, **named: Any) -> Any:
        monkeypatch.setattr(writer, "create", safe_write.create)
        if of_folder:
            desk.moved(photo.parent, photo.parent.rename(desk.folder / "night"))
        else:
            move(desk, photo, "night/cat.jpg")
        return safe_write.create(place, *given, **named)

    monkeypatch.setattr(writer, "create", late)
    desk.write(LATER)
    there = {str(path.relative_to(desk.folder)) for path in desk.folder.rglob("*.*")}
    assert there == {"night/cat.jpg", "night/cat.jpg.xmp"}
    assert told(desk) == [("cat.jpg", "cat.jpg.xmp", 1)]


def test_no_sidecar_is_written_for_what_has_a_photos_name_by_now(desk: Desk) -> None:
    photo = desk.photo()
    pictures.coffee().save(photo.rename(desk.folder / "moved.jpg").with_name("cat.jpg"))
    assert desk.write() == 0
    assert desk.jobs() == [("waiting", "changed")]
    assert names(desk) == ["cat.jpg", "moved.jpg"]
    desk.moved(photo, desk.folder / "moved.jpg")
    assert desk.write(LATER) == 1
    assert names(desk) == ["cat.jpg", "moved.jpg", "moved.jpg.xmp"]


def test_a_photo_that_was_touched_has_its_sidecar_all_the_same(desk: Desk) -> None:
    photo = desk.photo()
    os.utime(photo, (1, 1))
    assert desk.write() == 1


def test_words_that_tagd_embedded_are_its_own_under_the_name_of_another_photo(desk: Desk) -> None:
    desk.set(write=WriteMode.BOTH)
    plain, photo = desk.folder / "plain.jpg", desk.photo()
    pictures.coffee().save(plain)
    desk.tag(plain)
    desk.write()
    photo.with_name("cat.jpg.xmp").unlink()
    there = photo.rename(plain)
    desk.missing(photo)
    desk.tag(there, CAT)
    desk.write()
    assert names(desk) == ["plain.jpg", "plain.jpg.xmp"]
    desk.tag(there, DOG)
    desk.write()
    assert subjects(there) == ("dog",), "what tagd wrote it takes away again"
