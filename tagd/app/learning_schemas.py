"""The shapes of JSON that tell of personal tags. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tagd.app.schemas import iso
from tagd.fs import display

if TYPE_CHECKING:
    from tagd.app.learning import Forgotten, LearnedTag, ShownTag
    from tagd.catalogue.tagging.personal import KeptHead


def learned_fields(tag: LearnedTag) -> dict[str, Any]:
    """What was learnt of a tag."""
    return {
        "tag": tag.name,
        "label": tag.label,
        "gives": tag.gives,
        "heads": [_head_fields(head) for head in tag.heads],
        "likely": [
            {"path": display(path), "confidence": round(sure, 6)} for path, sure in tag.likely
        ],
        "gained": tag.gained,
        "lost": tag.lost,
        "suggested": tag.suggested,
        "unseen": tag.unseen,
        "advice": list(tag.advice),
        "run": tag.run,
    }


def listed_tag_fields(tag: ShownTag) -> dict[str, Any]:
    """A tag that is learnt."""
    return {
        "tag": tag.of.name,
        "label": tag.of.label,
        "gives": tag.of.gives,
        "heads": [_head_fields(head) for head in tag.heads],
        "learned": tag.tally.learned,
        "suggested": tag.tally.suggested,
        "waits": tag.waits,
        "is_short": tag.is_short,
    }


def forgotten_fields(tag: Forgotten) -> dict[str, Any]:
    """A tag that is learnt no longer."""
    return {"tag": tag.name, "photos": tag.photos, "run": tag.run}


def _head_fields(head: KeptHead) -> dict[str, Any]:
    return {
        "model": head.model,
        "given": head.given,
        "rejected": head.rejected,
        "others": head.background,
        "precision": round(head.precision, 4),
        "recall": round(head.recall, 4),
        "learned_at": iso(head.learned_at),
    }
