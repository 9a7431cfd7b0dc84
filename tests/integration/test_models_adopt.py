"""Models from elsewhere become tagd's own, whole and checked, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tagd.domain import Geometry
from tagd.errors import ModelError, ModelUnknown, WeightsMissing, WeightsRefused
from tagd.models.acquire.adopt import AdoptRequest, adopt
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.selftest import self_test
from tagd.models.zoo import labelset, registry, store
from tagd.models.zoo.registry import FileWeights
from tagd.models.zoo.shelf import Shelf, on_disk
from tests import models

SMALL = registry.find("mobilenet-v4-conv-small")


def test_a_row_of_the_zoo_is_taken_in_and_kept(weights: Path, shelf: Shelf) -> None:
    facts = adopt(AdoptRequest(weights, SMALL.id), shelf)
    assert isinstance(facts.weights, FileWeights)
    assert on_disk(facts)
    assert not on_disk(SMALL)
    assert facts.weights.sha256 == store.sha256_of(weights)
    assert shelf.verify(SMALL.id) == Path(facts.weights.folder) / "model.safetensors"
    assert shelf.all()[SMALL.id] == facts
    assert facts.preprocessing == SMALL.preprocessing
    assert shelf.labels_of(facts) == labelset.load("imagenet-1k")
    assert not (shelf.store.root / store.STAGING / SMALL.id).exists()


def test_weights_that_are_not_the_named_checkpoint_have_not_its_accuracy(
    shelf: Shelf, tmp_path: Path
) -> None:
    facts = registry.find("mobilenet-v2")
    source = models.save(models.network(facts), facts, tmp_path / "w")
    kept = adopt(AdoptRequest(source, facts.id), shelf)
    assert facts.top1 is not None
    assert kept.top1 is None
    assert kept.checkpoint == f"imported from {source}"
    assert "top1" not in kept.sources
    assert (
        adopt(AdoptRequest(source, facts.id, trusted=True, replace=True), shelf).top1 == facts.top1
    )


def test_the_same_files_give_the_same_fingerprint_and_others_another(
    weights: Path, tmp_path: Path
) -> None:
    one = adopt(AdoptRequest(weights, SMALL.id), Shelf(tmp_path / "one"))
    two = adopt(AdoptRequest(weights, SMALL.id, origin="elsewhere"), Shelf(tmp_path / "two"))
    assert one.fingerprint == two.fingerprint
    state = load_file(weights)
    state["classifier.bias"] += 1e-3
    save_file(state, tmp_path / "other.safetensors")
    other = adopt(AdoptRequest(tmp_path / "other.safetensors", SMALL.id), Shelf(tmp_path / "three"))
    assert other.fingerprint != one.fingerprint


def test_classes_of_its_own_become_a_vocabulary_of_its_own(dishes: Path, shelf: Shelf) -> None:
    facts = adopt(AdoptRequest(dishes, "dishes"), shelf)
    assert (facts.backend, facts.architecture, facts.label_set) == ("transformers", "vit", "own")
    assert facts.preprocessing.geometry == Geometry((64, 64), (64, 64), "bilinear")
    assert shelf.labels_of(facts) == tuple(f"custom:dishes/{name}" for name in models.DISHES)
    assert shelf.names("en") == {f"custom:dishes/{name}": name for name in models.DISHES}
    assert 0 < facts.parameters_m < 0.1
    assert facts.gmacs
    assert facts.top1 is None
    pool = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root))
    loaded = pool.get("dishes")
    images = models.pictures(facts, 3)
    library = models.LIBRARY.from_pretrained(dishes).eval()
    expected = models.exact(library, facts, images)
    assert loaded.session.run(images).logits.shape == (3, 3)
    np.testing.assert_allclose(loaded.session.run(images).logits, expected, atol=1e-5)
    assert self_test(pool, "dishes").ok  # no answer is known, but it is one


def test_a_list_of_labels_may_have_names_in_further_languages(
    dishes: Path, shelf: Shelf, tmp_path: Path
) -> None:
    listed = tmp_path / "labels.tsv"
    listed.write_text("#en\tja\nramen\tラーメン\nsoba\tそば\nmiso soup\t味噌汁\n", encoding="utf-8")
    adopt(AdoptRequest(dishes, "dishes", labels=listed), shelf)
    assert shelf.names("ja")["custom:dishes/miso soup"] == "味噌汁"
    assert shelf.names("de")["custom:dishes/miso soup"] == "miso soup"


def test_a_folder_of_timms_says_what_it_is(tmp_path: Path, shelf: Shelf) -> None:
    folder = models.timms_folder(tmp_path / "mine", 3, label_names=models.DISHES)
    facts = adopt(AdoptRequest(folder, "mine"), shelf)
    assert facts.preprocessing == SMALL.preprocessing
    assert shelf.labels_of(facts)[2] == "custom:mine/miso soup"


@pytest.mark.parametrize("name", list(labelset.SETS)[1:])
def test_a_checkpoint_of_imagenets_larger_sets_says_synsets(
    name: str, tmp_path: Path, shelf: Shelf
) -> None:
    facts = adopt(
        AdoptRequest(models.timms_folder(tmp_path / "wide", labelset.SETS[name]), "wide"), shelf
    )
    assert facts.label_set == name
    model = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root)).get("wide")
    [row] = model.session.run(models.pictures(facts, 1)).logits
    assert model.labels[int(row.argmax())] == labelset.load(name)[-2]


def test_a_trainers_checkpoint_is_taken(weights: Path, tmp_path: Path, shelf: Shelf) -> None:
    state = {f"module.{name}": tensor for name, tensor in load_file(weights).items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "last.pth.tar")
    facts = adopt(AdoptRequest(tmp_path / "last.pth.tar", SMALL.id), shelf)
    images = models.pictures(facts)
    plain = models.network(SMALL)
    plain.load_state_dict(load_file(weights))
    pool = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root))
    ours = pool.get(SMALL.id).session.run(images).logits
    np.testing.assert_allclose(ours, models.exact(plain, facts, images), atol=1e-4)


def test_weights_alone_need_an_architecture_and_labels(weights: Path, shelf: Shelf) -> None:
    with pytest.raises(WeightsRefused, match="do not say what network"):
        adopt(AdoptRequest(weights, "mine"), shelf)
    with pytest.raises(WeightsRefused, match="nothing says what its outputs mean"):
        adopt(AdoptRequest(weights, "mine", architecture="timm:mobilenetv4_conv_small"), shelf)
    request = AdoptRequest(
        weights, "mine", architecture="timm:mobilenetv4_conv_small", labels="imagenet-1k"
    )
    facts = adopt(request, shelf)
    assert facts.label_set == "imagenet-1k"
    assert facts.preprocessing.geometry.crop == (224, 224)
    assert facts.parameters_m == pytest.approx(SMALL.parameters_m, rel=1e-6)
    assert facts.gmacs == pytest.approx(SMALL.gmacs, abs=0.01)


def test_weights_changed_in_their_place_are_noticed_and_not_loaded(
    weights: Path, stocked: Shelf
) -> None:
    facts = stocked.find(SMALL.id)
    assert isinstance(facts.weights, FileWeights)
    path = store.weights_path(facts.weights)
    whole = path.read_bytes()
    pool = ModelPool(settings=PoolSettings("cpu", folder=stocked.store.root))

    path.write_bytes(whole[:-100])
    with pytest.raises(WeightsRefused, match="damaged or not whole"):
        pool.get(SMALL.id)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WeightsRefused, match="not the weights that were taken in"):
        stocked.verify(SMALL.id)
    path.unlink()
    with pytest.raises(WeightsMissing, match="cannot be read"):
        pool.get(SMALL.id)
    assert not on_disk(facts)
    path.write_bytes(whole)
    assert pool.get(SMALL.id).fingerprint == facts.fingerprint


def test_a_changed_record_is_noticed(weights: Path, stocked: Shelf) -> None:
    record = stocked.store.root / SMALL.id / store.RECORD
    said = record.read_text()
    record.write_text(said.replace('"mean": [\n   0.485', '"mean": [\n   0.5'))
    assert record.read_text() != said
    with pytest.raises(ModelError, match="the facts give the fingerprint"):
        stocked.verify(SMALL.id)
    record.write_text("{")
    with pytest.raises(ModelError, match=r"model\.json: .*JSON"):
        stocked.find(SMALL.id)
    record.write_text(said.replace(SMALL.id, "other", 1))
    with pytest.raises(ModelError, match="record of another model"):
        stocked.find(SMALL.id)


def test_removing_takes_one_model_away(weights: Path, stocked: Shelf) -> None:
    assert stocked.remove(SMALL.id) > weights.stat().st_size
    assert not (stocked.store.root / SMALL.id).exists()
    with pytest.raises(ModelUnknown, match="not on this disk"):
        stocked.remove(SMALL.id)
    with pytest.raises(ModelError, match="is part of tagd"):
        stocked.remove("efficientnet-lite0")
    with pytest.raises(WeightsMissing, match="weights are not on this disk") as missing:
        stocked.fingerprint_of(stocked.find(SMALL.id))
    assert f"tagd models pull {SMALL.id}" in missing.value.hint
