"""One photo never stops the rest: what is raised while one is written is that photo's failure."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.reports import overview
from tagd.metadata import read_back, reader, xmp
from tagd.metadata.keywords import Field, without_controls
from tagd.metadata.sidecar import SidecarRule
from tagd.metadata.writer import Writer, WriteReport
from tagd.work.retry import FAULTS_ALLOWED
from tagd.writeback.tag_writer import MetadataSettings, WriteMode
from tests import catalogue as recorded
from tests import corpus
from tests.inscriptions import Desk, move, subjects
from tests.metadata import TAGS, little_file_system, writer

SIDECAR = MetadataSettings(WriteMode.SIDECAR)
HOUR = 3600.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        yield Desk(catalogue, tmp_path / "photos", SIDECAR)


# Whatever is raised


@pytest.mark.parametrize(
    "raised", [ValueError("odd\nwords"), MemoryError(), RecursionError("deep"), OSError(5, "I/O")]
)
def test_what_nobody_foresaw_costs_one_photo_three_tries_and_no_other(
    desk: Desk, raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = desk.photo("bad.jpg"), desk.photo("good.jpg")
    write = Writer.write_sidecar

    def fail_one(self: Writer, photo: Path, *rest: Any, **how: Any) -> WriteReport:
        if photo == bad:
            raise raised
        return write(self, photo, *rest, **how)

    monkeypatch.setattr(Writer, "write_sidecar", fail_one)
    for number in range(FAULTS_ALLOWED):
        assert desk.jobs()[0][0] == "waiting"
        desk.write(later=number * HOUR)
    assert desk.jobs() == [("quarantined", "internal-error")]
    assert subjects(good.with_name("good.jpg.xmp")) == ("cat",)
    assert len(desk.failed) == FAULTS_ALLOWED
    assert type(raised).__name__ in desk.failed[-1]
    assert "report it" in desk.failed[-1]
    with desk.catalogue.read() as tx:
        [failure] = overview.failed(tx)
    assert (failure.path, failure.code) == (bad, "internal-error")


# Names that are too long


def test_a_name_with_no_room_for_its_sidecar_fails_alone(desk: Desk) -> None:
    long = desk.photo("n" * 248 + ".jpg")
    good = desk.photo("good.jpg")
    desk.write()
    assert desk.jobs() == [("quarantined", "name-too-long")]
    assert "shorter name" in desk.failed[0]
    assert str(desk.folder) not in desk.failed[0]
    assert subjects(good.with_name("good.jpg.xmp")) == ("cat",)
    # As the advice says.
    shorter = long.rename(long.with_name("short.jpg"))
    desk.moved(long, shorter)
    with desk.catalogue.write() as tx:
        recorded.rows(tx, "UPDATE job SET state = 'waiting', not_before = 0 RETURNING id")
    desk.write()
    assert subjects(shorter.with_name("short.jpg.xmp")) == ("cat",)


def test_a_photo_that_moves_away_from_what_was_in_its_sidecars_place_is_tried_again(
    desk: Desk,
) -> None:
    desk.set(write=WriteMode.SIDECAR)
    photo = desk.photo()
    photo.with_name("cat.jpg.xmp").mkdir()
    assert desk.write() == 0
    assert desk.jobs() == [("quarantined", "metadata-unsafe")]
    there = move(desk, photo, "other.jpg")
    assert desk.write(later=60) == 1
    assert subjects(there.with_name("other.jpg.xmp")) == ("cat",)
    assert desk.jobs() == []


def test_a_name_with_no_room_for_a_sidecar_takes_tags_inside_and_is_read(desk: Desk) -> None:
    desk.set(write=WriteMode.EMBEDDED)
    photo = desk.photo("n" * 251 + ".jpg")
    assert desk.write() == 1
    assert subjects(photo) == ("cat",)
    readings = read_back.readings_at(photo, SidecarRule(folder=desk.folder / "side"))
    assert readings.by_tagd == ("cat",)


def test_where_no_sidecar_can_be_written_the_photo_has_its_tags_inside_all_the_same(
    desk: Desk,
) -> None:
    desk.set(write=WriteMode.BOTH)
    long = desk.photo("n" * 248 + ".jpg")
    hindered, broken = desk.photo("hindered.jpg"), desk.photo("broken.jpg")
    (desk.folder / "hindered.jpg.xmp").mkdir()
    (desk.folder / "broken.jpg.xmp").write_bytes(b"<a><a>")
    desk.write()
    assert {code for _, code in desk.jobs()} == {
        "name-too-long",
        "metadata-unsafe",
        "metadata-malformed",
    }
    assert [subjects(each) for each in (long, hindered, broken)] == [("cat",)] * 3


# The folder of sidecars


def _file(place: Path) -> None:
    place.write_text("x")


def _dangling(place: Path) -> None:
    place.symlink_to(place.with_name("nowhere"))


def _circle(place: Path) -> None:
    place.symlink_to(place)


@pytest.mark.parametrize("make", [_file, _dangling, _circle])
@pytest.mark.parametrize("below", ["", "deep/er"])
def test_what_is_no_folder_takes_no_sidecars(
    desk: Desk, make: Callable[[Path], None], below: str, tmp_path: Path
) -> None:
    make(tmp_path / "side")
    desk.set(sidecar_folder=tmp_path / "side" / below)
    desk.photo("a.jpg")
    desk.photo("b.jpg")
    desk.write()
    assert desk.jobs() == [("quarantined", "not-writable")] * 2
    assert len(set(desk.failed)) == 1, "one reason, without a path"
    (tmp_path / "side").unlink()
    with desk.catalogue.write() as tx:
        recorded.rows(tx, "UPDATE job SET state = 'waiting', not_before = 0 RETURNING id")
    assert desk.write() == 2


def test_a_folder_of_sidecars_that_becomes_a_file_meanwhile(desk: Desk, tmp_path: Path) -> None:
    desk.set(sidecar_folder=tmp_path / "side")
    photo = desk.photo("a.jpg")
    assert desk.write() == 1
    shutil.rmtree(tmp_path / "side")
    (tmp_path / "side").write_text("x")
    desk.queue(photo)
    desk.write()
    assert desk.jobs() == [("quarantined", "not-writable")]


def test_a_full_disk_for_sidecars_is_waited_for(desk: Desk, tmp_path: Path) -> None:
    with little_file_system(tmp_path / "side") as side:
        desk.set(sidecar_folder=side)
        filler = side / "filler"
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
        desk.photo("a.jpg")
        desk.write()
        assert desk.jobs() == [("waiting", "disk-full")]
        filler.unlink()
        assert desk.write(later=HOUR) == 1


# What XML cannot hold


@pytest.mark.parametrize(
    ("raw", "carried"),
    [
        (b"Aunt Ada\0", "Aunt Ada"),
        (b"a\x01b", "a b"),
        (b"\x1b]0;pwn\x07\x1b[31m", "]0;pwn [31m"),
        ("a\uffffb".encode(), "a b"),
    ],
)
def test_a_keyword_with_controls_is_carried_without_them(
    raw: bytes, carried: str, tmp_path: Path
) -> None:
    plain = corpus.SPLICED["plain.jpg"]
    photo = tmp_path / "a.jpg"
    photo.write_bytes(corpus.with_segments(plain, corpus.iptc(raw)))
    report = writer().write_sidecar(photo, TAGS, {}, rule=SidecarRule())
    said = reader.of_packets([report.path.read_bytes()]).of(Field.SUBJECT)
    assert carried in said
    assert "cat" in said


@given(st.text(st.characters(codec=None)))
def test_whatever_a_photo_says_can_stand_in_xml(value: str) -> None:
    packet = xmp.new_packet(padded=False)
    carried = without_controls(value)
    xmp.set_keywords(packet, dict.fromkeys((Field.SUBJECT,), tuple(filter(None, [carried]))))
    assert carried.strip() in (*xmp.keywords(xmp.parse(packet.to_bytes()))[Field.SUBJECT], "")


# What is no file any more


@pytest.mark.parametrize("write", [WriteMode.SIDECAR, WriteMode.EMBEDDED, WriteMode.BOTH])
def test_a_fifo_in_a_photos_place_is_waited_out_and_holds_nobody_up(
    desk: Desk, write: WriteMode
) -> None:
    desk.set(write=write)
    photo, good = desk.photo("a.jpg"), desk.photo("b.jpg")
    away = photo.rename(photo.with_name("away"))
    os.mkfifo(photo)
    desk.write()
    assert desk.jobs() == [("waiting", "vanished")]
    assert "cat" in read_back.readings_at(good, SidecarRule()).by_tagd
    photo.unlink()
    away.rename(photo)
    assert desk.write(later=HOUR) >= 1
    assert desk.jobs() == []


def test_a_fifo_in_a_sidecars_place_fails_alone(desk: Desk) -> None:
    photo = desk.photo("a.jpg")
    os.mkfifo(photo.with_name("a.jpg.xmp"))
    desk.write()
    assert desk.jobs() == [("quarantined", "metadata-unsafe")]
    assert read_back.readings_at(photo, SidecarRule()).by_tagd == ()
