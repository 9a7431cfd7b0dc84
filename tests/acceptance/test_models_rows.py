"""Every row of the zoo goes the same way: its architecture with random weights, from its real
configuration, in its library's own format, is imported and classifies a photo through `tagd tag`;
what is stored of its answer is what the library itself says of the same tensor."""

from __future__ import annotations

import contextlib
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import structlog
from numpy.typing import NDArray
from sqlalchemy import select
from typer.testing import CliRunner

from tagd.assembly import build
from tagd.catalogue.db.engine import open_reader
from tagd.catalogue.db.schema import photo
from tagd.catalogue.tagging import predictions
from tagd.cli import app_for
from tagd.decoding.decode import DecodeLimits, decode
from tagd.domain import Predictions
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.runtime.outputs import WITH_EMBEDDING
from tagd.models.zoo import labelset, registry
from tagd.models.zoo.registry import BundledWeights, ModelFacts
from tests import models, photos

ROWS = [row for row in registry.zoo().values() if not isinstance(row.weights, BundledWeights)]
QUICK = ("resnet-18", "deit-tiny", "googlenet")  # one of each library; the others are slow
PLACES = {label: place for place, label in enumerate(labelset.load("imagenet-1k"))}


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command runs in this process, so that each row does not import everything anew. No graph
    is exported beside: that takes minutes for a large row, and has tests of its own."""
    monkeypatch.setattr(build, "expand", lambda *_: None)
    yield
    structlog.reset_defaults()
    gc.collect()


class Place:
    """A catalogue, a folder for models and a photo."""

    def __init__(self, root: Path, model: str) -> None:
        self.root, self.model = root, model
        self.photo = photos.distinct(1, root)[0]
        self.database = root / "catalogue.db"
        (root / "config.toml").write_text(
            f'[watch]\nfolders = ["{root}"]\n[catalogue]\npath = "{self.database}"\n'
            f'[model]\nname = "{model}"\nfolder = "{root / "models"}"\ndevice = "cpu"\n'
            "[worker]\ndecoders = 1\n"
        )

    def run(self, *arguments: str | Path) -> str:
        words = [*map(str, arguments), "--config", str(self.root / "config.toml")]
        done = CliRunner().invoke(app_for(), words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def stored(self) -> Predictions:
        """What the catalogue keeps of the model's answer to the photo."""
        with open_reader(self.database) as catalogue, catalogue.read() as tx:
            [photo_id] = tx.scalars(select(photo.c.content_hash))
            [said] = predictions.load(tx, [photo_id])[photo_id]
        assert said.model == self.model
        return said

    def seen(self, facts: ModelFacts) -> NDArray[np.uint8]:
        """The photo as the model saw it."""
        geometry = facts.preprocessing.geometry
        return decode(self.photo, [geometry], DecodeLimits()).inputs[geometry][None]

    def embedding(self, facts: ModelFacts, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the model's own session gives for the photo as it was seen."""
        settings = PoolSettings(device="cpu", folder=self.root / "models")
        with contextlib.closing(ModelPool(settings=settings)) as pool:
            found = pool.get(facts.id).session.run(image, WITH_EMBEDDING).embedding
        assert found is not None
        return found


def deviation(said: Predictions, exact: NDArray[np.float32]) -> float:
    """The largest difference from the library's logits, as a share of their spread."""
    theirs = exact[0].astype(np.float64)
    ours = np.array([theirs[PLACES[label]] for label in said.labels])
    top = theirs.max()
    log_sum_exp = top + np.log(np.exp(theirs - top).sum())
    differences = [*np.abs(ours - said.logits), abs(log_sum_exp - said.log_sum_exp)]
    return float(max(differences) / np.ptp(theirs))


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(row, id=row.id, marks=() if row.id in QUICK else pytest.mark.slow)
        for row in ROWS
    ],
)
def test_a_row_of_the_zoo_says_what_its_library_says(facts: ModelFacts, tmp_path: Path) -> None:
    place = Place(tmp_path, facts.id)
    built: Any = models.network(facts)
    models.scale_head(built, facts)
    source = models.save(built, facts, tmp_path / "source")
    image = place.seen(facts)
    exact = models.exact(built, facts, image)
    exact_embedding = models.exact_embedding(built, facts, image)
    models.disturb(built)
    other = models.exact(built, facts, image)
    del built
    assert np.ptp(exact) > 1

    place.run("models", "import", source, "--as", facts.id)
    summary = json.loads(place.run("tag", place.photo, "--json"))
    assert (summary["tagged"], summary["failed"]) == (1, [])

    said = place.stored()
    assert len(said.labels) == 64
    assert deviation(said, exact) < 1e-4
    assert deviation(said, other) > 1e-2

    embedding = place.embedding(facts, image)
    assert embedding.ndim == 2
    apart = np.abs(embedding - exact_embedding).max() / np.ptp(exact_embedding)
    assert apart < 1e-4
