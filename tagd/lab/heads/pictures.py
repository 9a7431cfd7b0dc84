"""Make numbers of a folder of one's own pictures: one folder a word, seen by a built-in model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from tagd.decoding.decode import DecodeLimits
from tagd.errors import ModelError
from tagd.fs import display
from tagd.intake.exclude import Excludes
from tagd.lab import photos
from tagd.lab.examples import examples_in
from tagd.lab.heads.examples import FOLDS, Examples, normalised
from tagd.models.runtime.outputs import Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.models.pool import ModelPool

NOTHING: Final = "none"  # the folder of pictures that show none of the words
_BATCH: Final = 16


def read_pictures(
    folder: Path,
    pool: ModelPool,
    base: str,
    decoders: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Examples:
    """Return the pictures below a folder that holds a folder for each word, and one named `none`
    where it can. A picture shows the words of all folders that hold it, and no other. Those that
    cannot be read are told and left out. Raises `ModelError`."""
    found = examples_in(folder, lambda path: Excludes(()).admits_entry(str(path), False))
    words = tuple(dict.fromkeys(one.kind.replace("_", " ") for one in found if one.kind != NOTHING))
    shown: dict[str, set[str]] = {}
    seen: dict[str, np.ndarray] = {}
    batches = photos.batches(
        [one.path for one in found],
        [pool.geometry_of(base)],
        size=_BATCH,
        decoders=decoders,
        limits=DecodeLimits(),
    )
    for outcomes in batches:
        read = [(one.ticket, one.photo) for one in outcomes if one.photo is not None]
        for outcome in outcomes:
            if outcome.photo is None:
                progress(f"{display(found[outcome.ticket].path)}: cannot be read")
        if not read:
            continue
        inputs = np.stack([photo.inputs[pool.geometry_of(base)] for _, photo in read])
        rows = pool.get(base).session.run(inputs, {Output.LOGITS, Output.EMBEDDING}).embedding
        if rows is None:
            raise ModelError(f"{base} gives no embeddings")
        for (place, photo), row in zip(read, rows, strict=True):
            shown.setdefault(photo.photo_id, set()).add(found[place].kind.replace("_", " "))
            seen[photo.photo_id] = row
    ids = sorted(seen)
    truths = np.array([[word in shown[one] for word in words] for one in ids], np.float32)
    digest = hashlib.sha256("".join(ids).encode())
    return Examples(
        words=words,
        features=normalised(np.stack([seen[one] for one in ids])),
        truths=truths,
        known=np.ones_like(truths),
        folds=np.array([int(one, 16) % FOLDS for one in ids], np.uint8),
        sets=("own",) * len(ids),
        sha256=digest.hexdigest(),
    )
