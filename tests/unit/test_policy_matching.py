"""Which photos a rule is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tagd.hours import hours_of
from tagd.policy.matching import first_match, matches_at_some_hour, matches_path, may_match, why_not
from tagd.policy.preferences import Rule
from tests.policy import PATH, context, machine


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("sport", "/photos/sport/a.jpg", True),
        ("sport", "/photos/sports/a.jpg", False),
        ("*.jpg", "/photos/sport/a.jpg", True),
        ("*.JPG", "/photos/sport/a.jpg", False),
        ("sport/*", "/photos/sport/a.jpg", True),
        ("sport/*", "/photos/sport/2024/a.jpg", False),
        ("sport/**", "/photos/sport/2024/a.jpg", True),
        ("port/*", "/photos/sport/a.jpg", False),
        ("/photos/*/a.jpg", "/photos/sport/a.jpg", True),
        ("/sport/*", "/photos/sport/a.jpg", False),
        ("/photos/**/a.jpg", "/photos/a.jpg", True),
        ("/photos/**/a.jpg", "/photos/x/y/a.jpg", True),
        ("x/?.jpg", "/photos/x/a.jpg", True),
        ("x/?.jpg", "/photos/x/ab.jpg", False),
        ("x/a.jpg", "/photos/x/aXjpg", False),
        ("x/*", "/photos/x/\udcff\n.jpg", True),
    ],
)
def test_a_path_matches_as_a_person_would_expect(pattern: str, path: str, matches: bool) -> None:
    assert matches_path(pattern, Path(path)) is matches


@pytest.mark.parametrize(
    ("rule", "photo", "why"),
    [
        ({}, {}, None),
        ({"path": "sport/*"}, {}, None),
        ({"path": "faces/*"}, {}, "its path is not faces/*"),
        ({"camera": "canon"}, {}, None),
        ({"camera": "*EOS*"}, {}, None),
        ({"camera": "Canon Canon*"}, {}, None),
        ({"camera": "*"}, {"camera_make": None, "camera_model": None}, "its camera is not *"),
        ({"camera": "nikon*"}, {}, "its camera is not nikon*"),
        ({"type": "jpeg"}, {}, None),
        ({"type": "RAW"}, {"format": "CR3"}, None),
        ({"type": "RAW"}, {}, "it is JPEG, not RAW"),
        ({"type": "CR2"}, {"format": "NEF"}, "it is NEF, not CR2"),
        ({"min_megapixels": 12.0}, {}, None),
        ({"min_megapixels": 12.1}, {}, "it has 12.0 megapixels, fewer than 12.1"),
        ({"max_megapixels": 12.0}, {}, None),
        ({"max_megapixels": 11.0}, {}, "it has 12.0 megapixels, more than 11"),
        ({"path": "sport/*", "type": "PNG"}, {}, "it is JPEG, not PNG"),
    ],
)
def test_whatever_is_set_must_hold(
    rule: dict[str, Any], photo: dict[str, Any], why: str | None
) -> None:
    assert why_not(Rule("r", **rule), context(**photo)) == why


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        ("08:00-18:00", "08:00", True),
        ("08:00-18:00", "17:59", True),
        ("08:00-18:00", "18:00", False),
        ("22:00-06:00", "23:30", True),
        ("22:00-06:00", "05:59", True),
        ("22:00-06:00", "06:00", False),
        ("22:00-06:00", "21:59", False),
        ("00:00-24:00", "23:59", True),
        ("20:00-24:00", "23:59", True),
        ("20:00-24:00", "00:00", False),
        ("07:00-07:00", "03:00", True),
    ],
)
def test_hours_go_up_to_their_end_and_over_midnight(hours: str, at: str, holds: bool) -> None:
    rule = Rule("r", hours=hours_of(hours))
    assert (why_not(rule, context(machine(at=at))) is None) is holds


@pytest.mark.parametrize("text", ["", "8:00-9:00", "24:00-06:00", "22:00", "22:60-06:00", "a-b"])
def test_what_is_no_part_of_the_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 22:00-06:00"):
        hours_of(text)


def test_the_first_rule_that_matches_counts() -> None:
    rules = [Rule("a", type="PNG"), Rule("b", camera="canon*"), Rule("c")]
    found = first_match(rules, context())
    assert found is not None
    assert found.name == "b"
    assert first_match(rules[:1], context()) is None


def test_of_a_file_that_nobody_has_read_only_the_path_is_known() -> None:
    assert may_match(Rule("r", path="sport/*", type="PNG", hours=hours_of("01:00-02:00")), PATH)
    assert not may_match(Rule("r", path="faces/*"), PATH)


def test_the_rules_of_some_hours_come_before_the_one_that_always_holds() -> None:
    night = Rule("night", hours=hours_of("22:00-06:00"), models=("a",))
    png = Rule("png", type="PNG", models=("b",))
    sport = Rule("sport", path="sport/*", models=("c",))
    late = Rule("late", hours=hours_of("23:00-24:00"), models=("d",))
    assert matches_at_some_hour((night, png, sport, late), context()) == (night, sport)
    assert matches_at_some_hour((png, night), context()) == (night, None)
    assert matches_at_some_hour((), context()) == (None,)
