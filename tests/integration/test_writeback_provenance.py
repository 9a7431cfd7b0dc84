"""Whose a keyword is, where no catalogue can tell: in copies, after a loss, beside another tagd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tagd.catalogue.tagging import corrections, tags
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.catalogue.written import inscriptions
from tagd.labels.vocabulary import own_label
from tagd.metadata import packets, provenance, reader, xmp
from tagd.metadata.edit import edit_photo
from tagd.metadata.keywords import Field
from tagd.writeback.tag_writer import WriteMode
from tests import catalogue as recorded
from tests.inscriptions import CAT, DOG, Desk, annotate, photo_of, subjects
from tests.metadata import NOTHING

Another = Callable[[], Desk]


@pytest.fixture
def another(tmp_path: Path) -> Iterator[Another]:
    """Makes a tagd with a new catalogue, over the same photos as all others of the test."""
    photos = tmp_path / "photos"
    photos.mkdir()
    with ExitStack() as stack:

        def make() -> Desk:
            place = tmp_path / str(len(list(tmp_path.iterdir())))
            place.mkdir()
            return Desk(stack.enter_context(recorded.fresh(place)), photos)

        yield make


@pytest.fixture
def desk(another: Another) -> Desk:
    return another()


def in_force(desk: Desk) -> set[tuple[str, str]]:
    """Who says what, of all photos together; what was rejected is not in force."""
    sql = (
        "SELECT label.name, source FROM tag JOIN label ON label.id = label_id"
        " WHERE state != 'rejected'"
    )
    with desk.catalogue.read() as tx:
        return {(name, source) for name, source in recorded.rows(tx, sql)}


def without_subjects(photo: Path, *, keeps_provenance: bool = True) -> None:
    """Another program empties the field that all programs read, and leaves the others."""
    data = photo.read_bytes()
    packet = xmp.parse(packets.embedded(data) or b"")
    xmp.set_keywords(packet, {Field.SUBJECT: ()})
    if not keeps_provenance:
        provenance.set_claims(packet, ())
    photo.write_bytes(packets.embed(data, packet.to_bytes()))


def correct(desk: Desk, photo: Path, action: Action, name: str) -> None:
    """A person says so by tagd."""
    with desk.catalogue.write() as tx:
        rows = inscriptions.rows_of(tx, [photo_of(photo)])
        ids = tags.label_ids(tx, {own_label(name): name})
        corrections.correct(
            tx, Correction(action, ids[own_label(name)]), rows, desk.run, recorded.NOW
        )
    desk.queue(photo)


def test_tags_of_a_copy_are_replaced_as_those_of_the_photo_are(desk: Desk) -> None:
    photo = desk.photo()
    assert desk.write() == 1
    copied = photo.with_name("copy.jpg")
    copied.write_bytes(photo.read_bytes())
    desk.tag(copied, CAT)
    assert desk.write() == 0, "it says so already"
    desk.tag(copied, DOG)
    assert desk.write() == 1
    assert subjects(copied) == ("dog",)
    assert subjects(photo) == ("cat",)


def test_tags_of_a_lost_catalogue_are_replaced_and_those_of_people_stay(
    desk: Desk, another: Another
) -> None:
    photo = desk.photo()
    desk.write()
    annotate(photo, "cat", "Berlin")
    anew = another()
    anew.tag(photo, DOG)
    assert anew.write() == 1
    assert subjects(photo) == ("Berlin", "dog")


def test_a_photo_that_is_to_have_no_tags_loses_those_of_a_lost_catalogue(
    desk: Desk, another: Another
) -> None:
    photo, plain = desk.photo(), desk.folder / "plain.jpg"
    plain.write_bytes(photo.read_bytes())
    desk.write()
    anew = another()
    anew.set(min_confidence=1.0)
    anew.tag(photo, DOG)
    anew.tag(plain, DOG)
    assert (anew.write(), anew.failed) == (1, [])
    assert subjects(photo) == ()
    with anew.catalogue.read() as tx:
        noted = recorded.rows(tx, "SELECT path FROM inscription ORDER BY path")
    assert noted == [(str(photo),), (str(plain),)], "they are looked into once"


def test_what_a_person_gave_outlives_the_catalogue(desk: Desk, another: Another) -> None:
    photo = desk.photo()
    correct(desk, photo, Action.ADD, "grandma")
    assert desk.write() == 1
    assert subjects(photo) == ("grandma", "cat")
    anew = another()
    anew.tag(photo, DOG)
    anew.read(photo)
    anew.write()
    assert subjects(photo) == ("grandma", "dog")
    assert in_force(anew) == {("grandma", "metadata"), ("dog", "model")}


def test_what_a_person_confirmed_outlives_the_catalogue(desk: Desk, another: Another) -> None:
    photo = desk.photo()
    with desk.catalogue.write() as tx:
        rows = inscriptions.rows_of(tx, [photo_of(photo)])
        right = Correction(Action.CONFIRM, tags.label_ids(tx, {CAT: "cat"})[CAT])
        corrections.correct(tx, right, rows, desk.run, recorded.NOW)
    desk.write()
    anew = another()
    for label in (CAT, DOG):  # a model gives it once more, and then another does not
        anew.tag(photo, label)
        anew.read(photo)
        anew.write()
        assert "cat" in subjects(photo)
    assert ("cat", "metadata") in in_force(anew)


def test_what_a_person_takes_off_goes_from_copies_too(desk: Desk) -> None:
    photo = desk.photo()
    correct(desk, photo, Action.ADD, "grandma")
    desk.write()
    copied = desk.folder / "copy.jpg"
    copied.write_bytes(photo.read_bytes())
    desk.tag(copied, CAT)
    correct(desk, copied, Action.ADD, "grandma")
    desk.read(copied)
    desk.write()
    assert in_force(desk) == {("grandma", "person"), ("cat", "model")}
    correct(desk, copied, Action.REMOVE, "grandma")
    desk.write()
    assert subjects(copied) == ("cat",)


def test_what_another_tagd_takes_away_is_no_persons_word(desk: Desk, another: Another) -> None:
    photo = desk.photo()
    desk.write()
    other = another()
    other.tag(photo, DOG)
    other.write()
    assert subjects(photo) == ("dog",)
    desk.read(photo)
    assert ("cat", "model") in in_force(desk)


def test_what_a_person_takes_away_with_another_program_is_rejected(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    annotate(photo)
    desk.read(photo)
    assert in_force(desk) == set()


@pytest.mark.parametrize("ending", [b"</rdf:Bag>", b"</rdf:Description>", b"</x:xmpmeta>"])
@pytest.mark.parametrize("mode", [WriteMode.EMBEDDED, WriteMode.SIDECAR])
def test_what_is_missing_from_damaged_metadata_nobody_took_away(
    mode: WriteMode, ending: bytes, desk: Desk
) -> None:
    desk.set(write=mode)
    photo = desk.photo()
    desk.write()
    annotated = photo if mode is WriteMode.EMBEDDED else photo.with_name(photo.name + ".xmp")
    data = annotated.read_bytes()
    theirs = data.replace(b"<rdf:li>cat</rdf:li>", b"<rdf:li>dog</rdf:li>")
    assert theirs != data
    annotated.write_bytes(theirs.replace(ending, b"<" + ending[2:]))
    desk.read(photo)
    assert ("cat", "model") in in_force(desk)
    found = in_force(desk)
    annotated.write_bytes(data.replace(b"rdf:RDF", b"rdf:EDF"))
    desk.read(photo)
    assert in_force(desk) == found


@pytest.mark.parametrize("mode", [WriteMode.EMBEDDED, WriteMode.BOTH])
def test_taking_the_last_keyword_away_rejects_it_too(mode: WriteMode, desk: Desk) -> None:
    desk.set(write=mode)
    photo = desk.photo()
    desk.write()
    without_subjects(photo)
    desk.read(photo)
    assert in_force(desk) == set()
    desk.tag(photo, CAT)  # as the daemon does when the photo has changed
    assert in_force(desk) == set(), "it never comes back"
    assert desk.write()
    assert not any(reader.read(photo).keywords.values())


def test_a_program_that_does_without_a_field_and_the_provenance_takes_no_tag_away(
    desk: Desk,
) -> None:
    photo = desk.photo()
    desk.write()
    without_subjects(photo, keeps_provenance=False)
    desk.read(photo)
    assert in_force(desk) == {("cat", "model")}


def test_another_tagd_that_does_without_a_field_takes_no_tag_away(
    desk: Desk, another: Another
) -> None:
    photo = desk.photo()
    desk.write()
    other = another()
    other.set(fields=frozenset({Field.HIERARCHY}))
    other.tag(photo, CAT)
    assert other.write() == 1
    assert subjects(photo) == ()
    desk.read(photo)
    assert in_force(desk) == {("cat", "model")}


def test_a_field_that_is_written_later_is_tagds_too(desk: Desk) -> None:
    photo = desk.photo()
    desk.set(fields=frozenset({Field.SUBJECT}))
    desk.write()
    desk.set(fields=frozenset({Field.SUBJECT, Field.WINDOWS}))
    desk.queue(photo)
    assert desk.write() == 1
    copied = edit_photo(photo.read_bytes(), NOTHING, None)
    assert copied.joined[Field.WINDOWS].removed == ("cat",)
