"""A running intake on real folders: what people do with files, and what becomes of it."""

from __future__ import annotations

import os
import shutil
import threading
from functools import partial
from pathlib import Path

from tagd.catalogue.db.engine import Catalogue
from tagd.domain import Priority
from tagd.intake.exclude import Excludes
from tagd.intake.intake import SCAN
from tagd.intake.trouble import TroubleKind
from tagd.metadata.folder import opened
from tests.catalogue import rows
from tests.intake import JPEG, Live, drop, ids, jobs, opened_files, states, write
from tests.support import PATIENCE_SECONDS, wait_until


def watched_folders() -> int:
    """How many inotify watches this process holds, as the kernel counts them."""
    return sum(
        line.startswith("inotify ")
        for info in Path("/proc/self/fdinfo").iterdir()
        if info.exists()
        for line in info.read_text().splitlines()
    )


def test_a_file_that_is_renamed_into_place_is_taken_at_once(
    catalogue: Catalogue, root: Path
) -> None:
    with Live(catalogue, root, settle_seconds=3_600) as live:
        live.first_scan()
        live.submitted.clear()
        drop(root / "a.jpg")
        wait_until(live.submitted.is_set)
    assert jobs(catalogue) == {"photos/a.jpg": Priority.NEW}


def test_a_file_that_is_written_and_closed_is_taken_at_once(
    catalogue: Catalogue, root: Path
) -> None:
    with Live(catalogue, root, settle_seconds=3_600) as live:
        live.first_scan()
        write(root / "a.jpg")
        live.until_states({"photos/a.jpg": "queued"})
    assert jobs(catalogue) == {"photos/a.jpg": Priority.NEW}


def test_a_slow_copy_is_taken_when_it_is_whole(catalogue: Catalogue, root: Path) -> None:
    # By a clock of the test's own: a writer that the machine holds up must not seem to have ended.
    now = 0.0
    with Live(catalogue, root, settle_seconds=1.0, clock=lambda: now) as live:
        live.first_scan()
        with (root / "slow.jpg").open("wb", buffering=0) as file:
            file.write(JPEG)
            live.until(lambda: live.intake.state().settling == 1)
            for _ in range(40):  # many times as long as a file has to stand still
                file.write(b"chunk")
                now += 0.9
                threading.Event().wait(0.01)  # in which it may be looked at
                assert states(catalogue) == {}
        live.until_states({"photos/slow.jpg": "queued"})
    with catalogue.read() as tx:
        assert rows(tx, "SELECT size FROM file") == [((root / "slow.jpg").stat().st_size,)]


def test_a_file_that_stays_open_is_taken_once_it_stands_still(live: Live, root: Path) -> None:
    with (root / "open.jpg").open("wb", buffering=0) as file:
        file.write(JPEG)
        live.until_states({"photos/open.jpg": "queued"})
    assert jobs(live.catalogue) == {"photos/open.jpg": Priority.NEW}


def test_a_file_that_is_replaced_is_read_again(live: Live, root: Path) -> None:
    drop(root / "a.jpg", "first")
    live.tagged("photos/a.jpg")
    drop(root / "a.jpg", "second")
    live.until_states({"photos/a.jpg": "queued"})
    assert jobs(live.catalogue) == {"photos/a.jpg": Priority.NEW}


def test_a_renamed_file_keeps_its_tags_and_is_not_read(live: Live, root: Path) -> None:
    drop(root / "a.jpg")
    live.tagged("photos/a.jpg")
    before = ids(live.catalogue)["photos/a.jpg"]
    with opened_files() as opened:
        (root / "a.jpg").rename(root / "b.jpg")
        live.until_states({"photos/b.jpg": "tagged"})
    assert not [path for path in opened if path.endswith(".jpg")]
    assert ids(live.catalogue) == {"photos/b.jpg": before}
    assert jobs(live.catalogue) == {}


def test_files_that_are_exchanged_in_one_step_are_both_there(live: Live, root: Path) -> None:
    drop(root / "a.jpg", "first")
    drop(root / "b.jpg", "second")
    live.tagged("photos/a.jpg", "photos/b.jpg")
    with opened(root) as folder:
        assert folder.exchange("a.jpg", "b.jpg")
    # Each is read under its new name: what was told of the two says not which is which.
    live.until(lambda: set(jobs(live.catalogue)) == {"photos/a.jpg", "photos/b.jpg"})


def test_a_folder_that_is_watched_by_two_names_leaves_no_old_names(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "same"
    other.symlink_to(root)
    with Live(catalogue, root, other) as live:
        live.first_scan()
        write(root / "a.jpg")
        live.until_states({"photos/a.jpg": "queued", "same/a.jpg": "queued"})
        (root / "a.jpg").rename(root / "b.jpg")
        live.until_states({"photos/b.jpg": "queued", "same/b.jpg": "queued"})
        (root / "b.jpg").rename(tmp_path / "out.jpg")
        live.until_states({"photos/b.jpg": "missing", "same/b.jpg": "missing"})


def test_renames_in_a_row_are_followed(live: Live, root: Path) -> None:
    drop(root / "0.jpg")
    live.tagged("photos/0.jpg")
    before = ids(live.catalogue)["photos/0.jpg"]
    for number in range(20):
        (root / f"{number}.jpg").rename(root / f"{number + 1}.jpg")
    live.until_states({"photos/20.jpg": "tagged"})
    assert ids(live.catalogue) == {"photos/20.jpg": before}
    assert jobs(live.catalogue) == {}


def test_a_download_counts_under_its_final_name(live: Live, root: Path) -> None:
    for temporary in ("a.jpg.crdownload", "a.jpg.!sync", "a.jpg.mega"):
        write(root / temporary, temporary)
    live.intake.request_rescan()
    live.first_scan()
    (root / "a.jpg.!sync").rename(root / "a.jpg")
    live.until_states({"photos/a.jpg": "queued"})
    live.tagged("photos/a.jpg")
    (root / "a.jpg").rename(root / ".a.jpg")
    live.until_states({"photos/a.jpg": "missing"})


def test_a_renamed_folder_keeps_its_tags(live: Live, root: Path) -> None:
    (root / "old/deep").mkdir(parents=True)
    drop(root / "old/deep/a.jpg")
    live.tagged("photos/old/deep/a.jpg")
    (root / "old").rename(root / "new")
    live.until_states({"photos/new/deep/a.jpg": "tagged"})
    assert jobs(live.catalogue) == {}
    # And it is watched under its new name.
    drop(root / "new/deep/b.jpg", "b")
    live.until(lambda: "photos/new/deep/b.jpg" in states(live.catalogue))
    (root / "new/deep/a.jpg").unlink()
    live.until(lambda: states(live.catalogue)["photos/new/deep/a.jpg"] == "missing")


def test_a_folder_moves_in_and_out(live: Live, root: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside/deep/a.jpg")
    write(tmp_path / "outside/.hidden/b.jpg")
    (tmp_path / "outside").rename(root / "inside")
    live.until_states({"photos/inside/deep/a.jpg": "queued"})
    live.tagged("photos/inside/deep/a.jpg")
    watches = live.intake.state().watches
    (root / "inside").rename(tmp_path / "outside")
    live.until_states({"photos/inside/deep/a.jpg": "missing"})
    wait_until(lambda: live.intake.state().watches == watches - 2 == watched_folders())
    # What happens to it out there is nobody's business.
    write(tmp_path / "outside/deep/ghost.jpg")
    (tmp_path / "outside").rename(root / "back")
    live.until(lambda: states(live.catalogue).get("photos/back/deep/a.jpg") is not None)
    assert "photos/inside/deep/ghost.jpg" not in states(live.catalogue)


def test_files_and_folders_move_between_watched_folders(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    other = tmp_path / "photos2"
    other.mkdir()
    (root / "album").mkdir()
    with Live(catalogue, root, other) as live:
        live.first_scan()
        drop(root / "a.jpg", "a")
        drop(root / "album/b.jpg", "b")
        live.tagged("photos/a.jpg", "photos/album/b.jpg")
        (root / "a.jpg").rename(other / "a.jpg")
        (root / "album").rename(other / "album")
        live.until_states({"photos2/a.jpg": "tagged", "photos2/album/b.jpg": "tagged"})
        assert jobs(catalogue) == {}


def test_a_new_folder_is_watched_at_once(live: Live, root: Path) -> None:
    for number in range(30):
        write(root / f"{number}/deeper/{number}.jpg", str(number))
    live.until(lambda: len(states(live.catalogue)) == 30)
    drop(root / "7/deeper/late.jpg", "late")
    live.until(lambda: "photos/7/deeper/late.jpg" in states(live.catalogue))
    wait_until(lambda: live.intake.state().watches == 61 == watched_folders())


def test_a_copied_tree_is_found_whole(live: Live, root: Path, tmp_path: Path) -> None:
    for number in range(200):
        write(tmp_path / f"outside/{number % 20}/{number}.jpg", str(number))
    shutil.copytree(tmp_path / "outside", root / "copy")
    live.until(lambda: len(states(live.catalogue)) == 200)
    shutil.rmtree(root / "copy")
    live.until(lambda: set(states(live.catalogue).values()) == {"missing"})


def test_a_deleted_file_is_missing_and_back(live: Live, root: Path) -> None:
    drop(root / "a.jpg")
    live.tagged("photos/a.jpg")
    parked = (root / "a.jpg").read_bytes()
    (root / "a.jpg").unlink()
    live.until_states({"photos/a.jpg": "missing"})
    (root / "a.jpg").write_bytes(parked)
    live.until_states({"photos/a.jpg": "queued"})


def test_an_excluded_folder_gets_no_watch(catalogue: Catalogue, root: Path) -> None:
    for name in ("2024", "@eaDir/a", ".thumbnails/normal", "Trash", "drafts/x", "2024/drafts"):
        (root / name).mkdir(parents=True)
    before = watched_folders()
    with Live(catalogue, root, excludes=Excludes(("drafts",))) as live:
        live.first_scan()
        wait_until(lambda: live.intake.state().watches == 2 == watched_folders() - before)
        (root / "2025/@eaDir/b").mkdir(parents=True)
        live.until(lambda: live.intake.state().watches == 3)
        drop(root / "drafts/a.jpg")
        drop(root / "b.jpg", "b")
        live.until_states({"photos/b.jpg": "queued"})
        wait_until(lambda: watched_folders() - before == 3)


def test_odd_names_and_odd_files(live: Live, root: Path, tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    (root / odd).mkdir()
    drop(root / odd / f"{odd}.jpg")
    os.mkfifo(root / "fifo.jpg")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "link.jpg").symlink_to(write(tmp_path / "elsewhere.jpg", "e"))
    (root / "notes.txt").write_text("nothing")
    (root / "hard.jpg").hardlink_to(root / odd / f"{odd}.jpg")
    live.until_states(
        {
            "photos/caf\\xe9/caf\\xe9.jpg": "queued",
            "photos/link.jpg": "queued",
            "photos/hard.jpg": "queued",
        }
    )
    wait_until(lambda: live.intake.state().watches == 2)


def test_a_burst_is_taken_whole(live: Live, root: Path, tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(3_000)]
    for name in names:
        write(tmp_path / "staged" / name, name)
    for name in names:
        (tmp_path / "staged" / name).rename(root / name)
    live.until(lambda: len(states(live.catalogue)) == len(names))


def test_a_hidden_folder_that_was_named_is_watched(catalogue: Catalogue, tmp_path: Path) -> None:
    root = tmp_path / ".photos"
    root.mkdir()
    with Live(catalogue, root) as live:
        live.first_scan()
        drop(root / "a.jpg")
        live.until_states({".photos/a.jpg": "queued"})


def test_a_folder_named_through_a_symlink_is_watched(
    catalogue: Catalogue, root: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(root, target_is_directory=True)
    with Live(catalogue, link) as live:
        live.first_scan()
        drop(root / "a.jpg")
        live.until_states({"link/a.jpg": "queued"})


def test_what_was_there_before_is_found_after_what_is_new(catalogue: Catalogue, root: Path) -> None:
    write(root / "old.jpg", "old")
    with Live(catalogue, root) as live:
        live.until_states({"photos/old.jpg": "queued"})
        drop(root / "new.jpg", "new")
        live.until(lambda: len(jobs(catalogue)) == 2)
    assert jobs(catalogue) == {"photos/old.jpg": Priority.RESCAN, "photos/new.jpg": Priority.NEW}


def test_a_rescan_comes_by_itself(catalogue: Catalogue, root: Path) -> None:
    with Live(catalogue, root, rescan_minutes=0.5 / 60) as live:
        first = live.first_scan().intake.state().last_scan
        wait_until(lambda: live.intake.state().last_scan is not first)
        assert live.said.troubles(TroubleKind.FAILED) == []


def test_a_scan_that_outlives_its_end_does_not_say_again_that_it_lives(
    catalogue: Catalogue, root: Path
) -> None:
    scanning, go_on = threading.Event(), threading.Event()
    beaten: list[str] = []

    def hold(_: Path) -> None:
        scanning.set()
        assert go_on.wait(PATIENCE_SECONDS)

    (root / ".tagd-0123456789ab.part").touch()
    live = Live(
        catalogue, root, beats=lambda thread: partial(beaten.append, thread), on_leftover=hold
    )
    with live:
        assert scanning.wait(PATIENCE_SECONDS)
        live.intake.stop(0.0)
        assert SCAN in beaten
        beaten.clear()
        go_on.set()
        wait_until(lambda: SCAN not in {each.name for each in threading.enumerate()})
    assert SCAN not in beaten


def test_stopping_is_quick_and_what_comes_later_is_found_at_the_next_start(
    catalogue: Catalogue, root: Path
) -> None:
    before = watched_folders()
    with Live(catalogue, root) as live:
        live.first_scan()
    assert watched_folders() == before
    assert not [t for t in threading.enumerate() if t.name.startswith(("tagd-str", "tagd-scan"))]
    drop(root / "a.jpg")
    with Live(catalogue, root) as live:
        live.until_states({"photos/a.jpg": "queued"})


def test_a_photo_is_noticed_while_folders_are_exchanged_without_end(live: Live, root: Path) -> None:
    for name in ("a", "b"):
        write(root / name / f"{name}.jpg", name)
    live.until(lambda: len(states(live.catalogue)) == 2)
    ended = threading.Event()

    def storm() -> None:
        with opened(root) as folder:
            while not ended.is_set():
                folder.exchange("a", "b")

    storming = threading.Thread(target=storm)
    storming.start()
    try:
        live.until(lambda: live.intake.state().overflows > 0, "the storm is one")
        write(root / "elsewhere/new.jpg", "new")
        live.until(lambda: "photos/elsewhere/new.jpg" in states(live.catalogue))
    finally:
        ended.set()
        storming.join()
    drop(root / "after.jpg", "after")
    live.until(lambda: jobs(live.catalogue).get("photos/after.jpg") == Priority.NEW)
    live.until(
        lambda: (
            {
                path.removeprefix("photos/")
                for path, state in states(live.catalogue).items()
                if state == "queued"
            }
            == {str(each.relative_to(root)) for each in root.rglob("*.jpg")}
        )
    )


def test_pictures_that_are_not_read_are_counted_while_they_are_there(
    catalogue: Catalogue, root: Path
) -> None:
    (root / "before.psd").write_bytes(b"8BPS\0\1")
    with Live(catalogue, root) as live:
        live.first_scan()
        live.until(lambda: live.intake.state().unread == {"Photoshop": 1})
        (root / "later.jp2").write_bytes(b"\xff\x4f\xff\x51")
        live.until(lambda: live.intake.state().unread == {"Photoshop": 1, "JPEG 2000": 1})
        (root / "before.psd").rename(root / "renamed.psd")
        (root / "later.jp2").unlink()
        live.until(lambda: live.intake.state().unread == {"Photoshop": 1})
        live.intake.request_rescan()
        drop(root / "a.jpg")
        live.until_states({"photos/a.jpg": "queued"})
        assert live.intake.state().unread == {"Photoshop": 1}
