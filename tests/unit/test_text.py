"""What of a text names a tag, and what of it may reach a screen."""

from __future__ import annotations

import json
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.labels.vocabulary import fold, own_label
from tagd.metadata.keywords import folded
from tagd.text import escaped_json, tag_name, visible

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
FAMILY = "👨\u200d👩\u200d👧"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
LIBRARY = "کتاب\u200cخانه"
odd = st.text(st.characters(exclude_categories=[]) | st.sampled_from(BIDI + "\u200d\u200c\ufe0f"))


@pytest.mark.parametrize(
    "name",
    [LIBRARY, FAMILY, SCOTLAND, "❤\ufe0f", "葛\U000e0100", "അവന്\u200d", "\ue000", "Ångström"],
)
def test_what_shapes_a_word_stays(name: str) -> None:
    assert tag_name(name) == name
    assert own_label(name) == f"own:{name}"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Aunt \t\u3000 Ada\n", "Aunt Ada"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("evil\u202egpj\u202c", "evilgpj"),
        ("\u2067שלום\u2069", "שלום"),
        ("one\u2028two\u2029three", "one two three"),
        ("\ufeffsoft\u00adware\u200b", "software"),
        ("A\u030angstro\u0308m", "Ångström"),
        ("a\u200e\u0301", "á"),
        ("\ufffe\ufdd0x", "x"),
        ("\u200d\ufe0f\u202e", ""),
        ("", ""),
    ],
)
def test_what_is_never_seen_goes(text: str, name: str) -> None:
    assert tag_name(text) == name


@given(odd)
def test_a_name_is_what_it_is_and_fits_an_xml_file(text: str) -> None:
    name = tag_name(text)
    assert tag_name(name) == name == " ".join(name.split()) == normalize("NFC", name)
    assert not set(BIDI + "\u2028\u2029\x00\x1b\x7f\x9b\ufffe\uffff").intersection(name)
    assert folded(text) == folded(name)
    name.encode()


def test_a_search_forgives_what_only_shapes_a_word() -> None:
    assert fold(LIBRARY) == fold(LIBRARY.replace("\u200c", ""))
    assert fold("❤\ufe0f") == fold("❤")


@given(odd)
def test_a_visible_text_is_one_line_that_obeys_nothing(text: str) -> None:
    shown = visible(text)
    assert len(f"{shown}x".splitlines()) == 1
    assert not any(sign < " " or "\x7f" <= sign < "\xa0" or sign in BIDI for sign in shown)
    assert visible(shown) == shown


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(BIDI + "\x9b\u2028")))
def test_json_for_a_screen_says_the_same(text: str) -> None:
    shown = escaped_json(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    assert not set(BIDI + "\x9b\u2028").intersection(shown)
