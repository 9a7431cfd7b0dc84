"""What one run wrote is taken back, and nothing else: to the byte, where nobody else wrote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pillow_heif
import pytest

from tagd.catalogue.tagging import runs
from tagd.catalogue.tagging.runs import Run
from tagd.catalogue.written import inscriptions, revisions
from tagd.containers.splice import packet, with_packet
from tagd.domain import Place
from tagd.metadata import provenance, safe_write, xmp
from tagd.metadata.keywords import Field
from tagd.writeback.refresh import as_it_is
from tagd.writeback.tag_writer import TagWriter, WriteMode
from tagd.writeback.taking_back import TakingBack
from tests import catalogue as recorded
from tests.corpus import LIGHTROOM, SPLICED
from tests.inscriptions import CAT, DOG, Desk, subjects


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "photos").mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        yield Desk(catalogue, tmp_path / "photos")


def wrote(desk: Desk, photo: Path, *labels: str) -> int:
    """A run of its own writes these tags; its number."""
    desk.run = Run.of("tagd write")
    desk.tag(photo, *labels)
    desk.write()
    with desk.catalogue.read() as tx:
        number = runs.noted(tx, desk.run)
    assert number is not None
    return number


def undo(desk: Desk, number: int) -> list[tuple[str, ...]]:
    """As `tagd write --undo`; what was, or would be, changed."""
    run = Run.of("tagd write --undo")
    writer = TagWriter(desk.catalogue, desk.settings, desk.derivation, run)
    taking_back = TakingBack(writer, number)
    found = []
    with desk.catalogue.read() as tx:
        places = revisions.written_in(tx, number)
    for file_id, place in places:
        with desk.catalogue.read() as tx:
            target = inscriptions.target(tx, file_id)
        assert target is not None
        target = as_it_is(desk.catalogue, target, any_picture=True)
        told = taking_back.take_back(target, place, dry_run=True).difference()
        assert taking_back.take_back(target, place).difference() == told
        found.append(told)
    return found


def keyword_added(photo: Path, value: str) -> None:
    data = photo.read_bytes()
    made = xmp.parse(packet(data) or b"")
    there = xmp.keywords(made)[Field.SUBJECT]
    xmp.set_keywords(made, {Field.SUBJECT: (*there, value)})
    photo.write_bytes(with_packet(data, made.to_bytes()))


@pytest.fixture
def photo(desk: Desk) -> Path:
    photo = desk.photo()
    photo.write_bytes(SPLICED["lightroom.jpg"])
    return photo


def test_a_run_is_taken_back_and_those_before_stand(desk: Desk, photo: Path) -> None:
    before = photo.read_bytes()
    first = wrote(desk, photo, CAT)
    between = photo.read_bytes()
    second = wrote(desk, photo, DOG)
    [told] = undo(desk, second)
    assert "- dc:subject: dog" in told
    assert photo.read_bytes() == between
    with desk.catalogue.read() as tx:
        assert recorded.rows(tx, "SELECT run FROM v_written") == [(first,)]
        held = {each.run: each.written for each in runs.last(tx, 9)}
        assert (held[first], held[second]) == (1, 0)
    undo(desk, first)
    assert photo.read_bytes() == before
    with desk.catalogue.read() as tx:
        assert recorded.rows(tx, "SELECT run FROM v_written") == []
        assert recorded.rows(tx, "SELECT * FROM revision") == []


def test_of_a_run_before_others_its_own_keywords_go(desk: Desk, photo: Path) -> None:
    before = photo.read_bytes()
    first = wrote(desk, photo, "n02123045")
    second = wrote(desk, photo, "n02123045", DOG)
    said = subjects(photo)
    assert {"tabby cat", "dog"} <= {*said}
    undo(desk, first)
    assert [*subjects(photo)] == [each for each in said if each != "tabby cat"]
    claims = {
        each.tagging.name: each
        for each in provenance.claims(xmp.parse(packet(photo.read_bytes()) or b""))
    }
    assert claims.keys() == {"dog"}
    assert claims["dog"].tagging.fingerprint, "what is known of it stays"
    undo(desk, second)
    assert photo.read_bytes() == before, "and nothing of tagd's is left"


def test_what_others_wrote_since_stays(desk: Desk, photo: Path) -> None:
    number = wrote(desk, photo, DOG)
    keyword_added(photo, "Aunt Ada")
    undo(desk, number)
    assert subjects(photo) == ("Holiday", "CAT", "Aunt Ada")


def test_several_writes_of_one_run_are_taken_back_together(desk: Desk, photo: Path) -> None:
    before = photo.read_bytes()
    desk.run = Run.of("tagd run")
    for label in (DOG, CAT, DOG):
        desk.tag(photo, label)
        desk.write()
    undo(desk, 1)
    assert photo.read_bytes() == before


def test_what_is_too_much_to_be_kept_is_taken_back_by_its_keywords(
    desk: Desk, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagd.metadata.way_back.MOST_KEPT", 3)
    number = wrote(desk, photo, DOG)
    undo(desk, number)
    assert subjects(photo) == ("Holiday", "CAT")


def test_what_was_written_before_writes_were_kept_goes_as_a_whole(desk: Desk, photo: Path) -> None:
    number = wrote(desk, photo, DOG)
    with desk.catalogue.write() as tx:
        recorded.rows(tx, "DELETE FROM revision RETURNING id")
        assert [each.written for each in runs.last(tx, 9)] == [1]
    undo(desk, number)
    assert subjects(photo) == ("Holiday", "CAT")


@pytest.mark.parametrize("name", sorted(SPLICED))
def test_every_kind_of_photo_has_its_bytes_back(desk: Desk, name: str) -> None:
    pillow_heif.register_heif_opener()
    photo = desk.folder / name
    photo.write_bytes(SPLICED[name])
    number = wrote(desk, photo, DOG)
    undo(desk, number)
    assert photo.read_bytes() == SPLICED[name]
    assert [each.name for each in desk.folder.iterdir()] == [name]


def test_a_sidecar_is_gone_or_what_it_was(desk: Desk) -> None:
    desk.set(write=WriteMode.SIDECAR)
    theirs = desk.photo("theirs.jpg").with_name("theirs.jpg.xmp")
    theirs.write_bytes(LIGHTROOM)
    ours = desk.photo("ours.jpg").with_name("ours.jpg.xmp")
    desk.write()
    assert ours.exists()
    assert theirs.read_bytes() != LIGHTROOM
    undo(desk, 1)
    assert not ours.exists()
    assert theirs.read_bytes() == LIGHTROOM
    assert desk.places() == []


def test_a_kill_in_the_midst_of_it_leaves_what_can_be_taken_back_again(
    desk: Desk, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """As no error is."""

    def die(*_: object, **__: object) -> None:
        raise Killed

    before = photo.read_bytes()
    number = wrote(desk, photo, DOG)
    with monkeypatch.context() as once:
        once.setattr(safe_write, "recover_in", die)
        once.setattr(safe_write, "_left", die)
        with pytest.raises(Killed):
            undo(desk, number)
    desk.recover()
    assert photo.read_bytes() == before
    undo(desk, number)
    assert photo.read_bytes() == before
    assert Place.EMBEDDED not in desk.places()
