"""What a model's answers depend on, as one hash: weights, preprocessing, label set and settings.

The same files give the same fingerprint on every machine and with every library version; a change
of any of the four changes it. Stored predictions are known by it, so that what a model said that
has since been replaced can be told from what the present one says.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tagd.models.zoo.preprocessing import Preprocessing

LAYOUT = 1  # of what is hashed, so that a later layout cannot meet an earlier one by chance


def fingerprint(
    *,
    weights_sha256: str,
    preprocessing: Preprocessing,
    labels: Sequence[str],
    settings: Mapping[str, str | int | float | bool],
) -> str:
    """Return 64 hexadecimal digits: SHA-256 over the four as canonical JSON.

    Raises `ValueError` on a number that JSON cannot hold, such as infinity.
    """
    identity = {
        "layout": LAYOUT,
        "weights": weights_sha256,
        "preprocessing": preprocessing.canonical(),
        "labels": list(labels),
        "settings": dict(settings),
    }
    text = json.dumps(
        identity, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return hashlib.sha256(text.encode("ascii")).hexdigest()
