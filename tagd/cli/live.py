"""The live screen of `tagd status --watch`."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from tagd.catalogue import activity
from tagd.cli.output import visible
from tagd.cli.status import JOB_WORDS
from tagd.domain import JobState, TagState
from tagd.errors import TagdError
from tagd.fs import display
from tagd.installation import as_typed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, RenderableType
    from sqlalchemy import Connection

    from tagd.catalogue.activity import Latest, Queued

EVERY_SECONDS = 1.0
PART_SECONDS, PARTS = 10.0, 60  # the pace is shown over ten minutes
LATEST, TAGS = 6, 5
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Screen:
    """What is shown. `facts` are the lines of `tagd status`; `pace` counts photos in parts of
    `PART_SECONDS`."""

    facts: tuple[tuple[str, str], ...]
    queue: tuple[Queued, ...]
    pace: tuple[int, ...]
    latest: tuple[Latest, ...]


def gather(tx: Connection, facts: Sequence[tuple[str, str]], now: float) -> Screen:
    """One moment of the catalogue."""
    return Screen(
        facts=tuple(facts),
        queue=tuple(activity.queue(tx)),
        pace=tuple(activity.pace(tx, now, PART_SECONDS, PARTS)),
        latest=tuple(activity.latest(tx, LATEST)),
    )


def watch(console: Console, look: Callable[[], Screen]) -> None:
    """Show it anew every second, until Ctrl-C."""
    if not console.is_terminal:
        raise TagdError("--watch is for a terminal", hint="`tagd status --json` is for programs")
    with Live(draw(look()), console=console, screen=True, auto_refresh=False) as live:
        try:
            while True:
                live.update(draw(look()), refresh=True)
                time.sleep(EVERY_SECONDS)
        except KeyboardInterrupt:
            return


def draw(screen: Screen) -> RenderableType:
    """The whole screen."""
    return Group(
        Panel(_facts(screen.facts), title="tagd", title_align="left", border_style="dim"),
        Panel(_pace(screen.pace), title="pace", title_align="left", border_style="dim"),
        Panel(_queue(screen.queue), title="queue", title_align="left", border_style="dim"),
        Panel(_latest(screen.latest), title="tagged last", title_align="left", border_style="dim"),
    )


def bars(counts: Sequence[int]) -> str:
    """The counts as a line of bars, the largest the full height."""
    most = max(counts, default=0)
    if not most:
        return _BARS[0] * len(counts)
    return "".join(_BARS[-(-count * (len(_BARS) - 1) // most)] for count in counts)


def _facts(facts: Sequence[tuple[str, str]]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(overflow="fold")
    for name, value in facts:
        style = "red" if name in {"failures", "troubles"} else "yellow" if name == "mode" else ""
        grid.add_row(name, Text(visible(as_typed(value)), style=style))
    return grid


def _pace(counts: Sequence[int]) -> Text:
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


def _latest(latest: Sequence[Latest]) -> RenderableType:
    if not latest:
        return Text("nothing yet", style="dim")
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, overflow="ellipsis")
    grid.add_column(no_wrap=True, overflow="ellipsis", style="green")
    for each in latest:
        tags = [tag.name for tag in each.tags if tag.state != TagState.REJECTED][:TAGS]
        grid.add_row(visible(display(each.path)), visible(", ".join(tags) or "no tags"))
    return grid
