"""The live screen."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from tagd.catalogue.reports.activity import Latest, Queued
from tagd.catalogue.reports.shown_tags import ShownTag
from tagd.cli.fitting import said_of
from tagd.cli.live import Screen, bars, draw, fit, watch
from tagd.domain import JobKind, JobState, Priority, TagSource, TagState
from tagd.errors import TagdError

EMPTY = Screen(facts=(("daemon", "not running"),), queue=(), pace=(0,) * 60, latest=())


def shown(screen: Screen, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, record=True, markup=False, emoji=False)
    console.print(draw(screen, width))
    return console.export_text()


def tag(name: str, state: TagState = TagState.ACTIVE) -> ShownTag:
    return ShownTag(name, "n1", 0.9, TagSource.MODEL, state, "lite0", "classifier")


def test_at_work() -> None:
    tags = (tag("cat"), tag("dog", TagState.REJECTED), tag("animal"))
    screen = Screen(
        facts=(("daemon", "tagd run"), ("failures", "/p/[red]\x1b.jpg: ends too early")),
        queue=(
            Queued(JobKind.TAG, Priority.NEW, JobState.WAITING, 1204, 0.0),
            Queued(JobKind.TAG, Priority.NEW, JobState.LEASED, 8, 0.0),
            Queued(JobKind.TAG, Priority.RESCAN, JobState.WAITING, 5, 0.0),
        ),
        pace=(0, 5, 20),
        latest=(Latest(Path("/p/a.jpg"), tags), Latest(Path("/p/b.jpg"), ())),
    )
    text = shown(screen)
    assert "▁▃█  up to 2.0 photos/s" in text
    assert "/p/[red]\\x1b.jpg: ends too early" in text
    rows = [line.strip("│ ").split() for line in text.splitlines()]
    assert ["tag", "new", "1,204", "8", "0"] in rows
    assert ["tag", "rescan", "5", "0", "0"] in rows
    assert ["/p/a.jpg", "cat,", "animal"] in rows
    assert ["/p/b.jpg", "no", "tags"] in rows


def test_nothing_to_do() -> None:
    assert "nothing waits" in shown(EMPTY)
    assert "nothing yet" in shown(EMPTY)


def a_bad_day(failures: int, latest: int) -> Screen:
    """Many failures at long paths, a queue, and what was tagged last."""
    path = Path("/srv/photos/a folder with a long name/another one below it/2024/05/img_0001.jpg")
    failed = said_of(path, "not an image: it looks like text, and nothing else is known of it", 65)
    facts = [("daemon", "tagd run"), ("files", "349 tagged"), ("queue", "12 waiting")]
    return Screen(
        facts=(*facts, *[("failures", failed)] * failures),
        queue=(Queued(JobKind.TAG, Priority.NEW, JobState.WAITING, 12, 0.0),),
        pace=(0,) * 60,
        latest=(Latest(path, (tag("cat"),)),) * latest,
    )


@given(st.integers(0, 9), st.integers(0, 6), st.integers(24, 60))
def test_the_queue_and_the_last_tags_are_always_seen(
    failures: int, latest: int, lines: int
) -> None:
    text = shown(fit(a_bad_day(failures, latest), lines), 80)
    assert len(text.splitlines()) <= lines
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "waiting" in text
    assert text.count("img_0001.jpg") >= min(latest, 2)
    assert "q or Ctrl-C ends" in text
    assert re.search(r"│ daemon +tagd run", text)
    assert text.count("not an image") == failures or "more: `" in text


@given(st.lists(st.integers(0, 10_000), max_size=80))
def test_bars_are_as_high_as_the_counts(counts: list[int]) -> None:
    drawn = bars(counts)
    assert len(drawn) == len(counts)
    assert sorted(zip(counts, drawn, strict=True), key=lambda each: each[0]) == sorted(
        zip(counts, drawn, strict=True), key=lambda each: (each[0], each[1])
    )
    assert all((bar == "▁") == (count == 0) for count, bar in zip(counts, drawn, strict=True))


def test_it_is_for_a_terminal() -> None:
    with pytest.raises(TagdError, match="terminal"):
        watch(Console(file=io.StringIO()), lambda _: EMPTY)
