"""What a folder from elsewhere says of its network builds a network, and asks for nothing more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from safetensors.torch import load_file, save_file

from tagd.errors import WeightsMissing, WeightsRefused
from tagd.models.acquire.adopt import AdoptRequest, adopt
from tagd.models.zoo import network_options, registry
from tagd.models.zoo.shelf import Shelf
from tests import models

SMALL = registry.find("mobilenet-v4-conv-small")


class RunsCode:
    """What a hostile checkpoint holds."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, ("i-was-here",)


def with_config(folder: Path, copy: Path, **change: object) -> Path:
    shutil.copytree(folder, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, **change}))
    return copy


@pytest.fixture(scope="module")
def timms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.timms_folder(
        tmp_path_factory.mktemp("timm") / "mine", 3, label_names=models.DISHES
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"checkpoint_path": "notes.dat"}, "checkpoint_path is not one"),
        ({"checkpoint_path": "/etc/passwd"}, "checkpoint_path is not one"),
        ({"pretrained_cfg": {"custom_load": "os.system"}}, "pretrained_cfg is not one"),
        ({"pretrained_cfg_overlay": {"file": "notes.dat"}}, "pretrained_cfg_overlay is not one"),
        ({"cache_dir": "/etc"}, "cache_dir is not one"),
        ({"features_only": True}, "features_only is not one"),
        ({"act_layer": "os.system"}, "act_layer = os.system is none"),
        ({"act_layer": "no_such_layer"}, "timm cannot build"),
        ({"norm_layer": {"a": 1}}, "norm_layer = .* is none"),
        ({"in_chans": 10**7}, "in_chans = 10000000 is none"),
        ({"in_chans": 1}, "in_chans = 1 is none"),
        ({"layers": [10**6]}, "layers = .* is none"),
        ({"drop_rate": float("nan")}, "drop_rate = nan is none"),
        ({"global_pool": "no_such_pool"}, "timm cannot build"),
        (["checkpoint_path"], "model_args is no table"),
    ],
)
def test_of_timms_arguments_only_those_of_a_network_are_taken(
    args: object, said: str, timms: Path, tmp_path: Path, shelf: Shelf
) -> None:
    folder = with_config(timms, tmp_path / "copy", model_args=args)
    with pytest.raises(WeightsRefused, match=said):
        adopt(AdoptRequest(folder, "mine"), shelf)


def test_a_network_far_larger_than_its_weights_is_never_built(
    timms: Path, tmp_path: Path, shelf: Shelf
) -> None:
    args = {"embed_dim": 12288, "depth": 48, "num_heads": 96}  # 87 billion numbers
    change = {"architecture": "vit_tiny_patch16_224", "model_args": args}
    folder = with_config(timms, tmp_path / "copy", **change)
    with pytest.raises(WeightsRefused, match="M numbers"):
        adopt(AdoptRequest(folder, "mine"), shelf)


def test_a_checkpoint_that_is_named_by_its_path_does_not_run(
    timms: Path, tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": RunsCode()}, tmp_path / "notes.dat")
    folder = with_config(timms, tmp_path / "copy", model_args={"checkpoint_path": "notes.dat"})
    with pytest.raises(WeightsRefused):
        adopt(AdoptRequest(folder, "mine"), shelf)
    assert not (tmp_path / "i-was-here").exists()


def test_arguments_of_a_network_are_handed_on(timms: Path, tmp_path: Path, shelf: Shelf) -> None:
    args = {"global_pool": "avg", "drop_rate": 0.1, "num_classes": 3, "act_layer": "relu"}
    facts = adopt(
        AdoptRequest(with_config(timms, tmp_path / "copy", model_args=args), "mine"), shelf
    )
    assert facts.config == {"global_pool": "avg", "drop_rate": 0.1, "act_layer": "relu"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"attn_implementation": "evil-org/evil-kernel"}, "attn_implementation asks for more"),
        ({"_attn_implementation": "evil/kernel"}, "attn_implementation asks for more"),
        ({"quantization_config": {"quant_method": "awq"}}, "quantization_config asks for more"),
        ({"use_kernels": True}, "use_kernels asks for more"),
        ({"trust_remote_code": True}, "trust_remote_code asks for more"),
        ({"vision_config": {"attn_implementation": "e/k"}}, "attn_implementation asks for more"),
        ({"num_hidden_layers": 10**6}, "num_hidden_layers = 1000000 is none"),
        ({"num_hidden_layers": 500}, "M numbers"),
        ({"hidden_size": 10**7}, "hidden_size = 10000000 is none"),
        ({"hidden_size": 40_000}, "another architecture|cannot load"),
        ({"image_size": 10**6}, "image_size = 1000000 is none"),
        ({"hidden_act": "no_such_act"}, "no_such_act"),
        ({"hidden_size": "many"}, "vit"),
        ({"num_attention_heads": 0}, "vit|cannot load"),
        ({"model_type": "bert"}, "cannot load"),
    ],
)
def test_of_transformers_configuration_only_the_network_is_taken(
    change: dict[str, object], said: str, dishes: Path, tmp_path: Path, shelf: Shelf
) -> None:
    with pytest.raises(WeightsRefused, match=said):
        adopt(AdoptRequest(with_config(dishes, tmp_path / "copy", **change), "mine"), shelf)


def test_what_no_network_depends_on_is_left_out(dishes: Path, tmp_path: Path, shelf: Shelf) -> None:
    change = {
        "attn_implementation": "eager",
        "hidden_act": "__import__('os').system('id')",
        "architectures": ["os.system"],
        "task_specific_params": {"a": {"b": 1}},
        "use_kernels": False,
        "torch_dtype": "os.system",
    }
    facts = adopt(AdoptRequest(with_config(dishes, tmp_path / "copy", **change), "mine"), shelf)
    assert "hidden_act" not in facts.config


KERNELS = """
def get_kernel(*arguments, **more):
    open({marker!r}, "a").write("asked")
    raise RuntimeError("would fetch and run")
def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return lambda *arguments, **more: (lambda each: each)
"""


@pytest.mark.slow
def test_no_kernel_is_fetched(dishes: Path, tmp_path: Path) -> None:
    """With a package in place that would fetch compiled code from the network."""
    marker = tmp_path / "marker"
    (tmp_path / "path/kernels").mkdir(parents=True)
    (tmp_path / "path/kernels/__init__.py").write_text(KERNELS.format(marker=str(marker)))
    about = tmp_path / "path/kernels-0.18.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: kernels\nVersion: 0.18.2\n")
    record = tmp_path / "record"
    code = (
        "import sys; from pathlib import Path\n"
        "from tagd.models.backends import transformers\n"
        "from tagd.models.zoo import registry\n"
        "facts = registry.find('vit-base').model_copy(update={'config':"
        " {'attn_implementation': 'evil-org/evil-kernel', 'hidden_size': 32}})\n"
        "transformers._auto.from_config(transformers.configuration(facts, 3))\n"
        f"Path({str(record)!r}).write_text('built')"
    )
    path = os.pathsep.join([str(tmp_path / "path"), *sys.path])
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, check=True)
    assert record.read_text() == "built"
    assert not marker.exists()


def test_files_that_would_never_end_are_refused(timms: Path, tmp_path: Path, shelf: Shelf) -> None:
    for name in ("config.json", "model.safetensors"):
        folder = tmp_path / f"fifo-{name}"
        shutil.copytree(timms, folder)
        (folder / name).unlink()
        os.mkfifo(folder / name)
        with pytest.raises((WeightsRefused, WeightsMissing), match=r"regular|no weights"):
            adopt(AdoptRequest(folder, "mine"), shelf)
    with pytest.raises(WeightsRefused, match="no regular file"):
        adopt(AdoptRequest(tmp_path / "fifo-model.safetensors/model.safetensors", "mine"), shelf)
    for text, said in (
        ("[" * 200_000, "nested so deep"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested so deep"),
        ('{"a":"' + "x" * (17 << 20) + '"}', "larger than any"),
        ("[]", "no configuration"),
        ('{"pretrained_cfg": 1}', "are none"),
    ):
        (tmp_path / "fifo-config.json/config.json").unlink()
        (tmp_path / "fifo-config.json/config.json").write_text(text)
        with pytest.raises(WeightsRefused, match=said):
            adopt(AdoptRequest(tmp_path / "fifo-config.json", "mine"), shelf)


@pytest.mark.parametrize(
    "change", [{"input_size": [3, 10**6, 10**6]}, {"crop_pct": 1e-9}, {"crop_pct": float("nan")}]
)
def test_pictures_without_measure_are_refused(
    change: dict[str, object], timms: Path, tmp_path: Path, shelf: Shelf
) -> None:
    cfg = json.loads((timms / "config.json").read_text())["pretrained_cfg"] | change
    folder = with_config(timms, tmp_path / "copy", pretrained_cfg=cfg)
    with pytest.raises(WeightsRefused, match=r"crop_pct|are not taken"):
        adopt(AdoptRequest(folder, "mine"), shelf)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=30,
)
KEYS = st.sampled_from(["layers", "in_chans", "act_layer", "vision_config", "depths", "x"])


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        value = list(value.values())
    return (
        [each for inner in value for each in leaves(inner)] if isinstance(value, list) else [value]
    )


@given(st.dictionaries(KEYS, JSON))
def test_whatever_is_said_numbers_are_bounded_and_words_plain(said: dict[str, object]) -> None:
    for read in (network_options.of_timm, network_options.of_transformers):
        try:
            options = read(said, "it")
        except WeightsRefused:
            continue
        for each in leaves(options):
            assert each is None or isinstance(each, bool | int | float | str)
            assert not isinstance(each, str) or (each.isascii() and len(each) <= 40)
            assert isinstance(each, str | None) or abs(each) <= 1 << 16


def test_no_version_of_timm_is_taken_that_would_load_pickles_by_their_path() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    [timm] = [
        each for each in map(Requirement, project["project"]["dependencies"]) if each.name == "timm"
    ]
    assert "1.0.25" not in timm.specifier


# Checkpoints as trainers leave them


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "model.", "net.", "module._orig_mod.", "_orig_mod.module.",
     "model._orig_mod.", "module.model."],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_what_trainers_put_before_names_is_taken_off(
    prefix: str, suffix: str, weights: Path, tmp_path: Path, shelf: Shelf
) -> None:
    state = {f"{prefix}{name}": tensor for name, tensor in load_file(weights).items()}
    path = tmp_path / f"last.{suffix}"
    if suffix == "pth":
        torch.save({"state_dict": state, "epoch": 3}, path)
    else:
        save_file(state, path)
    plain = adopt(AdoptRequest(weights, SMALL.id), Shelf(tmp_path / "plain"))
    assert adopt(AdoptRequest(path, SMALL.id), shelf).label_set == plain.label_set


def test_what_lightning_keeps_beside_the_network_is_left_out(
    weights: Path, tmp_path: Path, shelf: Shelf
) -> None:
    state = {f"model.{name}": tensor for name, tensor in load_file(weights).items()}
    saved = {
        "epoch": 3,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {**state, "criterion.weight": torch.ones(1000)},
        "optimizer_states": [],
    }
    torch.save(saved, tmp_path / "last.ckpt")
    assert adopt(AdoptRequest(tmp_path / "last.ckpt", SMALL.id), shelf).id == SMALL.id


POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.mark.parametrize("name", ["model.pth", "model.safetensors", "model.bin"])
def test_a_pointer_of_git_lfs_is_called_one(name: str, tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / name).write_text(POINTER)
    with pytest.raises(WeightsRefused, match="pointer of Git LFS") as refused:
        adopt(AdoptRequest(tmp_path / name, SMALL.id), shelf)
    assert "git lfs pull" in refused.value.hint
