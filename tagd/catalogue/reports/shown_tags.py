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


def tags_of(tx: Snapshot, photo_rows: Collection[int]) -> dict[int, list[ShownTag]]:
    """The tags of these photos by row id, the most confident first, the rejected ones too; each
    label once, as in the views."""
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
