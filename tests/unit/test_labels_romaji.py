"""Japanese in Latin letters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels.romaji import folded, of_kana
from tagd.labels.vocabulary import fold

KANA = "".join(map(chr, range(ord("ぁ"), ord("ゔ") + 1))) + "ー"


@pytest.mark.parametrize(
    ("kana", "latin"),
    [
        ("ねこ", "neko"),
        ("いぬ", "inu"),
        ("さくら", "sakura"),
        ("シャツ", "shatsu"),
        ("まっちゃ", "matcha"),
        ("ざっし", "zasshi"),
        ("じてんしゃ", "jitensha"),
        ("フィンチ", "finchi"),
        ("ヴァイオリン", "vaiorin"),
        ("りょうり", "ryouri"),
    ],
)
def test_kana_in_hepburn(kana: str, latin: str) -> None:
    assert of_kana(fold(kana)) == latin


@pytest.mark.parametrize("text", ["猫", "cat", "ねこ1", "", "ー"])
def test_what_is_not_kana_alone_has_none(text: str) -> None:
    assert of_kana(fold(text)) is None


@pytest.mark.parametrize(
    "spellings",
    [
        ("tokyo", "toukyou", "tookyoo", "Tōkyō"),
        ("ryori", "ryouri", "ryoori", "ryôri"),
        ("susi", "sushi"),
        ("matcha", "maccha", "mattya"),
        ("shinbun", "shimbun", "sinbun"),
        ("koohii", "kohi"),
        ("jitensha", "zitensya"),
        ("fune", "hune"),
        ("okami", "ookami"),
    ],
)
def test_ways_of_writing_are_forgiven(spellings: tuple[str, ...]) -> None:
    assert len({folded(fold(spelling)) for spelling in spellings}) == 1


@given(st.text(alphabet=KANA, min_size=1, max_size=12))
def test_all_kana_become_latin_letters(kana: str) -> None:
    latin = of_kana(fold(kana))
    assert latin is None or (latin.isascii() and latin.isalpha() and latin.islower())


@given(st.text(alphabet=KANA, min_size=1, max_size=12))
def test_comparing_twice_is_comparing_once(kana: str) -> None:
    latin = folded(of_kana(fold(kana)) or "")
    assert folded(latin) == latin
