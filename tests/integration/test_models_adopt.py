"""Models from elsewhere become tagd's own, whole and checked, or not at all."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, ViTImageProcessor

from tagd.domain import Geometry
from tagd.errors import ModelError, ModelUnknown, WeightsMissing, WeightsRefused
from tagd.models import labelset, registry, store
from tagd.models.adopt import Request, adopt
from tagd.models.pool import ModelPool, PoolSettings
from tagd.models.registry import FileWeights
from tagd.models.selftest import self_test
from tagd.models.shelf import Shelf, on_disk
from tests import models

SMALL = registry.find("mobilenet-v4-conv-small")
DISHES = ["ramen", "soba", "miso soup"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of a small network, as timm saves them."""
    built = models.network(SMALL)
    models.scale_head(built, SMALL)
    return models.save(built, SMALL, tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def dishes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ViT with classes of its own, in a Hugging Face folder."""
    folder = tmp_path_factory.mktemp("dishes")
    config = AutoConfig.for_model(
        "vit",
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=64,
        id2label=dict(enumerate(DISHES)),
        label2id={name: place for place, name in enumerate(DISHES)},
    )
    torch.manual_seed(3)
    models.LIBRARY.from_config(config).save_pretrained(folder)
    ViTImageProcessor(size={"height": 64, "width": 64}).save_pretrained(folder)
    return folder


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models")


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_row_of_the_zoo_is_taken_in_and_kept(weights: Path, shelf: Shelf) -> None:
    facts = adopt(Request(weights, SMALL.id), shelf)
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
    kept = adopt(Request(source, facts.id), shelf)
    assert facts.top1 is not None
    assert kept.top1 is None
    assert kept.checkpoint == f"imported from {source}"
    assert "top1" not in kept.sources
    assert adopt(Request(source, facts.id, trusted=True, replace=True), shelf).top1 == facts.top1


def test_the_same_files_give_the_same_fingerprint_and_others_another(
    weights: Path, tmp_path: Path
) -> None:
    one = adopt(Request(weights, SMALL.id), Shelf(tmp_path / "one"))
    two = adopt(Request(weights, SMALL.id, origin="elsewhere"), Shelf(tmp_path / "two"))
    assert one.fingerprint == two.fingerprint
    state = load_file(weights)
    state["classifier.bias"] += 1e-3
    save_file(state, tmp_path / "other.safetensors")
    other = adopt(Request(tmp_path / "other.safetensors", SMALL.id), Shelf(tmp_path / "three"))
    assert other.fingerprint != one.fingerprint


def test_classes_of_its_own_become_a_vocabulary_of_its_own(dishes: Path, shelf: Shelf) -> None:
    facts = adopt(Request(dishes, "dishes"), shelf)
    assert (facts.backend, facts.architecture, facts.label_set) == ("transformers", "vit", "own")
    assert facts.preprocessing.geometry == Geometry((64, 64), (64, 64), "bilinear")
    assert shelf.labels_of(facts) == tuple(f"custom:dishes/{name}" for name in DISHES)
    assert shelf.names("en") == {f"custom:dishes/{name}": name for name in DISHES}
    assert 0 < facts.parameters_m < 0.1
    assert facts.gmacs
    assert facts.top1 is None
    pool = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root))
    loaded = pool.get("dishes")
    images = models.pictures(facts, 3)
    library = models.LIBRARY.from_pretrained(dishes).eval()
    expected = models.exact(library, facts, images)
    assert loaded.session.logits(images).shape == (3, 3)
    np.testing.assert_allclose(loaded.session.logits(images), expected, atol=1e-5)
    assert self_test(pool, "dishes").ok  # no answer is known, but it is one


def test_a_list_of_labels_may_have_names_in_further_languages(
    dishes: Path, shelf: Shelf, tmp_path: Path
) -> None:
    listed = tmp_path / "labels.tsv"
    listed.write_text("#en\tja\nramen\tラーメン\nsoba\tそば\nmiso soup\t味噌汁\n", encoding="utf-8")
    adopt(Request(dishes, "dishes", labels=listed), shelf)
    assert shelf.names("ja")["custom:dishes/miso soup"] == "味噌汁"
    assert shelf.names("de")["custom:dishes/miso soup"] == "miso soup"


def test_a_folder_of_timms_says_what_it_is(tmp_path: Path, shelf: Shelf) -> None:
    folder = timms_folder(tmp_path / "mine", 3, label_names=DISHES)
    facts = adopt(Request(folder, "mine"), shelf)
    assert facts.preprocessing == SMALL.preprocessing
    assert shelf.labels_of(facts)[2] == "custom:mine/miso soup"


def timms_folder(folder: Path, classes: int, **said: object) -> Path:
    """A network that is surest of its last class but one, as timm saves it for the hub."""
    built: Any = timm.create_model("mobilenetv4_conv_small", num_classes=classes)
    with torch.no_grad():
        built.classifier.weight.zero_()
        built.classifier.bias[-2] = 20
    folder.mkdir()
    save_file(dict(built.state_dict()), folder / "model.safetensors")
    cfg: Any = timm.get_pretrained_cfg("mobilenetv4_conv_small.e2400_r224_in1k")
    cfg = {**cfg.to_dict(), "num_classes": classes, "tag": "in21k"}
    config = {"architecture": "mobilenetv4_conv_small", "pretrained_cfg": cfg, **said}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("name", labelset.SETS.keys() - {labelset.IMAGENET_1K})
def test_a_checkpoint_of_imagenets_larger_sets_says_synsets(
    name: str, tmp_path: Path, shelf: Shelf
) -> None:
    facts = adopt(Request(timms_folder(tmp_path / "wide", labelset.SETS[name]), "wide"), shelf)
    assert facts.label_set == name
    model = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root)).get("wide")
    [row] = model.session.logits(models.pictures(facts, 1))
    assert model.labels[int(row.argmax())] == labelset.load(name)[-2]


def test_a_trainers_checkpoint_is_taken(weights: Path, tmp_path: Path, shelf: Shelf) -> None:
    state = {f"module.{name}": tensor for name, tensor in load_file(weights).items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "last.pth.tar")
    facts = adopt(Request(tmp_path / "last.pth.tar", SMALL.id), shelf)
    images = models.pictures(facts)
    plain = models.network(SMALL)
    plain.load_state_dict(load_file(weights))
    pool = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root))
    ours = pool.get(SMALL.id).session.logits(images)
    np.testing.assert_allclose(ours, models.exact(plain, facts, images), atol=1e-4)


def test_weights_alone_need_an_architecture_and_labels(weights: Path, shelf: Shelf) -> None:
    with pytest.raises(WeightsRefused, match="do not say what network"):
        adopt(Request(weights, "mine"), shelf)
    with pytest.raises(WeightsRefused, match="nothing says what its outputs mean"):
        adopt(Request(weights, "mine", architecture="timm:mobilenetv4_conv_small"), shelf)
    request = Request(
        weights, "mine", architecture="timm:mobilenetv4_conv_small", labels="imagenet-1k"
    )
    facts = adopt(request, shelf)
    assert facts.label_set == "imagenet-1k"
    assert facts.preprocessing.geometry.crop == (224, 224)
    assert facts.parameters_m == pytest.approx(SMALL.parameters_m, rel=1e-6)
    assert facts.gmacs == pytest.approx(SMALL.gmacs, abs=0.01)


class RunsCode:
    """What a hostile checkpoint holds."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("i-was-here",)


def _corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[2:40] = b"\xff" * 38
    path.write_bytes(content)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _rename_a_tensor(path: Path) -> None:
    state = load_file(path)
    state["conv_strange.weight"] = state.pop("conv_stem.weight")
    save_file(state, path)


def _drop_a_tensor(path: Path) -> None:
    state = load_file(path)
    del state["conv_stem.weight"]
    save_file(state, path)


def _ten_classes(path: Path) -> None:
    state = load_file(path)
    state["classifier.weight"] = state["classifier.weight"][:10].clone()
    state["classifier.bias"] = state["classifier.bias"][:10].clone()
    save_file(state, path)


def _not_a_number(path: Path) -> None:
    state = load_file(path)
    state["classifier.bias"][7] = float("nan")
    save_file(state, path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_corrupt, "damaged or no .safetensors"),
        (_truncate, "damaged or no .safetensors"),
        (_empty, "damaged or no .safetensors"),
        (_rename_a_tensor, "lacks conv_stem.weight"),
        (_drop_a_tensor, "lacks conv_stem.weight"),
        (_ten_classes, "head has 10 outputs, but the label set imagenet-1k has 1000"),
        (_not_a_number, "no number"),
    ],
)
def test_spoilt_weights_are_refused_and_nothing_is_replaced(
    spoil: Callable[[Path], None], said: str, weights: Path, tmp_path: Path, shelf: Shelf
) -> None:
    adopt(Request(weights, SMALL.id), shelf)
    before = everything(shelf.store.root)
    spoilt = tmp_path / "spoilt.safetensors"
    shutil.copyfile(weights, spoilt)
    spoil(spoilt)
    with pytest.raises(WeightsRefused, match=said):
        adopt(Request(spoilt, SMALL.id, replace=True), shelf)
    assert everything(shelf.store.root) == before
    assert spoilt.exists()


@pytest.mark.parametrize("name", ["evil.pth", "evil.bin", "evil.pt"])
def test_a_pickle_that_wants_more_is_refused_and_does_not_run(
    name: str, tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps({"a": RunsCode()}, 2))
    with pytest.raises(WeightsRefused, match="could run code") as refused:
        adopt(Request(tmp_path / name, SMALL.id), shelf)
    assert ".safetensors" in refused.value.hint
    assert not (tmp_path / "i-was-here").exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("model.pkl", "a Python pickle, which can run code"),
        ("model.onnx", "ONNX"),
        ("model.h5", "TensorFlow"),
        ("model.txt", "no weights that tagd knows"),
    ],
)
def test_files_of_other_kinds_are_refused_in_words(
    name: str, said: str, tmp_path: Path, shelf: Shelf
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(WeightsRefused, match=said):
        adopt(Request(tmp_path / name, SMALL.id), shelf)


def test_folders_that_cannot_be_told_are_refused(
    tmp_path: Path, weights: Path, shelf: Shelf
) -> None:
    with pytest.raises(WeightsMissing, match="there is no"):
        adopt(Request(tmp_path / "nowhere", SMALL.id), shelf)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(WeightsMissing, match="no weights are in this folder"):
        adopt(Request(folder, SMALL.id), shelf)
    (folder / "model.h5").touch()
    with pytest.raises(WeightsRefused, match="TensorFlow"):
        adopt(Request(folder, SMALL.id), shelf)
    (folder / "a.safetensors").touch()
    (folder / "b.safetensors").touch()
    with pytest.raises(WeightsRefused, match=r"which of these.* a\.safetensors, b\.safetensors"):
        adopt(Request(folder, SMALL.id), shelf)
    shutil.copyfile(weights, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    with pytest.raises(WeightsRefused, match="neither a configuration of transformers"):
        adopt(Request(folder, SMALL.id), shelf)
    (folder / "config.json").write_text('{"model_type": "x", "auto_map": {}}')
    with pytest.raises(WeightsRefused, match="needs code of its own"):
        adopt(Request(folder, SMALL.id), shelf)


def _with_config(folder: Path, copy: Path, **change: object) -> Path:
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **change}))
    return copy


def test_a_folder_that_contradicts_the_zoo_is_refused(
    dishes: Path, tmp_path: Path, shelf: Shelf
) -> None:
    with pytest.raises(WeightsRefused, match="its hidden_size is 32, but that of vit-base is 768"):
        adopt(Request(dishes, "vit-base"), shelf)
    with pytest.raises(WeightsRefused, match="this is vit of transformers, but resnet-18 is"):
        adopt(Request(dishes, "resnet-18"), shelf)
    placeholders = {str(place): f"LABEL_{place}" for place in range(3)}
    nameless = _with_config(dishes, tmp_path / "nameless", id2label=placeholders)
    with pytest.raises(WeightsRefused, match="nothing says what its outputs mean"):
        adopt(Request(nameless, "mine"), shelf)
    with pytest.raises(WeightsRefused, match="3 outputs, but the label set imagenet-1k has 1000"):
        adopt(Request(dishes, "mine", labels="imagenet-1k"), shelf)
    two = tmp_path / "two.txt"
    two.write_text("a\nb\n")
    with pytest.raises(WeightsRefused, match="head has 3 outputs, but the label set own has 2"):
        adopt(Request(dishes, "mine", labels=two), shelf)
    strange = _with_config(dishes, tmp_path / "strange", model_type="no-such-thing")
    with pytest.raises(WeightsRefused, match="no image classifier 'no-such-thing'"):
        adopt(Request(strange, "mine"), shelf)
    deeper = _with_config(dishes, tmp_path / "deeper", num_hidden_layers=3)
    with pytest.raises(WeightsRefused, match="another architecture"):
        adopt(Request(deeper, "mine"), shelf)
    (tmp_path / "strange" / "preprocessor_config.json").unlink()
    shutil.copyfile(dishes / "config.json", tmp_path / "strange" / "config.json")
    with pytest.raises(WeightsRefused, match="nothing says how its pictures are prepared"):
        adopt(Request(tmp_path / "strange", "mine"), shelf)
    assert not list(shelf.store.root.glob("*"))[1:]  # the staging folder alone


def test_names_that_are_taken_or_cannot_be_are_refused(
    weights: Path, dishes: Path, shelf: Shelf
) -> None:
    with pytest.raises(ModelError, match="came with tagd"):
        adopt(Request(weights, "efficientnet-lite0"), shelf)
    adopt(Request(weights, SMALL.id), shelf)
    with pytest.raises(ModelError, match="already"):
        adopt(Request(weights, SMALL.id), shelf)
    for name in ("../up", "Big Name", ".hidden", ""):
        with pytest.raises(ModelError, match="cannot be a model's name"):
            adopt(Request(dishes, name), shelf)
    with pytest.raises(ModelError, match="names none"):
        adopt(Request(weights, "mine", architecture="keras:x"), shelf)
    with pytest.raises(WeightsRefused, match="timm has no architecture 'no_such_net'"):
        adopt(
            Request(weights, "mine", labels="imagenet-1k", architecture="timm:no_such_net"), shelf
        )


def test_weights_changed_in_their_place_are_noticed_and_not_loaded(
    weights: Path, shelf: Shelf
) -> None:
    facts = adopt(Request(weights, SMALL.id), shelf)
    assert isinstance(facts.weights, FileWeights)
    path = store.weights_path(facts.weights)
    whole = path.read_bytes()
    pool = ModelPool(settings=PoolSettings("cpu", folder=shelf.store.root))

    path.write_bytes(whole[:-100])
    with pytest.raises(WeightsRefused, match="damaged or not whole"):
        pool.get(SMALL.id)
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WeightsRefused, match="not the weights that were taken in"):
        shelf.verify(SMALL.id)
    path.unlink()
    with pytest.raises(WeightsMissing, match="cannot be read"):
        pool.get(SMALL.id)
    assert not on_disk(facts)
    path.write_bytes(whole)
    assert pool.get(SMALL.id).fingerprint == facts.fingerprint


def test_a_changed_record_is_noticed(weights: Path, shelf: Shelf) -> None:
    adopt(Request(weights, SMALL.id), shelf)
    record = shelf.store.root / SMALL.id / store.RECORD
    said = record.read_text()
    record.write_text(said.replace('"mean": [\n   0.485', '"mean": [\n   0.5'))
    assert record.read_text() != said
    with pytest.raises(ModelError, match="the facts give the fingerprint"):
        shelf.verify(SMALL.id)
    record.write_text("{")
    with pytest.raises(ModelError, match=r"model\.json: .*JSON"):
        shelf.find(SMALL.id)
    record.write_text(said.replace(SMALL.id, "other", 1))
    with pytest.raises(ModelError, match="record of another model"):
        shelf.find(SMALL.id)


def test_removing_takes_one_model_away(weights: Path, shelf: Shelf) -> None:
    adopt(Request(weights, SMALL.id), shelf)
    assert shelf.remove(SMALL.id) > weights.stat().st_size
    assert not (shelf.store.root / SMALL.id).exists()
    with pytest.raises(ModelUnknown, match="not on this disk"):
        shelf.remove(SMALL.id)
    with pytest.raises(ModelError, match="came with tagd"):
        shelf.remove("efficientnet-lite0")
    with pytest.raises(WeightsMissing, match="weights are not on this disk") as missing:
        shelf.fingerprint_of(shelf.find(SMALL.id))
    assert f"tagd models pull {SMALL.id}" in missing.value.hint
