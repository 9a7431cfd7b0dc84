"""The models, as functions: listed, taken in, verified and removed; values in, values out."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tagd.app.model_schemas import listed_fields, model_fields
from tagd.app.models import model, models, remove, take_in, verify
from tagd.catalogue.db.engine import open_owner
from tagd.catalogue.plans import speeds
from tagd.catalogue.plans.speeds import Speed
from tagd.config import Config
from tagd.errors import ModelUnknown, WeightsMissing, WeightsRefused
from tagd.models.zoo.shelf import Shelf

LITE0, SMALL = "efficientnet-lite0", "mobilenet-v4-conv-small"


def at(root: Path, name: str = "") -> Config:
    return Config.model_validate(
        {
            "catalogue": {"path": root / "catalogue.db"},
            "model": {"folder": root / "models", "name": name},
        }
    )


def measured(config: Config, name: str, *rates: float) -> None:
    """As `tagd models bench` keeps it, at a batch size each."""
    fingerprint = model(config, name).facts.fingerprint
    assert fingerprint is not None
    kept = [
        Speed(fingerprint, "cpu", batch, name, "a processor", "fp32", rate, 1.0, 2.0, 0.0)
        for batch, rate in enumerate(rates, 1)
    ]
    with closing(open_owner(config.catalogue.path)) as catalogue, catalogue.write() as tx:
        speeds.put(tx, kept)


def test_models_are_listed_with_the_best_that_was_measured_here(tmp_path: Path) -> None:
    config = at(tmp_path)
    before = {found.facts.id: found for found in models(config)}
    assert before[LITE0].is_here
    assert before[LITE0].quickest is None
    assert not before[SMALL].is_here
    assert before[SMALL].size_bytes == pytest.approx(15.1e6, rel=0.01)
    measured(config, LITE0, 40.0, 90.0)
    found = {found.facts.id: found for found in models(config, here=True)}
    assert SMALL not in found
    fields = listed_fields(found[LITE0])
    assert (fields["images_per_second"], fields["on_disk"]) == (90.0, True)
    assert [each["batch"] for each in model_fields(model(config, LITE0))["measured"]] == [1, 2]
    with pytest.raises(ModelUnknown, match="efficientnet-lit0"):
        model(config, "efficientnet-lit0")


def test_a_model_comes_is_verified_and_goes(weights: Path, tmp_path: Path) -> None:
    config = at(tmp_path, SMALL)
    with pytest.raises(WeightsMissing):
        take_in(config, tmp_path / "nothing", SMALL)
    assert take_in(config, weights, SMALL).fingerprint
    assert model(config, SMALL).is_here
    [intact] = verify(config, [SMALL])
    assert intact.error is None
    assert intact.path is not None
    with intact.path.open("r+b") as file:
        file.seek(-8, 2)
        file.write(b"damaged!")
    checked = {each.model: each for each in verify(config)}
    assert isinstance(checked[SMALL].error, WeightsRefused)
    assert checked[LITE0].error is None
    done = remove(config, SMALL)
    assert done.freed > 15_000_000  # bytes
    assert done.is_configured
    assert not model(config, SMALL).is_here
    assert not list(Shelf(tmp_path / "models").store.installed())
