"""What photos say, read back: every field, every place, and nothing from what is damaged."""

from __future__ import annotations

from pathlib import Path

import piexif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tagd.containers.jpeg import front
from tagd.containers.tags import XP_KEYWORDS
from tagd.metadata import reader
from tagd.metadata.keywords import Field
from tagd.metadata.reader import DateSource
from tests.corpus import LIGHTROOM, SPLICED, app, with_segments

GPS = {
    piexif.GPSIFD.GPSLatitudeRef: b"S",
    piexif.GPSIFD.GPSLatitude: ((35, 1), (30, 1), (3600, 100)),
    piexif.GPSIFD.GPSLongitudeRef: b"E",
    piexif.GPSIFD.GPSLongitude: ((139, 1), (45, 1), (0, 1)),
}


def test_a_photo_says_where_when_and_with_what() -> None:
    block = piexif.dump(
        {
            "0th": {piexif.ImageIFD.Make: b"Maker", piexif.ImageIFD.Model: b"Model 1", 0x4746: 3},
            "Exif": {
                piexif.ExifIFD.DateTimeOriginal: b"2024:05:06 07:08:09",
                piexif.ExifIFD.OffsetTimeOriginal: b"+09:00",
            },
            "GPS": GPS,
        }
    )
    said = reader.of_photo(with_segments(SPLICED["plain.jpg"], app(1, block)))
    assert said.camera == (DateSource.CAMERA, "Maker", "Model 1")
    assert said.rating == 3
    assert said.taken_at == "2024-05-06T07:08:09+09:00"
    assert said.place == pytest.approx((-35.51, 139.75))
    assert not said.has_packet


def test_digits_of_other_scripts_are_no_time() -> None:
    said = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF'
    said += ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
    said += ' xmlns:exif="http://ns.adobe.com/exif/1.0/"'
    said += ' exif:DateTimeOriginal="\N{ARABIC-INDIC DIGIT TWO}024-06-01T12:00:00"'
    said += ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreateDate="2024-06-02T12:00:00"'
    said += "/></rdf:RDF></x:xmpmeta>"
    assert reader.of_packets([said.encode()]).taken_at == "2024-06-02T12:00:00"


def test_xmp_says_so_too_and_a_sidecar_goes_first(tmp_path: Path) -> None:
    photo, sidecar = tmp_path / "a.jpg", tmp_path / "a.xmp"
    photo.write_bytes(SPLICED["lightroom.jpg"])
    place = (
        b'xmp:Rating="-1" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="35,41.5N"'
    )
    place += b' exif:GPSLongitude="139,45,30W" exif:DateTimeOriginal="2023-01-02T03:04:05"'
    sidecar.write_bytes(LIGHTROOM.replace(b'xmp:Rating="4"', place).replace(b"CAT", b"garden"))
    said = reader.read(photo, sidecar)
    assert said.rating == -1
    assert said.place == pytest.approx((35.691667, -139.758333))
    assert said.taken_at == "2023-01-02T03:04:05"
    assert said.of(Field.SUBJECT) == ("Holiday", "garden", "CAT")
    assert reader.read(photo).rating == 4


@pytest.mark.parametrize(
    "name",
    ["full.heic", "full.avif", "lightroom.png", "packed.png", "lightroom.webp", "lightroom.tif"],
)
def test_every_container_is_read_without_help(name: str) -> None:
    said = reader.of_photo(SPLICED[name])
    assert said.of(Field.SUBJECT) == ("Holiday", "CAT")
    assert said.rating == 4
    if not name.endswith(("png", "tif")):
        assert said.camera == (DateSource.CAMERA, "tagd", "Test 1")


def test_older_fields_are_read() -> None:
    windows = piexif.dump({"0th": {XP_KEYWORDS: "cat;コーヒー\0".encode("utf-16-le")}})
    said = reader.of_photo(with_segments(SPLICED["iptc.jpg"], app(1, windows)))
    assert said.of(Field.WINDOWS) == ("cat", "コーヒー")
    assert said.of(Field.IPTC) == ("猫",)


@given(st.sampled_from(sorted(SPLICED)), st.integers(0, 4000), st.binary(min_size=1, max_size=6))
def test_damaged_metadata_raises_nothing(name: str, at: int, noise: bytes) -> None:
    data = SPLICED[name]
    at %= len(data)
    damaged = data[:at] + noise + data[at + len(noise) :]
    assert isinstance(reader.of_photo(damaged), reader.FileTags)
    assert isinstance(reader.of_photo(data[:at]), reader.FileTags)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpegs_picture_is_not_searched_for_metadata(tmp_path: Path, progressive: bool) -> None:
    image = Image.effect_noise((300, 200), 90).convert("RGB")
    block = Image.Exif()
    block[0x010F] = "Maker"
    image.save(tmp_path / "a.jpg", exif=block, xmp=LIGHTROOM, progressive=progressive)
    data = (tmp_path / "a.jpg").read_bytes()
    looked_at = list(front(data))
    assert sum(each.end - each.start for each in looked_at) < len(data) / 10
    assert reader.of_photo(data[: looked_at[-1].end]) == reader.of_photo(data)
    said = reader.of_photo(data)
    assert said.camera == (DateSource.CAMERA, "Maker", None)
    assert said.has_packet
