"""What becomes of a photo by all its taggers together is told once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tagd.catalogue.tagging.differences import Difference, told_once
from tagd.domain import Tag

FIRST, SECOND = 1, 2
LABELS = ("cat", "dog", "sea")


def gains(tagger: int, *labels: str, others: dict[str, frozenset[int]] | None = None) -> Difference:
    tags = tuple(Tag(label, 0.9) for label in labels)
    return Difference(7, tagger, gained=tags, others=others or {})


def loses(tagger: int, *labels: str, others: dict[str, frozenset[int]] | None = None) -> Difference:
    return Difference(7, tagger, lost=labels, others=others or {})


def test_a_label_that_two_give_comes_once() -> None:
    one, other = told_once([gains(FIRST, "cat"), gains(SECOND, "cat", "sea")])
    assert (one.come, other.come) == (("cat",), ("sea",))


def test_a_label_that_both_give_up_goes_once() -> None:
    one, other = told_once(
        [
            loses(FIRST, "cat", others={"cat": frozenset({SECOND})}),
            loses(SECOND, "cat", others={"cat": frozenset({FIRST})}),
        ]
    )
    assert (one.gone, other.gone) == (("cat",), ())


def test_a_label_that_another_gives_neither_comes_nor_goes() -> None:
    stands = {"cat": frozenset({SECOND})}
    [kept] = told_once([loses(FIRST, "cat", others=stands)])
    [known] = told_once([gains(FIRST, "cat", others=stands)])
    assert (kept.gone, known.come) == ((), ())


def test_photos_are_told_apart() -> None:
    elsewhere = Difference(8, FIRST, gained=(Tag("cat", 0.9),))
    assert [each.come for each in told_once([gains(SECOND, "cat"), elsewhere])] == [("cat",)] * 2


@given(*[st.sets(st.sampled_from(LABELS)) for _ in range(4)])
def test_it_is_what_a_person_sees(
    had_one: set[str], had_other: set[str], has_one: set[str], has_other: set[str]
) -> None:
    before = {FIRST: had_one, SECOND: had_other}
    after = {FIRST: has_one, SECOND: has_other}
    found = [
        Difference(
            7,
            tagger,
            gained=tuple(Tag(label, 0.9) for label in sorted(after[tagger] - before[tagger])),
            lost=tuple(sorted(before[tagger] - after[tagger])),
            others={label: frozenset({3 - tagger}) for label in before[3 - tagger]},
        )
        for tagger in (FIRST, SECOND)
    ]
    told = told_once(found)
    come = [label for each in told for label in each.come]
    gone = [label for each in told for label in each.gone]
    assert sorted(come) == sorted((has_one | has_other) - (had_one | had_other))
    assert sorted(gone) == sorted((had_one | had_other) - (has_one | has_other))
