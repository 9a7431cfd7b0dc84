"""Whose a sidecar is, by the names in a folder and by what the sidecar says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.metadata.sidecar import Subject, Whose, may_be_short, whose

CONTENT, OTHER = "a" * 32, "b" * 32
NONE = Subject()
STEMS, ENDINGS = (
    ("a", "a_01", "b"),
    ("jpg", "JPG", "png", "heic", "dng", "CR2", "mov", "mp4", "aae"),
)
NAMES = st.sets(
    st.builds("{}.{}".format, st.sampled_from(STEMS), st.sampled_from(ENDINGS)), min_size=1
)
SUBJECTS = st.builds(
    Subject,
    st.sampled_from([None, CONTENT, OTHER]),
    st.sampled_from([None, *ENDINGS]),
    st.sampled_from([None, "a.jpg", "b.dng"]),
)


def decided(photo: str, sidecar: str, folder: str, said: Subject = NONE) -> Whose:
    others = set(folder.split()) - {photo}
    return whose(photo, CONTENT, sidecar, said, others.__contains__)


@pytest.mark.parametrize(
    ("photo", "sidecar", "folder", "its"),
    [
        ("a.jpg", "a.jpg.xmp", "a.jpg", True),  # darktable, digiKam
        ("a.jpg", "a.jpg.xmp", "a.jpg a.dng", True),
        ("a.jpg", "a.xmp", "a.jpg", True),  # Lightroom, Capture One
        ("a.dng", "a.xmp", "a.jpg a.dng", True),
        ("a.jpg", "a.xmp", "a.jpg a.dng", False),
        ("a.dng", "a.xmp", "a.CR2 a.dng", False),
        ("a.heic", "a.xmp", "a.heic a.mov a.aae", True),  # Apple's Live Photo
        ("a.HEIC", "a.xmp", "a.HEIC a.MOV a.MP4", True),
        ("a.jpg", "a.xmp", "a.jpg a.jfif", False),
    ],
)
def test_names_say_whose_it_is(photo: str, sidecar: str, folder: str, its: bool) -> None:
    assert (decided(photo, sidecar, folder) is Whose.ITS) == its


@pytest.mark.parametrize(
    ("photo", "sidecar", "folder", "said", "expected"),
    [
        # Adobe says for which of them it is.
        ("a.jpg", "a.xmp", "a.jpg", Subject(ending="CR2"), Whose.ANOTHERS),
        ("a.CR2", "a.xmp", "a.CR2 a.dng", Subject(ending="CR2"), Whose.ITS),
        ("a.cr2", "a.xmp", "a.cr2", Subject(ending="CR2"), Whose.ITS),
        ("a.cr2", "a.xmp", "a.cr2 a.CR2", Subject(ending="CR2"), Whose.ANOTHERS),
        ("a.jpg", "a.xmp", "a.jpg a.dng", Subject(ending="JPG"), Whose.ITS),
        ("a.jpg", "a.jpg.xmp", "a.jpg", Subject(ending="CR2"), Whose.ITS),
        # darktable's second version of a.jpg, and a photo that merely is called so.
        ("a_01.jpg", "a_01.jpg.xmp", "a.jpg a_01.jpg", Subject(source="a.jpg"), Whose.ANOTHERS),
        ("a_01.jpg", "a_01.jpg.xmp", "a_01.jpg", Subject(source="a.jpg"), Whose.ITS),
        ("a_01.jpg", "a_01.jpg.xmp", "a.jpg a_01.jpg", Subject(source="a_01.jpg"), Whose.ITS),
        ("b.jpg", "b.jpg.xmp", "a.jpg b.jpg", Subject(source="a.jpg"), Whose.ITS),
        # tagd says for what content it is, whatever the names.
        ("a.jpg", "a.jpg.xmp", "a.jpg", Subject(CONTENT), Whose.ITS),
        ("a.jpg", "a.xmp", "a.jpg a.dng", Subject(CONTENT), Whose.ITS),
        ("a.jpg", "a.jpg.xmp", "a.jpg", Subject(OTHER), Whose.OUTDATED),
        ("a.dng", "a.xmp", "a.dng", Subject(OTHER), Whose.OUTDATED),
        ("a.dng", "a.xmp", "a.dng a.jpg", Subject(OTHER), Whose.ANOTHERS),
    ],
)
def test_what_it_says_counts_before_its_name(
    photo: str, sidecar: str, folder: str, said: Subject, expected: Whose
) -> None:
    assert decided(photo, sidecar, folder, said) is expected


@given(NAMES, SUBJECTS)
def test_no_two_photos_share_a_sidecar(names: set[str], said: Subject) -> None:
    photos = [each for each in names if Path(each).suffix not in {".mov", ".mp4", ".aae"}]
    contents = {photo: f"{number:032x}" for number, photo in enumerate(photos)}
    for sidecar in {f"{each}.xmp" for name in names for each in (name, Path(name).stem)}:
        under = [each for each in photos if sidecar[:-4] in {each, Path(each).stem}]
        its = [
            each
            for each in under
            if whose(each, contents[each], sidecar, said, (names - {each}).__contains__)
            is Whose.ITS
        ]
        assert len(its) <= 1


@given(NAMES)
def test_a_short_name_is_for_one_photo_and_raw_first(names: set[str]) -> None:
    short = [each for each in names if may_be_short(each, (names - {each}).__contains__)]
    raws = {".dng", ".CR2"}
    for stem in STEMS:
        pictures = [each for each in short if Path(each).stem == stem]
        pictures = [each for each in pictures if Path(each).suffix not in {".mov", ".mp4", ".aae"}]
        assert len(pictures) <= 1
        if any(Path(each).suffix in raws for each in names if Path(each).stem == stem):
            assert all(Path(each).suffix in raws for each in pictures)
