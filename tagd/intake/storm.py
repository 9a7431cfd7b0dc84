"""Names that change faster than anybody needs to follow. Pure.

Whoever exchanges two folders in a loop makes a hundred thousand events a second. What lies there in
the end is all that matters, and that is looked at once.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tagd.domain import EventKind, PathEvent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MOST_RENAMES = 8  # of one path among the events of a batch: no program that saves does as many
_RENAMES = frozenset({EventKind.MOVED, EventKind.ARRIVED, EventKind.GONE})


def calmed(events: Sequence[PathEvent]) -> tuple[list[PathEvent], bool]:
    """Return the events, where each path that was renamed again and again is told of once, at the
    end, as gone and as there: whoever looks finds out which. And whether there were any such."""
    renames = Counter(path for event in events for path in _touched(event))
    restless = {path for path, times in renames.items() if times > MOST_RENAMES}
    if not restless:
        return list(events), False
    kept: list[PathEvent] = []
    paths: dict[tuple[Path, bool], None] = {}
    for event in events:
        touched = list(_touched(event))
        if restless.isdisjoint(touched):
            kept.append(event)
        else:
            paths |= dict.fromkeys((path, event.is_folder) for path in touched)
    for path, is_folder in paths:
        kept.append(PathEvent(EventKind.GONE, path, is_folder=is_folder))
        kept.append(PathEvent(EventKind.ARRIVED, path, is_folder=is_folder))
    return kept, True


def _touched(event: PathEvent) -> Iterator[Path]:
    """Yield the names that this event says have begun or ceased to mean something."""
    if event.kind in _RENAMES:
        yield event.path
        if event.destination is not None:
            yield event.destination
