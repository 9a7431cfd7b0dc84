"""What is printed, for people, for grep and for programs."""

from __future__ import annotations

import io
import json
import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagd.cli import fitting, output


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_control_characters_are_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    output.line("a\nb\x1b[31mc\td\x7f猫 é")
    assert capsys.readouterr().out == "a\\nb\\x1b[31mc\\td\\x7f猫 é\n"


@given(st.text(max_size=200))
def test_a_long_name_is_cut_for_the_screen(name: str) -> None:
    shown = fitting.short(name)
    assert shown == name or shown.endswith("…")
    assert len(shown) <= fitting.NAME_COLUMNS
    assert fitting.short(shown) == shown


def test_wide_signs_take_two_columns() -> None:
    assert fitting.short("猫" * 30) == "猫" * 30
    assert fitting.short("猫" * 31) == "猫" * 29 + "…"


def test_json_is_utf_8_and_readable(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.as_json({"tag": "猫", "path": "/a\\xff.jpg"})
    sys.stdout.flush()
    written = capfdbinary.readouterr().out
    assert "猫".encode() in written
    assert json.loads(written) == {"tag": "猫", "path": "/a\\xff.jpg"}


def test_null_paths_are_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.null_paths([b"/a b", os.fsencode("/\udcff\n")])
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"/a b\0/\xff\n\0"


def test_a_table_in_a_pipe_has_a_line_a_row_and_cuts_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = "/photos/" + "very long/" * 60 + "[bold]name :smile:.jpg"
    output.table(["path", "files"], [[long, 3], ["/b", 1200]], numbers="files")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].startswith(long)
    assert [line.split()[-1] for line in lines] == ["files", "3", "1200"]
    assert not any(line.endswith(" ") for line in lines)
    assert len({len(line) for line in lines}) == 1, "numbers are set to the right"


def test_a_table_on_a_narrow_terminal_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    long = "/photos/" + "x" * 100
    output.table(["path"], [[long]])
    shown = terminal.getvalue()
    body = shown.splitlines()[1:]
    assert "".join(line.strip() for line in body) == long
    assert all(len(line) <= 40 for line in body)
    assert "\x1b[1m" in shown


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    output.labelled("problem", "red", "the disk is full")
    assert "\x1b[3" not in terminal.getvalue()
    monkeypatch.delenv("NO_COLOR")
    output.labelled("problem", "red", "the disk is full")
    assert "\x1b[31m" in terminal.getvalue()


def test_facts_stand_under_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    output.facts([("queue", "3 waiting"), ("model", "lite0")])
    assert capsys.readouterr().out == "queue  3 waiting\nmodel  lite0\n"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (5.14, "5.1 s"),
        (42.4, "42 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (86400 * 3 + 4 * 3600, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, shown: str) -> None:
    assert output.duration(seconds) == shown


def test_counts() -> None:
    assert output.count(1, "photo") == "1 photo"
    assert output.count(12345, "photo") == "12,345 photos"
    assert output.count(0, "copy", "copies") == "0 copies"
