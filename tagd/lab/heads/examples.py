"""Pictures as numbers, and what is known of each: the words that it shows and does not show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from tagd.errors import ModelError
from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

UNKNOWN: Final = 2  # of a word, beside 0 for absent and 1 for shown
WHOLE_WEIGHT: Final = 40  # a stored weight of 1
FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Examples:
    """Pictures in rows. `features` are L2-normalised; `truths` are 1 where a picture shows a word;
    `known` is the weight of each truth, 0 where nobody knows; `folds` divide the pictures for
    cross-validation, near duplicates together; `sets` name where each comes from."""

    words: tuple[str, ...]
    features: NDArray[np.float32] = field(repr=False)
    truths: NDArray[np.float32] = field(repr=False)
    known: NDArray[np.float32] = field(repr=False)
    folds: NDArray[np.uint8] = field(repr=False)
    sets: tuple[str, ...] = field(repr=False)
    sha256: str = ""  # of what they were read from

    def __len__(self) -> int:
        return len(self.features)

    def shares(self) -> NDArray[np.float32]:
        """Return how frequent each word is among the pictures of which it is known."""
        positives = (self.known * self.truths).sum(axis=0)
        return np.asarray(positives / np.maximum(self.known.sum(axis=0), 1e-9))

    def rows(self, chosen: NDArray[np.bool_]) -> Examples:
        """Return the examples at which `chosen` is true."""
        return replace(
            self,
            features=self.features[chosen],
            truths=self.truths[chosen],
            known=self.known[chosen],
            folds=self.folds[chosen],
            sets=tuple(np.array(self.sets)[chosen].tolist()),
        )

    def of_words(self, words: Sequence[str]) -> Examples:
        """Return the same pictures with these words alone, in this order."""
        places = [self.words.index(word) for word in words]
        return replace(
            self,
            words=tuple(words),
            truths=self.truths[:, places],
            known=self.known[:, places],
        )

    def aligned(self, words: Sequence[str]) -> Examples:
        """Return the same pictures with these words, of which nothing is known where they are not
        among this one's."""
        truths = np.zeros((len(self), len(words)), np.float32)
        known = np.zeros_like(truths)
        for place, word in enumerate(words):
            if word in self.words:
                truths[:, place] = self.truths[:, self.words.index(word)]
                known[:, place] = self.known[:, self.words.index(word)]
        return replace(self, words=tuple(words), truths=truths, known=known)


def normalised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows of length 1."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12), dtype=np.float32)


def read_numbers(path: Path) -> Examples:
    """Return the examples in an `.npz` of `embeddings` (uint8, a feature is (q/255)² · `scale`),
    `labels` (0, 1, 2 for unknown), `weights` (÷40), `words`, `sets` and `fold`. Raises
    `ModelError`."""
    try:
        content = path.read_bytes()
        with np.load(path, allow_pickle=False) as stored:
            labels = stored["labels"]
            return Examples(
                words=tuple(stored["words"].tolist()),
                features=normalised(
                    (stored["embeddings"] / np.float32(255)) ** 2 * stored["scale"]
                ),
                truths=(labels == 1).astype(np.float32),
                known=np.where(labels == UNKNOWN, 0, stored["weights"] / np.float32(WHOLE_WEIGHT)),
                folds=stored["fold"],
                sets=tuple(stored["sets"].tolist()),
                sha256=hashlib.sha256(content).hexdigest(),
            )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"{display(path)}: no numbers to train on: {error}") from error
