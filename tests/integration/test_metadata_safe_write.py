"""A photo replaced while everything goes wrong: the user's newer bytes always win."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tagd.errors import (
    DiskFull,
    FileBusy,
    FileChanged,
    FileVanished,
    MetadataUnsafe,
    NotWritable,
    PhotoError,
)
from tagd.fs import signature_of
from tagd.metadata.folder import Folder
from tagd.metadata.ledger import MemoryLedger
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.writer import Writer
from tests.corpus import SPLICED
from tests.intake import YEAR_2300, set_date
from tests.metadata import (
    ACCESS_ACL,
    DEFAULT_ACL,
    NOTHING,
    TAGS,
    acl,
    little_file_system,
    needs_exiftool,
    set_acl,
    writer,
)

OLD, NEWER = SPLICED["canon-big.jpg"], SPLICED["icc.jpg"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    place = tmp_path / "photo.jpg"
    place.write_bytes(OLD)
    return place


def alone(photo: Path) -> bool:
    """Whether nothing was left behind."""
    return [each.name for each in photo.parent.iterdir()] == [photo.name]


# What is kept


def test_mode_owner_times_and_attributes_are_kept(photo: Path) -> None:
    photo.chmod(0o640)
    os.utime(photo, ns=(1_600_000_000_123_456_789, 1_500_000_000_987_654_321))
    os.setxattr(photo, "user.note", b"mine")
    if os.geteuid() == 0:
        os.chown(photo, 1234, 4321)
    before = photo.stat()
    report = writer().embed(photo, TAGS, {})
    after = photo.stat()
    assert report.signature is not None
    assert (report.signature.size, report.signature.inode) == (after.st_size, after.st_ino)
    assert report.signature.ctime_ns == after.st_ctime_ns
    assert after.st_mtime_ns == before.st_mtime_ns
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert os.getxattr(photo, "user.note") == b"mine"
    assert alone(photo)


def test_what_the_folder_gives_new_files_is_not_given_to_the_photo(photo: Path) -> None:
    set_acl(photo.parent, DEFAULT_ACL, acl(owner=7, one_user=7))
    photo.chmod(0o640)
    writer(options=WriteOptions(keep_original=True)).embed(photo, TAGS, {})
    for each in (photo, photo.with_name("photo.jpg_original")):
        assert ACCESS_ACL not in os.listxattr(each), each.name
        assert each.stat().st_mode & 0o777 == 0o640, each.name


def test_a_photo_that_may_not_be_written_keeps_its_attributes_and_its_acl(photo: Path) -> None:
    guarded = acl(owner=4, one_user=4)
    set_acl(photo.parent, DEFAULT_ACL, acl(owner=7, one_user=7))
    os.setxattr(photo, "user.note", b"mine")
    set_acl(photo, ACCESS_ACL, guarded)
    assert photo.stat().st_mode & 0o777 == 0o440
    if os.geteuid() == 0:
        os.chown(photo, 65534, 65534)
        os.chown(photo.parent, 65534, 65534)
    as_somebody(lambda: assert_embeds(photo), [*photo.parent.parents])
    assert photo.read_bytes() != OLD
    assert photo.stat().st_mode & 0o777 == 0o440
    assert os.getxattr(photo, "user.note") == b"mine"
    assert os.getxattr(photo, ACCESS_ACL) == guarded


def assert_embeds(photo: Path) -> None:
    assert writer().embed(photo, TAGS, {}).signature is not None


def test_a_photo_dated_beyond_what_sqlite_holds_is_written_and_keeps_its_date(photo: Path) -> None:
    set_date(photo, YEAR_2300)
    known = signature_of(photo.stat())
    report = writer(options=WriteOptions(keep_original=True)).embed(photo, TAGS, {}, known=known)
    assert report.signature == signature_of(photo.stat())
    for each in (photo, photo.with_name("photo.jpg_original")):
        assert each.stat().st_mtime == YEAR_2300
    set_date(photo, YEAR_2300 + 1)
    with pytest.raises(FileChanged):
        writer().embed(photo, TAGS, {}, known=report.signature)


def test_the_time_of_change_is_told_where_asked(photo: Path) -> None:
    os.utime(photo, (0, 0))
    writer(options=WriteOptions(preserve_mtime=False)).embed(photo, TAGS, {})
    assert photo.stat().st_mtime > 0


def test_the_original_is_kept_beside_where_asked(photo: Path) -> None:
    kept = photo.with_name("photo.jpg_original")
    careful = writer(options=WriteOptions(keep_original=True))
    report = careful.embed(photo, TAGS, {})
    assert kept.read_bytes() == OLD
    careful.embed(photo, NOTHING, report.ours)
    assert kept.read_bytes() == OLD, "the first one is the original"
    assert sorted(each.name for each in photo.parent.iterdir()) == [photo.name, kept.name]


def test_the_original_is_kept_where_names_cannot_be_exchanged(photo: Path) -> None:
    careful = writer(options=WriteOptions(keep_original=True, exchange=lambda *_: False))
    assert careful.embed(photo, TAGS, {}).signature is not None
    assert photo.with_name("photo.jpg_original").read_bytes() == OLD
    assert photo.read_bytes() != OLD


def test_a_photo_stays_as_it_was_where_its_original_cannot_be_kept(photo: Path) -> None:
    named = photo.rename(photo.with_name("x" * 246 + ".jpg"))
    with pytest.raises(MetadataUnsafe, match="too long"):
        writer(options=WriteOptions(keep_original=True)).embed(named, TAGS, {})
    assert named.read_bytes() == OLD
    assert alone(named)


def test_of_a_photo_that_is_not_written_no_original_is_kept(photo: Path) -> None:
    def edit(*_: object) -> bool:
        photo.write_bytes(OLD + b"edited")
        return False

    careful = writer(options=WriteOptions(keep_original=True, exchange=edit))
    with pytest.raises(FileChanged):
        careful.embed(photo, TAGS, {})
    assert photo.read_bytes() == OLD + b"edited"
    assert alone(photo)


def test_nothing_is_written_where_nothing_would_change(photo: Path) -> None:
    report = writer().embed(photo, TAGS, {})
    before = photo.stat()
    again = writer().embed(photo, TAGS, report.ours)
    assert again.signature is None
    assert again.ours == report.ours
    assert photo.stat() == before


def test_a_dry_run_tells_and_leaves(photo: Path) -> None:
    report = writer().embed(photo, TAGS, {}, dry_run=True)
    assert "+ dc:subject: cat" in report.difference()
    assert photo.read_bytes() == OLD


# What is refused


def test_links_are_left_alone(photo: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked.jpg"
    linked.symlink_to(photo)
    with pytest.raises(MetadataUnsafe, match="a link"):
        writer().embed(linked, TAGS, {})
    (tmp_path / "second.jpg").hardlink_to(photo)
    with pytest.raises(MetadataUnsafe, match="2 names"):
        writer().embed(photo, TAGS, {})
    assert photo.read_bytes() == OLD


def test_a_file_that_is_open_for_writing_waits(photo: Path) -> None:
    with subprocess.Popen(
        ["sh", "-c", f"exec 3>>'{photo}'; echo; read x"], stdin=-1, stdout=-1
    ) as it:
        assert it.stdout is not None
        assert it.stdin is not None
        it.stdout.readline()
        with pytest.raises(FileBusy):
            writer().embed(photo, TAGS, {})
        it.stdin.close()
    assert photo.read_bytes() == OLD
    assert writer().embed(photo, TAGS, {}).has_changes


# Somebody else in the middle


def replaced(photo: Path) -> None:
    fresh = photo.with_name("fresh")
    fresh.write_bytes(NEWER)
    fresh.replace(photo)


def appended(photo: Path) -> None:
    with photo.open("ab") as file:
        file.write(b"newer")


def rewritten(photo: Path) -> None:
    photo.write_bytes(NEWER)


def edited_by_exiftool(photo: Path) -> None:
    command = ["exiftool", "-q", "-overwrite_original", "-Artist=somebody", str(photo)]
    subprocess.run(command, check=True)


@pytest.mark.parametrize(
    "meddle",
    [replaced, appended, rewritten, pytest.param(edited_by_exiftool, marks=needs_exiftool)],
)
@pytest.mark.parametrize("moment", ["before", "within", "after", "fallback"])
def test_newer_bytes_win(meddle: Callable[[Path], None], moment: str, photo: Path) -> None:
    newer: list[bytes] = []

    def interfere(_: Path) -> None:
        if not newer:
            meddle(photo)
            newer.append(photo.read_bytes())

    def late_exchange(folder: Folder, one: str, other: str) -> bool:
        interfere(photo)
        return folder.exchange(one, other)

    def early_exchange(folder: Folder, one: str, other: str) -> bool:
        done = folder.exchange(one, other)
        interfere(photo)
        return done

    exchanges = {"within": late_exchange, "after": early_exchange, "fallback": lambda *_: False}
    exchange = exchanges.get(moment)
    options = WriteOptions(exchange=exchange) if exchange else WriteOptions()
    decodes = interfere if moment in {"before", "fallback"} else lambda _: None
    ledger = MemoryLedger()
    with pytest.raises(FileChanged):
        Writer(ledger, options=options, decodes=decodes).embed(photo, TAGS, {})
    assert [photo.read_bytes()] == newer
    assert newer != [OLD]
    assert alone(photo)
    assert not ledger.pending()


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_program_that_replaces_the_photo_again_and_again_wins(count: int, photo: Path) -> None:
    versions = [SPLICED[f"{name}.jpg"] for name in ("icc", "comment", "progressive", "grey")]
    coming = iter(versions[:count])

    def stormy_exchange(folder: Folder, one: str, other: str) -> bool:
        for version in itertools.islice(coming, 1):
            fresh = photo.with_name("fresh")
            fresh.write_bytes(version)
            fresh.replace(photo)
        return folder.exchange(one, other)

    with pytest.raises(FileChanged):
        writer(options=WriteOptions(exchange=stormy_exchange)).embed(photo, TAGS, {})
    assert photo.read_bytes() == versions[count - 1]
    assert alone(photo)


def test_a_photo_that_is_deleted_meanwhile_stays_deleted(photo: Path) -> None:
    with pytest.raises(FileVanished):
        writer(decodes=lambda _: photo.unlink()).embed(photo, TAGS, {})
    assert not list(photo.parent.iterdir())


def test_in_a_folder_that_is_renamed_meanwhile_nothing_is_left_behind(tmp_path: Path) -> None:
    folder, renamed = tmp_path / "album", tmp_path / "holiday"
    folder.mkdir()
    (folder / "photo.jpg").write_bytes(OLD)
    ledger = MemoryLedger()

    def rename(_: Path) -> None:
        folder.rename(renamed)

    with pytest.raises(FileVanished):
        Writer(ledger, decodes=rename).embed(folder / "photo.jpg", TAGS, {})
    assert (renamed / "photo.jpg").read_bytes() == OLD
    assert alone(renamed / "photo.jpg")
    assert not ledger.pending()


# A disk that says no


def test_a_copy_that_does_not_decode_never_takes_the_place(photo: Path) -> None:
    def refuse(copy: Path) -> None:
        assert copy.read_bytes() != OLD
        raise MetadataUnsafe(photo, "does not decode")

    with pytest.raises(MetadataUnsafe, match="does not decode"):
        writer(decodes=refuse).embed(photo, TAGS, {})
    assert photo.read_bytes() == OLD
    assert alone(photo)


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    with little_file_system(tmp_path / "little") as place:
        yield place


@pytest.mark.parametrize("room", [0, 4096, 8192])
def test_a_full_disk_keeps_the_photo(little_disk: Path, room: int) -> None:
    photo = little_disk / "photo.jpg"
    data = OLD + b"\0" * 60_000
    photo.write_bytes(data)
    (little_disk / "other").write_bytes(bytes(256 * 1024 - 65_536 - 4096 - room))
    ledger = MemoryLedger()
    with pytest.raises(DiskFull):
        Writer(ledger).embed(photo, TAGS, {})
    assert photo.read_bytes() == data
    assert sorted(each.name for each in little_disk.iterdir()) == ["other", "photo.jpg"]
    assert not ledger.pending()
    (little_disk / "other").unlink()
    assert Writer(ledger).embed(photo, TAGS, {}).has_changes


def test_a_folder_that_may_not_be_written_to_says_so(photo: Path) -> None:
    def attempt() -> None:
        with pytest.raises(NotWritable):
            writer().embed(photo, TAGS, {})

    photo.chmod(0o644)
    photo.parent.chmod(0o555)
    try:
        as_somebody(attempt, [*photo.parent.parents])
    finally:
        photo.parent.chmod(0o755)
    assert photo.read_bytes() == OLD
    assert alone(photo)


def test_a_photo_of_somebody_else_keeps_its_owner(photo: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root has photos of somebody else to make")

    def attempt() -> None:
        with pytest.raises(PhotoError, match="somebody else"):
            writer().embed(photo, TAGS, {})

    photo.chmod(0o644)
    photo.parent.chmod(0o777)
    as_somebody(attempt, [*photo.parent.parents])
    assert photo.read_bytes() == OLD
    assert alone(photo)


def as_somebody(attempt: Callable[[], None], parents: list[Path]) -> None:
    """Do it in a child that is not root."""
    before = {each: each.stat().st_mode for each in parents if each.owner() == "root"}
    pid = os.fork()
    if pid == 0:  # pragma: no cover
        status = 1
        try:
            if os.geteuid() == 0:
                for each in parents:
                    each.chmod(each.stat().st_mode | 0o111)
                os.setgid(65534)
                os.setuid(65534)
            attempt()
            status = 0
        finally:
            os._exit(status)
    _, waited = os.waitpid(pid, 0)
    if os.geteuid() == 0:
        for each, mode in before.items():
            each.chmod(mode)
    assert waited == 0


def test_bits_that_lend_rights_are_not_copied(photo: Path) -> None:
    photo.chmod(0o6755)
    writer().embed(photo, TAGS, {})
    assert photo.stat().st_mode & 0o7777 == 0o755
