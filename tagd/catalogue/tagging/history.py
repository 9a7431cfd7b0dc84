"""What became of a photo's tags: who changed what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tagd.catalogue.db.views import EVENTS
from tagd.domain import TagSource

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

OF_PHOTO = text(f"""
    SELECT event.at, event.who, event.change, label.name AS tag, label.key AS label,
           model.name AS model, event.run_id AS run, run.command
    FROM ({" UNION ALL ".join(EVENTS)}) AS event
    LEFT JOIN label ON label.id = event.label_id
    LEFT JOIN model ON model.id = event.model_id
    LEFT JOIN run ON run.id = event.run_id
    WHERE event.photo_id = :photo
    ORDER BY event.at, event.run_id, label.name""")


@dataclass(frozen=True, slots=True)
class Event:
    """One change of a photo's tags. `who`: a model, a person, or what stood in the photo. `change`:
    tagged or undone for all tags of a model; added, removed, confirmed, rejected or restored for
    one. `at` is in seconds since 1970. What happened before runs were noted has none."""

    at: float
    who: TagSource
    change: str
    tag: str | None
    label: str | None
    model: str | None
    run: int | None
    command: str | None


def of_photo(tx: Connection, photo_id: int) -> list[Event]:
    """What became of this photo's tags, the first change first. A label that several sources gave
    changes once."""
    rows = tx.execute(OF_PHOTO, {"photo": photo_id})
    return list(dict.fromkeys(_event(row) for row in rows))


def _event(row: Row[Any]) -> Event:
    return Event(
        at=row.at,
        who=TagSource(row.who),
        change=row.change,
        tag=row.tag,
        label=row.label,
        model=row.model,
        run=row.run,
        command=row.command,
    )
