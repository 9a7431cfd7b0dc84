"""Small heads on a base model's embedding: a row of weights a word, in files that ship as data.

    labels, words   (W,) text: the label id of each word, and the word itself
    weights, bias   (W, width) fp16 and (W,) fp32, for embeddings of length 1
    calibration     (W, 2) fp32: probability = sigmoid(a · logit + b)
    thresholds      (W, 3) fp32: from which probability on a word is given, at each of `PRECISIONS`
    about           JSON: base, base_fingerprint, rules, and where all of it comes from

Nothing in such a file is run: it is a zip of arrays, read without pickle. Imports no torch.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from tagd.errors import WeightsMissing, WeightsRefused
from tagd.fs import display
from tagd.installation import reinstalling

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).parent.parent / "heads"
PRECISIONS: Final = (0.85, 0.9, 0.95)  # of `thresholds`, at everyday shares
_NUMBERS: Final = ("weights", "bias", "calibration")
_ARRAYS: Final = (*_NUMBERS, "labels", "words", "thresholds", "about")
_TINY: Final = np.float32(1e-12)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The words that one base model's embedding tells. `fingerprint` changes with anything that
    makes other probabilities; thresholds and rules are not among it."""

    name: str
    fingerprint: str
    base: str  # a model's id
    base_fingerprint: str
    labels: tuple[str, ...]
    words: tuple[str, ...]
    about: Mapping[str, Any] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    calibration: NDArray[np.float32] = field(repr=False)
    thresholds: NDArray[np.float32] = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Head:
        """Read a head. Raises `WeightsRefused` on a file that is none."""
        found = _read(path)
        about = _about(path, str(found["about"]))
        words = len(found["labels"])
        shapes = {"words": (words,), "bias": (words,), "calibration": (words, 2)}
        shapes["thresholds"] = (words, len(PRECISIONS))
        for name, shape in shapes.items():
            if found[name].shape != shape:
                raise _refused(path, f"{name} is {found[name].shape}, not {shape}")
        if found["weights"].ndim != 2 or len(found["weights"]) != words:
            raise _refused(path, f"weights is {found['weights'].shape} for {words} words")
        if not all(np.isfinite(found[name]).all() for name in _NUMBERS):
            raise _refused(path, "it holds something that is no number")
        return cls(
            name=path.stem,
            fingerprint=_fingerprint(found, about),
            base=about["base"],
            base_fingerprint=about["base_fingerprint"],
            labels=tuple(map(str, found["labels"])),
            words=tuple(map(str, found["words"])),
            about=about,
            weights=found["weights"].astype(np.float32),
            bias=found["bias"].astype(np.float32),
            calibration=found["calibration"].astype(np.float32),
            thresholds=found["thresholds"].astype(np.float32),
        )

    def require(self, fingerprint: str) -> None:
        """Raise `WeightsRefused` unless the base model with this fingerprint is the one that the
        head was fitted on."""
        if fingerprint != self.base_fingerprint:
            raise WeightsRefused(
                f"{self.name} was fitted on another {self.base}: {self.base_fingerprint[:12]}…,"
                f" not {fingerprint[:12]}…",
                hint=f"Reinstall tagd: `{reinstalling('tagd')}`",
            )

    def probabilities(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return how probable each word is in each photo, (N, words), from the base's embeddings,
        (N, width). Raises `ValueError` on another width."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.weights.shape[1]:
            raise ValueError(f"{self.name} takes (N, {self.weights.shape[1]}): {embeddings.shape}")
        rows = embeddings.astype(np.float32)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        logits = rows / np.maximum(lengths, _TINY) @ self.weights.T + self.bias
        scaled = self.calibration[:, 0] * logits + self.calibration[:, 1]
        sure: NDArray[np.float32] = 1 / (1 + np.exp(-np.clip(scaled, -60, 60)))
        return sure

    def thresholds_at(self, precision: float) -> dict[str, float]:
        """Return from which probability on each word is given, by label; a word that never reaches
        that precision is not in it. Raises `ValueError` on one that is not in `PRECISIONS`."""
        column = self.thresholds[:, PRECISIONS.index(precision)]
        pairs = zip(self.labels, column.tolist(), strict=True)
        return {label: threshold for label, threshold in pairs if np.isfinite(threshold)}


def shipped(kind: str, folder: Path = SHIPPED) -> list[Head]:
    """Return the heads of a kind, such as "everyday", one a base model. Raises `WeightsRefused`
    where one cannot be used, and `WeightsMissing` where there is none."""
    paths = sorted(folder.glob(f"{kind}-*.npz"))
    if not paths:
        raise WeightsMissing(
            f"{display(folder)}: the heads of the tagger {kind} are missing",
            hint=f"Reinstall tagd: `{reinstalling('tagd')}`",
        )
    return list(map(Head.load, paths))


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in _ARRAYS}
    except OSError as error:
        raise _refused(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _refused(path, str(error)) from error


def _about(path: Path, text: str) -> Mapping[str, Any]:
    try:
        about = json.loads(text)
    except ValueError as error:
        raise _refused(path, f"about is no JSON: {error}") from error
    if not isinstance(about, dict) or not {"base", "base_fingerprint"} <= about.keys():
        raise _refused(path, "about does not name its base model")
    return about


def _fingerprint(found: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> str:
    state = hashlib.sha256(about["base_fingerprint"].encode())
    for name in ("labels", *_NUMBERS):
        array = found[name]
        state.update(f"\0{name}{array.shape}{array.dtype.str}\0".encode() + array.tobytes())
    return state.hexdigest()


def _refused(path: Path, reason: str) -> WeightsRefused:
    return WeightsRefused(
        f"{display(path)}: the head cannot be used: {reason}",
        hint=f"Reinstall tagd: `{reinstalling('tagd')}`",
    )
