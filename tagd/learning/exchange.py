"""Heads as JSON, to another machine or a friend: no photo, and nothing of one, is in it. Pure but
for the models' rows.

{"format": "tagd heads 1", "tags": [{"tag": …, "heads": [{"model": …, "weights": base64, …}]}]}
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tagd.catalogue.tagging.personal import KeptHead
from tagd.catalogue.tagging.tags import model_ids
from tagd.text import LONGEST_NAME, tag_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from tagd.catalogue.tagging.personal import Personal

FORMAT: Final = "tagd heads 1"
WIDEST: Final = 8192  # numbers of an embedding
_COUNTS: Final = ("given", "rejected", "background")
_SHARES: Final = ("precision", "recall")
_NUMBERS: Final = ("threshold", "slope", "middle", "bias")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A tag that was learnt elsewhere, and its heads, whose `model_id` and `learned_at` are 0."""

    name: str
    heads: tuple[KeptHead, ...]


def dumped(tags: Sequence[tuple[Personal, Sequence[KeptHead]]]) -> str:
    """Return these tags as JSON."""
    told = [{"tag": of.name, "heads": [_fields(head) for head in heads]} for of, heads in tags]
    return json.dumps({"format": FORMAT, "tags": told}, ensure_ascii=False, indent=1)


def loaded(text: bytes) -> list[Foreign]:
    """Return the tags that JSON tells of. Raises `ValueError` in words."""
    try:
        told = json.loads(text)
        if told["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        return [_foreign(each) for each in told["tags"]]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is not complete ({error})") from error


def kept(tx: Connection, foreign: Foreign, now: float) -> list[KeptHead]:
    """Return the heads with the models' rows of this catalogue; models that are new are taken
    in."""
    rows = model_ids(tx, {head.fingerprint: head.model for head in foreign.heads}, now)
    return [_as_of(head, rows[head.fingerprint], now) for head in foreign.heads]


def _as_of(head: KeptHead, model_id: int, now: float) -> KeptHead:
    known = {name: getattr(head, name) for name in KeptHead.__slots__}
    return KeptHead(**known | {"model_id": model_id, "learned_at": now})


def _fields(head: KeptHead) -> dict[str, Any]:
    figures = {name: getattr(head, name) for name in (*_COUNTS, *_SHARES, *_NUMBERS)}
    weights = b64encode(head.weights.astype("<f4").tobytes()).decode()
    return {"model": head.model, "fingerprint": head.fingerprint, **figures, "weights": weights}


def _foreign(told: dict[str, Any]) -> Foreign:
    name = tag_name(_text(told["tag"]))
    if not name or len(name) > LONGEST_NAME:
        raise ValueError("a tag has no name, or one that is too long")
    heads = tuple(map(_head, told["heads"]))
    if not heads or len({head.fingerprint for head in heads}) < len(heads):
        raise ValueError(f"{name!r} has no head, or two of one model")
    return Foreign(name, heads)


def _head(told: dict[str, Any]) -> KeptHead:
    weights = np.frombuffer(b64decode(_text(told["weights"]), validate=True), dtype="<f4")
    numbers = {name: float(told[name]) for name in (*_SHARES, *_NUMBERS)}
    counts = {name: int(told[name]) for name in _COUNTS}
    if not 0 < len(weights) <= WIDEST or not np.isfinite([*weights, *numbers.values()]).all():
        raise ValueError("weights that are none")
    if not all(0 <= numbers[name] <= 1 for name in _SHARES) or min(counts.values()) < 0:
        raise ValueError("figures that are none")
    known: dict[str, Any] = {**counts, **numbers}
    return KeptHead(
        model_id=0,
        model=_text(told["model"])[:LONGEST_NAME],
        fingerprint=_text(told["fingerprint"])[:LONGEST_NAME],
        **known,
        learned_at=0.0,
        weights=weights.astype(np.float32),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
