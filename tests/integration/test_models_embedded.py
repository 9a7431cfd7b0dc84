"""The embedded models with their real weights, against timm called directly."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from timm.data.config import resolve_model_data_config
from timm.data.transforms_factory import create_transform

from tagd.domain import Predictions
from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.pool import LoadedModel, ModelPool
from tagd.models.predictions import predictions_of
from tagd.models.runtime import torch_session
from tagd.models.runtime.device import Device
from tagd.models.runtime.outputs import EVERYTHING
from tagd.models.runtime.torch_session import TorchSession
from tagd.models.selftest import deviation, rings, self_test
from tagd.models.zoo import bundled, labelset, registry
from tests.photos import cat, coffee

MODELS = ("efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2")
LITE0 = "efficientnet-lite0"
ESPRESSO, TABBY, TIGER_CAT, EGYPTIAN_CAT = "n07920052", "n02123045", "n02123159", "n02124075"


@pytest.fixture(scope="module")
def pool() -> Iterator[ModelPool]:
    """A pool on the CPU, whose models are loaded once for the whole file."""
    pool = ModelPool(device="cpu")
    yield pool
    pool.close()


def reference(model: str) -> Any:
    """timm's network with the package's weights, by timm's and torch's own means alone."""
    facts = registry.find(model)
    network = timm.create_model(facts.architecture)
    assert isinstance(facts.weights, registry.BundledWeights)
    given = torch.load(bundled.locate(facts.weights), weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), given.values(), strict=True)))
    return network.eval()


def transform_of(network: Any) -> Any:
    """timm's own preprocessing for this network."""
    resolve: Any = resolve_model_data_config
    return create_transform(**resolve(network), is_training=False)


def cropped(transform: Any, photo: Image.Image) -> NDArray[np.uint8]:
    """What timm resizes and crops, before it normalises."""
    resize, crop, *_ = transform.transforms
    return np.asarray(crop(resize(photo)))


def said(model: LoadedModel, photo: Image.Image) -> Predictions:
    """What the session says of a photo that timm resized and cropped."""
    pixels = cropped(transform_of(timm.create_model(model.facts.architecture)), photo)
    return predictions_of("", model, model.session.run(pixels[None]).logits[0])


@pytest.mark.parametrize("model", MODELS)
def test_logits_equal_timms_own(pool: ModelPool, model: str) -> None:
    network = reference(model)
    transform = transform_of(network)
    photos = [coffee(), cat()]
    with torch.inference_mode():
        exact = network(torch.stack([transform(photo) for photo in photos])).numpy()
    pixels = np.stack([cropped(transform, photo) for photo in photos])
    ours = pool.get(model).session.run(pixels).logits
    assert ours.dtype == np.float32
    assert np.ptp(exact, axis=1).min() > 1  # else a comparison would say nothing
    np.testing.assert_allclose(ours, exact, atol=1e-4)


@pytest.mark.parametrize("model", MODELS)
def test_the_embedding_is_what_timm_gives_its_classifier(pool: ModelPool, model: str) -> None:
    network = reference(model)
    transform = transform_of(network)
    with torch.inference_mode():
        pooled = network.forward_features(transform(coffee())[None])
        exact = network.forward_head(pooled, pre_logits=True).numpy()
        features = pooled.numpy()
    ours = pool.get(model).session.run(cropped(transform, coffee())[None], EVERYTHING)
    assert ours.embedding is not None
    assert ours.features is not None
    spread = float(np.ptp(exact))
    np.testing.assert_allclose(ours.embedding, exact, atol=1e-4 * spread)
    np.testing.assert_allclose(ours.features, features, atol=1e-4 * float(np.ptp(features)))


def test_other_weights_give_other_logits(pool: ModelPool) -> None:
    network = reference(LITE0)
    with torch.no_grad():
        network.conv_stem.weight *= 1.01
    facts = registry.find(LITE0)
    other = TorchSession(network, facts.preprocessing, Device("cpu", "fp32", ""))
    picture = rings(facts.input_size)[None]
    difference = np.abs(other.run(picture).logits - pool.get(LITE0).session.run(picture).logits)
    assert difference.max() > 1e-3


@pytest.mark.parametrize("model", MODELS)
def test_the_facts_are_those_of_timm_and_of_the_file(model: str) -> None:
    facts, network = registry.find(model), reference(model)
    resize, crop, _, normalise = transform_of(network).transforms
    geometry = facts.preprocessing.geometry
    assert (geometry.resize, geometry.crop) == (resize.size, tuple(crop.size))
    assert geometry.interpolation == resize.interpolation.value
    assert facts.preprocessing.mean == pytest.approx(normalise.mean.tolist())
    assert facts.preprocessing.std == pytest.approx(normalise.std.tolist())
    assert sum(p.numel() for p in network.parameters()) == round(facts.parameters_m * 1e6)
    # timm's table counts batch normalisation too.
    assert multiply_adds(network, facts.input_size) / 1e9 == pytest.approx(facts.gmacs, rel=0.05)
    assert network.bn1.eps == facts.settings["batch_norm_epsilon"]
    assert type(network.bn1.act).__name__.lower() == facts.settings["activation"]
    assert type(network.conv_stem).__name__ == "Conv2dSame"
    assert facts.settings["padding"] == "same"


def multiply_adds(network: Any, size: tuple[int, int]) -> int:
    """Of the convolutions and the classifier, for one picture."""
    counted = 0

    def count(layer: Any, _: object, output: torch.Tensor) -> None:
        nonlocal counted
        counted += layer.weight[0].numel() * output.numel()

    kinds = (torch.nn.Conv2d, torch.nn.Linear)
    hooks = [m.register_forward_hook(count) for m in network.modules() if isinstance(m, kinds)]
    with torch.inference_mode():
        network(torch.zeros(1, 3, *size))
    for hook in hooks:
        hook.remove()
    return counted


def test_the_labels_are_timms_in_timms_order() -> None:
    package = importlib.util.find_spec("timm")
    assert package is not None
    assert package.origin is not None
    synsets = Path(package.origin).parent / "data" / "_info" / "imagenet_synsets.txt"
    assert labelset.load("imagenet-1k") == tuple(synsets.read_text().split())


@pytest.mark.parametrize("model", MODELS)
def test_coffee_is_espresso_and_chelsea_a_cat(pool: ModelPool, model: str) -> None:
    drink, animal = said(pool.get(model), coffee()), said(pool.get(model), cat())
    assert drink.labels[0] == ESPRESSO
    assert drink.best_probability > (0.9 if model == LITE0 else 0.5)
    assert {TABBY, TIGER_CAT, EGYPTIAN_CAT} & set(animal.labels[:3])


def test_each_row_belongs_to_its_image(pool: ModelPool) -> None:
    session = pool.get(LITE0).session
    numbers = np.random.default_rng(7)
    images = numbers.integers(0, 256, (5, 224, 224, 3), dtype=np.uint8)
    together = session.run(images).logits
    alone = np.concatenate([session.run(image[None]).logits for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert np.abs(together[0] - together[1]).max() > 0.1


def test_shared_read_only_and_strided_pixels_are_taken_and_left_alone(pool: ModelPool) -> None:
    session = pool.get(LITE0).session
    picture = rings((224, 224))[None]
    frozen = picture.copy()
    frozen.flags.writeable = False
    strided = np.repeat(picture, 2, axis=2)[:, :, ::2]
    exact = session.run(picture).logits
    for pixels in (frozen, strided):
        np.testing.assert_array_equal(session.run(pixels).logits, exact)
    np.testing.assert_array_equal(frozen, picture)


def test_no_images_get_no_rows_and_others_are_refused(pool: ModelPool) -> None:
    session = pool.get(LITE0).session
    assert session.run(np.zeros((0, 224, 224, 3), np.uint8)).logits.shape == (0, 1000)
    with pytest.raises(ValueError, match=r"\(N, 224, 224, 3\), got uint8 \(1, 260, 260, 3\)"):
        session.run(np.zeros((1, 260, 260, 3), np.uint8))


@pytest.mark.parametrize("model", MODELS)
def test_the_self_test_finds_the_golden_answer(pool: ModelPool, model: str) -> None:
    result = self_test(pool, model)
    assert result.ok
    assert (result.model, result.device) == (model, "cpu")
    assert result.top_label == "n03733281"  # maze
    assert result.milliseconds > 0
    assert result.deviation < 0.005


def test_the_self_test_notices_other_weights() -> None:
    damaged = reference(LITE0)
    with torch.no_grad():
        damaged.classifier.weight[646] *= 1.01

    def open_session(
        facts: registry.ModelFacts, _: tuple[str, ...], device: Device
    ) -> TorchSession:
        return TorchSession(damaged, facts.preprocessing, device)

    result = self_test(ModelPool("cpu", open_session=open_session), LITE0)
    assert not result.ok
    assert result.deviation > result.tolerance


def test_a_golden_label_that_is_not_among_the_best_is_infinitely_far(pool: ModelPool) -> None:
    model = pool.get(LITE0)
    golden = model.facts.self_test
    assert golden is not None
    assert deviation(said(model, coffee()), golden) == float("inf")


def test_half_precision_stays_within_its_tolerance(pool: ModelPool) -> None:
    facts = registry.find(LITE0)
    half = TorchSession(reference(LITE0), facts.preprocessing, Device("cpu", "bf16", "as asked"))
    exact = pool.get(LITE0).session
    picture = rings(facts.input_size)[None]
    difference = np.abs(half.run(picture).logits - exact.run(picture).logits).max()
    assert exact.tolerance < difference < half.tolerance
    assert half.describe() == f"cpu, bf16, {threads_in_words()}: as asked"


def threads_in_words() -> str:
    """As `describe` counts them."""
    return f"{torch.get_num_threads()} thread{'s' * (torch.get_num_threads() > 1)}"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused_and_its_lack_explained() -> None:
    with pytest.raises(DeviceUnavailable, match="a GPU was asked for, but ") as caught:
        ModelPool(device="cuda").get(LITE0)
    why = caught.value.message.partition("but ")[2]
    assert why
    automatic = ModelPool().get(LITE0).session
    assert automatic.device == "cpu"
    assert automatic.describe() == f"cpu, fp32, {threads_in_words()}: {why}"


@pytest.mark.parametrize(
    ("failure", "kind", "message"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), ModelError, "cpu is out of memory: CUDA"),
        (torch.AcceleratorError("lost\nmore"), DeviceUnavailable, "cpu stopped working: lost$"),
        (RuntimeError("odd"), ModelError, "the forward pass failed on cpu: odd"),
    ],
)
def test_a_device_that_fails_is_said_in_words(
    failure: RuntimeError, kind: type[ModelError], message: str
) -> None:
    class Failing(torch.nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise failure

    place = Device("cpu", "fp32", "as asked")
    session = TorchSession(Failing(), registry.find(LITE0).preprocessing, place)
    with pytest.raises(kind, match=message) as caught:
        session.run(rings((224, 224))[None])
    assert type(caught.value) is kind


def test_a_closed_session_does_not_answer() -> None:
    own = ModelPool(device="cpu")
    session = own.get(LITE0).session
    own.close()
    with pytest.raises(ModelError, match="closed"):
        session.run(rings((224, 224))[None])


def test_threads_are_as_asked() -> None:
    before = torch.get_num_threads()
    try:
        assert "1 thread:" in ModelPool(device="cpu", threads=1).get(LITE0).session.describe()
        torch_session.use_threads(None)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_loading_and_answering_need_no_network_and_warn_of_nothing(tmp_path: Path) -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('the network was asked')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from tagd.models.pool import ModelPool\n"
        "from tagd.models.selftest import self_test\n"
        "pool = ModelPool()\n"
        "assert 'torch' not in sys.modules\n"
        "sys.exit(0 if self_test(pool, 'efficientnet-lite0').ok else 'another answer')"
    )
    home = {"HOME": str(tmp_path), "HF_HOME": str(tmp_path), "TORCH_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **home},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.rglob("*.pth")) + list(tmp_path.rglob("*.safetensors")) == []
