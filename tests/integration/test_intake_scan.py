"""Folders compared with the catalogue."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import unicodedata
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue, open_owner
from tagd.catalogue.files import photos
from tagd.domain import Priority
from tagd.intake.exclude import Excludes
from tagd.intake.trouble import TroubleKind
from tests.intake import (
    YEAR_2300,
    Bench,
    ids,
    jobs,
    opened_files,
    set_date,
    somebody_else,
    states,
    too_large_to_hold,
    work_off,
    write,
)


@pytest.fixture
def bench(catalogue: Catalogue, root: Path) -> Bench:
    return Bench(catalogue, (root,))


def test_it_finds_what_is_there_and_then_opens_nothing(bench: Bench, root: Path) -> None:
    write(root / "a.jpg", "a")
    write(root / "2024/b", "b")
    write(root / "2024/.hidden.jpg")
    (root / "notes").write_text("no photo")
    (root / "film.mp4").write_text("no photo")
    (root / "broken.jpg").write_text("a text, but called a photo")
    report = bench.scan()
    assert (report.files, report.submitted, report.folders) == (5, 3, 2)
    expected = {"photos/a.jpg", "photos/2024/b", "photos/broken.jpg"}
    assert jobs(bench.catalogue) == dict.fromkeys(expected, Priority.RESCAN)
    work_off(bench.catalogue)
    with opened_files() as opened:
        again = bench.scan()
    assert again.submitted == again.young == again.missing == 0
    assert [path for path in opened if path.startswith(f"{root}/")] == []
    assert set(states(bench.catalogue).values()) == {"tagged"}


def test_a_file_that_was_touched_only_just_now_is_observed_first(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    bench.wall = lambda: path.stat().st_mtime + 0.01
    assert bench.scan(priority=Priority.NEW).young == 1
    assert [(path, priority) for path, _, priority in bench.young] == [(path, Priority.NEW)]
    assert states(bench.catalogue) == {}


def test_an_mtime_set_back_by_a_copying_program_is_not_believed(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    os.utime(path, (1, 1))
    bench.wall = lambda: path.stat().st_ctime + 0.01
    assert bench.scan().young == 1


def test_a_changed_file_is_read_again(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    bench.scan()
    work_off(bench.catalogue)
    write(path, "more")
    assert bench.scan().submitted == 1
    assert states(bench.catalogue) == {"photos/a.jpg": "queued"}


def test_a_file_that_moved_while_nobody_watched_keeps_its_row_and_is_not_read(
    bench: Bench, root: Path
) -> None:
    path = write(root / "a.jpg")
    bench.scan()
    work_off(bench.catalogue)
    before = ids(bench.catalogue)["photos/a.jpg"]
    (root / "2024").mkdir()
    path.rename(root / "2024/a.jpg")
    with opened_files() as opened:
        assert bench.scan().moved == 1
    assert not [path for path in opened if path.endswith(".jpg")]
    assert states(bench.catalogue) == {"photos/2024/a.jpg": "tagged"}
    assert ids(bench.catalogue) == {"photos/2024/a.jpg": before}
    assert jobs(bench.catalogue) == {}
    assert bench.scan().submitted == 0  # the new ctime is known


def test_a_picture_with_the_inode_of_a_deleted_one_is_read(bench: Bench, root: Path) -> None:
    path = write(root / "a.bmp", "one picture")
    bench.scan()
    work_off(bench.catalogue)
    # What ext4 does when a deleted file's inode goes to the next, of the same size and an old date.
    times = path.stat()
    path.write_bytes(path.read_bytes().replace(b"one", b"two"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.rename(root / "b.bmp")
    assert bench.scan().moved == 1
    assert set(jobs(bench.catalogue)) == {"photos/b.bmp"}


def test_a_file_that_moved_just_now_need_not_settle_first(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    bench.scan()
    work_off(bench.catalogue)
    path.rename(root / "b.jpg")
    bench.wall = lambda: (root / "b.jpg").stat().st_ctime + 0.01
    assert (bench.scan().moved, bench.young) == (1, [])


def test_a_file_that_moved_between_watched_folders(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "photos2"
    other.mkdir()
    write(root / "stays.jpg", "s")
    path = write(root / "a.jpg")
    bench = Bench(catalogue, (other, root))
    bench.scan()
    work_off(catalogue)
    path.rename(other / "a.jpg")
    assert bench.scan().moved == 1
    assert states(catalogue) == {"photos2/a.jpg": "tagged", "photos/stays.jpg": "tagged"}


def test_a_hard_link_is_a_second_file(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    bench.scan()
    work_off(bench.catalogue)
    (root / "b.jpg").hardlink_to(path)
    report = bench.scan()
    # The link changed the first one's ctime, so that both are looked at.
    assert (report.moved, report.submitted) == (0, 2)
    assert set(states(bench.catalogue)) == {"photos/a.jpg", "photos/b.jpg"}


def test_a_deleted_file_is_missing_and_back_without_a_job(bench: Bench, root: Path) -> None:
    write(root / "stays.jpg", "s")
    path = write(root / "a.jpg")
    bench.scan()
    work_off(bench.catalogue)
    parked = root.parent / "parked"
    os.link(path, parked)
    path.unlink()
    assert bench.scan().missing == 1
    assert states(bench.catalogue)["photos/a.jpg"] == "missing"
    assert bench.scan().missing == 0
    (root / "back").mkdir()
    parked.rename(root / "back/a.jpg")
    assert bench.scan().moved == 1
    assert states(bench.catalogue)["photos/back/a.jpg"] == "tagged"
    assert jobs(bench.catalogue) == {}


def test_what_is_missing_for_long_is_forgotten(bench: Bench, root: Path) -> None:
    write(root / "stays.jpg", "s")
    path = write(root / "a.jpg")
    bench.scan()
    path.unlink()
    bench.scan()
    bench.wall = lambda: 4_000_000_000.0 + 29 * 86_400
    assert bench.scan().forgotten == 0
    bench.wall = lambda: 4_000_000_000.0 + 31 * 86_400
    assert bench.scan().forgotten == 1
    assert set(states(bench.catalogue)) == {"photos/stays.jpg"}


def test_an_empty_folder_that_held_files_calls_none_missing(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg")
    bench.scan()
    path.unlink()
    assert bench.scan().missing == 0
    assert states(bench.catalogue) == {"photos/a.jpg": "queued"}
    assert [trouble.kind for trouble in bench.troubles] == [TroubleKind.ROOT_DOUBTED]
    assert "is empty" in bench.troubles[0].message
    write(root / "b.jpg", "another")
    assert bench.scan().missing == 1
    assert (TroubleKind.ROOT_DOUBTED, root) in bench.cleared


def test_another_folder_in_its_place_calls_none_missing(bench: Bench, root: Path) -> None:
    for name in ("a", "b", "c"):
        write(root / f"{name}.jpg", name)
    bench.scan()
    root.rename(root.parent / "unplugged")
    write(root / "of another disk.jpg", "x")
    assert bench.scan().missing == 0
    assert "missing" not in states(bench.catalogue).values()
    assert "another folder or disk" in bench.troubles[0].message
    # The disk comes back: the files are known, and one that is really gone is missing.
    shutil.rmtree(root)
    (root.parent / "unplugged").rename(root)
    (root / "a.jpg").unlink()
    assert bench.scan().missing == 2  # with the one of the other disk


def test_a_copied_library_is_adopted_and_judged_by_the_next_scan(bench: Bench, root: Path) -> None:
    for name in ("a", "b", "c"):
        write(root / f"{name}.jpg", name)
    bench.scan()
    copy = root.parent / "copy"
    shutil.copytree(root, copy)
    shutil.rmtree(root)
    copy.rename(root)
    (root / "c.jpg").unlink()
    assert bench.scan().missing == 0
    assert bench.scan().missing == 1
    assert states(bench.catalogue)["photos/c.jpg"] == "missing"


def test_a_folder_that_is_not_there_calls_none_missing(bench: Bench, root: Path) -> None:
    write(root / "a.jpg")
    bench.scan()
    shutil.rmtree(root)
    assert bench.scan().missing == 0
    assert states(bench.catalogue) == {"photos/a.jpg": "queued"}


def test_nothing_outside_the_watched_folders_is_judged(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "photos2"
    write(beside / "a.jpg")
    write(root / "b.jpg", "b")
    Bench(catalogue, (root, beside)).scan()
    shutil.rmtree(beside)
    assert Bench(catalogue, (root,)).scan().missing == 0
    assert states(catalogue) == {"photos2/a.jpg": "queued", "photos/b.jpg": "queued"}


def test_a_file_that_an_exclude_hides_from_now_on_is_not_missing(
    catalogue: Catalogue, root: Path
) -> None:
    write(root / "drafts/a.jpg")
    write(root / "b.jpg", "b")
    Bench(catalogue, (root,)).scan()
    assert Bench(catalogue, (root,), Excludes(("drafts",))).scan().missing == 0


def test_a_part_is_scanned_alone(bench: Bench, root: Path) -> None:
    write(root / "a.jpg", "a")
    write(root / "2024/b.jpg", "b")
    bench.scan()
    (root / "a.jpg").unlink()
    (root / "2024/b.jpg").unlink()
    write(root / "2024/c.jpg", "c")
    assert bench.scan(root / "2024", priority=Priority.NEW).missing == 1
    assert states(bench.catalogue) == {
        "photos/a.jpg": "queued",
        "photos/2024/b.jpg": "missing",
        "photos/2024/c.jpg": "queued",
    }
    assert jobs(bench.catalogue)["photos/2024/c.jpg"] == Priority.NEW


def test_a_watched_folder_that_the_one_around_it_leaves_out_is_judged_by_itself(
    catalogue: Catalogue, root: Path
) -> None:
    inner = root / ".private"
    write(inner / "a.jpg")
    write(root / "b.jpg", "b")
    bench = Bench(catalogue, (root, inner))
    assert bench.scan().submitted == 2
    inner.rename(root.parent / "unplugged")
    assert bench.scan().missing == 0
    assert states(catalogue)["photos/.private/a.jpg"] == "queued"


def test_what_is_no_file_and_no_folder_is_passed_over(bench: Bench, root: Path) -> None:
    target = write(root.parent / "elsewhere/a.jpg")
    os.mkfifo(root / "fifo.jpg")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(root / "socket.jpg"))
        (root / "loop").symlink_to(root, target_is_directory=True)
        (root / "self").symlink_to("self")
        (root / "outside").symlink_to(target.parent, target_is_directory=True)
        (root / "link.jpg").symlink_to(target)
        (root / "broken.jpg").symlink_to("nowhere")
        (root / "device.jpg").symlink_to("/dev/null")
        report = bench.scan()
    assert (report.files, report.folders, report.submitted) == (1, 1, 1)
    assert states(bench.catalogue) == {"photos/link.jpg": "queued"}


def test_names_are_bytes(bench: Bench, root: Path) -> None:
    names = {
        b"caf\xe9.jpg",
        unicodedata.normalize("NFC", "é.jpg").encode(),
        unicodedata.normalize("NFD", "é.jpg").encode(),
        b"line\nbreak.jpg",
    }
    for name in names:
        write(root / os.fsdecode(name), repr(name))
    assert bench.scan().submitted == 4
    assert "photos/caf\\xe9.jpg" in states(bench.catalogue)
    work_off(bench.catalogue)
    assert bench.scan().submitted == 0
    (root / os.fsdecode(b"caf\xe9.jpg")).unlink()
    assert bench.scan().missing == 1
    assert states(bench.catalogue)["photos/caf\\xe9.jpg"] == "missing"


def test_folders_that_nobody_watches_are_named(bench: Bench, root: Path) -> None:
    write(root / "a/b.jpg")
    bench.untold = frozenset({os.fsencode(root / "a")})
    assert bench.scan().untold == (os.fsencode(root / "a"),)


def test_a_scan_that_is_told_to_stop_judges_nothing(bench: Bench, root: Path) -> None:
    for number in range(20):
        write(root / f"{number}.jpg", str(number))
    bench.scan()
    (root / "0.jpg").unlink()
    asked = iter(range(100))
    bench.stopping = lambda: next(asked) > 10
    report = bench.scan()
    assert not report.complete
    assert report.files < 19
    assert "missing" not in states(bench.catalogue).values()


def test_a_folder_that_cannot_be_read_is_named_and_not_judged() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        closed = write(home / "photos/closed/deep/a.jpg").parent.parent
        write(home / "photos/b.jpg", "b")
        with somebody_else(home), open_owner(home / "catalogue.db") as catalogue:
            bench = Bench(catalogue, (home / "photos",))
            assert bench.scan().submitted == 2
            (closed / "deep/a.jpg").unlink()
            for mode in (0, 0o100):  # not to be read or entered; not to be read
                closed.chmod(mode)
                report = bench.scan()
                assert report.missing == 0
                assert report.unreadable == ((closed, "Permission denied"),)
            (home / "photos").chmod(0)
            assert bench.scan().missing == 0
            assert bench.troubles == []
            (home / "photos").chmod(0o700)
            closed.chmod(0o700)
            assert set(states(catalogue).values()) == {"queued"}


def test_a_file_dated_beyond_what_sqlite_holds_is_one_like_any(bench: Bench, root: Path) -> None:
    path = write(root / "a.jpg", "a")
    set_date(path, YEAR_2300)
    write(root / "b.jpg", "b")
    bench.wall = lambda: 20_000_000_000.0
    assert bench.scan().submitted == 2
    assert work_off(bench.catalogue) == 2
    assert bench.scan().submitted == 0
    set_date(path, YEAR_2300 + 1)
    assert bench.scan().submitted == 1
    assert jobs(bench.catalogue) == {"photos/a.jpg": Priority.RESCAN}


def test_a_file_that_nobody_foresaw_costs_itself_alone(
    bench: Bench, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("good", "evil", "late"):
        write(root / f"{name}.jpg", name)
    with too_large_to_hold(monkeypatch, "evil.jpg"):
        assert bench.scan().submitted == 2
    assert set(states(bench.catalogue)) == {"photos/good.jpg", "photos/late.jpg"}
    assert [path.name for path, _ in bench.left_out] == ["evil.jpg"]


@pytest.mark.parametrize("part", [".", "usb", "usb/deep"])
def test_files_of_a_disk_that_is_not_mounted_are_not_missing_whatever_part_is_scanned(
    bench: Bench, root: Path, part: str
) -> None:
    write(root / "a.jpg", "a")
    write(root / "c.jpg", "c")
    write(root / "usb/deep/b.jpg", "b")
    bench.scan()
    work_off(bench.catalogue)
    with bench.catalogue.write() as tx:
        photos.remember_root(tx, photos.RootRecord(root / "usb", 12345, 0, 1.0))
    shutil.rmtree(root / "usb/deep")
    for top in (root / part, root / part, root):
        assert bench.scan(top).missing == 0
    assert set(states(bench.catalogue).values()) == {"tagged"}
    assert {trouble.path for trouble in bench.troubles} == {root / "usb"}
    assert (TroubleKind.ROOT_DOUBTED, root / "usb") not in bench.cleared
    (root / "a.jpg").unlink()
    assert bench.scan(root / "usb", root).missing == 1
    write(root / "usb/deep/b.jpg", "b")
    bench.scan()
    assert (TroubleKind.ROOT_DOUBTED, root / "usb") in bench.cleared
