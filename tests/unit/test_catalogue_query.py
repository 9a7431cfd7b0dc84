"""Queries, taken apart and put together again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.search.dates import bounds
from tagd.catalogue.search.parser import parse
from tagd.catalogue.search.query import (
    And,
    CameraTerm,
    ConfidenceTerm,
    ModelTerm,
    Not,
    Or,
    PathTerm,
    Query,
    SourceTerm,
    StateTerm,
    TagTerm,
    TakenTerm,
)
from tagd.domain import FileState, TagSource
from tagd.errors import QueryError

CAT, DOG, BIRD = TagTerm("cat"), TagTerm("dog"), TagTerm("bird")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", And()),
        ("   ", And()),
        ("cat", CAT),
        ("cat dog", And((CAT, DOG))),
        ("cat AND dog", And((CAT, DOG))),
        ("cat -dog", And((CAT, Not(DOG)))),
        ("cat NOT dog", And((CAT, Not(DOG)))),
        ("cat OR dog bird", Or((CAT, And((DOG, BIRD))))),
        ("(cat OR dog) bird", And((Or((CAT, DOG)), BIRD))),
        ("-(cat dog)", Not(And((CAT, DOG)))),
        ('"  fire   truck "', TagTerm("fire truck")),
        ('tag:"OR"', TagTerm("OR")),
        ("sia*", TagTerm("sia", beginning=True)),
        ('"hot d"*', TagTerm("hot d", beginning=True)),
        ("own:dogs", TagTerm("own:dogs")),
        ("t-shirt", TagTerm("t-shirt")),
        ("猫 -犬", And((TagTerm("猫"), Not(TagTerm("犬"))))),
        ("path:IMG(1).jpg", PathTerm("IMG(1).jpg")),
        ('path:"my  photos/"', PathTerm("my  photos/")),
        ("(path:a)", PathTerm("a")),
        ("camera:nikon", CameraTerm("nikon")),
        ("model:lite0", ModelTerm("lite0")),
        ("STATE:Failed", StateTerm(FileState.FAILED)),
        ("source:person", SourceTerm(TagSource.PERSON)),
        ("conf:>0.8", ConfidenceTerm(0.8, without_low=True)),
        ("conf:0.8", ConfidenceTerm(0.8)),
        ("conf:<=.5", ConfidenceTerm(high=0.5)),
        ("conf:0.5..0.8", ConfidenceTerm(0.5, 0.8)),
        ("taken:2024", TakenTerm("2024", "2024")),
        ("taken:2024-06..", TakenTerm("2024-06", None)),
        ("taken:..2024-06-30", TakenTerm(None, "2024-06-30")),
    ],
)
def test_what_is_understood(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("cat (dog", 4, "never closed"),
        ("cat) dog", 3, "nothing is open"),
        ('猫 "犬', 2, "quote is never closed"),
        ("cat OR", 4, "OR stands between"),
        ("OR cat", 0, "OR stands between"),
        ("cat -", 4, "needs something after it"),
        ("cat taken:", 4, "needs something after it"),
        ("cat NOT", 4, "what is to be excluded"),
        ('cat ""', 4, "nothing between these quotes"),
        ("taken:2024-13", 0, "there is no month 13"),
        ("taken:2023-02-29", 0, "has no day 29"),
        ("taken:2024..2023", 0, "2023 is before 2024"),
        ("taken:..", 0, "a beginning or an end"),
        ("taken:yesterday", 0, "'yesterday' is not a year"),
        ("conf:2", 0, "from 0 to 1"),
        ("conf:high", 0, "'high' is not a confidence"),
        ("cat foo:bar", 4, "there is no field 'foo'"),
        ("state:broken", 0, "there is no state 'broken'"),
        ("(" * 60, 50, "nested too deeply"),
        ("cat " + "a" * 201, 4, "longer than 200 letters"),
        ('"' + "a" * 100_000 + '"*', 0, "longer than 200 letters"),
        ("camera:" + "a" * 201, 0, "longer than 200 letters"),
        ("cat state:" + "a" * 201, 4, "longer than 200 letters"),
        ("path:" + "a" * 5000, 0, "longer than 4096 letters"),
        ("path:x " * 301, 2100, "more than 300 things"),
        ("-" * 100_000 + "a", 50, "nested too deeply"),
        ("a" * 100_000 + ":b", 0, "no field"),
    ],
)
def test_a_mistake_is_told_in_words_at_its_place(text: str, at: int, reason: str) -> None:
    with pytest.raises(QueryError, match=reason) as told:
        parse(text)
    assert told.value.at == at


def test_the_pointer_stands_below_the_mistake() -> None:
    with pytest.raises(QueryError) as told:
        parse("猫 sate:failed")
    assert str(told.value).splitlines()[1:] == [
        "  猫 sate:failed",
        "     ^",  # a 猫 is two columns wide
        "  did you mean state?",
    ]


def test_a_long_query_is_shown_around_its_mistake() -> None:
    with pytest.raises(QueryError) as told:
        parse("cat " * 200 + "sate:failed " + "dog " * 40)
    _, shown, pointer, _ = str(told.value).splitlines()
    assert len(shown) < 200
    assert shown[pointer.index("^") :].startswith("sate:failed")


@given(st.text() | st.text(alphabet='ab "()-:.*OR<>=0taken', max_size=30))
def test_reading_ends_in_a_query_or_in_an_error_of_its_own(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(str(query)) == query


WORDS = st.text(st.characters(exclude_characters='"', exclude_categories=["Z", "C"]), min_size=1)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
SHARES = st.floats(0, 1)

TERMS = st.one_of(
    st.builds(TagTerm, PHRASES, st.booleans()),
    st.builds(PathTerm, PHRASES),
    st.builds(CameraTerm, PHRASES),
    st.builds(ModelTerm, PHRASES),
    st.builds(StateTerm, st.sampled_from(FileState)),
    st.builds(SourceTerm, st.sampled_from(TagSource)),
    st.builds(lambda low, strict: ConfidenceTerm(low, 1.0, strict), SHARES, st.booleans()),
    st.tuples(SHARES, SHARES).map(sorted).map(lambda pair: ConfidenceTerm(pair[0], pair[1])),
    st.dates().map(str).map(lambda day: TakenTerm(day, day)),
    st.dates().map(str).map(lambda day: TakenTerm(day, None)),
)
QUERIES = st.recursive(
    TERMS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=4).map(tuple).map(And),
        st.lists(inner, min_size=2, max_size=4).map(tuple).map(Or),
    ),
    max_leaves=8,
)


@given(QUERIES)
def test_a_printed_query_is_read_as_itself(query: Query) -> None:
    assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (TakenTerm("2024-06", "2024-08"), (20240600000000, 20240900000000)),
        (TakenTerm("2024", "2024"), (20240000000000, 20250000000000)),
        (TakenTerm("2024-12-31", "2024-12-31"), (20241231000000, 20241232000000)),
        (TakenTerm(None, "2024"), (1, 20250000000000)),
    ],
)
def test_ends_count_whole(term: TakenTerm, expected: tuple[int, int]) -> None:
    assert bounds(term) == expected
