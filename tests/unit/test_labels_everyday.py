"""Words for what people photograph are labels like all others."""

from __future__ import annotations

import pytest

from tagd.labels import build_tables, everyday, tables
from tagd.labels.hierarchy import Hierarchy
from tagd.labels.meaning import Meaning
from tagd.labels.rules import TagRules
from tagd.labels.vocabulary import Vocabulary
from tagd.labels.wording import meant

LABELS = everyday.labels()
PERSON, INDOOR, WATER, SPORT = "n00007846", "everyday:indoor", "n09225146", "n00523513"


def test_every_word_has_a_label_of_its_own() -> None:
    assert len(LABELS) > 100
    assert len(set(LABELS.values())) == len(LABELS)
    assert LABELS["dog"] == "n02084071", "which the classifier says too"
    assert LABELS["screenshot"] == "everyday:screenshot"


def test_no_word_says_of_people_what_no_model_should() -> None:
    assert {"man", "woman"}.isdisjoint(LABELS)
    never = {label for label, row in tables.synsets().items() if row.use == tables.HIDDEN}
    assert never.isdisjoint(LABELS.values())


@pytest.mark.parametrize("word", sorted(LABELS))
def test_a_word_means_its_label_in_rules_and_in_searches(word: str) -> None:
    assert meant(word) == LABELS[word]
    assert LABELS[word] in Meaning.by(TagRules(), {}).labels(word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("people", "people"),
        ("ひと", "people"),
        ("kids", "child"),
        ("ocean", "sea"),
        ("うみ", "sea"),
        ("海", "sea"),
        ("夕日", "sunset"),
        ("ゆうひ", "sunset"),
        ("だいどころ", "kitchen"),
        ("スクショ", "screenshot"),
        ("beaches", "beach"),
        ("seashore", "beach"),
        ("lakeside", "lake"),
        ("children", "child"),
        ("babies", "baby"),
    ],
)
def test_usual_words_find_them(text: str, word: str) -> None:
    assert LABELS[word] in Meaning.by(TagRules(), {}).labels(text)


@pytest.mark.parametrize(
    ("word", "above"),
    [
        ("child", PERSON),
        ("baby", PERSON),
        ("kitchen", INDOOR),
        ("sea", WATER),
        ("tennis", SPORT),
        ("tree", "n00017222"),
        ("screenshot", None),
    ],
)
def test_a_word_is_below_what_it_is_a_kind_of(word: str, above: str | None) -> None:
    for hierarchy in (Hierarchy.load(), Hierarchy.load().knowing(["n12102133", "n13111881"])):
        assert hierarchy.may_be_tag(LABELS[word])
        assert (above in hierarchy.shown_above(LABELS[word])) == (above is not None)
    assert set(Hierarchy.load().shown_above(LABELS["baby"])) >= {LABELS["child"], PERSON}


def test_no_class_of_imagenet_has_an_everyday_word_of_its_own_above_it() -> None:
    shipped = Hierarchy.load()
    wordnet = {row[0] for row in tables.rows("wordnet.tsv")}
    above = {each for label in shipped.classes for each in shipped.ancestors(label)}
    document = everyday.labels()["document"]
    assert above - wordnet == {document}, "or the classifier's sums would change"


def test_the_names_of_synsets_hold_beside_those_of_larger_sets() -> None:
    vocabulary = Vocabulary.load()
    assert vocabulary.name("everyday:living room") == "everyday:living room"
    assert vocabulary.name(LABELS["living room"], "ja") == "居間"
    assert vocabulary.resolve("everyday:screenshot") == {"everyday:screenshot"}


def test_the_builder_tells_of_labels_that_cannot_be() -> None:
    nouns = {label for label in LABELS.values() if tables.is_synset(label)}
    known = {row[0] for row in tables.rows("wordnet.tsv")}
    assert build_tables.faults_of_everyday(nouns, known, set()) == []
    assert build_tables.faults_of_everyday(nouns - {LABELS["sky"]}, known, set()) == [
        f"everyday.tsv: sky cannot be {LABELS['sky']}"
    ]
    (hidden,) = build_tables.faults_of_everyday(nouns, known, {LABELS["crowd"]})
    assert "never a tag" in hidden
    (given_twice,) = build_tables.faults_of_everyday(nouns, {*known, LABELS["salad"]}, set())
    assert "wordnet.tsv" in given_twice
    missing = build_tables.faults_of_everyday(nouns, known - {"n03405725"}, set())
    assert missing == ["everyday.tsv: there is no n03405725"]
