"""Sidecars: whose they are, what they begin with, and what becomes of those that others made."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagd.containers import former_hashes, payload_hash
from tagd.errors import MetadataMalformed
from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tagd.metadata.sidecar import SidecarName, SidecarRule, choose, find, subject_of
from tests.corpus import LIGHTROOM, SPLICED
from tests.metadata import NOTHING, OTHER_TAGS, TAGS, writer

FULL, SHORT = SidecarRule(SidecarName.FULL), SidecarRule(SidecarName.SHORT)


@pytest.mark.parametrize(
    ("files", "photo", "full", "short"),
    [
        ("a.jpg", "a.jpg", "a.jpg.xmp", "a.xmp"),
        ("a.jpg a.xmp", "a.jpg", "a.xmp", "a.xmp"),
        ("a.jpg a.jpg.xmp a.xmp", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.jpg a.XMP", "a.jpg", "a.XMP", "a.XMP"),
        ("a.CR2 a.jpg", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.CR2 a.jpg", "a.CR2", "a.CR2.xmp", "a.xmp"),
        ("a.CR2 a.jpg a.xmp", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.CR2 a.jpg a.xmp", "a.CR2", "a.xmp", "a.xmp"),
        ("a.heic a.jpg a.xmp", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.dng a.nef", "a.dng", "a.dng.xmp", "a.dng.xmp"),
        ("a.JPG a.jpg", "a.JPG", "a.JPG.xmp", "a.JPG.xmp"),
        ("a.JPG a.jpg a.xmp", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.jpg a.Png", "a.jpg", "a.jpg.xmp", "a.jpg.xmp"),
        ("a.CR2 a.cr2", "a.CR2", "a.CR2.xmp", "a.CR2.xmp"),
    ],
)
def test_no_two_photos_share_a_sidecar(
    files: str, photo: str, full: str, short: str, tmp_path: Path
) -> None:
    for name in files.split():
        (tmp_path / name).touch()
    assert choose(tmp_path / photo, FULL).name == full
    assert choose(tmp_path / photo, SHORT).name == short


def test_a_photo_is_no_rival_of_itself_where_names_know_no_case(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "a.JPG").hardlink_to(tmp_path / "a.jpg")  # as both names find it there
    assert choose(tmp_path / "a.jpg", SHORT).name == "a.xmp"


def test_a_folder_of_sidecars_mirrors_the_tree(tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "2024" / "a.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(SPLICED["plain.jpg"])
    photo.parent.chmod(0o555)
    rule = SidecarRule(SidecarName.FULL, tmp_path / "sidecars")
    report = writer().write_sidecar(photo, TAGS, {}, rule=rule)
    assert report.path == tmp_path / "sidecars" / photo.relative_to("/").with_name("a.jpg.xmp")
    assert find(photo, rule) == report.path
    assert [each.name for each in photo.parent.iterdir()] == ["a.jpg"]


def test_the_sidecar_of_a_photo_that_may_not_be_written_may_be(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    photo.chmod(0o440)
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    assert report.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["lightroom.jpg", "iptc.jpg"])
def test_a_new_sidecar_begins_with_what_the_photo_says(name: str, tmp_path: Path) -> None:
    photo = tmp_path / name
    photo.write_bytes(SPLICED[name])
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    said = reader.of_packets([report.path.read_bytes()])
    before = {"lightroom.jpg": ("Holiday", "CAT"), "iptc.jpg": ("猫", "cat")}[name]
    assert said.of(Field.SUBJECT) == (*before, "コーヒー ☕")
    assert photo.read_bytes() == SPLICED[name]
    assert report.path.stat().st_mode & 0o777 == photo.stat().st_mode & 0o666
    undone = writer().write_sidecar(photo, NOTHING, report.ours, rule=FULL)
    assert undone.removed
    assert [each.name for each in tmp_path.iterdir()] == [name], "it was tagd's alone"


def test_a_sidecar_of_others_keeps_what_they_wrote(tmp_path: Path) -> None:
    photo, place = tmp_path / "a.jpg", tmp_path / "a.xmp"
    photo.write_bytes(SPLICED["plain.jpg"])
    place.write_bytes(LIGHTROOM)
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    assert report.path == place
    assert reader.read(photo, place).rating == 4
    again = writer().write_sidecar(photo, TAGS, report.ours, rule=FULL)
    assert again.signature is None
    writer().write_sidecar(photo, NOTHING, report.ours, rule=FULL)
    assert reader.of_packets([place.read_bytes()]) == reader.of_packets([LIGHTROOM])


def test_a_sidecar_to_which_others_added_outlives_tagds_tags(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    told = report.path.read_bytes()
    rated = told.replace(
        b'rdf:about=""', b'rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"'
    )
    report.path.write_bytes(rated)
    writer().write_sidecar(photo, NOTHING, report.ours, rule=FULL)
    assert reader.read(photo, report.path).rating == 5
    assert not reader.read(photo, report.path).of(Field.SUBJECT)


def test_what_a_person_took_away_is_told_and_stays_away(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    told = report.path.read_bytes()
    report.path.write_bytes(told.replace(b"<rdf:li>cat</rdf:li>", b""))
    again = writer().write_sidecar(photo, TAGS, report.ours, rule=FULL)
    assert not again.has_changes
    assert "cat" not in reader.read(photo, report.path).of(Field.SUBJECT)


def test_a_deleted_sidecar_is_written_anew(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    report.path.unlink()
    assert writer().write_sidecar(photo, TAGS, report.ours, rule=FULL).added == report.added


def test_a_malformed_sidecar_is_left_and_named(tmp_path: Path) -> None:
    photo, place = tmp_path / "a.jpg", tmp_path / "a.jpg.xmp"
    photo.write_bytes(SPLICED["plain.jpg"])
    place.write_bytes(LIGHTROOM[:700])
    with pytest.raises(MetadataMalformed, match=r"a\.jpg\.xmp"):
        writer().write_sidecar(photo, TAGS, {}, rule=FULL)
    assert place.read_bytes() == LIGHTROOM[:700]


def test_a_sidecar_for_what_a_former_version_took_for_the_content_is_its(tmp_path: Path) -> None:
    photo = tmp_path / "a.tif"
    photo.write_bytes(SPLICED["plain.tif"])
    former, *_ = former_hashes(photo.read_bytes())
    now = payload_hash(photo.read_bytes())
    report = writer().write_sidecar(photo, TAGS, {}, rule=FULL, content=former)
    assert find(photo, FULL, now) == report.path
    more = writer().write_sidecar(photo, OTHER_TAGS, report.ours, rule=FULL, content=now)
    assert subject_of(more.path).content == now
