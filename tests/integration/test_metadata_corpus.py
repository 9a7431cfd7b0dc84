"""Every kind of file: written, written again, and taken back. Nothing foreign changes."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from tagd.containers import payload_hash
from tagd.containers.splice import foreign, jpeg
from tagd.containers.tags import XMP, all_tags
from tagd.errors import MetadataUnsafe
from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tagd.metadata.sidecar import SidecarName, SidecarRule
from tagd.metadata.verify import harm
from tests.corpus import SMALL, SPLICED, mpf, small
from tests.dng import dng
from tests.metadata import (
    NOTHING,
    OTHER_TAGS,
    TAGS,
    needs_exiftool,
    needs_exiv2,
    told_by_exiftool,
    without_files,
    writer,
)
from tests.photos import cat, coffee

OURS = (
    "XMP-dc:Subject",
    "XMP-lr:",
    "XMP-digiKam:",
    "XMP-tagd:",
    "XMP-x:",
    "IFD0:XPKeywords",
    "IPTC:Keywords",
    "IPTC:CodedCharacterSet",
    "Photoshop:Photoshop_0x0fa0",
)
ANNOUNCED = ("RIFF:WebP_Flags",)  # that there is XMP
MOVED = ("PNG:", "XMP-rdf:")


def test_the_corpus_is_a_large_one() -> None:
    assert len(SPLICED) >= 60


@pytest.mark.parametrize("name", SPLICED)
def test_nothing_foreign_changes_when_tags_are_embedded(name: str, tmp_path: Path) -> None:
    photo = tmp_path / name
    before = SPLICED[name]
    photo.write_bytes(before)
    first = writer().embed(photo, TAGS, {})
    assert first.has_changes
    check_same_but_for_keywords(before, photo.read_bytes())
    assert {"コーヒー ☕"} <= set(reader.read(photo).of(Field.SUBJECT))
    written = photo.read_bytes()
    again = writer().embed(photo, TAGS, first.ours)
    assert not again.has_changes
    assert again.ours == first.ours
    assert photo.read_bytes() == written
    second = writer().embed(photo, OTHER_TAGS, first.ours)
    assert set(reader.read(photo).of(Field.SUBJECT)) >= {"コーヒー ☕", "dog"}
    check_same_but_for_keywords(before, photo.read_bytes())
    third = writer().embed(photo, TAGS, second.ours)
    assert len(photo.read_bytes()) == len(written), "what was written before has gone"
    undone = writer().embed(photo, NOTHING, third.ours)
    assert not undone.ours
    check_same_but_for_keywords(before, photo.read_bytes())
    if before.startswith(b"\xff\xd8"):
        assert jpeg.foreign(photo.read_bytes()) == jpeg.foreign(before)
    assert reader.of_photo(photo.read_bytes()) == reader.of_photo(before)


def check_same_but_for_keywords(before: bytes, after: bytes) -> None:
    assert harm(before, after) is None
    if before[:2] in {b"II", b"MM"}:
        assert after[8 : len(before)] == before[8:], "nothing in a TIFF moves"
        assert pages(after) == pages(before)
    else:
        assert payload_hash(after) == payload_hash(before)
    if before[4:8] == b"ftyp":
        assert pixels(after) == pixels(before)
    if not before.startswith(b"\xff\xd8"):
        assert foreign(after) == foreign(before)
        return
    rest = (jpeg.EXIF, jpeg.PHOTOSHOP)
    assert jpeg.foreign_but(after, *rest) == jpeg.foreign_but(before, *rest)
    old, new = jpeg.exif(before) or b"", jpeg.exif(after) or b""
    assert new[8 : len(old)] == old[8:], "nothing in EXIF moves"


def pages(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [page.tobytes() for page in ImageSequence.Iterator(image)]


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.tobytes() + str((image.size, image.mode, image.n_frames)).encode()  # type: ignore[attr-defined]  # of several pictures


@pytest.mark.parametrize(
    "name",
    [
        "plain.jpg",
        "exif.png",
        "lossy.webp",
        "canon-big.jpg",
        "alpha.heic",
        "exif.avif",
        "grid.heic",
        "motion.heic",
        "several.heic",
        "plain.tif",
        "pages-xmp-behind.tif",
        "private.tif",
    ],
)
def test_taking_back_the_first_packet_gives_the_file_back(name: str, tmp_path: Path) -> None:
    photo = tmp_path / name
    photo.write_bytes(SPLICED[name])
    report = writer().embed(photo, TAGS, {})
    assert photo.read_bytes() != SPLICED[name]
    writer().embed(photo, NOTHING, report.ours)
    assert photo.read_bytes() == SPLICED[name]


def test_a_second_picture_is_still_where_its_index_says(tmp_path: Path) -> None:
    for name in ("mpf.jpg", "mpf-exif.jpg", "mpf-xmp.jpg", "mpf-roomy.jpg"):
        photo = tmp_path / name
        photo.write_bytes(SPLICED[name])
        writer().embed(photo, TAGS, {})
        data = photo.read_bytes()
        index = data.index(b"MPF\0") + 4
        offset = int.from_bytes(data[index + 50 + 16 + 8 : index + 50 + 16 + 12], "big")
        assert data[index + offset : index + offset + 3] == b"\xff\xd8\xff"


def test_a_packet_that_cannot_keep_its_size_before_a_second_picture_is_left(tmp_path: Path) -> None:
    photo = tmp_path / "tight.jpg"
    tight = mpf(SPLICED["lightroom.jpg"], SPLICED["plain.jpg"])
    photo.write_bytes(tight)
    with pytest.raises(MetadataUnsafe, match="keep its size"):
        writer().embed(photo, TAGS, {})
    assert photo.read_bytes() == tight


@needs_exiftool
def test_exiftool_sees_nothing_foreign_changed(tmp_path: Path) -> None:
    photos = [tmp_path / name for name in SPLICED]
    for photo in photos:
        photo.write_bytes(SPLICED[photo.name])
    before = told_by_exiftool(photos, "-u", "-n")
    owned = writer()
    reports = {photo: owned.embed(photo, TAGS, {}) for photo in photos}
    written = told_by_exiftool(photos, "-u", "-n")
    for photo in photos:
        owned.embed(photo, NOTHING, reports[photo].ours)
    undone = told_by_exiftool(photos, "-u", "-n")
    for name, told in before.items():
        changed = different(
            *(without_files(each, *OURS, *ANNOUNCED) for each in (told, written[name]))
        )
        assert not changed, name
        assert not different(told, undone[name]), name


def different(before: dict[str, object], after: dict[str, object]) -> set[str]:
    """What says something else, places in the file and what moves with them left out."""
    names = {name for name in before | after if before.get(name) != after.get(name)}
    told = {
        name
        for name in names
        if not name.startswith(("System:", "File:", "ExifTool:", "Composite:", *MOVED))
    }
    return {name for name in told if not any(w in name for w in ("Offset", "Start", "Length"))}


def test_what_other_pages_of_a_tiff_say_stays(tmp_path: Path) -> None:
    photo = tmp_path / "pages-xmp.tif"
    photo.write_bytes(SPLICED[photo.name])
    writer().embed(photo, TAGS, {})
    tags = all_tags(photo.read_bytes())
    assert "コーヒー".encode() in tags["0", XMP].data
    assert tags["1", XMP] == all_tags(SPLICED[photo.name])["1", XMP]


def test_a_bigtiff_is_left_alone(tmp_path: Path) -> None:
    photo = tmp_path / "big.tif"
    small().save(photo, "TIFF", big_tiff=True)
    before = photo.read_bytes()
    with pytest.raises(MetadataUnsafe, match="BigTIFF"):
        writer().embed(photo, TAGS, {})
    assert photo.read_bytes() == before


def test_a_sequence_of_pictures_is_left_alone(tmp_path: Path) -> None:
    photo = tmp_path / "animated.avif"
    small().save(photo, save_all=True, append_images=[coffee().resize(SMALL)])
    before = photo.read_bytes()
    with pytest.raises(MetadataUnsafe, match="sequence"):
        writer().embed(photo, TAGS, {})
    assert photo.read_bytes() == before


def test_nothing_is_ever_written_into_raw(tmp_path: Path) -> None:
    photo = tmp_path / "a.dng"
    photo.write_bytes(dng(cat().resize((64, 48))))
    with pytest.raises(MetadataUnsafe, match="RAW"):
        writer().embed(photo, TAGS, {})


@needs_exiftool
@pytest.mark.parametrize("where", ["embedded", "exif.heic", "exif.avif", "plain.tif", "sidecar"])
def test_exiftool_reads_every_field_as_intended(where: str, tmp_path: Path) -> None:
    place = write(tmp_path, where)
    told = told_by_exiftool([place], "-IPTC:all", "-XMP:all", "-XPKeywords")[place.name]
    theirs = ["old"] if where == "embedded" else []
    assert told["XMP-dc:Subject"] == [*theirs, "cat", "コーヒー ☕"]
    assert told["XMP-lr:HierarchicalSubject"] == [*theirs, "animal|cat", "食べ物|コーヒー ☕"]
    assert told["XMP-digiKam:TagsList"] == [*theirs, "animal/cat", "食べ物/コーヒー ☕"]
    said = told["XMP-tagd:Provenance"]
    assert [each["Tag"] for each in said] == ["cat", "コーヒー ☕"]
    assert {each["Model"] for each in said} == {"timm/lite0"}
    if where == "embedded":
        assert told["IFD0:XPKeywords"] == "cat;コーヒー ☕"
        assert told["IPTC:Keywords"] == ["old", "cat", "コーヒー ☕"]
        assert told["IPTC:Caption-Abstract"] == "caption"


@needs_exiftool
def test_what_is_tagds_is_known_after_another_program_rewrote_the_packet(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    photo.write_bytes(SPLICED["plain.jpg"])
    writer().embed(photo, TAGS, {})
    said = ["-XMP-dc:Title=Mine", "-XMP-dc:Subject+=Berlin"]
    subprocess.run(["exiftool", "-q", "-overwrite_original", *said, str(photo)], check=True)
    writer().embed(photo, OTHER_TAGS, None)
    assert reader.read(photo).of(Field.SUBJECT) == ("コーヒー ☕", "Berlin", "dog")


@needs_exiv2
@pytest.mark.parametrize("where", ["embedded", "exif.heic", "exif.avif", "plain.tif", "sidecar"])
def test_exiv2_reads_every_field_as_intended(where: str, tmp_path: Path) -> None:
    place = write(tmp_path, where)
    said = subprocess.run(["exiv2", "-PXEIkt", place], capture_output=True, text=True, check=False)
    told = dict(line.split(None, 1) for line in said.stdout.splitlines())
    theirs = "old, " if where == "embedded" else ""
    assert told["Xmp.dc.subject"] == f"{theirs}cat, コーヒー ☕"
    assert told["Xmp.lr.hierarchicalSubject"] == f"{theirs}animal|cat, 食べ物|コーヒー ☕"
    assert told["Xmp.digiKam.TagsList"] == f"{theirs}animal/cat, 食べ物/コーヒー ☕"
    assert not said.stderr
    if where == "embedded":
        assert told["Exif.Image.XPKeywords"].startswith("cat;コーヒー")
        assert told["Iptc.Application2.Keywords"] == "コーヒー ☕", "the last one"


def write(folder: Path, where: str) -> Path:
    name = {"embedded": "iptc-ascii.jpg", "sidecar": "plain.jpg"}.get(where, where)
    photo = folder / name
    photo.write_bytes(SPLICED[name])
    owned = writer()
    if where != "sidecar":
        owned.embed(photo, TAGS, {})
        return photo
    return owned.write_sidecar(photo, TAGS, {}, rule=SidecarRule(SidecarName.FULL)).path
