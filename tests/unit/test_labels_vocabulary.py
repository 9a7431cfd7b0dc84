"""Names in several languages, and words of several languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels.vocabulary import Vocabulary, fold

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Vocabulary.load()
SIAMESE, ESPRESSO, CAT = "n02123597", "n07920052", "n02121808"


@pytest.mark.parametrize(
    ("label", "english", "japanese"),
    [
        (SIAMESE, "Siamese cat", "シャムネコ"),
        (ESPRESSO, "espresso", "エスプレッソ"),
        (CAT, "cat", "猫"),
        ("n02084071", "dog", "犬"),
        ("n00015388", "animal", "動物"),
        ("n09287968", "landscape", "風景"),
        ("n03345487", "fire engine", "消防車"),
        ("n04554684", "washing machine", "洗濯機"),
        ("n04507155", "umbrella", "傘"),
        ("n03028079", "church", "教会"),
        ("n01614925", "bald eagle", "ハクトウワシ"),
        ("n02012849", "crane", "鶴"),
        ("n03126707", "construction crane", "クレーン"),
    ],
)
def test_names_are_the_usual_words(label: str, english: str, japanese: str) -> None:
    assert WORDS.name(label) == english
    assert WORDS.name(label, "ja") == japanese


def test_a_language_without_a_table_gives_english_and_an_unknown_label_itself() -> None:
    assert WORDS.name(CAT, "tlh") == "cat"
    assert WORDS.name("our car", "ja") == "our car"


@pytest.mark.parametrize(
    "text",
    ["cat", "CAT", "Ｃａｔ", "猫", "ネコ", "ねこ", "ﾈｺ", "house cat", "n02121808", "  cat "],
)
def test_a_cat_is_found_however_it_is_written(text: str) -> None:
    assert CAT in WORDS.resolve(text)


@pytest.mark.parametrize("text", ["consomme", "CONSOMMÉ", "コンソメ", "こんそめ"])
def test_accents_and_scripts_are_forgiven(text: str) -> None:
    assert WORDS.resolve(text) == {"n07584110"}


def test_middle_dots_and_hyphens_are_forgiven() -> None:
    assert (
        WORDS.resolve("ゴールデンレトリーバー")
        == WORDS.resolve("golden-retriever")
        == {"n02099601"}
    )


def test_voicing_is_not_forgiven() -> None:
    assert fold("か") != fold("が")
    assert fold("ハ") != fold("バ")


def test_a_word_of_several_meanings_gives_them_all() -> None:
    assert WORDS.resolve("crane") == {"n02012849", "n03126707"}
    assert WORDS.labels_named("crane") == ["n02012849", "n03126707"]


def test_nothing_is_called_nothing() -> None:
    assert WORDS.resolve("") == WORDS.starting_with(" ") == frozenset()
    assert WORDS.resolve("qwertz") == frozenset()


def test_beginnings_in_any_language() -> None:
    assert SIAMESE in WORDS.starting_with("sia")
    assert SIAMESE in WORDS.starting_with("しゃむ")
    assert WORDS.starting_with("espress") == {ESPRESSO, "n03297495"}


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("chihuaha", "Chihuahua"), ("expresso", "espresso"), ("エスプレッサ", "エスプレッソ")],
)
def test_a_typing_error_is_answered_with_the_nearest_names(typed: str, meant: str) -> None:
    assert meant in WORDS.suggest(typed)


@pytest.mark.parametrize(
    ("typed", "meant"), [("dgo", "dog"), ("cta", "cat"), ("brid", "bird"), ("ラオイン", "ライオン")]
)
def test_two_letters_in_the_wrong_order_are_thought_of_first(typed: str, meant: str) -> None:
    assert WORDS.suggest(typed)[0] == meant


def test_what_is_near_nothing_has_no_suggestion() -> None:
    assert WORDS.suggest("zzzzzzzz") == WORDS.suggest("Aunt Ada") == []
    assert len(WORDS.suggest("terrier", most=2)) == 2


def test_a_further_language_is_a_further_file(tmp_path: Path) -> None:
    (tmp_path / "names.en.tsv").write_text("n1\tcat\tpussycat;tom cat\nn2\tdog\n", encoding="utf-8")
    (tmp_path / "names.de.tsv").write_text("n1\tKatze\tMieze\n", encoding="utf-8")
    own = Vocabulary(tmp_path)
    assert own.languages == ("en", "de")
    assert own.name("n1", "de") == "Katze"
    assert own.name("n2", "de") == "dog"
    assert own.resolve("mieze") == own.resolve("Tom-Cat") == {"n1"}


@pytest.mark.parametrize("language", WORDS.languages)
def test_every_name_means_its_label(language: str) -> None:
    labels = WORDS.starting_with("a") | WORDS.starting_with("ア") | {CAT, SIAMESE, ESPRESSO}
    assert all(label in WORDS.resolve(WORDS.name(label, language)) for label in labels)


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
