"""Metadata found in photos and their sidecars, beside what was found before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from tagd.catalogue.db.schema import beside, file, label, photo, said, tag
from tagd.catalogue.db.statements import chunks
from tagd.catalogue.db.times import moment
from tagd.domain import FileState, TagSource, TagState
from tagd.fs import key_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection, Table

    from tagd.domain import Readings


@dataclass(frozen=True, slots=True)
class FoundBefore:
    """A photo by its row id: the labels that were found in it when it was last read (label → its
    row id), and how many files hold it."""

    photo_id: int
    labels: Mapping[str, int]
    files: int


def with_tags(tx: Connection, files: Collection[int]) -> set[int]:
    """Return those of these files, by row id, in whose photos something was found before."""
    found: set[int] = set()
    for some in chunks(files):
        found.update(
            tx.scalars(
                select(file.c.id)
                .join_from(file, tag, tag.c.photo_id == file.c.photo_id)
                .where(file.c.id.in_(some), tag.c.source == TagSource.METADATA)
            )
        )
    return found


def before(tx: Connection, files: Collection[int]) -> dict[int, FoundBefore]:
    """Return what was found before, by the row ids of the files."""
    found: dict[int, FoundBefore] = {}
    for some in chunks(files):
        photos: dict[int, int] = dict(
            tx.execute(
                select(file.c.id, file.c.photo_id).where(
                    file.c.id.in_(some), file.c.photo_id.is_not(None)
                )
            ).all()
        )
        there = (file.c.photo_id.in_(photos.values()), file.c.state != FileState.MISSING)
        copies: dict[int, int] = dict(
            tx.execute(
                select(file.c.photo_id, func.count()).where(*there).group_by(file.c.photo_id)
            ).all()
        )
        labels: dict[int, dict[str, int]] = {}
        rows = tx.execute(
            select(tag.c.photo_id, label.c.key, label.c.id)
            .join_from(tag, label, label.c.id == tag.c.label_id)
            .where(
                tag.c.photo_id.in_(photos.values()),
                tag.c.source == TagSource.METADATA,
                tag.c.state == TagState.ACTIVE,
            )
        )
        for photo_id, key, label_id in rows:
            labels.setdefault(photo_id, {})[key] = label_id
        found |= {
            file_id: FoundBefore(photo_id, labels.get(photo_id, {}), copies.get(photo_id, 0))
            for file_id, photo_id in photos.items()
        }
    return found


def put_said(tx: Connection, readings: Mapping[int, Readings]) -> None:
    """Keep what stands in these files and beside them, by their row ids, in the place of what stood
    there before: stars, places, and which sidecars there are."""
    stars = {
        file_id: {"rating": each.rating, "latitude": each.latitude, "longitude": each.longitude}
        for file_id, each in readings.items()
        if (each.rating, each.latitude, each.longitude) != (None, None, None)
    }
    _replace(tx, said, readings, [{"file_id": each, **told} for each, told in stars.items()])
    paths = [
        {"file_id": file_id, "path_key": key_of(path)}
        for file_id, each in readings.items()
        for path in each.sidecars
    ]
    _replace(tx, beside, readings, paths)


def _replace(
    tx: Connection, table: Table, files: Collection[int], rows: Sequence[dict[str, Any]]
) -> None:
    # Of most there is nothing, and was nothing.
    for some in chunks(files):
        tx.execute(delete(table).where(table.c.file_id.in_(some)))
    if rows:
        tx.execute(insert(table), list(rows))


def fill_gaps(tx: Connection, readings: Mapping[int, Readings]) -> None:
    """Keep camera and time, by the row ids of the photos, where EXIF says nothing of them."""
    cameras = [
        {"of": photo_id, "make": each.camera_make, "model": each.camera_model}
        for photo_id, each in readings.items()
        if each.camera_make or each.camera_model
    ]
    if cameras:
        unknown = (photo.c.camera_make.is_(None), photo.c.camera_model.is_(None))
        values: dict[str, Any] = {
            "camera_make": bindparam("make"),
            "camera_model": bindparam("model"),
        }
        tx.execute(
            update(photo).where(photo.c.id == bindparam("of"), *unknown).values(values), cameras
        )
    times = [
        {"of": photo_id, "at": each.taken_at, "moment": moment(each.taken_at)}
        for photo_id, each in readings.items()
        if each.taken_at
    ]
    if times:
        undated = select(photo.c.id).where(
            photo.c.id == bindparam("of"), photo.c.taken_at.is_(None)
        )
        tx.execute(
            update(file).where(file.c.photo_id.in_(undated)).values(taken=bindparam("moment")),
            times,
        )
        tx.execute(
            update(photo).where(photo.c.id.in_(undated)).values(taken_at=bindparam("at")), times
        )
