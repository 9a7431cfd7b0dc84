"""Which names are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.intake.exclude import Excludes

NAMES = st.text(
    st.characters(blacklist_characters="/\0", blacklist_categories=()), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@pytest.mark.parametrize(
    "path",
    [
        ".hidden.jpg",
        ".hidden/photo.jpg",
        "2024/.thumbnails/photo.jpg",
        "2024/@eaDir/photo.jpg/SYNOPHOTO_THUMB_M.jpg",
        "#recycle/photo.jpg",
        "Trash/photo.jpg",
        ".Trash-1000/files/photo.jpg",
        "lost+found/photo.jpg",
        "photo.jpg.crdownload",
        "photo.jpg.part",
        "photo.download",
        ".photo.jpg.Xa92bQ",
        ".~tmp~/photo.jpg",
        ".syncthing.photo.jpg.tmp",
        "~syncthing~photo.jpg.tmp",
        ".stversions/photo.jpg",
        "Previews.lrdata/0/photo.jpg",
        "photo.jpg~",
        ".#photo.jpg",
        "#photo.jpg#",
        ".photo.jpg.swp",
        "4913",
        "photo.jpg_exiftool_tmp",
        "photo.jpg_original",
        ".tagd-1234.jpg",
        "PHOTO.JPG.PART",
        "photo.jpg.!sync",
        "photo.jpg.!QB",
        "photo.jpg.!ut",
        "photo.jpg.bc!",
        "photo.jpg.bts",
        "photo.jpg.mega",
        "photo.jpg.opdownload",
        "photo.jpg.aria2",
        "photo.jpg.filepart",
        "photo.jpg.a1b2c3d4.partial",
        "photo.jpg.xltd",
        "photo.jpg.1f2e.ffs_tmp",
        "photo.jpg_.gstmp",
    ],
)
def test_what_is_never_a_photo_of_the_users_is_left_alone(path: str) -> None:
    assert not Excludes().admits(path, is_folder=False)


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "photo.jpg",
        "a b/ä.jpg",
        "Trash",
        "4913.jpg",
        "part/photo.jpg",
        "x\udcff.jpg",
        "a\nb",
    ],
)
def test_photos_are_admitted(path: str) -> None:
    assert Excludes().admits(path, is_folder=False)


def test_a_folder_may_be_called_what_no_photo_is() -> None:
    assert Excludes().admits("holiday_original/photo.jpg", is_folder=False)
    assert Excludes().admits("holiday_original", is_folder=True)


@pytest.mark.parametrize(
    ("pattern", "path", "admitted"),
    [
        ("drafts", "drafts/photo.jpg", False),
        ("drafts", "2024/drafts/photo.jpg", False),
        ("drafts", "drafts2/photo.jpg", True),
        ("Drafts", "drafts/photo.jpg", True),
        ("*.tif", "a/b.tif", False),
        ("*.tif", "a/b.tiff", True),
        ("cache/", "cache", True),  # a file of this name
        ("cache/", "a/cache/b.jpg", False),
        ("exports/*.tif", "2024/exports/b.tif", False),
        ("exports/*.tif", "2024/exports/a/b.tif", True),
        ("exports/**/*.tif", "exports/a/b/c.tif", False),
        ("*/exports/*.tif", "exports/b.tif", True),
        ("/private", "private/photo.jpg", False),
        ("/private", "2024/private/photo.jpg", True),
        ("IMG_[0-9]?.jpg", "IMG_12.jpg", False),
        ("IMG_[!0-9].jpg", "IMG_1.jpg", True),
        ("a[b", "a[b", False),
        ("a+(b)", "a+(b)", False),
    ],
)
def test_the_users_own_patterns(pattern: str, path: str, admitted: bool) -> None:
    assert Excludes((pattern,)).admits(path, is_folder=False) is admitted


@given(PATHS, NAMES)
def test_what_is_below_an_excluded_folder_is_excluded(path: str, name: str) -> None:
    excludes = Excludes()
    if not excludes.admits(path, is_folder=True):
        assert not excludes.admits(f"{path}/{name}", is_folder=False)


@given(NAMES, st.booleans())
def test_a_name_taken_literally_excludes_exactly_itself(name: str, is_folder: bool) -> None:
    literal = "".join(f"[{c}]" if c in "*?[" else c for c in name)
    other = f"{name}x"
    assert not Excludes((literal,)).admits(name, is_folder)
    assert Excludes((literal,)).admits(other, is_folder) is Excludes().admits(other, is_folder)
