"""What keywords in a file say of tags; and what is believed of a decoder that says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.domain import Place, Readings
from tagd.metadata.keywords import Field
from tagd.metadata.read_back import MOST_TEXT, pack, unpack
from tagd.metadata.sidecar import BESIDE, places
from tagd.tagging.keyword_words import Word, left_out, taken_away, words_in
from tagd.text import LONGEST_NAME, tag_name

SUBJECT, LIST, HIERARCHY = map(str, (Field.SUBJECT, Field.TAGS_LIST, Field.HIERARCHY))
PHOTO = Path("/photos/a.jpg")
WRITTEN = {SUBJECT: ("animal", "cat"), LIST: ("animal", "animal/cat")}


def test_of_a_way_the_last_name_is_meant() -> None:
    said = {SUBJECT: ("Cat",), LIST: ("animal/cat", "a\\b"), HIERARCHY: ("places|Rome",)}
    assert words_in(said) == (Word("Cat"), Word("a/b"), Word("Rome", somebody=True))


def test_what_iptc_has_cut_off_is_no_keyword_of_its_own() -> None:
    long = "a sentence that somebody has put where a keyword should stand, and more of it"
    said = {SUBJECT: (long, "cat"), str(Field.IPTC): (long[:64], "cat")}
    assert words_in(said) == (Word(long), Word("cat"))


def test_what_is_below_people_is_the_same_person_in_every_field() -> None:
    mike, cat = Word("Mike", somebody=True), Word("cat")
    for said in (
        {SUBJECT: ("Mike", "cat"), HIERARCHY: ("People|Mike", "animal|cat")},
        {SUBJECT: ("mike", "cat"), LIST: ("PEOPLE/Family/Mike",), str(Field.IPTC): ("Mike",)},
    ):
        assert {each.key for each in words_in(said)} == {mike.key, cat.key}
    both = {LIST: ("animal/bird/robin", "人物/Robin"), SUBJECT: ("Robin",)}
    assert words_in(both) == (Word("robin"), Word("Robin", somebody=True))
    assert words_in({LIST: ("People", "People/")}) == (Word("People"),)


def test_a_sentence_is_no_tag_and_takes_no_room_of_others() -> None:
    sentence = "x" * (LONGEST_NAME + 1)
    said = {SUBJECT: (sentence, "cat", sentence[1:]), LIST: (f"a/{sentence}",)}
    assert words_in(said) == (Word("cat"), Word(sentence[1:]))
    assert left_out(said) == (sentence,)
    assert taken_away({SUBJECT: (sentence, "cat")}, {SUBJECT: ()}) == ("cat",)


@pytest.mark.parametrize(
    ("there", "gone"),
    [
        (WRITTEN, ()),
        ({**WRITTEN, SUBJECT: ("cat", "theirs")}, ("animal",)),
        ({**WRITTEN, SUBJECT: ("CAT", "Animal")}, ()),
        ({SUBJECT: ("animal",), LIST: ("animal", "animal/cat")}, ("cat",)),
        ({LIST: ("animal/cat",)}, ("animal",)),  # a program that does without the other field
        ({**WRITTEN, SUBJECT: ()}, ("animal", "cat")),
        ({}, ("animal", "cat")),
    ],
)
def test_what_is_missing_was_taken_away(
    there: dict[str, tuple[str, ...]], gone: tuple[str, ...]
) -> None:
    assert taken_away(WRITTEN, there) == gone


WORDS = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40), max_size=9
).map(lambda words: tuple(filter(None, map(tag_name, words))))


@given(
    st.builds(
        Readings,
        keywords=st.dictionaries(
            st.sampled_from(Place), st.dictionaries(st.sampled_from(list(map(str, Field))), WORDS)
        ),
        by_tagd=WORDS,
        by_person=WORDS,
        damaged=st.frozensets(st.sampled_from(Place)),
        rating=st.none() | st.integers(-1, 5),
        latitude=st.none() | st.floats(-90, 90),
        longitude=st.none() | st.floats(-180, 180),
        sidecars=st.sampled_from([(), places(PHOTO, BESIDE)[:1], places(PHOTO, BESIDE)[1:3]]),
    )
)
def test_what_is_read_comes_through(readings: Readings) -> None:
    assert unpack(json.loads(json.dumps(pack(readings, PHOTO, BESIDE))), PHOTO, BESIDE) == readings


def test_too_many_keywords_are_cut_off_and_fit_a_message() -> None:
    many = Readings({Place.EMBEDDED: {SUBJECT: tuple(f"写真{n}" for n in range(9999))}})
    assert len(json.dumps(pack(many, PHOTO, BESIDE))) < 6 * MOST_TEXT + 1000


def test_who_keeps_many_keywords_in_deep_hierarchies_has_taken_none_away() -> None:
    theirs = [f"word {number}" for number in range(90)]
    deep = [f"a root of many words|a branch of many more|{word}" for word in theirs]
    said = {HIERARCHY: (*deep, "animal|cat"), SUBJECT: (*theirs, "cat")}
    both = Readings({Place.EMBEDDED: said, Place.SIDECAR: said}, by_tagd=("cat",))
    read = unpack(pack(both, PHOTO, BESIDE), PHOTO, BESIDE).keywords
    for place in Place:
        assert taken_away({SUBJECT: ("cat",), HIERARCHY: ("animal|cat",)}, read[place]) == ()
    crowd = tuple(f"word {number}" for number in range(999))
    one = Readings({Place.EMBEDDED: {SUBJECT: (*crowd, "cat")}}, ("cat",))
    read = unpack(pack(one, PHOTO, BESIDE), PHOTO, BESIDE).keywords
    assert taken_away({SUBJECT: ("cat",)}, read[Place.EMBEDDED]) == ()


def test_what_there_is_no_room_for_is_not_told_as_taken_away() -> None:
    way = "|".join(["a" * 50] * (MOST_TEXT // 50))
    long = Readings({Place.EMBEDDED: {HIERARCHY: (way,), SUBJECT: ("b",), LIST: ()}})
    assert unpack(pack(long, PHOTO, BESIDE), PHOTO, BESIDE).keywords == {
        Place.EMBEDDED: {SUBJECT: ("b",), LIST: ()}
    }
    sentence = Readings({Place.EMBEDDED: {SUBJECT: ("a" * MOST_TEXT, "b")}})
    inside = unpack(pack(sentence, PHOTO, BESIDE), PHOTO, BESIDE).keywords[Place.EMBEDDED]
    assert words_in(inside) == (Word("b"),)
    assert len(left_out(inside)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"keywords": {"elsewhere": {}}},
        {"keywords": {"embedded": {"dc:subject": "cat"}}},
        {"keywords": {"embedded": {"dc:rights": []}}},
        {"keywords": 3},
        {"by_tagd": [1]},
        {"rating": 6},
        {"rating": True},
        {"latitude": float("nan")},
        {"longitude": 181},
        {"sidecars": [8]},
        {"sidecars": ["/etc/passwd"]},
    ],
)
def test_a_decoder_that_was_taken_over_is_not_believed(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no"):
        unpack({**pack(Readings(), PHOTO, BESIDE), **change}, PHOTO, BESIDE)
