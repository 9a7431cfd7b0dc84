"""Text that fits into so many columns of a terminal, shortened where it says least."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tagd.cli.output import WIDE
from tagd.errors import columns
from tagd.fs import display
from tagd.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME_COLUMNS = 60  # of a tag's name


def terminal_columns() -> int:
    """Return how wide the terminal is; as wide as anything where output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else WIDE


def cut(text: str, room: int) -> str:
    """Return the text, or its beginning and `…` where it is longer than so many columns."""
    if columns(text) <= room:
        return text
    return _beginning(text, room - 1) + "…"


def short(name: str) -> str:
    """Return the name of a tag as a table has room for it; JSON and CSV have it whole."""
    return cut(name, NAME_COLUMNS)


def shortened(path: Path, room: int) -> str:
    """Return the path, with `~` for home; where that is too long, without some of its middle."""
    text = visible(_from_home(path))
    if columns(text) <= room:
        return text
    name = "/" + text.rpartition("/")[2]
    most = max((room - 1) * 2 // 3, min(columns(name), room - 3))
    end = _beginning(text[::-1], most)[::-1]
    if columns(name) <= columns(end):
        end = end[end.find("/") :]  # begins with a whole name
    return _beginning(text, room - 1 - columns(end)) + "…" + end


def said_of(path: Path, what: str, room: int) -> str:
    """Write `path: what` in one line. The path has half of it, and what the reason leaves."""
    what = " ".join(visible(what).split())
    name = shortened(path, max(room // 2, room - 2 - columns(what)))
    return f"{name}: {cut(what, room - 2 - columns(name))}"


def wrapped(name: str, text: str, room: int) -> Iterator[tuple[str, str]]:
    """Write a named value in as many lines as it needs, broken between words."""
    line = ""
    for word in text.split():
        if line and columns(f"{line} {word}") > room:
            yield name, line
            name, line = "", word
        else:
            line = f"{line} {word}".strip()
    yield name, line


def _from_home(path: Path) -> str:
    home = os.environ.get("HOME")
    if home and path.is_relative_to(home) and home != "/":
        return str(Path("~") / display(path.relative_to(home)))
    return display(path)


def _beginning(text: str, room: int) -> str:
    """Return as much of the text as fits."""
    for number, sign in enumerate(text):
        room -= columns(sign)
        if room < 0:
            return text[:number]
    return text
