"""Heads made for tests: small ones with words that the test chooses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 1280


def save_head(
    path: Path,
    words: Mapping[str, NDArray[np.float32]],
    *,
    base: str = "efficientnet-lite0",
    base_fingerprint: str = "f" * 64,
    labels: Sequence[str] = (),
    rules: Mapping[str, Any] | None = None,
    thresholds: Sequence[float] | NDArray[np.float32] = (0.4, 0.5, 0.9),
    **arrays: NDArray[Any],
) -> Path:
    """Save a head with a row of weights for each word, none of which is likely by itself; `arrays`
    take the place of those that follow from the rest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"base": base, "base_fingerprint": base_fingerprint, "rules": rules or {}}
    count = len(words)
    found: dict[str, NDArray[Any]] = {
        "labels": np.array(labels or [f"own:{word}" for word in words]),
        "words": np.array(list(words)),
        "weights": np.stack(list(words.values())).astype(np.float16),
        "bias": np.full(count, -4, np.float32),
        "calibration": np.broadcast_to(np.array([1, 0], np.float32), (count, 2)),
        "thresholds": np.broadcast_to(np.array(thresholds, np.float32), (count, 3)),
        "about": np.array(json.dumps(about)),
    }
    np.savez_compressed(path, allow_pickle=True, **(found | arrays))
    return path


def towards(embedding: NDArray[np.float32], strength: float = 16.0) -> NDArray[np.float32]:
    """Weights of a word that is likely of what looks like this, and of nothing else."""
    row: NDArray[np.float32] = strength * embedding / np.linalg.norm(embedding)
    return row
