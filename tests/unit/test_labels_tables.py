"""The tables that ship: complete, free of doubles, and what the builder makes of WordNet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tagd.labels import build_tables, hierarchy, romaji, tables
from tagd.labels.vocabulary import Vocabulary, fold, has_kanji

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LANGUAGES = tables.languages()

# Three nouns as `data.noun` has them; the licence's lines begin with two spaces.
NOUNS = """\
  1 This software and database is being provided to you
00000100 03 n 01 thing 0 000 | what there is
00000200 05 n 02 animal 0 wild_beast 0 002 @ 00000100 n 0000 ~ 00000300 n 0000 | moves
00000300 05 n 01 cat 0 003 @ 00000200 n 0000 @i 00000100 n 0000 #m 00000999 n 0000 | purrs
"""


def parents() -> dict[str, tuple[str, ...]]:
    return {row[0]: tables.many(row[1]) for row in tables.rows("wordnet.tsv")}


def display(*kinds: str) -> Iterator[list[str]]:
    return (row for row in tables.rows("display.tsv") if row[0] in kinds)


def names(language: str) -> dict[str, str]:
    return {row[0]: row[1] for row in tables.rows(f"names.{language}.tsv")}


def is_japanese(text: str) -> bool:
    return any("\u3040" <= sign <= "\u30ff" or "\u4e00" <= sign <= "\u9fff" for sign in text)


def test_the_classes_are_imagenets_in_its_order() -> None:
    assert list(hierarchy.read().classes) == build_tables.class_list(build_tables.IMAGENET_1K)


def test_every_hypernym_of_the_table_is_in_the_table() -> None:
    known = parents()
    assert [label for label, above in known.items() if not known.keys() >= set(above)] == []


def test_no_label_is_its_own_ancestor() -> None:
    shipped = hierarchy.read()
    assert [each for each in shipped.parents if each in shipped.ancestors(each)] == []


def test_the_display_table_never_adds_an_ancestor_that_wordnet_lacks() -> None:
    shipped = hierarchy.read()
    wordnet = hierarchy.Hierarchy(parents(), (), frozenset())
    liked = {label: {other} for _, label, other, _ in display("like")}
    wrong = [
        each
        for each in parents()
        if set(shipped.ancestors(each)) - {*wordnet.ancestors(each)} - liked.get(each, set())
    ]
    assert wrong == []
    assert all(label in shipped.classes for label in liked)


def test_every_cut_and_join_says_something_about_wordnet() -> None:
    wordnet = hierarchy.Hierarchy(parents(), (), frozenset())
    assert all(other in wordnet.parents[label] for _, label, other, _ in display("cut"))
    assert all(other in wordnet.ancestors(label) for _, label, other, _ in display("join"))


def test_what_is_shown_covers_something_and_at_most_half_of_the_classes() -> None:
    shipped = hierarchy.read()
    leaves = shipped.parents.keys() - shipped.children.keys()
    wordnets = shipped.shown & parents().keys()
    covered = {each: len(leaves.intersection(shipped.descendants(each))) for each in wordnets}
    assert {each: n for each, n in covered.items() if not 1 <= n <= 500} == {}
    assert all(each in shipped.children for each in wordnets)


def test_wary_classes_are_classes() -> None:
    shipped = hierarchy.read()
    assert shipped.wary <= set(shipped.classes)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_and_every_shown_ancestor_has_a_name(language: str) -> None:
    shipped = hierarchy.read()
    assert names(language).keys() == {*shipped.classes, *shipped.shown}
    assert all(name.strip() == name != "" for name in names(language).values())


def test_every_japanese_name_in_kanji_has_a_reading_in_kana() -> None:
    table = [(row[0], row[1], *row[3:]) for row in tables.rows("names.ja.tsv")]
    assert [
        label for label, name, *readings in table if has_kanji(name) and not any(readings)
    ] == []
    heard = {word for _, _, *cells in table for cell in cells for word in tables.many(cell)}
    assert [word for word in heard if romaji.of_kana(fold(word)) is None] == []


def test_words_that_call_no_tag_have_tags_near_them() -> None:
    words = Vocabulary.load()
    shown = {*hierarchy.read().classes, *hierarchy.read().shown}
    for word, labels in tables.rows("near.tsv"):
        assert not words.resolve(word), f"{word} calls a tag"
        assert shown.issuperset(tables.many(labels)), word


def test_there_is_a_japanese_table_and_its_names_are_japanese() -> None:
    assert "ja" in LANGUAGES
    assert [name for name in names("ja").values() if not is_japanese(name)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_labels_have_one_name_but_the_listed_ones(language: str) -> None:
    called: dict[str, list[str]] = {}
    for label, name in names(language).items():
        called.setdefault(fold(name), []).append(label)
    doubles = {frozenset(labels) for labels in called.values() if len(labels) > 1}
    assert doubles <= {frozenset(row[1:3]) for row in display("same")}


def test_listed_doubles_give_a_reason() -> None:
    assert all(len(reason) > 20 for *_, reason in display("same"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_synonym_is_not_its_own_name(language: str) -> None:
    for _, name, *synonyms in tables.rows(f"names.{language}.tsv"):
        assert name not in tables.many(synonyms[0] if synonyms else "")


@pytest.mark.parametrize("path", sorted(tables.DATA.glob("*.tsv")), ids=lambda path: path.name)
def test_every_table_says_where_it_comes_from(path: Path) -> None:
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first.startswith("# ")
    assert "licence" in second or "Apache-2.0" in first
    assert "Princeton" in (tables.DATA / "LICENSE.wordnet").read_text(encoding="utf-8")


def test_the_digest_changes_with_a_table(tmp_path: Path) -> None:
    (tmp_path / "names.en.tsv").write_text("n1\tcat\n", encoding="utf-8")
    before = tables.digest(tmp_path)
    assert before == tables.digest(tmp_path)
    (tmp_path / "names.en.tsv").write_text("n1\tdog\n", encoding="utf-8")
    assert tables.digest(tmp_path) != before


def test_the_builder_reads_wordnets_own_format(tmp_path: Path) -> None:
    (tmp_path / "data.noun").write_text(NOUNS, encoding="latin-1")
    nouns = build_tables.read_nouns(tmp_path / "data.noun")
    assert nouns["n00000200"].lemmas == ("animal", "wild beast")
    assert nouns["n00000300"].parents == ("n00000200", "n00000100")
    built = build_tables.table(["n00000300"], {"n00000300": 7}, nouns)
    assert built.splitlines()[-3:] == [
        "n00000100\t\tthing\t",
        "n00000200\tn00000100\tanimal;wild beast\t",
        "n00000300\tn00000200;n00000100\tcat\t7",
    ]


def test_the_builder_finds_nothing_wrong_with_the_names() -> None:
    shipped = hierarchy.read()
    assert build_tables.faults_of_names({*shipped.classes, *shipped.shown}) == []


def test_the_builder_tells_of_a_missing_name_and_of_one_for_nothing() -> None:
    shipped = hierarchy.read()
    needed = {*shipped.classes, *shipped.shown, "n99999999"} - {"n02123045"}
    faults = build_tables.faults_of_names(needed)
    assert "names.ja.tsv: n99999999 has no name" in faults
    assert "names.en.tsv: n02123045 is not shown" in faults


def test_every_word_of_a_person_or_a_place_calls_a_tag_and_no_branch_does() -> None:
    assert build_tables.faults_of_namesakes() == []


def test_the_words_of_people_and_places_have_no_doubles() -> None:
    words = [(kind, fold(word)) for kind, word in tables.rows("namesakes.tsv")]
    assert len(words) == len(set(words)) > 100
    assert {kind for kind, _ in words} == {"branch", "person", "place"}
