"""JPEG XL, as libjxl writes it."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tagd.containers import DamagedContainer, jxl, payload_hash, recognise
from tagd.decoding.decode import DecodeLimits
from tagd.domain import DecodedPhoto
from tagd.errors import PhotoError, TooLarge, TruncatedImage, UnsupportedImage
from tagd.installation import adding
from tests import photos
from tests.decoding import decoded

pillow_jxl = pytest.importorskip("pillow_jxl", reason="the extra jxl is not installed")

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:subject><rdf:Bag>
 <rdf:li>Aunt Ada</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"""


def cat() -> Image.Image:
    """The picture alone: the plugin writes down what an image that it saves says of itself."""
    return Image.frombytes("RGB", photos.cat().size, photos.cat().tobytes())


def exif(orientation: int = 1) -> bytes:
    said = Image.Exif()
    said[0x0110], said[0x0112] = "X100V", orientation
    return said.tobytes()


def encoded(image: Image.Image, **options: object) -> bytes:
    made = io.BytesIO()
    image.save(made, "JXL", **options)
    return made.getvalue()


def decoded_jxl(data: bytes, folder: Path, limits: DecodeLimits | None = None) -> DecodedPhoto:
    path = folder / "photo.jxl"
    path.write_bytes(data)
    return decoded(path, limits) if limits else decoded(path)


def mean_difference(one: DecodedPhoto, other: DecodedPhoto) -> float:
    (first,), (second,) = one.inputs.values(), other.inputs.values()
    return float(abs(first.astype(int) - second.astype(int)).mean())


@pytest.mark.parametrize("boxed", [False, True])
def test_it_is_the_picture_that_was_encoded(tmp_path: Path, boxed: bool) -> None:
    photo = decoded_jxl(encoded(cat(), lossless=True, use_container=boxed), tmp_path)
    cat().save(tmp_path / "same.png")
    assert mean_difference(photo, decoded(tmp_path / "same.png")) == 0
    facts = photo.facts
    assert (facts.format, facts.width, facts.height, facts.orientation) == ("JXL", *cat().size, 1)


def test_its_identity_is_its_picture_whatever_lies_beside(tmp_path: Path) -> None:
    bare = encoded(cat(), effort=3)
    with_more = encoded(cat(), effort=3, exif=exif(), xmp=XMP)
    assert bare.startswith(jxl.BARE)
    assert with_more.startswith(jxl.BOXED)
    assert payload_hash(bare) == payload_hash(with_more)
    assert payload_hash(bare) != payload_hash(encoded(cat(), quality=50))


def test_what_it_says_is_read(tmp_path: Path) -> None:
    photo = decoded_jxl(encoded(cat(), exif=exif(orientation=6), xmp=XMP), tmp_path)
    assert photo.facts.camera_model == "X100V"
    assert "Aunt Ada" in str(photo.readings.keywords)
    # What EXIF says of turning is a memory: the codestream's word counts.
    assert (photo.facts.width, photo.facts.height) == cat().size


@pytest.mark.filterwarnings("ignore:Using JPEG reconstruction")
def test_one_that_was_a_jpeg_is_that_jpeg(tmp_path: Path) -> None:
    cat().save(tmp_path / "was.jpg", exif=exif(orientation=6), quality=90)
    with Image.open(tmp_path / "was.jpg") as was:
        photo = decoded_jxl(encoded(was), tmp_path)
    before = decoded(tmp_path / "was.jpg")
    assert mean_difference(photo, before) == 0
    assert photo.facts.orientation == 6
    assert photo.facts.camera_model == "X100V"


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    image = cat() if mode == "RGBA" else cat().convert("L")
    photo = decoded_jxl(
        encoded(image.convert("I").convert(mode) if mode == "I;16" else image.convert(mode)),
        tmp_path,
    )
    (pixels,) = photo.inputs.values()
    assert pixels.std() > 10 or mode == "I;16"


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 600), st.integers(1, 600), st.booleans())
def test_the_size_is_known_before_anything_is_decoded(wide: int, high: int, boxed: bool) -> None:
    data = encoded(Image.new("L", (wide, high)), effort=1, use_container=boxed)
    assert jxl.size(data) == (wide, high)


def test_one_that_is_too_large_is_not_decoded(tmp_path: Path) -> None:
    data = encoded(Image.new("L", (3000, 2000)), effort=1)
    with pytest.raises(TooLarge, match="6 megapixels"):
        decoded_jxl(data, tmp_path, DecodeLimits(max_megapixels=5))


@pytest.mark.parametrize("boxed", [False, True])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_half_of_one_is_no_photo_yet(tmp_path: Path, boxed: bool, share: float) -> None:
    data = encoded(cat(), use_container=boxed)
    with pytest.raises(TruncatedImage):
        decoded_jxl(data[: int(len(data) * share)], tmp_path)


@given(st.binary(max_size=80))
def test_hostile_bytes_raise_nothing_else(noise: bytes) -> None:
    for start in (jxl.BARE, jxl.BOXED, jxl.BOXED + b"\0\0\0\x20jxlc\xff\x0a"):
        assert recognise(start + noise) == "JXL"
        payload_hash(start + noise)
        for parse in (jxl.size, jxl.metadata):
            try:
                parse(start + noise)
            except DamagedContainer:
                continue


def test_noise_behind_its_beginning_is_an_error_of_ours(tmp_path: Path) -> None:
    for number in range(50):
        noise = bytes((number * 7 + each * each) % 256 for each in range(200))
        with pytest.raises(PhotoError):
            decoded_jxl(jxl.BARE + noise, tmp_path)


def test_without_the_plugin_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(cat())
    monkeypatch.setitem(sys.modules, "pillow_jxl", None)
    with pytest.raises(UnsupportedImage) as told:
        decoded_jxl(data, tmp_path)
    assert adding("jxl") in told.value.reason
