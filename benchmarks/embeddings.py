"""What a byte a number costs embeddings: neighbours and a linear head, by way of packing.

    .venv/bin/python -m benchmarks.embeddings PHOTOS

PHOTOS holds photos, some of them in folders named by a synset of ImageNet. Neighbours are the ten
nearest by cosine among all photos, those of fp32 held against those of the packed; the head is a
ridge regression on fp32 for "is an animal", measured on packed embeddings that it was not fitted
on, by the area under its curve.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import report, samples
from tagd.catalogue.tagging.vectors import STEPS, pack, unpack
from tagd.decoding.decode import DecodeLimits
from tagd.lab.photos import batches
from tagd.models.pool import LoadedModel, ModelPool
from tagd.models.runtime.outputs import WITH_EMBEDDING

MODELS = ("efficientnet-lite0", "efficientnet-lite2")
LAST_ANIMAL = "n02510455"  # ImageNet's thousand begin with the animals, in the order of synsets
NEAREST, FOLDS, RIDGE, BATCH = 10, 5, 10.0, 8

Rows = NDArray[np.float32]


def main() -> None:
    """Measure both ways with each model, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", type=Path)
    paths = samples.labelled(folder := parser.parse_args().photos)
    everyday = [path for path in sorted(folder.rglob("everyday/*.jp*g")) if path not in paths]
    figures: dict[str, object] = {}
    pool = ModelPool()
    for name in MODELS:
        rows, places = embeddings(pool.get(name), [*paths, *everyday])
        is_labelled = places < len(paths)
        animals = np.array(
            [paths[place].parent.name <= LAST_ANIMAL for place in places[is_labelled]]
        )
        figures[f"{name}: photos"] = len(rows)
        figures[f"{name}: head, fp32"] = round(
            head(rows[is_labelled], rows[is_labelled], animals), 5
        )
        for way, packed in WAYS.items():
            kept = np.stack([packed(row) for row in rows])
            figures[f"{name}: recall@10, {way}"] = round(recall(rows, kept), 4)
            figures[f"{name}: cosine, {way}"] = round(float(cosines(rows, kept).min()), 5)
            found = head(rows[is_labelled], kept[is_labelled], animals)
            figures[f"{name}: head, {way}"] = round(found, 5)
    report.keep("embeddings", figures, "embeddings packed to a byte a number, held against fp32")


def embeddings(model: LoadedModel, paths: Sequence[Path]) -> tuple[Rows, NDArray[np.intp]]:
    """The embeddings of those photos that can be read, and their places."""
    rows: list[Rows] = []
    places: list[int] = []
    found = batches(
        paths,
        [model.geometry],
        size=BATCH,
        decoders=len(os.sched_getaffinity(0)),
        limits=DecodeLimits(),
    )
    for outcomes in found:
        seen = [(each.ticket, each.photo) for each in outcomes if each.photo]
        if not seen:
            continue
        images = np.stack([photo.inputs[model.geometry] for _, photo in seen])
        embedding = model.session.run(images, WITH_EMBEDDING).embedding
        assert embedding is not None
        rows.append(embedding)
        places += [place for place, _ in seen]
    return np.concatenate(rows), np.array(places)


def companded(row: Rows) -> Rows:
    """As the catalogue keeps it."""
    return unpack(pack(row))


def linear(row: Rows) -> Rows:
    """With steps of one size."""
    scale = np.abs(row).max() / STEPS
    steps: Rows = np.rint(row / scale) * scale
    return steps


WAYS: dict[str, Callable[[Rows], Rows]] = {"companded": companded, "linear": linear}


def recall(exact: Rows, kept: Rows) -> float:
    """The share of each photo's nearest that are its nearest still, both sides packed."""
    pairs = zip(nearest(exact), nearest(kept), strict=True)
    return float(np.mean([len(set(one) & set(other)) / NEAREST for one, other in pairs]))


def nearest(rows: Rows) -> NDArray[np.intp]:
    """The places of each row's nearest others by cosine."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    alike = unit @ unit.T
    np.fill_diagonal(alike, -2)
    return np.argsort(-alike, axis=1)[:, :NEAREST]


def cosines(exact: Rows, kept: Rows) -> Rows:
    """How alike each row is to itself packed."""
    lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(kept, axis=1)
    alike: Rows = (exact * kept).sum(axis=1) / lengths
    return alike


def head(exact: Rows, kept: Rows, truth: NDArray[np.bool_]) -> float:
    """The area under the curve of a ridge head, fitted on the exact rows of the other folds."""
    folds = np.random.default_rng(0).permutation(len(truth)) % FOLDS
    scores = np.empty(len(truth))
    for fold in range(FOLDS):
        held = folds == fold
        mean = exact[~held].mean(axis=0)
        known = (exact[~held] - mean).astype(np.float64)
        # As many unknowns as photos: fewer than numbers in an embedding.
        gram = known @ known.T + RIDGE * np.eye(len(known))
        weights = known.T @ np.linalg.solve(gram, 2.0 * truth[~held] - 1.0)
        scores[held] = (kept[held] - mean) @ weights
    return area(scores, truth)


def area(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    """How often a photo that is one scores above a photo that is not."""
    above = scores[truth][:, None] > scores[~truth][None, :]
    return float(above.mean())


if __name__ == "__main__":
    main()
