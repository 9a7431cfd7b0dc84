"""Write heads as `tagd.models.runtime.heads` reads them."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tagd.lab.heads.train import Trained

_BEGINNING = (1980, 1, 1, 0, 0, 0)  # the time of each file in the archive: the same bytes each time


def write_head(
    path: Path, head: Trained, labels: Sequence[str], about: Mapping[str, object]
) -> None:
    """Write the head; the same head gives the same bytes. Raises `OSError`."""
    arrays = {
        "labels": np.array(labels),
        "words": np.array(head.words),
        "weights": head.linear.weights.astype(np.float16),
        "bias": head.linear.bias.astype(np.float32),
        "calibration": head.calibration.astype(np.float32),
        "thresholds": head.thresholds.astype(np.float32),
        "about": np.array(json.dumps(about, ensure_ascii=False, sort_keys=True)),
    }
    write_arrays(path, arrays)


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write a compressed `.npz`, reproducibly."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            content = BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _BEGINNING)
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED)
