"""Which label is meant by a word about photos: what they have comes first."""

from __future__ import annotations

import pytest

from tagd.labels.naming import may_mean, meant_of
from tagd.labels.rules import TagRules
from tagd.labels.wording import NoSuchTag, Wording, read

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
