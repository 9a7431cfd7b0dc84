"""Weights that are damaged, hostile or another network's are refused, and replace nothing."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from tagd.errors import ModelError, WeightsMissing, WeightsRefused
from tagd.models.acquire.adopt import AdoptRequest, adopt
from tagd.models.zoo import registry
from tagd.models.zoo.shelf import Shelf

SMALL = registry.find("mobilenet-v4-conv-small")


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder, with their content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


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
    spoil: Callable[[Path], None], said: str, weights: Path, tmp_path: Path, stocked: Shelf
) -> None:
    before = everything(stocked.store.root)
    spoilt = tmp_path / "spoilt.safetensors"
    shutil.copyfile(weights, spoilt)
    spoil(spoilt)
    with pytest.raises(WeightsRefused, match=said):
        adopt(AdoptRequest(spoilt, SMALL.id, replace=True), stocked)
    assert everything(stocked.store.root) == before
    assert spoilt.exists()


@pytest.mark.parametrize("name", ["evil.pth", "evil.bin", "evil.pt"])
def test_a_pickle_that_wants_more_is_refused_and_does_not_run(
    name: str, tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps({"a": RunsCode()}, 2))
    with pytest.raises(WeightsRefused, match="could run code") as refused:
        adopt(AdoptRequest(tmp_path / name, SMALL.id), shelf)
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
        adopt(AdoptRequest(tmp_path / name, SMALL.id), shelf)


def test_folders_that_cannot_be_told_are_refused(
    tmp_path: Path, weights: Path, shelf: Shelf
) -> None:
    with pytest.raises(WeightsMissing, match="there is no"):
        adopt(AdoptRequest(tmp_path / "nowhere", SMALL.id), shelf)
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(WeightsMissing, match="no weights are in this folder"):
        adopt(AdoptRequest(folder, SMALL.id), shelf)
    (folder / "model.h5").touch()
    with pytest.raises(WeightsRefused, match="TensorFlow"):
        adopt(AdoptRequest(folder, SMALL.id), shelf)
    (folder / "a.safetensors").touch()
    (folder / "b.safetensors").touch()
    with pytest.raises(WeightsRefused, match=r"which of these.* a\.safetensors, b\.safetensors"):
        adopt(AdoptRequest(folder, SMALL.id), shelf)
    shutil.copyfile(weights, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    with pytest.raises(WeightsRefused, match="neither a configuration of transformers"):
        adopt(AdoptRequest(folder, SMALL.id), shelf)
    (folder / "config.json").write_text('{"model_type": "x", "auto_map": {}}')
    with pytest.raises(WeightsRefused, match="needs code of its own"):
        adopt(AdoptRequest(folder, SMALL.id), shelf)


def _with_config(folder: Path, copy: Path, **change: object) -> Path:
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **change}))
    return copy


def test_a_folder_that_contradicts_the_zoo_is_refused(
    dishes: Path, tmp_path: Path, shelf: Shelf
) -> None:
    with pytest.raises(WeightsRefused, match="its hidden_size is 32, but that of vit-base is 768"):
        adopt(AdoptRequest(dishes, "vit-base"), shelf)
    with pytest.raises(WeightsRefused, match="this is vit of transformers, but resnet-18 is"):
        adopt(AdoptRequest(dishes, "resnet-18"), shelf)
    placeholders = {str(place): f"LABEL_{place}" for place in range(3)}
    nameless = _with_config(dishes, tmp_path / "nameless", id2label=placeholders)
    with pytest.raises(WeightsRefused, match="nothing says what its outputs mean"):
        adopt(AdoptRequest(nameless, "mine"), shelf)
    with pytest.raises(WeightsRefused, match="3 outputs, but the label set imagenet-1k has 1000"):
        adopt(AdoptRequest(dishes, "mine", labels="imagenet-1k"), shelf)
    two = tmp_path / "two.txt"
    two.write_text("a\nb\n")
    with pytest.raises(WeightsRefused, match="head has 3 outputs, but the label set own has 2"):
        adopt(AdoptRequest(dishes, "mine", labels=two), shelf)
    strange = _with_config(dishes, tmp_path / "strange", model_type="no-such-thing")
    with pytest.raises(WeightsRefused, match="no image classifier 'no-such-thing'"):
        adopt(AdoptRequest(strange, "mine"), shelf)
    deeper = _with_config(dishes, tmp_path / "deeper", num_hidden_layers=3)
    with pytest.raises(WeightsRefused, match="another architecture"):
        adopt(AdoptRequest(deeper, "mine"), shelf)
    (tmp_path / "strange" / "preprocessor_config.json").unlink()
    shutil.copyfile(dishes / "config.json", tmp_path / "strange" / "config.json")
    with pytest.raises(WeightsRefused, match="nothing says how its pictures are prepared"):
        adopt(AdoptRequest(tmp_path / "strange", "mine"), shelf)
    assert not list(shelf.store.root.glob("*"))[1:]  # the staging folder alone


def test_names_that_are_taken_or_cannot_be_are_refused(
    weights: Path, dishes: Path, stocked: Shelf
) -> None:
    with pytest.raises(ModelError, match="is part of tagd"):
        adopt(AdoptRequest(weights, "efficientnet-lite0"), stocked)
    with pytest.raises(ModelError, match="already"):
        adopt(AdoptRequest(weights, SMALL.id), stocked)
    for name in ("../up", "Big Name", ".hidden", ""):
        with pytest.raises(ModelError, match="cannot be a model's name"):
            adopt(AdoptRequest(dishes, name), stocked)
    with pytest.raises(ModelError, match="names none"):
        adopt(AdoptRequest(weights, "mine", architecture="keras:x"), stocked)
    with pytest.raises(WeightsRefused, match="timm has no architecture 'no_such_net'"):
        adopt(
            AdoptRequest(weights, "mine", labels="imagenet-1k", architecture="timm:no_such_net"),
            stocked,
        )
