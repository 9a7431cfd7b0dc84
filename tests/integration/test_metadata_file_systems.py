"""File systems that lack something: extended attributes, hard links, flags of renames, permissions.

What they lack cannot be lost: photos and sidecars are written all the same, and nothing is told
that is not so.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tagd.errors import FileChanged, MetadataUnsafe, PhotoError
from tagd.fs import signature_of
from tagd.metadata import file_calls, reader
from tagd.metadata.keywords import Field
from tagd.metadata.ledger import MemoryLedger
from tagd.metadata.safe_write import create
from tagd.metadata.sidecar import SidecarRule
from tagd.metadata.writer import Writer
from tests.corpus import SPLICED
from tests.metadata import NOTHING, OTHER_TAGS, TAGS

OLD = SPLICED["canon-big.jpg"]
SFTP = Path("/usr/lib/openssh/sftp-server")
LACKING = [errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL]


def tell_all_stages(folder: Path) -> None:
    """Write, write again and take back, embedded and beside; nothing is left."""
    photo, ledger = folder / "photo.jpg", MemoryLedger()
    writer = Writer(ledger)
    photo.write_bytes(OLD)
    first = writer.embed(photo, TAGS, {})
    assert "cat" in reader.read(photo).of(Field.SUBJECT)
    second = writer.embed(photo, OTHER_TAGS, first.ours)
    assert second.has_changes
    writer.embed(photo, NOTHING, second.ours)
    assert reader.of_photo(photo.read_bytes()) == reader.of_photo(OLD)
    rule = SidecarRule()
    beside = writer.write_sidecar(photo, TAGS, {}, rule=rule)
    assert beside.signature is not None
    again = writer.write_sidecar(photo, OTHER_TAGS, beside.ours, rule=rule)
    assert again.signature is not None
    assert "dog" in reader.read(photo, again.path).of(Field.SUBJECT)
    writer.write_sidecar(photo, NOTHING, again.ours, rule=rule)
    assert [each.name for each in folder.iterdir()] == ["photo.jpg"]
    assert not ledger.pending()


@pytest.mark.parametrize("number", LACKING)
def test_where_there_are_no_attributes_there_are_none_to_keep(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listxattr", refusing(number))
    tell_all_stages(tmp_path)


def test_attributes_that_cannot_be_asked_for_are_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(OLD)
    monkeypatch.setattr(os, "listxattr", refusing(errno.EIO))
    with pytest.raises(PhotoError):
        Writer(MemoryLedger()).embed(photo, TAGS, {})
    assert photo.read_bytes() == OLD
    assert list(tmp_path.iterdir()) == [photo]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EIO, errno.EMLINK, *LACKING])
def test_neither_flags_of_renames_nor_links_are_needed(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_calls, "_RENAMEAT2", None)
    monkeypatch.setattr(os, "link", refusing(number))
    tell_all_stages(tmp_path)


def test_permissions_that_cannot_be_set_keep_a_photo_as_it_is_and_no_sidecar_from_being(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(OLD)
    photo.chmod(0o640)
    monkeypatch.setattr(os, "fchmod", refusing(errno.EPERM))
    with pytest.raises(MetadataUnsafe, match="permissions"):
        Writer(MemoryLedger()).embed(photo, TAGS, {})
    assert photo.read_bytes() == OLD
    assert Writer(MemoryLedger()).write_sidecar(photo, TAGS, {}, rule=SidecarRule()).signature


@pytest.mark.parametrize("stale", ["inode", "links"])
def test_a_new_name_of_our_own_file_is_told_by_what_it_holds(
    stale: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the number of links is cached, and where each name has an inode of its own."""
    place, real = tmp_path / "a.xmp", os.stat

    def told(path: Any, **options: Any) -> os.stat_result:
        found = real(path, **options)
        if path != place.name:
            return found
        as_pickled: Any = found.__reduce__()
        _, (numbers, others) = as_pickled
        changed = list(numbers)
        changed[{"inode": 1, "links": 3}[stale]] += 1
        return os.stat_result(changed, others)

    like = real(tmp_path)
    monkeypatch.setattr(os, "stat", told)
    create(place, b"said", like=like, ledger=MemoryLedger(), ours={})
    monkeypatch.undo()
    assert place.read_bytes() == b"said"


def test_what_another_program_makes_of_a_name_that_was_only_taken_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, rename = tmp_path / "a.xmp", os.rename

    def late(old: Any, new: Any, **options: Any) -> None:
        rename(old, new, **options)
        place.write_bytes(b"theirs")

    monkeypatch.setattr(file_calls, "_RENAMEAT2", None)
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(FileChanged):
        create(place, b"ours", like=tmp_path.stat(), ledger=MemoryLedger(), ours={})
    assert place.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [place]


def refusing(number: int) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    return refuse


@pytest.fixture(params=["bindfs", "bindfs --xattr-none --hide-hard-links", "sshfs"])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a FUSE file system; skips the test where FUSE is not to be had."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("there is no FUSE here")
    tool, *options = request.param.split()
    is_there = shutil.which(tool) and (tool != "sshfs" or SFTP.exists())
    if not is_there and not os.environ.get("CI"):
        pytest.skip(f"{tool} is not installed")
    behind, place = tmp_path / "behind", tmp_path / "mounted"
    behind.mkdir()
    place.mkdir()
    if tool == "sshfs":
        server = tmp_path / "server"
        server.write_text(f"#!/bin/sh\nexec {SFTP}\n")
        server.chmod(0o755)
        command = [tool, "-o", f"ssh_command={server}", f"nobody:{behind}", str(place)]
    else:
        command = [tool, *options, str(behind), str(place)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode and "not permitted" in said.stderr:
        pytest.skip("mounting is not allowed here")
    assert not said.returncode, said.stderr
    try:
        yield place
    finally:
        subprocess.run(["fusermount", "-u", str(place)], check=True)


def test_photos_on_fuse_are_written_as_any_others(mounted: Path) -> None:
    tell_all_stages(mounted)


def test_a_sidecar_on_fuse_is_known_as_it_was_left(mounted: Path) -> None:
    photo = mounted / "photo.jpg"
    photo.write_bytes(OLD)
    report = Writer(MemoryLedger()).write_sidecar(photo, TAGS, {}, rule=SidecarRule())
    assert report.signature is not None
    now = signature_of(report.path.lstat())
    assert (now.size, now.mtime_ns) == (report.signature.size, report.signature.mtime_ns)
