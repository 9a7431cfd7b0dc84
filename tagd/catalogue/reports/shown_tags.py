"""The tags of photos as they are shown, with who says so."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.catalogue.db.statements import ONE_A_LABEL, chunks, marks
from tagd.domain import TagSource, TagState

if TYPE_CHECKING:
    from collections.abc import Collection

    from tagd.catalogue.db.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class ShownTag:
    """A tag of a photo, with who says so."""

    name: str
    label: str
    confidence: float
    source: TagSource
    state: TagState
    model: str | None
    tagger: str | None


@dataclass(frozen=True, slots=True)
class Voice:
    """What one tagger says of a label that others give as well, and are surer of."""

    tagger: str
    model: str
    confidence: float


def tags_of(tx: Snapshot, photo_rows: Collection[int]) -> dict[int, list[ShownTag]]:
    """Return the tags of these photos by row id, the most confident first, the rejected ones too;
    each label once, as in the views."""
    found: dict[int, list[ShownTag]] = defaultdict(list)
    for some in chunks(photo_rows):
        rows = tx.execute(
            f"""
            SELECT tag.photo_id, label.name, label.key, tag.confidence, tag.source, tag.state,
                   model.name, tagger.key
            FROM tag
            JOIN label ON label.id = tag.label_id
            LEFT JOIN model ON model.id = tag.model_id
            LEFT JOIN tagger ON tagger.id = tag.tagger_id
            WHERE tag.photo_id IN {marks(some)} AND {ONE_A_LABEL}
            ORDER BY tag.photo_id, tag.confidence DESC, label.name""",
            some,
        )
        for photo_row, name, key, confidence, source, state, *by in rows:
            found[photo_row].append(
                ShownTag(name, key, confidence, TagSource(source), TagState(state), *by)
            )
    return dict(found)


def also_given(tx: Snapshot, photo_row: int) -> dict[str, tuple[Voice, ...]]:
    """Return what taggers beside the one that `tags_of` names give a photo, by label, the surest
    first."""
    found: dict[str, tuple[Voice, ...]] = {}
    rows = tx.execute(
        f"""
        SELECT label.key, tagger.key, model.name, tag.confidence
        FROM tag
        JOIN label ON label.id = tag.label_id
        JOIN tagger ON tagger.id = tag.tagger_id
        JOIN model ON model.id = tag.model_id
        WHERE tag.photo_id = ? AND tag.state <> 'rejected' AND NOT {ONE_A_LABEL}
        ORDER BY tag.confidence DESC, tagger.id""",
        [photo_row],
    )
    for label, *voice in rows:
        found[label] = (*found.get(label, ()), Voice(*voice))
    return found
