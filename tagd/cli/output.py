"""Printing: lines, tables, JSON and NUL-ended paths. Nothing here knows what it prints."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tagd.installation import as_typed
from tagd.text import escaped_json, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

WIDE = 100_000  # columns where nobody sees an edge: nothing is folded in a file or a pipe


def line(text: str = "") -> None:
    """Print one line for a person, or for `grep`; commands in it are as they can be typed."""
    sys.stdout.write(visible(as_typed(text)) + "\n")


def row(*cells: str) -> None:
    """Print one line of cells with tabs between them, for `cut`."""
    sys.stdout.write("\t".join(map(visible, cells)) + "\n")


def note(text: str) -> None:
    """Lines on stderr: messages, not data."""
    sys.stderr.write("".join(visible(each) + "\n" for each in as_typed(text).splitlines()))


def as_json(value: Any) -> None:
    """Print the value as JSON in UTF-8, whatever the terminal's encoding is."""
    text = escaped_json(json.dumps(value, ensure_ascii=False, indent=2))
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace") + b"\n")


def null_paths(keys: Iterable[bytes]) -> None:
    """Paths as the bytes that they are, each ended by NUL."""
    sys.stdout.flush()
    for key in keys:
        sys.stdout.buffer.write(key + b"\0")


def console(*, stderr: bool = False) -> Console:
    """Make a rich console that prints text as it stands: no markup, no emoji names, no
    highlighting.

    Colours only on a terminal, and not where NO_COLOR is set (https://no-color.org).
    """
    from rich.console import Console  # lazy: 0.05 s, and a search needs none

    file = sys.stderr if stderr else sys.stdout
    width = None if file.isatty() else WIDE
    return Console(file=file, width=width, markup=False, emoji=False, highlight=False)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], numbers: str = "") -> None:
    """Rows under headers. `numbers` names the headers whose columns are right-aligned.

    On a terminal long cells are folded, elsewhere each row is one line; nothing is ever cut off.
    """
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        right = header in numbers.split()
        grid.add_column(header, justify="right" if right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(visible(str(cell)) for cell in row))
    screen = console()
    if screen.is_terminal:
        screen.print(grid)
        return
    with screen.capture() as captured:
        screen.print(grid)
    for text in captured.get().splitlines():
        sys.stdout.write(text.rstrip() + "\n")


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Named values, one a line, with the values aligned."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        line(f"{name:<{width}}  {value}")


def labelled(label: str, style: str, text: str) -> None:
    """Print a line that begins with a word in colour."""
    from rich.text import Text

    console().print(
        Text(f"{label:<8} ", style=style).append(visible(as_typed(text)), style="default")
    )


def count(number: int, one: str, many: str = "") -> str:
    """Write `1 photo`, `2 photos`, `12,345 photos`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Write a time span for people: `0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, part_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // part} {part_unit}"
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


def local(seconds: float) -> str:
    """Seconds since 1970 as local time."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")
