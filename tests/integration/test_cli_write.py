"""`tagd write` on real photos, whose tags are known without any model."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.files import photos
from tagd.catalogue.reports.overview import files_at
from tagd.catalogue.tagging import record
from tagd.catalogue.written import inscriptions
from tagd.catalogue.written.inscriptions import Target
from tagd.containers import payload_hash
from tagd.containers.splice import packet, with_packet
from tagd.domain import Priority, SettledFile
from tagd.errors import DiskFull, NotWritable, PhotoError
from tagd.fs import signature_of
from tagd.metadata import xmp
from tagd.metadata.keywords import Field
from tagd.metadata.writer import WriteReport
from tagd.writeback.bulk import in_threads, work_off
from tests import catalogue as recorded
from tests.acceptance.home import Home
from tests.inscriptions import CAT, subjects
from tests.photos import coffee, distinct
from tests.support import wait_until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def tagged(home: Home, count: int) -> list[Path]:
    """So many photos, in each of which a model has seen a cat."""
    paths = distinct(count, home.photos, (48, 32))
    settled = [SettledFile(each, signature_of(each.stat()), Priority.NEW) for each in paths]
    with closing(open_owner(home.database)) as catalogue, catalogue.write() as tx:
        photos.submit(tx, settled, recorded.NOW)
        results = [
            recorded.result(
                job,
                payload_hash(job.path.read_bytes()),
                CAT,
                signature=signature_of(job.path.stat()),
            )
            for job in recorded.claim(tx, limit=count)
        ]
        assert all(record.record(tx, results, lambda _: "cat", recorded.NOW))
    return paths


def written(home: Home, *arguments: str | Path) -> Any:
    told = home.run("write", home.photos, "--to", "embedded", "--json", *arguments)
    assert told.stderr == ""
    return json.loads(told.stdout)


def keyword_added(photo: Path) -> None:
    """Another program adds a keyword; the picture stays as it is."""
    data = photo.read_bytes()
    made = xmp.parse(packet(data) or xmp.new_packet(padded=True).to_bytes())
    there = xmp.keywords(made)[Field.SUBJECT]
    xmp.set_keywords(made, {Field.SUBJECT: (*there, "Aunt Ada")})
    photo.write_bytes(with_packet(data, made.to_bytes()))


def queued(home: Home) -> list[str]:
    rows = home.rows("SELECT path FROM job JOIN file ON file.id = file_id WHERE kind = 'tag'")
    return [Path(path).name for (path,) in rows]


def test_many_are_written_and_told_in_their_order(home: Home) -> None:
    paths = tagged(home, 12)
    done = written(home)
    assert [each["path"] for each in done["written"]] == list(map(str, paths))
    assert {subjects(path) for path in paths} == {("cat",)}
    before = [path.read_bytes() for path in paths]
    assert home.run("write", "--undo", "1").stdout == "12 files written\n"
    assert {subjects(path) for path in paths} == {()}
    again = written(home)
    assert (again["files"], again["left"], again["failed"]) == (12, 0, [])
    assert [path.read_bytes() for path in paths] == before


def test_a_dry_run_sums_many_files_up_and_lists_few(home: Home) -> None:
    paths = tagged(home, 12)
    told = home.run("write", home.photos, "--dry-run", "--to", "embedded").stdout.splitlines()
    assert "dc:subject: 12 come, 0 go" in told
    assert "+ cat 12" in told
    assert told[-1].startswith("12 files would change")
    assert len(told) < 12
    whole = home.run("write", home.photos, "--dry-run", "--to", "embedded", "-v").stdout
    assert whole.count("+ dc:subject: cat") == 12
    few = home.run("write", *paths[:2], "--dry-run", "--to", "embedded").stdout
    assert few.count("+ dc:subject: cat") == 2


def test_where_nothing_is_to_be_written_a_dry_run_says_how_to_and_what_it_would_do(
    home: Home,
) -> None:
    tagged(home, 1)
    tried = home.run("write", "photos", "--dry-run")
    assert tried.returncode == 0
    assert "+ dc:subject: cat" in tried.stdout
    refused = home.run("write", "photos")
    assert (refused.returncode, refused.stdout) == (2, "")
    for told in (tried, refused):
        assert " write photos --to embedded`" in told.stderr


def test_ctrl_c_ends_it_with_whole_files_and_says_how_many_are_left(home: Home) -> None:
    count = 150
    paths = tagged(home, count)
    command = home.command("write", home.photos, "--to", "embedded")
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=home.environment
    ) as process:
        wait_until(lambda: bool(home.rows("SELECT 1 FROM v_written LIMIT 1")), 60, "it writes")
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    [(done,)] = home.rows("SELECT count(*) FROM v_written")
    left = count - done
    assert told.startswith(f"{done} files written, {left} left (`")
    assert "write --undo 1`" in told
    assert [path.name for path in sorted(home.photos.iterdir())] == [each.name for each in paths]
    assert home.rows("SELECT count(*) FROM intent") == [(0,)]
    assert len(written(home)["written"]) == left


def test_a_file_that_another_program_has_changed_is_joined_with_what_it_says(home: Home) -> None:
    first, second = tagged(home, 2)
    keyword_added(first)
    before = first.read_bytes()
    assert "+ dc:subject: cat" in home.run("write", first, "--to", "embedded", "--dry-run").stdout
    assert (first.read_bytes(), queued(home)) == (before, [])
    assert len(written(home)["written"]) == 2
    assert subjects(first) == ("Aunt Ada", "cat")
    assert queued(home) == [first.name], "what it says is still to be read"
    keyword_added(second)
    assert home.run("write", "--undo", "1").returncode == 0
    assert (subjects(first), subjects(second)) == (("Aunt Ada",), ("Aunt Ada",))


def test_a_picture_that_has_changed_does_not_get_the_tags_of_the_one_before(home: Home) -> None:
    first, second = tagged(home, 2)
    coffee().save(first)
    before = first.read_bytes()
    told = home.run("write", home.photos, "--to", "both")
    assert told.returncode == 1
    assert f"  {first}: its picture has changed" in told.stdout
    assert first.read_bytes() == before
    assert not first.with_name(f"{first.name}.xmp").exists()
    assert subjects(second) == ("cat",)


def test_what_was_written_is_taken_back_whatever_the_picture_is_by_now(home: Home) -> None:
    [photo] = tagged(home, 1)
    told = home.run("write", photo, "--to", "sidecar")
    coffee().save(photo)
    assert told.stdout.startswith("1 file written (`")
    assert "write --undo 1`" in told.stdout
    assert home.run("write", "--undo", "1").stdout == "1 file written\n"
    assert list(home.photos.iterdir()) == [photo]


WRITES = "SELECT count(*) FROM job WHERE kind = 'write'"


def waiting(home: Home) -> int:
    [(count,)] = home.rows(WRITES)
    return int(count)


def test_a_write_on_request_does_what_waited(home: Home) -> None:
    home.configure('[metadata]\nwrite = "embedded"\n')
    [photo, other] = tagged(home, 2)
    before = photo.read_bytes()
    home.run("confirm", photo, "cat")
    home.run("add", other, "dog")
    assert waiting(home) == 2
    home.run("write", other, "--to", "sidecar")
    assert waiting(home) == 2, "the photo itself is still to be written"
    home.run("write", other, "--dry-run")
    assert waiting(home) == 2
    run = home.json("write", home.photos)["run"]
    assert waiting(home) == 0
    home.run("add", photo, "dog")
    home.run("write", "--undo", str(run))
    assert waiting(home) == 0
    assert photo.read_bytes() == before


def test_who_corrects_a_photo_that_was_written_on_request_is_told(home: Home) -> None:
    [photo, other] = tagged(home, 2)
    home.run("write", photo, "--to", "embedded")
    assert home.run("add", other, "dog").stderr == ""
    told = home.run("add", photo, "dog").stderr
    assert f"write {photo} --to embedded`" in told
    home.run("write", photo, "--to", "embedded")
    assert subjects(photo) == ("cat", "dog")
    home.configure('[metadata]\nwrite = "embedded"\n')
    assert home.run("reject", photo, "cat").stderr == "", "it is in the queue"


def test_the_sidecar_of_another_photo_is_told_and_set_aside(home: Home) -> None:
    [photo, other] = tagged(home, 2)
    home.run("write", photo, "--to", "sidecar")
    stale = other.with_name(f"{other.name}.xmp")
    photo.with_name(f"{photo.name}.xmp").rename(stale)
    assert home.json("show", other)["outdated_sidecars"] == [str(stale)]
    assert "had this name before" in home.run("show", other).stdout
    told = home.run("write", other, "--to", "sidecar").stdout
    assert f"{stale}_orphan now" in told
    assert home.json("show", other)["outdated_sidecars"] == []


def test_a_correction_made_meanwhile_is_still_to_be_written(home: Home) -> None:
    home.configure('[metadata]\nwrite = "embedded"\n')
    [photo] = tagged(home, 1)
    home.run("confirm", photo, "cat")
    with closing(open_owner(home.database)) as catalogue:
        with catalogue.read() as tx:
            target = inscriptions.target(tx, 1)
        home.run("add", photo, "dog")
        with catalogue.write() as tx:
            assert target is not None
            inscriptions.settle_job(tx, target)
    assert waiting(home) == 1


@pytest.mark.parametrize("error", [NotWritable, DiskFull])
def test_what_failed_is_not_said_to_be_in_the_queue(error: type[PhotoError], home: Home) -> None:
    [photo] = tagged(home, 1)

    def fail(target: Target) -> Sequence[WriteReport]:
        raise error(target.path, "there is no way")

    with closing(open_owner(home.database)) as catalogue:
        with catalogue.read() as tx:
            files = files_at(tx, photo)
        [(path, reason)] = work_off(catalogue, files, fail).failed
    assert path == photo
    assert reason == f"there is no way; {error.remedy}, and run this again"
    assert error.afterwards not in reason


@pytest.mark.parametrize("error", [ValueError, IndexError])
def test_what_goes_wrong_in_a_thread_is_raised(error: type[Exception]) -> None:
    def fail(number: int) -> None:
        raise error(number)

    nothing: Callable[[int], None] = lambda _: None  # noqa: E731 - the least that can be done
    assert in_threads(range(100), nothing) == 0
    with pytest.raises(error, match="0"):
        in_threads(range(1), fail)


def test_what_was_asked_for_and_could_not_be_written_is_known_until_it_is(home: Home) -> None:
    good, bad = tagged(home, 2)
    side = bad.with_name(f"{bad.name}.xmp")
    side.write_text("<x:xmpmeta", encoding="utf-8")
    told = home.run("write", home.photos, "--to", "sidecar")
    assert told.returncode == 1
    assert subjects(good.with_name(f"{good.name}.xmp")) == ("cat",)
    [failure] = home.json("failed")
    assert (failure["path"], failure["code"]) == (str(bad), "metadata-malformed")
    assert home.json("status")["last_failures"] == [failure]
    side.unlink()
    assert home.run("write", home.photos, "--to", "sidecar").returncode == 0
    assert home.json("failed") == []


def test_a_name_that_is_too_long_costs_no_other_and_no_traceback(home: Home) -> None:
    first, last = tagged(home, 2)
    long = first.rename(first.with_name("n" * 251 + ".jpg"))
    with closing(open_owner(home.database)) as catalogue, catalogue.write() as tx:
        seen = signature_of(long.stat())
        photos.rename(tx, first, long, is_folder=False, now=1.0, signature=seen)
    for arguments in (("write", home.photos, "--to", "both"), ("read", home.photos)):
        told = home.run(*arguments)
        assert told.returncode == (1 if arguments[0] == "write" else 0)
        assert "Traceback" not in told.stderr
    assert subjects(last.with_name(f"{last.name}.xmp")) == ("cat",)
    assert [each["code"] for each in home.json("failed")] == ["name-too-long"]
    [(run,)] = home.rows("SELECT max(id) FROM run")
    assert "Traceback" not in home.run("write", "--undo", str(run)).stderr


def test_what_nobody_foresaw_costs_one_photo_and_no_other(home: Home) -> None:
    first, second = tagged(home, 2)

    def fail_one(target: Target) -> Sequence[WriteReport]:
        if target.path == first:
            raise RecursionError("deep")
        return [WriteReport(second, {})]

    told: list[tuple[Path, str]] = []
    with closing(open_owner(home.database)) as catalogue:
        with catalogue.read() as tx:
            files = files_at(tx, home.photos)
        done = work_off(
            catalogue,
            files,
            fail_one,
            on_failed=lambda target, error: told.append((target.path, error.code)),
        )
    assert [path for path, _ in done.failed] == [first]
    assert told == [(first, "internal-error")]
