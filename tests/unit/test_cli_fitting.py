"""Paths and reasons in so many columns of a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.cli.fitting import cut, said_of, shortened, wrapped
from tagd.errors import columns

TEXTS = st.text(st.sampled_from("aあ写か\u3099é /.-\n\x1b"), max_size=60)


@given(TEXTS, st.integers(1, 80))
def test_what_is_cut_fits_and_is_whole_where_it_does(text: str, room: int) -> None:
    assert columns(cut(text, room)) <= room
    if columns(text) <= room:
        assert cut(text, room) == text


@given(TEXTS, st.integers(4, 80))
def test_a_path_fits_and_keeps_its_beginning_and_its_end(text: str, room: int) -> None:
    told = shortened(Path("/", text.replace("\x1b", "")), room)
    assert columns(told) <= room
    assert told.startswith("/")


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/home/aki/a.jpg", "~/a.jpg"),
        ("/home/aki", "~"),
        ("/home/akiko/a.jpg", "/home/akiko/a.jpg"),
        ("/home/aki/Pictures/2024/holidays/a.jpg", "~/Pictures…/a.jpg"),
        ("/srv/" + "n" * 40 + ".jpg", "/s…nnnnnnnnnnnnnn.jpg"),
    ],
)
def test_home_is_a_tilde_and_the_middle_goes(
    path: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/aki")
    assert shortened(Path(path), len(told)) == told


@given(TEXTS, TEXTS, st.integers(20, 100))
def test_a_failure_is_one_line(path: str, reason: str, room: int) -> None:
    told = said_of(Path("/", path.replace("\n", "")), reason, room)
    assert "\n" not in told
    assert columns(told) <= room


def test_a_value_is_broken_between_words() -> None:
    assert list(wrapped("troubles", "the disk is full", 9)) == [
        ("troubles", "the disk"),
        ("", "is full"),
    ]
