"""What models said of photos: how it is packed, and read back for deriving tags anew.

`prediction.logits` is a sequence of records of 8 bytes, best first, at most 64: the label's row id
(`label.id`, unsigned 32 bits) and its logit (IEEE 754, 32 bits), both little endian. With the
log-sum-exp of all logits beside it, probabilities follow: exp(logit - log_sum_exp).

The one module of the catalogue that knows numpy; commands that only read do not load it.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from tagd.catalogue.db.schema import CLASSIFIER_ID, label, model, photo, photo_tagger, prediction
from tagd.catalogue.db.statements import chunks
from tagd.domain import Predictions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy import Connection

KEPT = 64  # logits a photo and stage
READABLE = 5  # of them in `prediction.best`

LAYOUT = np.dtype([("label", "<u4"), ("logit", "<f4")])


def pack(label_ids: Sequence[int], logits: NDArray[np.float32]) -> bytes:
    """The best labels and their logits, given best first, as `prediction.logits` holds them."""
    kept = min(KEPT, len(label_ids))
    records = np.empty(kept, dtype=LAYOUT)
    records["label"] = label_ids[:kept]
    records["logit"] = logits[:kept]
    return records.tobytes()


def unpack(packed: bytes) -> tuple[tuple[int, ...], NDArray[np.float32]]:
    """The inverse of `pack`: label ids and logits, best first."""
    records = np.frombuffer(packed, dtype=LAYOUT)
    return tuple(records["label"].tolist()), records["logit"].astype(np.float32)


def row_of(said: Predictions, label_ids: Mapping[str, int], model_id: int) -> dict[str, Any]:
    """A row of `prediction`, save for the tagging and the stage that it belongs to."""
    kept = said.labels[:KEPT]
    best = [
        [key, round(math.exp(logit - said.log_sum_exp), 6)]
        for key, logit in zip(said.labels[:READABLE], said.logits[:READABLE].tolist(), strict=True)
    ]
    return {
        "model_id": model_id,
        "logits": pack([label_ids[key] for key in kept], said.logits),
        "log_sum_exp": said.log_sum_exp,
        "best": json.dumps(best),
    }


def count(tx: Connection) -> int:
    """How many photos the classifier's word is current of."""
    tagged = select(func.count()).select_from(photo_tagger)
    mine = photo_tagger.c.tagger_id == CLASSIFIER_ID
    return tx.execute(tagged.where(mine, photo_tagger.c.tagging_id.is_not(None))).scalar_one()


def load(
    tx: Connection, photo_ids: Iterable[str], tagger_id: int = CLASSIFIER_ID
) -> dict[str, tuple[Predictions, ...]]:
    """What was said of each photo in the tagger's current tagging, stage by stage: the last one is
    what its tags are derived from. Photos with none are left out."""
    keys = dict(tx.execute(select(label.c.id, label.c.key)).all())
    found: dict[str, list[Predictions]] = defaultdict(list)
    for some in chunks(photo_ids):
        rows = tx.execute(
            select(photo.c.content_hash, model.c.name, model.c.fingerprint, prediction)
            .join_from(photo, photo_tagger, photo_tagger.c.photo_id == photo.c.id)
            .join(prediction, prediction.c.tagging_id == photo_tagger.c.tagging_id)
            .join(model, model.c.id == prediction.c.model_id)
            .where(photo.c.content_hash.in_(some), photo_tagger.c.tagger_id == tagger_id)
            .order_by(photo.c.content_hash, prediction.c.stage)
        )
        for row in rows:
            label_ids, logits = unpack(row.logits)
            found[row.content_hash].append(
                Predictions(
                    photo_id=row.content_hash,
                    model=row.name,
                    fingerprint=row.fingerprint,
                    labels=tuple(keys[each] for each in label_ids),
                    logits=logits,
                    log_sum_exp=row.log_sum_exp,
                )
            )
    return {photo_id: tuple(said) for photo_id, said in found.items()}
