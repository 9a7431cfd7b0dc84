"""Where EXIF says nothing, XMP and sidecars say when and with what a picture was taken."""

from __future__ import annotations

from pathlib import Path

import piexif
import pytest

from tagd.containers.splice import with_packet
from tagd.decoding.decode import DecodeLimits, decode
from tagd.metadata import xmp
from tagd.metadata.sidecar import SidecarRule
from tests.photos import coffee

MORNING = "2024-05-06T07:08:00"
PICTURE = coffee().resize((60, 40))


def packet(said: str) -> bytes:
    spaces = " ".join(f'xmlns:{name}="{xmp.NAMESPACES[name]}"' for name in ("xmp", "tiff", "exif"))
    empty = xmp.new_packet(padded=False).to_bytes().decode()
    return empty.replace("<rdf:Description ", f"<rdf:Description {spaces} {said} ").encode()


def facts(path: Path, rule: SidecarRule | None = None) -> tuple[str | None, ...]:
    said = decode(path, [], DecodeLimits(), rule or SidecarRule()).facts
    return said.camera_make, said.camera_model, said.taken_at


@pytest.mark.parametrize(
    ("said", "taken_at"),
    [
        ('xmp:CreateDate="2024-05-06T07:08:09.12+09:00"', "2024-05-06T07:08:09+09:00"),
        ('xmp:CreateDate="2024-05-06T07:08"', MORNING),
        ('xmp:CreateDate="2025-01-01" exif:DateTimeOriginal="2024-05-06T07:08"', MORNING),
        ('xmp:CreateDate="2024-13-06T07:08:09"', None),
        ('xmp:CreateDate="yesterday"', None),
    ],
)
def test_a_screen_says_so_in_xmp(said: str, taken_at: str | None, tmp_path: Path) -> None:
    screen = tmp_path / "screen.png"
    PICTURE.save(screen)
    data = with_packet(screen.read_bytes(), packet(f'{said} tiff:Model="Phone 1"'))
    screen.write_bytes(data)
    assert facts(screen) == (None, "Phone 1", taken_at)


def test_a_sidecar_says_so_wherever_it_lies(tmp_path: Path) -> None:
    photo, rule = tmp_path / "a.png", SidecarRule(folder=tmp_path / "sidecars")
    PICTURE.save(photo)
    photo.with_name("a.xmp").write_bytes(packet('exif:DateTimeOriginal="2024-05-06T07:08:09"'))
    assert facts(photo) == (None, None, "2024-05-06T07:08:09")
    mirror = rule.mirror_of(tmp_path)
    mirror.mkdir(parents=True)
    (mirror / "a.png.xmp").write_bytes(packet('tiff:Make="Maker"'))
    assert facts(photo, rule) == ("Maker", None, "2024-05-06T07:08:09")


def test_the_cameras_own_word_counts(tmp_path: Path) -> None:
    photo = tmp_path / "a.jpg"
    exif = {
        "0th": {piexif.ImageIFD.Model: b"Model 1"},
        "Exif": {piexif.ExifIFD.DateTimeOriginal: b"2020:01:02 03:04:05"},
    }
    PICTURE.save(photo, exif=piexif.dump(exif))
    said = 'exif:DateTimeOriginal="2024-05-06T07:08:09" tiff:Make="Maker" tiff:Model="Model 2"'
    photo.with_name("a.xmp").write_bytes(packet(said))
    assert facts(photo) == (None, "Model 1", "2020-01-02T03:04:05")
