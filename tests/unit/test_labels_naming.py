"""Which label is meant by a word about photos: what they have comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels import tables
from tagd.labels.namesakes import is_namesake, names_somebody
from tagd.labels.naming import given_by, is_name_of, may_mean, meant_of, own_of, own_word
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import Vocabulary, own_label
from tagd.labels.wording import NoSuchTag, Wording, read

if TYPE_CHECKING:
    from collections.abc import Callable

CAT, DOG, TABBY = "n02121808", "n02084071", "n02123045"
CRANE, CONSTRUCTION_CRANE = "n02012849", "n03126707"
PLAIN = TagRules()


def rules(**said: object) -> TagRules:
    found, faults = read(Wording(**said), TagRules(prefix="auto/"))  # type: ignore[arg-type]
    assert faults == []
    return found


@pytest.mark.parametrize("text", ["cat", "猫", "CAT", CAT])
def test_any_name_will_do(text: str) -> None:
    assert meant_of(text, PLAIN, {}, ()) == CAT


def test_what_the_photos_have_is_meant_where_a_word_has_several_meanings() -> None:
    for here in (CRANE, CONSTRUCTION_CRANE):
        assert meant_of("crane", PLAIN, {}, {here, DOG}) == here
    for present in ((), (CRANE, CONSTRUCTION_CRANE)):
        with pytest.raises(NoSuchTag) as told:
            meant_of("crane", PLAIN, {}, present)
        assert told.value.candidates == (CRANE, CONSTRUCTION_CRANE)


def test_an_alias_goes_by_either_name() -> None:
    minka = rules(alias={"tabby": "Minka"})
    for text in ("tabby", "minka", "auto/Minka"):
        assert meant_of(text, minka, {"own:Minka": "auto/Minka"}, ()) == "own:Minka"
    assert meant_of("tabby", minka, {}, {TABBY}) == TABBY, "given before the alias was"


def test_what_is_in_the_catalogue_goes_by_the_name_it_has_there() -> None:
    called = {"own:Aunt Ada": "Aunt Ada", "custom:mine/7": "rusty bolt"}
    assert meant_of("aunt-ada", PLAIN, called, ()) == "own:Aunt Ada"
    assert meant_of("rusty bolt", PLAIN, called, ()) == "custom:mine/7"
    assert meant_of("custom:mine/7", PLAIN, called, ()) == "custom:mine/7"


def test_an_unknown_word_means_nothing() -> None:
    assert may_mean("expresso", PLAIN, {}) == frozenset()
    with pytest.raises(NoSuchTag, match="expresso") as told:
        meant_of("expresso", PLAIN, {}, (CAT,))
    assert "espresso" in told.value.hint
    assert told.value.candidates == ()


MICROPHONE, GRASSHOPPER, ROBIN = "n03759954", "n02226429", "n01558993"
NAMESAKES = [word for kind, word in tables.rows("namesakes.tsv") if kind != "branch"]
BRANCHES = [word for kind, word in tables.rows("namesakes.tsv") if kind == "branch"]
WORDS = sorted(
    {
        word
        for language in tables.languages()
        for row in tables.rows(f"names.{language}.tsv")
        for word in (row[1], *tables.many(row[2] if len(row) > 2 else ""))
    }
)


@pytest.mark.parametrize("text", ["Mike", "mike", "Jersey", "Newfoundland", "Ｍike", "翼"])
def test_a_name_that_is_a_synonym_of_a_thing_is_nobodys_but_the_persons(text: str) -> None:
    assert may_mean(text, PLAIN, {})
    for present in ((), (MICROPHONE,)):
        with pytest.raises(NoSuchTag) as told:
            given_by(text, PLAIN, {}, present)
        assert told.value.candidates == ()
    assert meant_of("mike", PLAIN, {}, {MICROPHONE}) == MICROPHONE, "what is spoken of is there"


@pytest.mark.parametrize(
    ("text", "label", "is_name"),
    [
        ("hopper", GRASSHOPPER, False),
        ("Robin", ROBIN, True),
        ("microphone", MICROPHONE, True),
        ("マイク", MICROPHONE, True),
        (ROBIN, ROBIN, True),
    ],
)
def test_a_name_counts_and_a_synonym_too_which_can_be_told(
    text: str, label: str, is_name: bool
) -> None:
    assert given_by(text, PLAIN, {}, ()) == label
    assert is_name_of(label, text, PLAIN, {}) == is_name


def test_a_tag_of_ones_own_comes_before_a_name_and_a_synonym() -> None:
    called = {"own:Robin": "Robin", "own:Mike": "Mike", ROBIN: "robin"}
    for text in ("robin", "ROBIN", "own:robin"):
        assert given_by(text, PLAIN, called, (ROBIN,)) == "own:Robin"
        assert own_word(text, PLAIN, called) == "own:Robin"
    assert given_by("mike", PLAIN, called, ()) == "own:Mike"
    assert meant_of("robin", PLAIN, called, {ROBIN}) == ROBIN, "spoken of is what is there"
    assert meant_of("robin", PLAIN, called, {ROBIN, "own:Robin"}) == "own:Robin"
    assert meant_of("Robin", PLAIN, called, ()) == "own:Robin"
    both = {**called, "own:robin": "robin"}
    assert own_word("robin", PLAIN, both) == given_by("robin", PLAIN, both, ()) == "own:robin"
    assert own_word("Daisy", PLAIN, called) == "own:Daisy"


@given(st.sampled_from(WORDS), st.sampled_from([str, str.upper, str.title]))
def test_a_synonym_that_names_somebody_never_captures_a_word(
    word: str, spelled: Callable[[str], str]
) -> None:
    text = spelled(word)
    try:
        label = given_by(text, PLAIN, {}, ())
    except NoSuchTag:
        return
    assert label in Vocabulary.load().named(text) or not is_namesake(text)


@given(st.text(min_size=1), st.sampled_from([str.upper, str.lower, str]))
def test_what_exists_as_ones_own_always_wins(text: str, spelled: Callable[[str], str]) -> None:
    mine = own_label(text)
    called = {mine: text}
    assert given_by(text, PLAIN, called, ()) == own_word(text, PLAIN, called) == mine
    for other in own_of(spelled(text), PLAIN, called):
        assert given_by(spelled(text), PLAIN, called, ()) == other == mine


@given(
    st.lists(st.text(max_size=5), max_size=3),
    st.sampled_from(BRANCHES),
    st.sampled_from([str.upper, str.title, str]),
    st.lists(st.sampled_from([*NAMESAKES, "cat"]), min_size=1, max_size=3),
)
def test_what_is_below_people_places_and_events_names_somebody(
    above: list[str], branch: str, spelled: Callable[[str], str], below: list[str]
) -> None:
    assert names_somebody([*above, spelled(branch), *below])
    assert not names_somebody([branch]), "the branch itself is a word as any other"
    assert not names_somebody(["animal", "cat", below[0]])
