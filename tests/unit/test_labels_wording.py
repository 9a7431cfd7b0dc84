"""Rules as a person writes them: names in any language, tags of one's own, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels import own
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import Vocabulary
from tagd.labels.wording import NoSuchTag, Wording, meant, read

TABBY, TIGER_CAT, CAT, ANIMAL = "n02123045", "n02123159", "n02121808", "n00015388"
CHIHUAHUA, DOG = "n02085620", "n02084071"
CRANE, CONSTRUCTION_CRANE = "n02012849", "n03126707"


def rules(wording: Wording, language: str = "en") -> TagRules:
    found, faults = read(wording, TagRules(language=language))
    assert faults == []
    return found


def refused(wording: Wording, language: str = "en") -> list[tuple[str, str, str]]:
    return [
        (fault.key, fault.reason, fault.hint)
        for fault in read(wording, TagRules(language=language))[1]
    ]


def test_nothing_said_changes_nothing() -> None:
    assert rules(Wording()) == TagRules()


@pytest.mark.parametrize("name", ["cat", "猫", "ネコ", "house cat", "CAT", CAT])
def test_a_tag_may_be_named_in_any_way(name: str) -> None:
    assert rules(Wording(deny=[name])).deny == {CAT}
    assert rules(Wording(allow=[name])).allow == {CAT}
    assert rules(Wording(thresholds={name: 0.8})).thresholds == {CAT: 0.8}
    assert rules(Wording(alias={name: "Minka"})).alias == {CAT: "own:Minka"}
    assert rules(Wording(parents={name: ["ours"]})).parents == {CAT: ("own:ours",)}


def test_an_ambiguous_name_lists_its_candidates() -> None:
    candidates = f"'crane' may mean crane ({CRANE}) or construction crane ({CONSTRUCTION_CRANE})"
    hint = f"write the id of the one that you mean, such as {CRANE}"
    for wording, key in (
        (Wording(deny=["crane"]), "deny"),
        (Wording(allow=["crane"]), "allow"),
        (Wording(thresholds={"crane": 0.5}), "thresholds"),
        (Wording(alias={"crane": "x"}), "alias"),
        (Wording(alias={"cat": "crane"}), "alias"),
        (Wording(parents={"crane": ["x"]}), "parents"),
        (Wording(parents={"x": ["crane"]}), "parents"),
    ):
        assert refused(wording) == [(key, candidates, hint)]
    (_, told, _), *_ = refused(Wording(deny=["crane"]), "ja")
    assert told == f"'crane' may mean 鶴 ({CRANE}) or クレーン ({CONSTRUCTION_CRANE})"
    assert rules(Wording(deny=[CRANE])).deny == {CRANE}


def test_a_word_is_not_ambiguous_where_the_others_are_kinds_of_it() -> None:
    assert len(Vocabulary.load().resolve("sofa")) > 1
    assert Vocabulary.load().name(meant("sofa")) == "sofa"


def test_a_typing_error_is_answered_with_what_was_meant() -> None:
    assert refused(Wording(deny=["chihuaha"])) == [
        ("deny", "there is no tag 'chihuaha'", "did you mean Chihuahua?")
    ]
    with pytest.raises(NoSuchTag, match="there is no tag 'qqqqqq'") as caught:
        meant("qqqqqq")
    assert caught.value.hint == ""


def test_several_become_one_under_a_name_that_is_not_there_yet() -> None:
    found = rules(Wording(alias={"tabby": "Minka", "tiger cat": "minka"}))
    assert found.alias == {TABBY: "own:Minka", TIGER_CAT: "own:Minka"}
    assert rules(Wording(alias={"tabby": "cat"})).alias == {TABBY: CAT}


def test_an_alias_of_an_alias_leads_to_the_last() -> None:
    found = rules(Wording(alias={"tabby": "Minka", "Minka": "our cats"}))
    assert found.alias == {TABBY: "own:our cats", "own:Minka": "own:our cats"}


def test_another_word_for_the_same_tag_is_its_name() -> None:
    found = rules(Wording(alias={"cat": "House  Cat"}))
    assert (found.alias, found.names) == ({}, {CAT: "House Cat"})


def test_a_tag_of_ones_own_can_be_ruled_once_it_is_there() -> None:
    said = Wording(parents={"Shiba": ["our dogs"]}, deny=["Our Dogs"], thresholds={"shiba": 0.1})
    found = rules(said)
    assert found.parents == {"own:Shiba": ("own:our dogs",)}
    assert found.deny == {"own:our dogs"}
    assert found.thresholds == {"own:Shiba": 0.1}
    assert refused(Wording(deny=["our dogs"])) == [("deny", "there is no tag 'our dogs'", "")]


def test_labels_of_a_model_of_ones_own_are_taken_as_they_are() -> None:
    assert rules(Wording(deny=["custom:mine/our car"])).deny == {"custom:mine/our car"}


def test_what_is_called_otherwise_is_named_by_that() -> None:
    assert refused(Wording(alias={"tabby": "Minka"}, deny=["tabby"])) == [
        ("deny", "'tabby' is called 'Minka' by tags.alias", "write 'Minka' in its place")
    ]


def test_one_tag_is_not_ruled_twice() -> None:
    assert refused(Wording(thresholds={"cat": 0.5, "猫": 0.6})) == [
        ("thresholds", "'cat' and '猫' are the same tag", "keep one of them")
    ]


@pytest.mark.parametrize(
    ("wording", "key"),
    [
        (Wording(parents={"cat": ["tabby"]}), "parents"),
        (Wording(parents={"cat": ["cat"]}), "parents"),
        (Wording(parents={"a": ["b"], "b": ["c"], "c": ["a"]}), "parents"),
        (Wording(parents={"animal": ["ours"], "ours": ["tabby"]}), "parents"),
        (Wording(alias={"cat": "tabby"}), "alias"),
        (Wording(alias={"tabby": "a", "a": "b", "b": "a"}, parents={"b": ["c"]}), "alias"),
    ],
)
def test_nothing_is_a_kind_of_itself(wording: Wording, key: str) -> None:
    ((where, reason, _),) = refused(wording)
    assert where == key
    assert "cannot stand above it too" in reason


def test_every_fault_is_told() -> None:
    said = Wording(deny=["crane", "qqqqqq"], allow=["zzzzzz"], alias={"crane": "x"})
    assert [key for key, *_ in refused(said)] == ["alias", "allow", "deny", "deny"]


@given(st.text(max_size=20))
def test_a_text_means_a_tag_that_is_called_so_or_is_refused(text: str) -> None:
    found = Vocabulary.load().resolve(text)
    try:
        label = meant(text)
    except NoSuchTag as fault:
        candidates = set(fault.candidates)
    else:
        candidates = {label}
    assert candidates <= found
    assert len(candidates) == 1 or candidates == found


NAMES = st.sampled_from(["tabby", "cat", "animal", "Chihuahua", "dog", "a", "b", "our dogs"])


@given(
    st.dictionaries(NAMES, st.lists(NAMES, max_size=2), max_size=4),
    st.dictionaries(NAMES, NAMES, max_size=3),
)
def test_what_is_taken_makes_a_hierarchy_without_circles(
    parents: dict[str, list[str]], alias: dict[str, str]
) -> None:
    found, faults = read(Wording(parents=parents, alias=alias), TagRules())
    if faults:
        return
    made = own.under(found, Hierarchy.load())
    assert [each for each in made.parents if each in made.ancestors(each)] == []
    assert own.under(replace(found, alias={}, parents={}), made) is made
