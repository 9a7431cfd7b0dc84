"""Links that somebody put in the way: nothing is made, and nothing told, where they lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tagd.errors import FileVanished, MetadataUnsafe, NotWritable
from tagd.intake.probe import Devices, signature_at
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.sidecar import SidecarRule
from tests.corpus import SPLICED
from tests.metadata import TAGS, writer

BESIDE = SidecarRule()
SOMEBODY, SOMEBODY_ELSE = 65533, 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has links of others to make")


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder of ours, with a photo."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(SPLICED["lightroom.jpg"])
    return folder


def linked(place: Path, target: Path, owner: int) -> Path:
    place.symlink_to(target)
    os.chown(place, owner, owner, follow_symlinks=False)
    return place


@as_root
@pytest.mark.parametrize("name", ["photo.jpg", "below/photo.jpg"])
def test_a_folder_that_is_a_link_of_somebody_else_is_not_written_to(
    name: str, private: Path, tmp_path: Path
) -> None:
    (private / "below").mkdir()
    (private / "below" / "photo.jpg").write_bytes(SPLICED["lightroom.jpg"])
    before = sorted(private.rglob("*"))
    photo = linked(tmp_path / "inbox", private, SOMEBODY) / name
    with pytest.raises(NotWritable, match="link of somebody else"):
        writer().write_sidecar(photo, TAGS, {}, rule=BESIDE)
    with pytest.raises(NotWritable, match="link of somebody else"):
        writer().embed(photo, TAGS, {})
    assert sorted(private.rglob("*")) == before
    assert (private / "photo.jpg").read_bytes() == SPLICED["lightroom.jpg"]


def test_links_of_ones_own_lead_where_they_lead(private: Path, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    inbox.symlink_to("private")
    report = writer().write_sidecar(inbox / "photo.jpg", TAGS, {}, rule=BESIDE)
    assert report.path == inbox / "photo.jpg.xmp"
    assert (private / "photo.jpg.xmp").exists()
    assert writer().embed(inbox / "photo.jpg", TAGS, {}).signature is not None


@as_root
def test_a_link_to_a_folder_of_its_maker_is_followed(private: Path, tmp_path: Path) -> None:
    os.chown(private, SOMEBODY, SOMEBODY)
    photo = linked(tmp_path / "inbox", private, SOMEBODY) / "photo.jpg"
    assert writer().embed(photo, TAGS, {}).signature is not None


@as_root
def test_the_path_of_a_folder_that_a_person_named_may_lead_anywhere(
    private: Path, tmp_path: Path
) -> None:
    named = linked(tmp_path / "inbox", private, SOMEBODY)
    for folder in (named, named.parent / named.name):
        options = WriteOptions(named=(folder,))
        report = writer(options=options).write_sidecar(named / "photo.jpg", TAGS, {}, rule=BESIDE)
        assert report.path.exists()
    below = linked(private / "below", private, SOMEBODY)
    with pytest.raises(NotWritable):
        writer(options=options).embed(named / below.name / "photo.jpg", TAGS, {})


def test_a_folder_that_becomes_a_link_meanwhile_is_not_written_to(
    private: Path, tmp_path: Path
) -> None:
    inbox, away = tmp_path / "inbox", tmp_path / "away"
    inbox.mkdir()
    (inbox / "photo.jpg").write_bytes(SPLICED["plain.jpg"])
    before = sorted(private.iterdir())

    def swap(_: Path) -> None:
        inbox.rename(away)
        inbox.symlink_to(private)

    with pytest.raises(FileVanished):
        writer(decodes=swap).embed(inbox / "photo.jpg", TAGS, {})
    assert sorted(private.iterdir()) == before
    assert [each.name for each in away.iterdir()] == ["photo.jpg"]
    assert (away / "photo.jpg").read_bytes() == SPLICED["plain.jpg"]


@as_root
@pytest.mark.parametrize("owner", [SOMEBODY, 0, SOMEBODY_ELSE])
def test_a_link_to_a_photo_of_others_tells_nothing(
    owner: int, private: Path, tmp_path: Path
) -> None:
    secret = private / "photo.jpg"
    os.chown(secret, SOMEBODY, SOMEBODY)
    look = linked(tmp_path / "look.jpg", secret, owner)
    if owner == SOMEBODY_ELSE:
        with pytest.raises(NotWritable, match="link of somebody else"):
            writer().write_sidecar(look, TAGS, {}, rule=BESIDE)
        assert not (tmp_path / "look.jpg.xmp").exists()
        assert signature_at(look, Devices()) is None
    else:
        assert b"Holiday" in writer().write_sidecar(look, TAGS, {}, rule=BESIDE).path.read_bytes()
        assert signature_at(look, Devices()) is not None


def test_a_fifo_in_the_place_of_a_photo_keeps_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photo.jpg")
    with pytest.raises(MetadataUnsafe, match="no regular file"):
        writer().embed(tmp_path / "photo.jpg", TAGS, {})
    with pytest.raises(FileVanished):
        writer().write_sidecar(tmp_path / "photo.jpg", TAGS, {}, rule=BESIDE)
