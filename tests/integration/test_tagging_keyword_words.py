"""What people do to keywords with other programs, in real files: what goes, what stays, and whom a
word names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tagd.catalogue.db.engine import Catalogue
from tagd.catalogue.tagging import corrections, history, tags
from tagd.catalogue.tagging.corrections import Action, Correction
from tagd.domain import TagState
from tagd.metadata import exif, packets, reader, xmp
from tagd.metadata.keywords import Field
from tagd.revise.rederive import rederive
from tests import catalogue as recorded
from tests.inscriptions import Desk, photo_of, subjects

ANIMAL, BIRD, FINCH, GOLDFINCH = "n00015388", "n01503061", "n01529672", "n01531178"
CAT, ROBIN = "n02121808", "n01558993"
SUBJECT, HIERARCHY, LIST, WINDOWS = (
    Field.SUBJECT,
    Field.HIERARCHY,
    Field.TAGS_LIST,
    Field.WINDOWS,
)
OF_XMP = (SUBJECT, HIERARCHY, LIST)

Edit = Callable[[Field, tuple[str, ...]], tuple[str, ...]]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    photos = tmp_path / "photos"
    photos.mkdir()
    with recorded.fresh(tmp_path) as catalogue:
        yield Desk(catalogue, photos)


@pytest.fixture
def goldfinch(desk: Desk) -> Path:
    """A photo with the tags animal, bird, finch and goldfinch, which tagd has written into it."""
    photo = desk.photo("finch.jpg", ANIMAL, BIRD, FINCH, GOLDFINCH)
    assert desk.write() == 1
    assert set(subjects(photo)) == {"animal", "bird", "finch", "goldfinch"}
    return photo


def edit(photo: Path, change: Edit) -> None:
    """Another program edits keywords in all fields."""
    data = photo.read_bytes()
    there = reader.read(photo)
    windows = change(WINDOWS, there.of(WINDOWS))
    packet = xmp.parse(packets.embedded(data) or b"")
    xmp.set_keywords(packet, {each: change(each, there.of(each)) for each in OF_XMP})
    if windows != there.of(WINDOWS):
        data = exif.with_keywords(data, windows)
    photo.write_bytes(packets.embed(data, packet.to_bytes()))


def without(*names: str, fields: tuple[Field, ...] = (*OF_XMP, WINDOWS)) -> Edit:
    """Takes keywords away, as they stand in each field."""
    return lambda which, there: tuple(
        each for each in there if which not in fields or each not in names
    )


def say(photo: Path, keywords: Mapping[Field, tuple[str, ...]]) -> None:
    """Another program adds keywords."""
    edit(photo, lambda which, there: (*there, *keywords.get(which, ())))


def states(desk: Desk) -> dict[str, str]:
    """Every tag with its state, of all photos together."""
    sql = "SELECT label.name, state FROM tag JOIN label ON label.id = label_id"
    with desk.catalogue.read() as tx:
        return dict(recorded.rows(tx, sql))


def in_force(desk: Desk) -> set[str]:
    return {name for name, state in states(desk).items() if state != TagState.REJECTED}


def labels(desk: Desk, source: str = "metadata") -> set[str]:
    sql = f"SELECT key FROM tag JOIN label ON label.id = label_id WHERE source = '{source}'"
    with desk.catalogue.read() as tx:
        return {key for (key,) in recorded.rows(tx, f"{sql} AND state != 'rejected'")}


@pytest.mark.parametrize(
    "fields",
    [(*OF_XMP, WINDOWS), OF_XMP, (SUBJECT,), (SUBJECT, WINDOWS)],
    ids=["everywhere", "XMP alone", "the plain one alone", "no hierarchy"],
)
def test_a_broad_word_goes_alone_where_narrower_ones_stand(
    desk: Desk, goldfinch: Path, fields: tuple[Field, ...]
) -> None:
    edit(goldfinch, without("animal", fields=fields))
    desk.tag(goldfinch, ANIMAL, BIRD, FINCH, GOLDFINCH)  # as the daemon does with what has changed
    desk.read(goldfinch)
    assert states(desk)["animal"] == "rejected"
    assert in_force(desk) == {"bird", "finch", "goldfinch"}
    assert desk.write() == (fields != (*OF_XMP, WINDOWS)), "it goes from all fields"
    assert set(subjects(goldfinch)) == {"bird", "finch", "goldfinch"}
    assert "animal" not in reader.read(goldfinch).of(WINDOWS)
    assert "animal|bird" in reader.read(goldfinch).of(HIERARCHY), "a level is no keyword"
    desk.read(goldfinch)
    assert in_force(desk) == {"bird", "finch", "goldfinch"}, "and so it stays"


def test_what_is_narrower_than_what_stands_outlives_models_and_rules(
    desk: Desk, goldfinch: Path
) -> None:
    edit(goldfinch, without("animal"))
    desk.read(goldfinch)
    desk.tag(goldfinch, ANIMAL, BIRD, GOLDFINCH, CAT)
    assert in_force(desk) == {"bird", "goldfinch"}, "a bird, no animal, and so no cat"
    rederive(desk.catalogue, desk.derivation)
    assert "bird" in in_force(desk)


def test_what_has_no_word_that_stands_goes_with_what_is_broader(
    desk: Desk, goldfinch: Path
) -> None:
    edit(goldfinch, without("animal", "goldfinch", "animal|bird|finch|goldfinch"))
    desk.read(goldfinch)
    assert in_force(desk) == {"bird", "finch"}
    edit(goldfinch, lambda _which, _there: ())
    desk.read(goldfinch)
    assert in_force(desk) == set()


def test_what_was_never_written_goes_with_a_word_unless_it_is_narrower_than_one_that_stands(
    desk: Desk,
) -> None:
    photo = desk.photo("finch.jpg", ANIMAL, BIRD)
    desk.write()
    desk.set(min_confidence=1.1)  # what comes now is not sure enough to be written
    desk.tag(photo, ANIMAL, BIRD, GOLDFINCH, CAT)
    edit(photo, without("animal"))
    desk.read(photo)
    assert in_force(desk) == {"bird", "goldfinch"}


def test_the_whole_is_rejected_where_nothing_of_it_stands(desk: Desk, goldfinch: Path) -> None:
    edit(goldfinch, lambda _which, _there: ())
    desk.read(goldfinch)
    assert in_force(desk) == set()
    desk.tag(goldfinch, ANIMAL, BIRD, CAT)
    assert in_force(desk) == set()


def test_the_words_of_people_and_places_are_ones_own(desk: Desk) -> None:
    photo = desk.photo()
    desk.write()
    say(
        photo,
        {
            SUBJECT: ("Mike", "Newfoundland", "hopper", "Robin", "Tiger"),
            HIERARCHY: ("People|Mike", "Places|Canada|Newfoundland", "Events|Wedding"),
            LIST: ("People/Family/Robin", "人物/Jay", "animal/bird/finch"),
        },
    )
    desk.read(photo)
    assert labels(desk) == {
        "own:Mike",
        "own:Newfoundland",
        "own:Robin",
        "own:Jay",
        "own:Wedding",
        "n02226429",  # hopper, which nobody is called
        "n02129604",  # Tiger, in no branch
        FINCH,
    }
    assert states(desk)["cat"] == "active", "tagd's own is not read as a person's"


def test_a_friend_is_told_from_the_bird_that_tagd_has_written(desk: Desk) -> None:
    photo = desk.photo("bird.jpg", ROBIN)
    desk.write()
    say(photo, {LIST: ("People/Robin",)})
    desk.read(photo)
    assert labels(desk) == {"own:Robin"}
    assert labels(desk, "model") == {ROBIN}


def test_a_word_of_ones_own_outlives_the_catalogue_as_it_is_written(
    desk: Desk, tmp_path: Path
) -> None:
    photo = desk.photo()
    with desk.catalogue.write() as tx:
        rows = [row for (row,) in recorded.rows(tx, "SELECT id FROM photo")]
        ids = tags.label_ids(tx, {"own:Robin": "Robin"})
        own = Correction(Action.ADD, ids["own:Robin"])
        corrections.correct(tx, own, rows, desk.run, recorded.NOW)
    desk.queue(photo)
    desk.write()
    place = tmp_path / "anew"
    place.mkdir()
    with recorded.fresh(place) as catalogue:
        anew = Desk(catalogue, desk.folder)
        anew.tag(photo, CAT)
        anew.read(photo)
        assert labels(anew) == {"own:Robin"}


FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("keyword", "name"),
    [
        ("کتاب\u200cخانه", "کتاب\u200cخانه"),
        (FAMILY, FAMILY),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",) * 2,
        ("❤\ufe0f", "❤\ufe0f"),
        ("evil\u202egpj", "evilgpj"),
        ("Bjo\u0308rk", "Björk"),
    ],
)
def test_a_keyword_is_read_as_it_would_be_typed(desk: Desk, keyword: str, name: str) -> None:
    photo = desk.photo()
    desk.write()
    say(photo, {SUBJECT: (keyword,)})
    desk.read(photo)
    assert labels(desk) == {f"own:{name}"}


def test_the_history_says_who_did_it(desk: Desk, goldfinch: Path) -> None:
    edit(goldfinch, without("animal"))
    desk.read(goldfinch)
    assert history_of(desk.catalogue, goldfinch) == [
        ("metadata", "rejected", "animal"),
        ("metadata", "confirmed", "bird"),
    ]


def history_of(catalogue: Catalogue, photo: Path) -> list[tuple[str, str, str | None]]:
    with catalogue.read() as tx:
        sql = f"SELECT id FROM photo WHERE content_hash = '{photo_of(photo)}'"
        [(row,)] = recorded.rows(tx, sql)
        events = history.of_photo(tx, row)
    return [(str(each.who), each.change, each.tag) for each in events if each.who == "metadata"]
