"""Queries, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.query import PathTerm, Query, TagTerm, parse


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("cat", (TagTerm("cat"),)),
        ("cat dog", (TagTerm("cat"), TagTerm("dog"))),
        ('"fire truck" cat', (TagTerm("fire truck"), TagTerm("cat"))),
        ('"  fire   truck "', (TagTerm("fire truck"),)),
        ('-"hot dog"', (TagTerm("hot dog", excluded=True),)),
        ("-cat", (TagTerm("cat", excluded=True),)),
        ("path:/a/b", (PathTerm("/a/b"),)),
        ('-path:"my  photos/"', (PathTerm("my  photos/", excluded=True),)),
        ("t-shirt x-ray", (TagTerm("t-shirt"), TagTerm("x-ray"))),
        ('"open', (TagTerm("open"),)),
        ('""', ()),
        ("-", ()),
        ("- cat", (TagTerm("cat"),)),
        ("path:", (TagTerm("path:"),)),
        ("猫 -犬", (TagTerm("猫"), TagTerm("犬", excluded=True))),
    ],
)
def test_what_is_understood(text: str, terms: tuple[TagTerm | PathTerm, ...]) -> None:
    assert parse(text) == Query(terms)


@given(st.text())
def test_every_text_is_a_query(text: str) -> None:
    assert all(term.text for term in parse(text).terms)


PHRASES = st.text(st.characters(exclude_characters='"', exclude_categories=["Z", "C"]), min_size=1)


@given(st.lists(st.tuples(st.lists(PHRASES, min_size=1, max_size=3), st.booleans()), max_size=4))
def test_quoted_phrases_come_back_whole(phrases: list[tuple[list[str], bool]]) -> None:
    terms = tuple(TagTerm(" ".join(words), excluded) for words, excluded in phrases)
    text = " ".join(f'{"-" * term.excluded}"{term.text}"' for term in terms)
    assert parse(text) == Query(terms)
    assert parse(text).tags == terms
    assert parse(text).paths == ()
