"""Sidecars that go along with their photos, and those that another photo left under a name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tagd.catalogue.files import photos
from tagd.catalogue.written import inscriptions
from tagd.domain import Place
from tagd.errors import FileChanged
from tagd.metadata import safe_write, xmp
from tagd.metadata.folder import Folder
from tagd.metadata.ledger import MemoryLedger
from tagd.metadata.sidecar import SidecarName, subject_of
from tagd.writeback.tag_writer import WriteMode
from tests import catalogue as recorded
from tests import photos as pictures
from tests.inscriptions import DOG, Desk, move, names, photo_of, rated, subjects, told
from tests.intake import Bench
from tests.metadata import little_file_system

LATER = 60.0  # seconds: whoever moves a photo has moved its sidecar too by then


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        desk = Desk(catalogue, tmp_path / "photos")
        desk.set(write=WriteMode.SIDECAR)
        yield desk


@pytest.mark.parametrize("name", ["other.jpg", "trip/cat.jpg", "trip/other.jpg"])
def test_a_sidecar_goes_along_with_its_photo(desk: Desk, name: str) -> None:
    photo = desk.photo()
    desk.write()
    before = photo.with_name("cat.jpg.xmp").read_bytes()
    assert xmp.parse(before)
    there = move(desk, photo, name)
    assert desk.write() == 0, "whoever moves a photo is not to find its sidecar gone"
    desk.write(LATER)
    sidecar = there.with_name(f"{there.name}.xmp")
    assert sidecar.read_bytes() == before
    assert names(desk) == sorted([there.name, sidecar.name])
    assert told(desk) == [(there.name, sidecar.name, 1)]
    assert desk.submit_sidecar(sidecar) == 0, "it is as tagd left it"


def test_a_sidecar_in_a_folder_of_its_own_goes_along_too(desk: Desk, tmp_path: Path) -> None:
    desk.set(sidecar_folder=tmp_path / "sidecars")
    (desk.folder / "day").mkdir()
    photo = desk.photo("day/cat.jpg")
    desk.write()
    renamed = photo.parent.rename(desk.folder / "night")
    with desk.catalogue.write() as tx:
        photos.rename(tx, photo.parent, renamed, is_folder=True, now=recorded.NOW)
    desk.write(LATER)
    mirror = tmp_path / "sidecars" / renamed.relative_to("/")
    assert [each.name for each in mirror.iterdir()] == ["cat.jpg.xmp"]
    assert subjects(mirror / "cat.jpg.xmp") == ("cat",)


def test_what_lies_in_a_folder_that_is_renamed_is_known_there(desk: Desk) -> None:
    (desk.folder / "day").mkdir()
    photo = desk.photo("day/cat.jpg")
    desk.set(write=WriteMode.BOTH)
    desk.write()
    renamed = photo.parent.rename(desk.folder / "night")
    with desk.catalogue.write() as tx:
        photos.rename(tx, photo.parent, renamed, is_folder=True, now=recorded.NOW)
        paths = recorded.rows(tx, "SELECT written_to FROM v_written ORDER BY written_to")
    assert paths == [(str(renamed / "cat.jpg"),), (str(renamed / "cat.jpg.xmp"),)]
    assert desk.jobs() == []


def test_a_scan_notices_it_too(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    bench = Bench(desk.catalogue, (desk.folder,), wall=time.time)
    bench.scan()
    photo.rename(photo.with_name("other.jpg"))
    bench.scan()
    with desk.catalogue.write() as tx:
        recorded.rows(tx, "UPDATE file SET state = 'tagged' RETURNING id")
    desk.write(LATER)
    assert names(desk) == ["other.jpg", "other.jpg.xmp"]


def test_one_that_somebody_moves_along_is_known_there(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    there = move(desk, photo, "other.jpg")
    photo.with_name("cat.jpg.xmp").rename(there.with_name("other.jpg.xmp"))
    desk.write(LATER)
    assert told(desk) == [("other.jpg", "other.jpg.xmp", 1)]
    assert names(desk) == ["other.jpg", "other.jpg.xmp"]


def test_what_others_wrote_into_it_goes_along(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    rated(photo.with_name("cat.jpg.xmp"))
    there = move(desk, photo, "other.jpg")
    desk.write(LATER)
    assert b'xmp:Rating="5"' in there.with_name("other.jpg.xmp").read_bytes()
    assert desk.waiting_tags() == 1, "it is read under its new name"


def test_a_sidecar_of_others_alone_stays(desk: Desk) -> None:
    desk.set(write=WriteMode.OFF)
    photo = desk.photo()
    beside = photo.with_name("cat.jpg.xmp")
    beside.write_bytes(xmp.new_packet(padded=False).to_bytes())
    move(desk, photo, "other.jpg")
    desk.write(LATER)
    assert names(desk) == ["cat.jpg.xmp", "other.jpg"]


def test_it_goes_along_where_nothing_is_written_any_more(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    desk.set(write=WriteMode.OFF)
    move(desk, photo, "other.jpg")
    with desk.catalogue.write() as tx:
        inscriptions.drop_writes(tx)
    desk.write(LATER)
    assert names(desk) == ["other.jpg", "other.jpg.xmp"]


def test_what_is_in_its_sidecars_way_has_a_photo_looked_at_no_more_than_once(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    (desk.folder / "other.jpg.xmp").mkdir()
    move(desk, photo, "other.jpg")
    assert desk.write(LATER) == 0
    assert desk.jobs() == [("waiting", "changed")]
    assert desk.waiting_tags() == 0, "a look would queue the next write, and that the next look"


def test_nothing_is_ever_written_over(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    there = move(desk, photo, "other.jpg")
    theirs = there.with_name("other.jpg.xmp")
    theirs.write_bytes(b"what somebody keeps there")
    desk.write(LATER)
    assert theirs.read_bytes() == b"what somebody keeps there"
    assert subjects(photo.with_name("cat.jpg.xmp")) == ("cat",)


@pytest.mark.parametrize("first", [0, 1])
def test_photos_that_exchange_their_names_exchange_their_sidecars(desk: Desk, first: int) -> None:
    one, other = desk.photo("one.jpg"), desk.photo("other.jpg", DOG)
    desk.write()
    for sidecar in desk.folder.glob("*.xmp"):
        rated(sidecar)
    apart = one.rename(desk.folder / "apart.jpg")
    desk.moved(one, apart)
    desk.moved(other, other.rename(one))
    desk.moved(apart, apart.rename(other))
    if first:
        with desk.catalogue.write() as tx:
            recorded.rows(tx, "UPDATE job SET priority = 0 WHERE file_id = 2 RETURNING id")
    desk.write(LATER)
    desk.write(LATER)
    assert names(desk) == ["one.jpg", "one.jpg.xmp", "other.jpg", "other.jpg.xmp"]
    assert subjects(desk.folder / "one.jpg.xmp") == ("dog",)
    assert subjects(desk.folder / "other.jpg.xmp") == ("cat",)


def test_the_next_photo_of_the_name_takes_nothing_from_the_one_before(desk: Desk) -> None:
    photo = desk.photo("IMG_0001.jpg")
    desk.write()
    there = move(desk, photo, "renamed.jpg")
    pictures.coffee().save(photo)
    with desk.catalogue.write() as tx:  # who the photo is follows from its name in these tests
        sql = f"UPDATE photo SET content_hash = '{'e' * 32}' WHERE id = 1 RETURNING id"
        recorded.rows(tx, sql)
    left = desk.folder / "IMG_0001.jpg.xmp"
    left.write_bytes(left.read_bytes().replace(photo_of(photo).encode(), b"e" * 32))
    desk.tag(photo, DOG)
    desk.read(photo)
    with desk.catalogue.read() as tx:
        found = recorded.rows(tx, f"SELECT tag FROM v_photo_tags WHERE path = '{photo}'")
    assert found == [("dog",)]
    desk.write(LATER)
    assert subjects(there.with_name("renamed.jpg.xmp")) == ("cat",)
    assert subjects(left) == ("dog",)
    assert len(names(desk)) == 4, "and nothing is left over"


def stale(desk: Desk) -> Path:
    """A photo under whose name lies the sidecar of one that is gone."""
    photo = desk.photo()
    desk.write()
    sidecar = photo.with_name("cat.jpg.xmp")
    sidecar.write_bytes(sidecar.read_bytes().replace(photo_of(photo).encode(), b"0" * 32))
    with desk.catalogue.write() as tx:
        inscriptions.forget(tx, 1, Place.SIDECAR)
    desk.tag(photo, DOG)
    return sidecar


def test_what_tagd_alone_wrote_for_another_photo_is_set_aside(desk: Desk) -> None:
    sidecar = stale(desk)
    before = sidecar.read_bytes()
    sidecar.with_name("cat.jpg.xmp_orphan").write_bytes(b"one before")
    desk.write()
    assert subjects(sidecar) == ("dog",)
    assert sidecar.with_name("cat.jpg.xmp_orphan2").read_bytes() == before
    assert sidecar.with_name("cat.jpg.xmp_orphan").read_bytes() == b"one before"


def test_what_others_wrote_for_another_photo_stays_and_is_said(desk: Desk) -> None:
    sidecar = stale(desk)
    rated(sidecar)
    before = sidecar.read_bytes()
    desk.write()
    assert sidecar.read_bytes() == before
    assert desk.jobs() == [("quarantined", "metadata-unsafe")]
    assert "cat.jpg.xmp beside it is of another photo" in desk.failed[0]
    sidecar.unlink()
    desk.queue(desk.folder / "cat.jpg")
    assert desk.write() == 1


def test_a_raw_file_gets_the_short_name_from_its_jpeg(desk: Desk) -> None:
    desk.set(sidecar_name=SidecarName.SHORT)
    jpeg = desk.photo("cat.jpg")
    desk.write()
    short = jpeg.with_name("cat.xmp")
    assert subject_of(short).ending == "jpg"
    raw = jpeg.with_name("cat.dng")
    pictures.coffee().save(raw, "tiff")
    desk.tag(raw, DOG)
    desk.read(raw)
    desk.write(LATER)
    assert subjects(short) == ("dog",)
    assert subjects(jpeg.with_name("cat.jpg.xmp")) == ("cat",)
    assert [each[:2] for each in told(desk)] == [
        ("cat.dng", "cat.xmp"),
        ("cat.jpg", "cat.jpg.xmp"),
    ]


def test_sidecars_that_say_nothing_of_their_photo_go_along_and_are_used(desk: Desk) -> None:
    """As an older tagd wrote them."""
    photo = desk.photo()
    desk.write()
    sidecar = photo.with_name("cat.jpg.xmp")
    packet = xmp.parse(sidecar.read_bytes())
    xmp.set_text(packet, xmp.PHOTO_ID, None)
    sidecar.write_bytes(packet.to_bytes())
    there = move(desk, photo, "other.jpg")
    desk.write(LATER)
    desk.tag(there, DOG)
    desk.write(LATER)
    assert subjects(there.with_name("other.jpg.xmp")) == ("dog",)


@pytest.mark.parametrize("step", ["begun", "renamed"])
def test_a_kill_in_the_midst_is_set_right(
    desk: Desk, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As no error is."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    photo = desk.photo()
    desk.write()
    there = move(desk, photo, "other.jpg")
    with monkeypatch.context() as once:
        once.setattr(safe_write, "recover_in", die)
        once.setattr(Folder, "rename_new" if step == "begun" else "sync", die)
        with pytest.raises(Killed):
            desk.write(LATER)
    desk.recover()
    assert max(names(desk)) == ("other.jpg" if step == "begun" else "other.jpg.xmp")
    with desk.catalogue.write() as tx:
        recorded.rows(tx, "UPDATE job SET state = 'waiting' RETURNING id")
    desk.write(LATER)
    assert names(desk) == ["other.jpg", "other.jpg.xmp"]
    assert [each[:2] for each in told(desk)] == [("other.jpg", "other.jpg.xmp")]
    assert there.exists()


def test_a_move_never_takes_what_has_changed(tmp_path: Path) -> None:
    source = tmp_path / "a.xmp"
    source.write_bytes(b"what was read")
    original = safe_write.take(source)
    source.write_bytes(b"what somebody wrote since")
    kept = MemoryLedger()
    with pytest.raises(FileChanged):
        safe_write.move(original, tmp_path / "b.xmp", ledger=kept, ours={})
    assert kept.pending() == ()
    assert [each.name for each in tmp_path.iterdir()] == ["a.xmp"]


def test_a_sidecar_goes_along_to_another_disk(desk: Desk, tmp_path: Path) -> None:
    with little_file_system(tmp_path / "disk") as disk:
        desk.set(sidecar_folder=disk)
        photo = desk.photo()
        desk.write()
        [before] = disk.rglob("*.xmp")
        data = before.read_bytes()
        desk.set(sidecar_folder=None)
        there = move(desk, photo, "other.jpg")
        desk.write(LATER)
        assert there.with_name("other.jpg.xmp").read_bytes() == data
        assert not before.exists()
