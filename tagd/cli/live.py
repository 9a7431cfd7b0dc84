"""The live screen of `tagd status --watch`."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tagd.app.status import PART_SECONDS
from tagd.cli import output
from tagd.cli.fitting import cut, shortened
from tagd.cli.output import WIDE
from tagd.cli.status import BETWEEN, JOB_WORDS, NAMES
from tagd.domain import JobState, TagState
from tagd.errors import TagdError
from tagd.fs import display
from tagd.installation import as_typed
from tagd.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console, RenderableType

    from tagd.app.status import Latest, Queued

EVERY_SECONDS, TELL_SECONDS = 1.0, 10.0
LEAST, TAGS = 2, 5  # photos that were tagged last, as many at least; tags of each
FRAME, BORDER = 4, 2  # columns and lines of a panel beside what it holds
OF_PACE, OF_ENDING = 1, 1  # lines
OF_WORDS = 34  # columns after the bars
ENDING = "q or Ctrl-C ends"
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown. `facts` are the lines of `tagd status`; `pace` counts photos in parts of
    `PART_SECONDS`."""

    facts: tuple[tuple[str, str], ...]
    queue: tuple[Queued, ...]
    pace: tuple[int, ...]
    latest: tuple[Latest, ...]


def watch(console: Console, look: Callable[[int], Screen]) -> None:
    """Show it anew every second, until `q` or Ctrl-C; where a terminal cannot go back to an earlier
    line, a line now and then. `look` is given the columns that there are for a fact."""
    if not console.is_terminal:
        raise TagdError("--watch is for a terminal", hint="`tagd status --json` is for programs")
    with suppress(KeyboardInterrupt), _keys() as ended:
        if console.is_dumb_terminal:
            _tell(look, ended)
        else:
            _show(console, look, ended)


def _show(console: Console, look: Callable[[int], Screen], ended: Callable[[float], bool]) -> None:
    with Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
        while True:
            screen = fit(look(console.width - FRAME), console.height)
            live.update(draw(screen, console.width), refresh=True)
            if ended(EVERY_SECONDS):
                return


def _tell(look: Callable[[int], Screen], ended: Callable[[float], bool]) -> None:
    last = ""
    output.line(ENDING)
    while True:
        screen = look(WIDE)
        facts = dict(screen.facts)
        line = "; ".join(f"{name}: {facts[name]}" for name in ("files", "queue", "pace"))
        for each in screen.latest[:1]:
            line += f"; tagged last: {display(each.path)}: {_tags(each)}"
        if line != last:
            output.line(f"{time.strftime('%H:%M:%S')} {line}")
            sys.stdout.flush()
        last = line
        if ended(TELL_SECONDS):
            return


@contextmanager
def _keys() -> Iterator[Callable[[float], bool]]:
    """Read keys: what this gives waits so many seconds, or until `q` is typed, and says whether."""
    if not sys.stdin.isatty():
        yield _wait
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)  # each key at once and unseen; Ctrl-C stays what it is
    try:
        yield lambda seconds: _is_ended(terminal, time.monotonic() + seconds)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _wait(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _is_ended(terminal: int, until: float) -> bool:
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            typed = os.read(terminal, 64)
            if not typed or b"q" in typed.lower():  # nothing: the terminal is gone
                return True
    return False


def fit(screen: Screen, lines: int) -> Screen:
    """Return what of it a screen of so many lines shows: always the queue and what was tagged last,
    and of the facts the first."""
    kinds = len({(each.kind, each.priority) for each in screen.queue})
    others = 4 * BORDER + OF_PACE + OF_ENDING + (1 + kinds if kinds else 1)
    least = min(LEAST, max(1, len(screen.latest)))
    room = max(1, lines - others - least)
    facts = screen.facts
    if len(facts) > room:
        facts = (*facts[: room - 1], ("", f"… {len(facts) - room + 1} more: `tagd status`"))
    return replace(screen, facts=facts, latest=screen.latest[: least + room - len(facts)])


def draw(screen: Screen, width: int) -> RenderableType:
    """Draw the whole screen, of so many columns."""
    room = width - FRAME
    parts = {
        "tagd": _facts(screen.facts, room),
        "pace": _pace(screen.pace, room),
        "queue": _queue(screen.queue),
        "tagged last": _latest(screen.latest, room),
    }
    return Group(
        *(
            Panel(part, title=name, title_align="left", border_style="dim")
            for name, part in parts.items()
        ),
        Text(ENDING, style="dim"),
    )


def bars(counts: Sequence[int]) -> str:
    """Draw the counts as a line of bars, the largest the full height."""
    most = max(counts, default=0)
    if not most:
        return _BARS[0] * len(counts)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)


def _facts(facts: Sequence[tuple[str, str]], room: int) -> Table:
    grid = Table.grid(padding=(0, BETWEEN))
    grid.add_column(style="dim")
    for name, value in facts:
        style = "red" if name in {"failures", "troubles"} else "yellow" if name == "mode" else ""
        grid.add_row(name, Text(cut(visible(as_typed(value)), room - NAMES), style=style))
    return grid


def _pace(counts: Sequence[int], room: int) -> Text:
    counts = counts[-max(1, room - OF_WORDS) :]
    text = Text(bars(counts), style="green")
    most = max(counts, default=0) / PART_SECONDS
    minutes = round(len(counts) * PART_SECONDS / 60)
    return text.append(f"  up to {most:.1f} photos/s in {minutes} min", style="dim")


def _queue(queue: Sequence[Queued]) -> RenderableType:
    if not queue:
        return Text("nothing waits", style="dim")
    rows: dict[tuple[str, str], Counter[JobState]] = {}
    for each in queue:
        key = (each.kind, each.priority.name.lower())
        rows.setdefault(key, Counter())[each.state] += each.jobs
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("kind", "priority"):
        grid.add_column(header)
    for state in JobState:
        grid.add_column(JOB_WORDS[state], justify="right")
    for (kind, priority), states in rows.items():
        grid.add_row(kind, priority, *(f"{states[state]:,}" for state in JobState))
    return grid


def _latest(latest: Sequence[Latest], room: int) -> RenderableType:
    if not latest:
        return Text("nothing yet", style="dim")
    grid = Table.grid(padding=(0, BETWEEN))
    grid.add_column()
    grid.add_column(style="green")
    of_tags = room // 2 - BETWEEN
    for each in latest:
        grid.add_row(shortened(each.path, room // 2), cut(visible(_tags(each)), of_tags))
    return grid


def _tags(photo: Latest) -> str:
    tags = [tag.name for tag in photo.tags if tag.state != TagState.REJECTED]
    return ", ".join(tags[:TAGS]) or "no tags"
