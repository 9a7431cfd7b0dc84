"""Stars and places, which stand in files, in SQLite's SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.catalogue.search.fragments import Sql, joined
from tagd.catalogue.search.query import NearTerm, PlacedTerm, RatingTerm
from tagd.catalogue.search.spans import box, km_between

if TYPE_CHECKING:
    import sqlite3

    from tagd.catalogue.search.algebra import Said

KM = "tagd_km"  # the function of SQL for kilometres between two places


def learn(tx: sqlite3.Connection) -> None:
    """Teach a connection the function that `near:` needs."""
    tx.create_function(KM, 4, _km, deterministic=True)


def _km(*degrees: float | None) -> float | None:
    known = [each for each in degrees if each is not None]
    return km_between(*known) if len(known) == len(degrees) else None


def holds(term: Said) -> Sql:
    """What holds for a row of `file`, found by its row of `said`."""
    match term:
        case RatingTerm(None):
            return _not(_of_file(Sql("said.rating <> 0")))
        case PlacedTerm(is_placed=False):
            return _not(_of_file(Sql("said.latitude IS NOT NULL")))
    return _of_file(_stands(term))


def rows(term: Said) -> Sql | None:
    """The rows of `said` that fulfil a term, out of an index; None where it is what is not said."""
    match term:
        case RatingTerm(None) | PlacedTerm(is_placed=False):
            return None
        case RatingTerm():
            index = "ix_said_rating"
        case _:
            index = "ix_said_place"
    held = _stands(term)
    return Sql(f"said INDEXED BY {index} WHERE {held.text}", held.values)


def _stands(term: Said) -> Sql:
    """What holds for a row of `said`."""
    match term:
        case RatingTerm(low, high):
            return Sql("said.rating >= ? AND said.rating <= ?", (low, high))
        case NearTerm(latitude, longitude, km):
            return _near(latitude, longitude, km)
    return Sql("said.latitude IS NOT NULL")


def _near(latitude: float, longitude: float, km: float) -> Sql:
    """Within a box first, which the index answers, and then as far as the sphere has it."""
    south, north, west, east = box(latitude, longitude, km)
    held = [
        Sql("said.latitude >= ? AND said.latitude <= ?", (south, north)),
        _between(west, east),
        Sql(f"{KM}(said.latitude, said.longitude, ?, ?) <= ?", (latitude, longitude, km)),
    ]
    return joined(held, " AND ")


def _between(west: float, east: float) -> Sql:
    """Longitudes from west to east, which lie on both sides of the date line at times."""
    if west < -180:
        return Sql("(said.longitude >= ? OR said.longitude <= ?)", (west + 360, east))
    if east > 180:
        return Sql("(said.longitude >= ? OR said.longitude <= ?)", (west, east - 360))
    return Sql("said.longitude >= ? AND said.longitude <= ?", (west, east))


def _of_file(held: Sql) -> Sql:
    return Sql(
        f"EXISTS (SELECT 1 FROM said WHERE said.file_id = file.id AND {held.text})", held.values
    )


def _not(held: Sql) -> Sql:
    return Sql(f"NOT {held.text}", held.values)
