"""What words of a search mean under a person's own rules."""

from __future__ import annotations

import pytest

from tagd.labels.meaning import Meaning
from tagd.labels.plurals import singulars
from tagd.labels.rules import TagRules

CAT, TABBY, EGYPTIAN = "n02121808", "n02123045", "n02124075"
SHIBA, OUR_DOGS = "own:Shiba", "own:our dogs"


def meant(text: str, rules: TagRules, **given: str) -> frozenset[str]:
    return Meaning.by(rules, given).labels(text)


@pytest.mark.parametrize("word", ["cat", "CAT", "猫", "ネコ", CAT])
def test_a_name_means_its_label_and_all_below_it(word: str) -> None:
    assert {CAT, TABBY, EGYPTIAN} <= meant(word, TagRules())


def test_what_is_below_is_found_also_where_no_photo_is_given_ancestors() -> None:
    assert meant("cat", TagRules(ancestors=False)) == meant("cat", TagRules())


def test_a_tag_that_was_renamed_is_found_by_either_name() -> None:
    rules = TagRules(alias={TABBY: CAT})
    assert CAT in meant("tabby", rules)
    assert TABBY in meant("cat", rules)


def test_a_name_of_ones_own_is_found_beside_the_usual_one() -> None:
    rules = TagRules(names={TABBY: "Minka"})
    assert meant("minka", rules) == {TABBY} == meant(TABBY, rules)


def test_own_labels_are_found_below_their_parents() -> None:
    rules = TagRules(parents={SHIBA: (OUR_DOGS,)})
    assert meant("our dogs", rules) == {OUR_DOGS, SHIBA}
    assert meant("shiba", rules) >= {SHIBA}
    assert OUR_DOGS not in meant("shiba", rules)


def test_a_label_of_ones_own_is_found_by_its_name_in_the_catalogue() -> None:
    given = {"own:Grandma": "Grandma", "custom:7": "steam engine"}
    assert meant("grandma", TagRules(), **given) == {"own:Grandma"}
    assert "custom:7" in meant("engine", TagRules(), **given)  # a word of the name


def test_the_prefix_of_written_tags_may_stand_before_a_name() -> None:
    rules = TagRules(prefix="auto/")
    assert meant("auto/cat", rules) == meant("cat", rules)


def test_a_beginning_finds_every_word_that_begins_so() -> None:
    found = Meaning.by(TagRules(), {"own:tabasco": "tabasco"}).labels("tab", beginning=True)
    assert {TABBY, "own:tabasco"} <= found


def test_an_unknown_word_means_nothing_and_near_ones_are_offered() -> None:
    meaning = Meaning.by(TagRules(), {"own:Grandma": "Grandma"})
    assert meaning.labels("grandmaa") == frozenset()
    assert meaning.labels("_") == meaning.labels("…") == frozenset()
    assert "grandma" in [name.casefold() for name in meaning.suggest("grandmaa")]


MICROPHONE, ROBIN = "n03759954", "n01558993"


def test_beside_a_tag_of_ones_own_names_count_and_synonyms_do_not() -> None:
    given = {"own:Mike": "Mike", "own:Robin": "Robin", ROBIN: "robin"}
    assert meant("mike", TagRules()) == {MICROPHONE}
    assert meant("mike", TagRules(), **given) == meant("own:Mike", TagRules(), **given)
    assert meant("mike", TagRules(), **given) == {"own:Mike"}
    assert meant("microphone", TagRules(), **given) == {MICROPHONE}
    assert meant("robin", TagRules(), **given) == {"own:Robin", ROBIN}
    assert meant("own:Robin", TagRules(), **given) == {"own:Robin"}


def test_what_is_the_name_of_a_tag() -> None:
    meaning = Meaning.by(TagRules(prefix="auto/"), {"own:my-cat": "auto/my-cat"})
    for text in ("my cat", "MY-CAT", "great white shark", "猫"):
        assert meaning.is_tag(text)
    assert meaning.is_tag("great white sharks")
    assert not meaning.is_tag("mike"), "a synonym"
    for text in ("my-cat", "  My-Cat ", "auto/my-cat"):
        assert meaning.is_tag(text, exactly=True)
    assert not meaning.is_tag("my cat", exactly=True)
    assert not meaning.is_tag("cat", exactly=True), "which no photo has"


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("dogs", "dog"),
        ("CATS", "cat"),
        ("buses", "bus"),
        ("foxes", "fox"),
        ("churches", "church"),
        ("butterflies", "butterfly"),
        ("wolves", "wolf"),
        ("knives", "knife"),
        ("geese", "goose"),
        ("potatoes", "potato"),
        ("polar bears", "polar bear"),
        ("birds of prey", "bird of prey"),
        ("lighthouses", "lighthouse"),
    ],
)
def test_a_plural_means_each_of_them(many: str, one: str) -> None:
    assert meant(many, TagRules()) == meant(one, TagRules()) != frozenset()
    assert Meaning.by(TagRules(), {}).is_name(many)


def test_a_plural_that_is_a_name_means_that() -> None:
    glasses, pane = meant("glasses", TagRules()), meant("glass", TagRules())
    assert glasses
    assert not glasses & pane


def test_a_tag_of_ones_own_in_the_plural_is_found_beside_what_it_is_called_after() -> None:
    birds = meant("bird", TagRules())
    assert meant("birds", TagRules(), **{"own:Birds": "Birds"}) == birds | {"own:Birds"}


def test_what_only_ends_like_a_plural_is_none() -> None:
    assert singulars("cat") == frozenset()
    assert singulars("s") == frozenset()
    assert meant("wertzes", TagRules()) == meant("qwertzs", TagRules()) == frozenset()


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("puppies", "dog"),
        ("kitties", "cat"),
        ("retrievers", "retriever"),
        ("swimming pools", "swimming pool"),
        ("neko", "猫"),
        ("inu", "犬"),
        ("hikouki", "飛行機"),
        ("hikōki", "飛行機"),
        ("zitensya", "自転車"),
        ("りょうり", "料理"),
        ("ひこうき", "飛行機"),
        ("わんこ", "犬"),
        ("ニャンコ", "猫"),
        ("ごはん", "n00021265"),
        ("人間", "人"),
    ],
)
def test_what_people_type_means_the_tag(typed: str, name: str) -> None:
    assert meant(typed, TagRules()) >= meant(name, TagRules()) != frozenset()


@pytest.mark.parametrize(
    ("typed", "unmeant"),
    [
        ("nut", "food"),  # a nutrient
        ("house", "cat"),  # a house cat
        ("うみ", "seabird"),
        ("うみ", "sea turtle"),
        ("dogs", "dogsled"),
        ("sun", "sunglasses"),
        ("cut", "cutlery"),
        ("domestic", "dog"),
    ],
)
def test_part_of_a_word_or_of_a_synonym_means_nothing(typed: str, unmeant: str) -> None:
    assert meant(typed, TagRules()).isdisjoint(Meaning.by(TagRules(), {}).vocabulary.named(unmeant))


def test_a_word_of_a_name_means_it() -> None:
    golden = meant("golden retriever", TagRules())
    assert meant("golden", TagRules()) == meant("ゴールデン", TagRules()) == golden


def test_only_what_is_seen_begins_so() -> None:
    meaning = Meaning.by(TagRules(), {})
    assert meaning.labels("nutri", beginning=True) == frozenset()
    assert meaning.labels("ひこう", beginning=True) >= meaning.labels("airplane")


def test_romaji_count_where_nothing_else_is_called_so() -> None:
    given = {"own:Hana": "Hana", "n02121808": "cat"}
    assert meant("hana", TagRules(), **given) == {"own:Hana"}
    assert meant("hana", TagRules()) == meant("花", TagRules())
    assert meant("same", TagRules()) == meant("サメ", TagRules())


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("桜", ["花", "木"]),
        ("さくら", ["花", "木"]),
        ("三毛猫", ["猫"]),
        ("白い犬", ["犬"]),
        ("シャム", ["シャムネコ"]),
        ("woman", ["person"]),
        ("oak", ["tree"]),
        ("deer", ["hoofed animal"]),
        ("chihuah", ["Chihuahua"]),
        ("sunse", ["sunset"]),
        ("sun", ["sunny", "sunset"]),
        ("brid", ["bird"]),
    ],
)
def test_an_unknown_word_has_the_nearest_tags(typed: str, near: list[str]) -> None:
    meaning = Meaning.by(TagRules(), {})
    assert meaning.labels(typed) == frozenset()
    assert meaning.suggest(typed)[: len(near)] == near
