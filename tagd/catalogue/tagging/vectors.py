"""Vectors as the catalogue keeps them: a byte a number, with one scale in front. Pure.

    scale: IEEE 754, 32 bits, little endian | q: signed bytes, one a number
    q = sign(v) · round(127 · sqrt(|v| / scale))        v ≈ sign(q) · scale · (q / 127)²

`scale` is the largest magnitude. The square root spends the steps where the numbers are: most of an
embedding's are far smaller than its largest one. `benchmarks/embeddings.py` measures what it costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

STEPS: Final = 127  # on either side of zero
_SCALE: Final = np.dtype("<f4")


def pack(vector: NDArray[np.float32]) -> bytes:
    """Return the vector as it is kept. Raises `ValueError` unless it is one row of finite numbers,
    at least one."""
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise ValueError(f"not a row of finite numbers: {vector.dtype} {vector.shape}")
    exact = vector.astype(np.float32)
    scale = np.abs(exact).max()
    if not np.isfinite(scale):
        raise ValueError("numbers too large for 32 bits")
    shares = np.abs(exact) / scale if scale else np.zeros_like(exact)
    steps = np.copysign(np.rint(STEPS * np.sqrt(shares)), exact).astype(np.int8)
    return bytes(scale.astype(_SCALE).tobytes() + steps.tobytes())


def unpack(packed: bytes) -> NDArray[np.float32]:
    """Return the vector, as near as it was kept. Raises `ValueError` on what `pack` never made."""
    row: NDArray[np.float32] = unpack_all([packed])[0]
    return row


def unpack_all(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Return vectors of one width as rows, (N, width); (0, 0) for none. Raises `ValueError` as
    `unpack`, and where their widths differ."""
    if not packed:
        return np.empty((0, 0), dtype=np.float32)
    length = len(packed[0])
    if length <= _SCALE.itemsize or any(len(each) != length for each in packed):
        raise ValueError("vectors that are cut off, or of several widths")
    layout = np.dtype([("scale", _SCALE), ("steps", np.int8, (length - _SCALE.itemsize,))])
    records = np.frombuffer(b"".join(packed), dtype=layout)
    shares = records["steps"].astype(np.float32) / np.float32(STEPS)
    rows: NDArray[np.float32] = shares * np.abs(shares) * records["scale"][:, None]
    return rows
