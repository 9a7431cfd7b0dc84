"""What became of a photo's tags: who changed what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from tagd.catalogue.views import EVENTS
from tagd.domain import TagSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

OF_PHOTO = text(f"""
    SELECT event.at, event.who, event.change, label.name, label.key, model.name, event.run_id,
           run.command
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
    return list(_once(_event(*row) for row in tx.execute(OF_PHOTO, {"photo": photo_id})))


def _event(at: float, who: str, *rest: object) -> Event:
    return Event(at, TagSource(who), *rest)  # type: ignore[arg-type]  # columns in their order


def _once(events: Iterable[Event]) -> dict[Event, None]:
    return dict.fromkeys(events)
