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
    NearTerm,
    Not,
    Or,
    PathTerm,
    PlacedTerm,
    Query,
    RatingTerm,
    SourceTerm,
    StateTerm,
    TagCountTerm,
    TaggerTerm,
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
        ("everyday:screenshot", TagTerm("everyday:screenshot")),
        ("tagger:everyday", TaggerTerm("everyday")),
        ("tags:0", TagCountTerm(0, 0)),
        ("tags:>=3", TagCountTerm(3)),
        ("tags:<3", TagCountTerm(0, 2)),
        ("tags:1..3", TagCountTerm(1, 3)),
        ("rating:4", RatingTerm(4, 4)),
        ("rating:>=3", RatingTerm(3, 5)),
        ("rating:<0", RatingTerm(-1, -1)),
        ("rating:-1", RatingTerm(-1, -1)),
        ("RATING:None", RatingTerm()),
        ("gps:yes -gps:no", And((PlacedTerm(True), Not(PlacedTerm(False))))),
        ("near:35.68,139.77,5", NearTerm(35.68, 139.77, 5)),
        ("near:-33.9,-151.2,0.5km", NearTerm(-33.9, -151.2, 0.5)),
    ],
)
def test_what_is_understood(text: str, query: Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("（猫 ＯＲ 犬）　車", "(猫 OR 犬) 車"),
        ("−犬", "-犬"),
        ("－犬", "-犬"),
        ("ー犬", "-犬"),
        ("猫 ー（犬　鳥）", "猫 -(犬 鳥)"),
        ("スキー", "スキー"),
        ("path：料理", "path:料理"),
        ("ｐａｔｈ：料理", "path:料理"),
        ("conf：＞0.9", "conf:>0.9"),
        ("conf:０.５〜０.８", "conf:0.5..0.8"),
        ("taken：２０２４", "taken:2024"),
        ("taken:2023～2024", "taken:2023..2024"),
        ("taken:2024年", "taken:2024"),
        ("taken:2024年6月", "taken:2024-06"),
        ("taken:２０２４年６月１日", "taken:2024-06-01"),
        ("taken:2024/6/1..2024/12", "taken:2024-06-01..2024-12"),
        ("「消防 車」", '"消防 車"'),
        ("『消防 車』", '"消防 車"'),
        ("“fire truck”", '"fire truck"'),
        ("”fire truck”", '"fire truck"'),
        ("＂fire truck＂", '"fire truck"'),
        ("シャ＊", "シャ*"),
        ("犬、猫", "犬 猫"),
        ("dog, cat", "dog cat"),
        ("犬，　猫", "犬 猫"),
        ("rating：＞＝３", "rating:>=3"),
        ("near：35.0、135.7、5", "near:35.0,135.7,5"),
    ],
)
def test_what_an_input_method_types_is_understood(typed: str, text: str) -> None:
    assert parse(typed) == parse(text)


def test_what_is_searched_for_stays_as_it_was_typed() -> None:
    assert parse("path:京都（春）/") == PathTerm("京都（春）/")
    assert parse("path：２０２４") == PathTerm("２０２４")
    assert parse('"猫：黒"') == TagTerm("猫：黒")
    assert parse("own:猫（黒）") == TagTerm("own:猫（黒）")
    assert parse('"「黒」"') == TagTerm("「黒」")


def test_a_place_in_what_an_input_method_typed_is_pointed_at() -> None:
    with pytest.raises(QueryError, match="never closed") as told:
        parse("猫　（犬")
    assert told.value.at == 2


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
        ("tags:many", 0, "'many' is not a number"),
        ("cat tags:-1", 4, "tags is 0 or more"),
        ("tags:<0", 0, "nothing lies there"),
        ("tags:3..1", 0, "the lower number comes first"),
        ("rating:6", 0, "from -1 to 5"),
        ("rating:>5", 0, "from -1 to 5"),
        ("gps:perhaps", 0, "yes or no"),
        ("near:Kyoto", 0, "is not a place"),
        ("near:91,0,1", 0, "latitudes end at 90"),
        ("near:0,0,0", 0, "latitudes end at 90"),
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


SIGNS = 'ab "()-:.*OR<>=0,taken（）ー−：「」“”〜＊ＯＲ'


@given(st.text() | st.text(alphabet=SIGNS, max_size=30))
def test_reading_ends_in_a_query_or_in_an_error_of_its_own(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(str(query)) == query


WORDS = st.text(st.characters(exclude_characters='"', exclude_categories=["Z", "C"]), min_size=1)
PHRASES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
SHARES = st.floats(0, 1)
COUNTS, STARS = st.integers(0, 9999), st.integers(-1, 5)
DEGREES = st.integers(-90_000_000, 90_000_000).map(lambda millionths: millionths / 1e6)

TERMS = st.one_of(
    st.builds(TagTerm, PHRASES, st.booleans()),
    st.builds(PathTerm, PHRASES),
    st.builds(CameraTerm, PHRASES),
    st.builds(ModelTerm, PHRASES),
    st.builds(TaggerTerm, PHRASES),
    st.builds(PlacedTerm, st.booleans()),
    st.builds(lambda low, more: TagCountTerm(low, low + more), COUNTS, COUNTS),
    st.builds(TagCountTerm, COUNTS),
    st.tuples(STARS, STARS).map(sorted).map(lambda pair: RatingTerm(pair[0], pair[1])),
    st.just(RatingTerm()),
    st.builds(NearTerm, DEGREES, DEGREES, st.integers(1, 20_000).map(lambda m: m / 1000)),
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
