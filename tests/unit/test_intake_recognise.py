"""Which files are taken, and how seldom one is opened to find out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tagd import installation
from tagd.domain import Signature
from tagd.fs import signature_of
from tagd.intake.recognise import Ending, Recogniser, ending_of, head_of

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")


def signature(path: Path) -> Signature:
    return signature_of(path.stat())


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.jpg", Ending.PHOTO),
        ("/b.c/a.JPEG", Ending.PHOTO),
        ("a.CR3", Ending.PHOTO),
        ("a.jpg.xmp", Ending.OTHER),
        ("a.mp4", Ending.OTHER),
        ("notes.txt", Ending.OTHER),
        ("Thumbs.db", Ending.OTHER),
        ("/photos.jpg/a", Ending.UNKNOWN),
        ("a", Ending.UNKNOWN),
        ("a.jpg_original", Ending.UNKNOWN),
        ("a.", Ending.UNKNOWN),
    ],
)
def test_endings(name: str, ending: Ending) -> None:
    assert ending_of(name) is ending


def test_content_decides_where_the_name_does_not(tmp_path: Path) -> None:
    recogniser = Recogniser()
    (tmp_path / "photo").write_bytes(JPEG)
    (tmp_path / "notes").write_text("a photo would be nice")
    (tmp_path / "empty").touch()
    taken = [p.name for p in tmp_path.iterdir() if recogniser.is_photo(p, signature(p))]
    assert taken == ["photo"]


def test_what_is_called_a_photo_is_taken_unseen_and_what_is_called_a_film_is_not(
    tmp_path: Path,
) -> None:
    nowhere = Signature(1, 1, 1, 1)
    assert Recogniser().is_photo(tmp_path / "text.jpg", nowhere)
    assert not Recogniser().is_photo(tmp_path / "film.mp4", nowhere)


def test_what_was_left_alone_is_opened_again_only_once_it_changed(tmp_path: Path) -> None:
    recogniser, path = Recogniser(), tmp_path / "notes"
    path.write_text("nothing")
    before = signature(path)
    assert not recogniser.is_photo(path, before)
    assert recogniser.left_alone(path, before)
    path.write_bytes(JPEG)
    # Not opened for the old signature; for the new one it is.
    assert not recogniser.is_photo(path, before)
    assert recogniser.is_photo(path, signature(path))


def test_what_it_remembers_is_bounded(tmp_path: Path) -> None:
    recogniser = Recogniser(most=3)
    paths = [tmp_path / str(number) for number in range(5)]
    for path in paths:
        path.touch()
        recogniser.is_photo(path, signature(path))
    remembered = [path for path in paths if recogniser.left_alone(path, signature(path))]
    assert remembered == paths[2:]


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    assert head_of(tmp_path / "fifo") == b""


STRANGE = {
    "a.psd": b"8BPS\0\1",
    "b.jp2": b"\0\0\0\x0cjP  \r\n",
    "c.svg": b"<?xml version='1.0'?>\n<!-- " + b"x" * 100 + b" --><svg xmlns=''>",
    "d.jxl": b"\xff\x0aX\t",
}


def test_pictures_that_are_not_read_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation, "has", lambda _: False)
    recogniser = Recogniser()
    for name, head in {**STRANGE, "e.psd": STRANGE["a.psd"], "notes": b"a text"}.items():
        (tmp_path / name).write_bytes(head)
        assert not recogniser.is_photo(tmp_path / name, signature(tmp_path / name))
    assert recogniser.unread() == {"Photoshop": 2, "JPEG 2000": 1, "SVG": 1, "JPEG XL": 1}
    recogniser.forget(tmp_path / "e.psd")
    recogniser.forget_but({tmp_path / "a.psd"}, tmp_path)
    assert recogniser.unread() == {"Photoshop": 1}
    (tmp_path / "a.psd").write_bytes(JPEG)  # whatever it is called
    assert recogniser.is_photo(tmp_path / "a.psd", signature(tmp_path / "a.psd"))
    assert recogniser.unread() == {}


def test_jpeg_xl_is_taken_where_it_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.jxl").write_bytes(STRANGE["d.jxl"])
    for is_read in (False, True):
        monkeypatch.setattr(installation, "has", lambda _, told=is_read: told)
        recogniser = Recogniser()
        assert recogniser.is_photo(tmp_path / "d.jxl", signature(tmp_path / "d.jxl")) is is_read
