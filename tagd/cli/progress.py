"""The progress bar of long work: how many photos, how quick, how long still, and at which one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bars

from tagd.cli.output import duration
from tagd.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from tagd.work.progress import Progress


@contextmanager
def bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Show a bar on a terminal, taken away at the end; silent elsewhere."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TextColumn("{task.description}", style="dim"),
    )
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("", total=None, pace="")

        def show(progress: Progress) -> None:
            bars.update(
                task,
                completed=progress.done,
                total=progress.total,
                pace=pace(progress),
                description=visible(progress.current),
            )

        yield show


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar for so many of so many, as `bar` does."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bars(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task(visible(what), total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def pace(progress: Progress) -> str:
    """Write `8.2 photos/s, 40 s left, 1 failed`: what is known by now."""
    parts = []
    if progress.rate:
        parts.append(f"{progress.rate:.1f} photos/s")
    if progress.eta_seconds is not None:
        parts.append(f"{duration(progress.eta_seconds)} left")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    return ", ".join(parts)
