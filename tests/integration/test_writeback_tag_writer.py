"""Tags into photos and sidecars: what is written, what is left alone, and what goes wrong."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pillow_heif
import pytest

from tagd.catalogue.queue import jobs
from tagd.catalogue.reports import overview
from tagd.catalogue.tagging import runs
from tagd.catalogue.written import inscriptions, revisions
from tagd.catalogue.written.inscriptions import Begun
from tagd.domain import FileState, JobKind, Place
from tagd.fs import signature_of
from tagd.intake.exclude import Excludes
from tagd.metadata.keywords import Field
from tagd.metadata.ledger import FileIdentity, Intent
from tagd.metadata.safe_write import WriteOptions
from tagd.metadata.sidecar import SidecarName
from tagd.writeback.ledger import CatalogueLedger, ours_of
from tagd.writeback.tag_writer import WriteMode, WriteOutcome
from tests import catalogue as recorded
from tests import photos as pictures
from tests.inscriptions import CAT, DOG, Desk, annotate, subjects
from tests.metadata import little_file_system


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        yield Desk(catalogue, tmp_path / "photos")


def test_a_photo_gets_its_tags_once(desk: Desk) -> None:
    photo = desk.photo()
    mtime = photo.stat().st_mtime_ns
    assert desk.write() == 1
    assert subjects(photo) == ("cat",)
    assert photo.stat().st_mtime_ns == mtime
    left = photo.stat()
    desk.queue(photo)
    assert desk.write() == 0
    assert photo.stat() == left, "nobody has even opened it"
    assert desk.jobs() == []
    embedded = [
        (Place.EMBEDDED, outcome) for outcome in (WriteOutcome.WRITTEN, WriteOutcome.UNCHANGED)
    ]
    assert desk.outcomes == embedded


def test_a_photo_without_tags_counts_as_written_nowhere(desk: Desk) -> None:
    plain = desk.folder / "plain.jpg"
    pictures.cat().save(plain)
    desk.tag(plain)
    before = signature_of(plain.stat())  # it is opened once, which some file systems note
    photo = desk.photo()
    desk.write()
    assert signature_of(plain.stat()) == before
    with desk.catalogue.write() as tx:
        assert recorded.rows(tx, "SELECT path FROM v_written") == [(str(photo),)]
        assert recorded.rows(tx, "SELECT written FROM v_runs") == [(1,)]
        assert [each.written for each in runs.last(tx, 9)] == [1]
        number = runs.run_id(tx, desk.run)
        assert revisions.written_in(tx, number) == [(2, Place.EMBEDDED)]


@pytest.mark.parametrize("name", ["cat.avif", "cat.heic", "cat.webp"])
def test_photos_of_other_kinds_get_them_inside_too(desk: Desk, name: str) -> None:
    pillow_heif.register_heif_opener()
    photo = desk.photo(name)
    assert desk.write() == 1
    assert subjects(photo) == ("cat",)
    assert desk.places() == [Place.EMBEDDED]


def test_a_write_of_our_own_is_no_change(desk: Desk) -> None:
    photo = desk.photo()
    before = photo.stat()
    desk.write()
    assert photo.stat().st_ino != before.st_ino
    assert desk.submit(photo) == 0
    os.utime(photo)
    assert desk.submit(photo) == 1, "but that of another program is"


def test_other_tags_take_the_place_of_those_before(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    desk.tag(photo, DOG)
    assert desk.write() == 1
    assert subjects(photo) == ("dog",)


@pytest.mark.parametrize("name", SidecarName)
def test_a_sidecar_leaves_the_photo_alone(desk: Desk, name: SidecarName) -> None:
    desk.set(write=WriteMode.SIDECAR, sidecar_name=name)
    photo = desk.photo()
    before = photo.read_bytes()
    assert desk.write() == 1
    beside = {"photo.jpg.xmp": "cat.jpg.xmp", "photo.xmp": "cat.xmp"}[name]
    assert subjects(photo.with_name(beside)) == ("cat",)
    assert photo.read_bytes() == before
    assert desk.places() == [Place.SIDECAR]


def test_of_a_sidecar_only_what_others_wrote_is_read(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    sidecar = desk.photo().with_name("cat.jpg.xmp")
    desk.write()
    assert desk.submit_sidecar(sidecar) == 0
    os.utime(sidecar)
    assert desk.submit_sidecar(sidecar) == 1
    assert desk.submit_sidecar(sidecar.rename(sidecar.with_name("cat.xmp"))) == 1
    assert desk.submit_sidecar(sidecar.with_name("cat.xmp").rename(sidecar.with_name("c.xmp"))) == 0


def test_what_others_wrote_just_before_a_write_is_read_after_it(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    photo = desk.photo()
    sidecar = photo.with_name("cat.jpg.xmp")
    desk.write()
    desk.tag(photo, DOG)  # a write waits
    sidecar.write_bytes(sidecar.read_bytes().replace(b"</x:xmpmeta>", b" </x:xmpmeta>"))
    assert desk.write() == 1
    assert desk.submit_sidecar(sidecar) == 0, "the watch takes it for tagd's own now"
    with desk.catalogue.read() as tx:
        assert recorded.rows(tx, "SELECT kind FROM job") == [("tag",)]
    desk.tag(photo, DOG)
    assert desk.write() == 0
    with desk.catalogue.read() as tx:
        assert recorded.rows(tx, "SELECT kind FROM job") == []


def test_sidecars_in_a_folder_of_their_own_never_meet(desk: Desk, tmp_path: Path) -> None:
    desk.set(write=WriteMode.SIDECAR, sidecar_folder=tmp_path / "sidecars")
    photo = desk.photo()
    desk.write()
    below = tmp_path / "sidecars" / photo.relative_to("/").with_name("cat.jpg.xmp")
    assert subjects(below) == ("cat",)


def test_both_is_both(desk: Desk) -> None:
    desk.set(write=WriteMode.BOTH)
    photo = desk.photo()
    assert desk.write() == 2
    assert subjects(photo) == subjects(photo.with_name("cat.jpg.xmp")) == ("cat",)
    assert desk.places() == [Place.EMBEDDED, Place.SIDECAR]


def test_the_first_rule_that_matches_counts(desk: Desk) -> None:
    desk.set(rules=(("drafts/**", WriteMode.OFF), ("*.jpg", WriteMode.SIDECAR)))
    (desk.folder / "drafts").mkdir()
    draft, other = desk.photo("drafts/a.jpg"), desk.photo("b.jpg")
    assert desk.write() == 1
    assert subjects(draft) == subjects(other) == ()
    assert sorted(path.name for path in desk.folder.iterdir()) == ["b.jpg", "b.jpg.xmp", "drafts"]


def test_what_a_model_is_not_sure_enough_of_stays_in_the_catalogue(desk: Desk) -> None:
    desk.set(min_confidence=0.85)  # the first tag has 0.9, the second 0.8
    photo = desk.photo("cat.jpg", CAT, DOG)
    desk.write()
    assert subjects(photo) == ("cat",)


def test_the_original_is_kept_where_that_is_wanted(desk: Desk) -> None:
    desk.set(options=WriteOptions(keep_original=True))
    photo = desk.photo()
    before = photo.read_bytes()
    desk.write()
    kept = photo.with_name("cat.jpg_original")
    assert kept.read_bytes() == before
    assert not Excludes().admits(kept.name, is_folder=False), "it is no further photo"


def test_a_photo_with_two_names_gets_a_sidecar(desk: Desk) -> None:
    photo = desk.photo()
    os.link(photo, photo.with_name("another name"))
    desk.tag(photo, CAT)  # which the link has changed
    before = photo.read_bytes()
    assert desk.write() == 1
    assert photo.read_bytes() == before
    assert subjects(photo.with_name("cat.jpg.xmp")) == ("cat",)


def test_what_cannot_be_written_is_said_and_can_be_tried_again(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    photo = desk.photo()
    sidecar = photo.with_name("cat.jpg.xmp")
    sidecar.write_text("<x:xmpmeta", encoding="utf-8")
    assert desk.write() == 0
    assert desk.jobs() == [("quarantined", "metadata-malformed")]
    assert sidecar.read_text() == "<x:xmpmeta"
    with desk.catalogue.read() as tx:
        [failure] = overview.failed(tx)
        assert overview.status(tx, recorded.NOW).failures == 1
        shown = overview.show(tx, photo)
    assert failure.path == photo
    assert failure.kind is JobKind.WRITE
    assert failure.reason.startswith("its tags are not written: its sidecar: there is no XMP in it")
    assert failure.reason.endswith("repair it, or move it away")
    assert desk.outcomes == [(Place.SIDECAR, WriteOutcome.REFUSED)]
    assert desk.unwritten() == [(1, photo)]
    assert shown is not None
    assert shown.state is FileState.TAGGED, "it has its tags all the same"
    sidecar.unlink()
    with desk.catalogue.write() as tx:
        assert jobs.retry_failed(tx, None, recorded.NOW) == 1
    assert desk.unwritten() == []
    assert desk.write() == 1
    assert desk.waiting_tags() == 0


def test_tags_that_cannot_be_written_are_no_reason_to_look_again(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    photo = desk.photo()
    photo.with_name("cat.jpg.xmp").write_text("<x:xmpmeta", encoding="utf-8")
    desk.write()
    desk.missing(photo)
    assert desk.submit(photo) == 0


def test_a_photo_that_is_another_by_now_keeps_its_own(desk: Desk) -> None:
    photo = desk.photo()
    newer = photo.read_bytes() + b"newer"
    photo.write_bytes(newer)
    assert desk.write() == 0
    assert desk.jobs() == [("waiting", "changed")]
    assert photo.read_bytes() == newer
    desk.tag(photo, DOG)
    desk.write()
    assert subjects(photo) == ("dog",)


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    with little_file_system(tmp_path / "little") as folder, recorded.fresh(tmp_path) as catalogue:
        desk = Desk(catalogue, folder)
        photo, hog = desk.photo(), folder / "hog"
        before = photo.read_bytes()
        with contextlib.suppress(OSError), hog.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        for days in range(9):
            assert desk.write(later=days * 86_400) == 0
        assert desk.jobs() == [("waiting", "disk-full")]
        assert desk.unwritten() == [(1, photo)]
        assert desk.outcomes == [(Place.EMBEDDED, WriteOutcome.FAILED)] * 9
        assert photo.read_bytes() == before
        assert {each.name for each in folder.iterdir()} == {"cat.jpg", "hog"}
        hog.unlink()
        assert desk.write(later=1e9) == 1
        assert subjects(photo) == ("cat",)
        assert desk.unwritten() == []


def test_a_photo_that_went_is_no_failure(desk: Desk) -> None:
    photo = desk.photo()
    photo.unlink()
    assert desk.write() == 0
    assert desk.jobs() == [("waiting", "vanished")]
    assert desk.unwritten() == []
    with desk.catalogue.read() as tx:
        assert overview.failed(tx) == []
    desk.missing(photo)
    assert desk.jobs() == []
    assert desk.failed == []


def test_waiting_for_a_folder_uses_up_no_attempt(desk: Desk) -> None:
    photo = desk.photo()
    away = desk.folder.rename(desk.folder.with_name("away"))
    for tries in range(5):
        desk.write(later=60.0 * tries)
    away.rename(desk.folder)
    photo.write_bytes(photo.read_bytes() + b"newer")
    desk.write(later=300.0)
    assert desk.jobs() == [("waiting", "changed")]


def test_a_photo_that_went_to_another_folder_is_written_there(desk: Desk) -> None:
    photo = desk.photo()
    moved = photo.rename(photo.with_name("moved.jpg"))
    assert desk.write() == 0, "the catalogue does not know yet"
    desk.moved(photo, moved)
    assert desk.write(later=60) == 1
    assert subjects(moved) == ("cat",)


def test_a_photo_that_went_unwritten_is_looked_at_when_it_is_back(desk: Desk) -> None:
    photo, other = desk.photo(), desk.photo("other.jpg")
    desk.missing(photo)
    desk.missing(other)
    assert desk.submit(photo) == 1
    desk.moved(other, other.rename(other.with_name("moved.jpg")))
    assert desk.waiting_tags() == 2


def test_a_write_that_a_kill_cut_short_is_known_as_ours(desk: Desk) -> None:
    photo = desk.photo()
    _begin(desk, photo)
    photo.with_name("x").write_bytes(b"the very bytes")
    photo.with_name("x").replace(photo)
    assert desk.submit(photo) == 0, "what we write ourselves is looked at when that is done"
    assert desk.recover() == []
    assert photo.read_bytes() == b"the very bytes"
    assert _begun(desk) == []
    assert desk.places() == [Place.EMBEDDED]
    assert desk.submit(photo) == 0


def test_a_sidecar_that_a_kill_found_taken_away_is_settled(desk: Desk) -> None:
    sidecar = desk.photo().with_name("cat.jpg.xmp")
    sidecar.write_text("old", encoding="utf-8")
    intent = Intent.to_write(sidecar, FileIdentity.of(sidecar.lstat()), None)
    CatalogueLedger(desk.catalogue, 1, Place.SIDECAR, "wish", desk.run).begin(intent)
    sidecar.unlink()
    assert desk.recover() == []
    assert _begun(desk) == []


def test_what_another_program_made_of_it_meanwhile_is_looked_at(desk: Desk) -> None:
    photo = desk.photo()
    _begin(desk, photo)
    photo.write_bytes(b"their own bytes")
    assert desk.submit(photo) == 0
    assert desk.recover() == []
    assert desk.waiting_tags() == 1
    assert photo.read_bytes() == b"their own bytes"


def test_what_another_program_made_of_a_sidecar_meanwhile_is_read(desk: Desk) -> None:
    sidecar = desk.photo().with_name("cat.jpg.xmp")
    intent = Intent.to_write(sidecar, None, b"the very bytes")
    CatalogueLedger(desk.catalogue, 1, Place.SIDECAR, "wish", desk.run).begin(intent)
    sidecar.write_bytes(b"their own bytes")
    assert desk.submit_sidecar(sidecar) == 0, "it may be our own doing"
    assert desk.recover() == []
    assert desk.waiting_tags() == 1
    assert sidecar.read_bytes() == b"their own bytes"


@pytest.mark.parametrize("mode", [WriteMode.EMBEDDED, WriteMode.SIDECAR, WriteMode.BOTH])
def test_a_look_that_began_before_a_write_takes_nothing_away(desk: Desk, mode: WriteMode) -> None:
    desk.set(write=mode)
    photo = desk.photo()
    annotate(photo, "Berlin")
    desk.tag(photo, DOG)
    begun = desk.look(photo)
    assert desk.write() == len(mode.places)
    written = signature_of(photo.stat())
    assert not desk.take_in(photo, begun), "what it saw is outdated"
    assert desk.rejected() == []
    assert desk.waiting_tags() == 1
    assert desk.take_in(photo, desk.look(photo))
    assert desk.rejected() == []
    assert signature_of(photo.stat()) == written
    assert desk.write() == 0, "the photo is known as it was left"


def _begin(desk: Desk, photo: Path) -> None:
    """A write that was noted, and then its process was killed."""
    ours = {Field.SUBJECT: ("cat",)}
    intent = Intent.to_write(photo, FileIdentity.of(photo.lstat()), b"the very bytes", ours)
    CatalogueLedger(desk.catalogue, 1, Place.EMBEDDED, "wish", desk.run).begin(intent)
    [begun] = _begun(desk)
    assert (begun.token, begun.path, begun.digest) == (intent.token, photo, intent.digest)
    assert begun.seen == astuple(FileIdentity.of(photo.lstat()))
    assert ours_of(begun.ours) == ours


def _begun(desk: Desk) -> list[Begun]:
    """The writes that are noted and not settled."""
    with desk.catalogue.read() as tx:
        return inscriptions.begun(tx)
