"""What cannot be decoded says why, in words for people."""

from __future__ import annotations

import io
import os
import random
import socket
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image

from tagd.decoding.decode import DecodeLimits
from tagd.errors import (
    CorruptImage,
    FileChanged,
    FileUnreadable,
    FileVanished,
    NotAnImage,
    PhotoError,
    TooLarge,
    TruncatedImage,
    UnsupportedImage,
)
from tests.decoding import LIMITS, PICTURE, decoded

pillow_heif.register_heif_opener()


def failure(path: Path, limits: DecodeLimits = LIMITS) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        decoded(path, limits)
    assert str(path) not in caught.value.reason
    assert path.name not in caught.value.reason
    assert caught.value.path == path
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        (b"", TruncatedImage, "empty file"),
        (b"Dear diary", NotAnImage, "not an image: it looks like text"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", NotAnImage, "not an image: it looks like a PostScript"),
        (b"<svg xmlns='x'/>", UnsupportedImage, "an SVG drawing, which tagd does not read"),
        (bytes(4000), NotAnImage, "not an image: it looks like nothing but zeros"),
        (b"\xff\xd8\xff\xe0", TruncatedImage, "the JPEG data ends"),
        (b"\x89PNG\r\n\x1a\n", TruncatedImage, "the PNG data ends without an end chunk"),
        (b"\xff\xd8\xff\xd9", CorruptImage, "its header makes no sense"),
        (b"GIF89a" + bytes(40), CorruptImage, ""),
    ],
)
def test_what_is_no_photo(data: bytes, kind: type[PhotoError], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "holiday-in-rome.jpg"
    path.write_bytes(data)
    error = failure(path)
    assert type(error) is kind
    assert error.reason.startswith(reason)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF"])
@pytest.mark.parametrize("kept", [0.5, 0.95])
def test_half_a_photo_is_truncated(name: str, kept: float, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    PICTURE.save(buffer, name)
    data = buffer.getvalue()
    path = tmp_path / "half-a-photo"
    path.write_bytes(data[: int(len(data) * kept)])
    assert isinstance(failure(path), TruncatedImage)


def test_a_jpeg_that_ends_in_zeros_is_truncated(tmp_path: Path) -> None:
    # What a copy that reserved its space first looks like half-way.
    PICTURE.save(tmp_path / "zeros.jpg")
    data = (tmp_path / "zeros.jpg").read_bytes()
    (tmp_path / "zeros.jpg").write_bytes(data[:-2000] + bytes(2000))
    assert isinstance(failure(tmp_path / "zeros.jpg"), TruncatedImage)


def test_noise_inside_a_picture_is_corrupt(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "noisy.tif", compression="tiff_lzw")
    data = bytearray((tmp_path / "noisy.tif").read_bytes())
    data[2000:3000] = random.Random(1).randbytes(1000)
    (tmp_path / "noisy.tif").write_bytes(data)
    assert isinstance(failure(tmp_path / "noisy.tif"), CorruptImage)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF"])
def test_more_megapixels_than_allowed_are_not_even_decoded(name: str, tmp_path: Path) -> None:
    path = tmp_path / "too-many"
    Image.new("L" if name == "TIFF" else "RGB", (1100, 1000)).save(path, name)
    for allowed in (1.0, 0.3):  # beyond Pillow's warning, and beyond its error
        error = failure(path, DecodeLimits(max_megapixels=allowed))
        assert isinstance(error, TooLarge)
        assert error.reason == f"1.1 megapixels are more than max_megapixels = {allowed:g}"
    assert decoded(path, DecodeLimits(max_megapixels=1.2))


def test_a_file_beyond_any_picture_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.jpg"
    path.touch()
    os.truncate(path, 10_000_000_000)
    error = failure(path)
    assert isinstance(error, TooLarge)
    assert "10.0 GB" in error.reason
    assert "max_megapixels = 200" in error.reason


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "bound"))
        for name, words in (("folder", "a folder"), ("pipe", "a FIFO"), ("bound", "a socket")):
            with pytest.raises(FileVanished, match=words):
                decoded(tmp_path / name)
    with pytest.raises(FileVanished, match="a device"):
        decoded(Path("/dev/null"))


def test_what_cannot_be_reached(tmp_path: Path) -> None:
    assert isinstance(failure(tmp_path / "nowhere.jpg"), FileVanished)
    PICTURE.save(tmp_path / "a.jpg")
    assert isinstance(failure(tmp_path / "a.jpg" / "below.jpg"), FileVanished)
    (tmp_path / "circle.jpg").symlink_to(tmp_path / "circle.jpg")
    assert isinstance(failure(tmp_path / "circle.jpg"), FileUnreadable)


def test_what_may_not_be_read(tmp_path: Path) -> None:
    PICTURE.save(tmp_path / "secret.jpg")
    (tmp_path / "secret.jpg").chmod(0)
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)  # root may read everything
    try:
        error = failure(tmp_path / "secret.jpg")
    finally:
        os.seteuid(before)
    assert isinstance(error, FileUnreadable)
    assert error.reason == "Permission denied"


def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.jpg"
    PICTURE.save(path)
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        # Between the two looks at the file somebody appends to it.
        status = real(descriptor)
        with path.open("ab") as file:
            file.write(b"more")
        return status

    monkeypatch.setattr(os, "fstat", fstat)
    assert isinstance(failure(path), FileChanged)
