"""A network answers the same whichever way it is run, and what cannot be run in a way says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from tagd.domain import Geometry
from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.runtime.device import Device
from tagd.models.runtime.from_pixels import FromPixels
from tagd.models.runtime.modes import Way
from tagd.models.runtime.outputs import EVERYTHING, LOGITS, WITH_EMBEDDING
from tagd.models.runtime.passes import (
    Answer,
    Eager,
    Fixed,
    Launch,
    Passes,
    Run,
    Unusable,
    is_out_of_memory,
)
from tagd.models.runtime.torch_session import TorchSession
from tagd.models.zoo.preprocessing import Preprocessing

CPU = Device("cpu", "fp32", "standing in for a GPU")
GEOMETRY = Geometry(resize=16, crop=(16, 16), interpolation="bicubic")
PREPROCESSING = Preprocessing(GEOMETRY, (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))
NO_MEMORY = "CUDA out of memory"


class Small(torch.nn.Module):
    """A network on a device whose memory holds `fits` pictures. `seen` are the sizes of its
    passes."""

    def __init__(self, fits: int | None = None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2),
            torch.nn.BatchNorm2d(8),
            torch.nn.SiLU(),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(8, 10),
        )
        self.fits = fits
        self.seen: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.fits is not None:
            self.seen.append(len(images))
            if len(images) > self.fits:
                raise torch.OutOfMemoryError(NO_MEMORY)
        answer: torch.Tensor = self.layers(images)
        return answer


def pictures(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(count).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def eager(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """What an eager session says of so many pictures."""
    return TorchSession(Small(), PREPROCESSING, CPU).run(pictures(count)).logits


def recorded(run: Run, place: torch.Tensor) -> Launch:
    """As a CUDA graph is: it reads at one place in memory, and answers at another."""
    answer = tuple(output.clone() for output in run(place))

    def launch() -> Answer:
        for kept, output in zip(answer, run(place), strict=True):
            kept.copy_(output)
        return answer

    return launch


def session(
    network: torch.nn.Module,
    prepare: Callable[[Run, torch.Tensor], Launch] = recorded,
    say: Callable[[str], None] = lambda _: None,
) -> TorchSession:
    """A session that prepares its passes so."""

    def passes(way: Way, whole: FromPixels, _: torch.device, tolerance: float) -> Passes:
        if way is Way.EAGER:
            return Eager(whole)
        return Fixed(whole, partial(prepare, whole), tolerance)

    return TorchSession(network, PREPROCESSING, CPU, Way.GRAPHS, say, make_passes=passes)


def test_passes_of_fixed_sizes_answer_as_one_of_any_size() -> None:
    one = session(Small())
    for count in (1, 3, 0, 5, 23, 3):
        np.testing.assert_allclose(one.run(pictures(count)).logits, eager(count), atol=1e-5)
    assert one.describe().startswith("cpu, fp32, CUDA graphs, ")


def test_each_size_is_prepared_once() -> None:
    prepared: list[int] = []

    def prepare(run: Run, place: torch.Tensor) -> Launch:
        prepared.append(len(place))
        return recorded(run, place)

    one = session(Small(), prepare)
    for count in (3, 4, 1, 13, 2, 20):
        one.run(pictures(count))
    assert prepared == [4, 1, 16]


def test_out_of_memory_takes_smaller_sizes_and_remembers() -> None:
    tight = Small(fits=5)
    one = session(tight)
    np.testing.assert_allclose(one.run(pictures(21)).logits, eager(21), atol=1e-5)
    assert tight.seen[0] == 16
    assert set(tight.seen[1:]) == {4, 1}
    assert one.batch_limit == 8
    one.run(pictures(21))
    assert tight.seen.count(16) == 1  # it did not try that again
    assert one.way is Way.GRAPHS


def test_where_one_picture_leaves_no_memory_to_prepare_it_is_passed_eagerly() -> None:
    def prepare(_: Run, __: torch.Tensor) -> Launch:
        try:
            raise torch.OutOfMemoryError(NO_MEMORY)
        finally:
            # As leaving a recording that has failed does.
            raise RuntimeError("CUDA error: operation failed due to a previous error")

    one = session(Small(), prepare)
    np.testing.assert_allclose(one.run(pictures(2)).logits, eager(2), atol=1e-5)
    assert one.describe().endswith(
        "standing in for a GPU; not CUDA graphs, since there is no memory for it"
    )


def test_what_answers_otherwise_is_not_used() -> None:
    def prepare(run: Run, place: torch.Tensor) -> Launch:
        return lambda: tuple(output.roll(1, 1) for output in run(place))

    said: list[str] = []
    one = session(Small(), prepare, said.append)
    np.testing.assert_allclose(one.run(pictures(3)).logits, eager(3), atol=1e-5)
    assert one.way is Way.EAGER
    assert len(said) == 1
    assert "apart from an eager pass's" in said[0]
    assert "apart from an eager pass's" in one.describe()


def test_a_recording_that_fails_is_no_loss_of_the_device_unless_a_pass_fails_too() -> None:
    def prepare(_: Run, __: torch.Tensor) -> Launch:
        raise torch.AcceleratorError("CUDA error: operation not permitted when stream is capturing")

    one = session(Small(), prepare)
    np.testing.assert_allclose(one.run(pictures(2)).logits, eager(2), atol=1e-5)
    assert "AcceleratorError: CUDA error: operation not permitted" in one.describe()

    class Gone(torch.nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    with pytest.raises(DeviceUnavailable, match="stopped working: CUDA error: unspecified"):
        session(Gone()).run(pictures(2))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_compiled_is_passed_eagerly_and_the_reason_is_told() -> None:
    class Undecided(Small):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.layers(images)
            return answer if images.sum() > 0 else 2 * answer

    exact = TorchSession(Undecided(), PREPROCESSING, CPU)
    one = TorchSession(Undecided(), PREPROCESSING, CPU, Way.COMPILED)
    images = pictures(3)
    np.testing.assert_allclose(one.run(images).logits, exact.run(images).logits, atol=1e-5)
    assert "; not compiled, since " in one.describe()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_without_a_gpu_nothing_is_recorded_and_the_reason_is_told() -> None:
    said: list[str] = []
    one = TorchSession(Small(), PREPROCESSING, CPU, Way.GRAPHS, said.append)
    np.testing.assert_allclose(one.run(pictures(5)).logits, eager(5), atol=1e-5)
    assert one.way is Way.EAGER
    assert "; not CUDA graphs, since " in one.describe()
    assert [each.startswith("PyTorch runs a model eagerly on cpu; not ") for each in said] == [True]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_what_a_gpu_records_answers_as_the_cpu_does() -> None:
    gpu = Device("cuda:0", "fp32", "a GPU")
    one = TorchSession(Small(), PREPROCESSING, gpu, Way.GRAPHS)
    for count in (1, 23, 300):
        np.testing.assert_allclose(one.run(pictures(count)).logits, eager(count), atol=1e-2)
    assert one.way is Way.GRAPHS, one.describe()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore")
def test_what_is_compiled_answers_the_same(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
    one = TorchSession(Small(), PREPROCESSING, CPU, Way.COMPILED)
    for count in (3, 7):
        np.testing.assert_allclose(one.run(pictures(count)).logits, eager(count), atol=1e-4)
    assert one.way is Way.COMPILED, one.describe()


@pytest.mark.parametrize("way", [Unusable, RuntimeError])
def test_out_of_memory_is_seen_behind_what_came_of_it(way: type[Exception]) -> None:
    blas = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling")
    for cause in (torch.OutOfMemoryError(NO_MEMORY), blas):
        odd = way("odd")
        odd.__context__ = cause
        assert is_out_of_memory(odd)
    assert not is_out_of_memory(way("odd"))


@pytest.mark.parametrize("prepared", [False, True])
def test_every_output_of_a_network_can_be_asked_for(prepared: bool) -> None:
    network = Small()
    images = pictures(5)
    one = session(network) if prepared else TorchSession(network, PREPROCESSING, CPU)
    assert one.outputs == EVERYTHING
    with torch.inference_mode():
        shown = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255).sub_(
            torch.tensor(PREPROCESSING.mean).view(1, 3, 1, 1)
        )
        shown /= torch.tensor(PREPROCESSING.std).view(1, 3, 1, 1)
        features = network.layers[:3](shown)
    answer = one.run(images, EVERYTHING)
    assert answer.features is not None
    assert answer.embedding is not None
    np.testing.assert_allclose(answer.features, features, atol=1e-5)
    np.testing.assert_allclose(answer.embedding, features.mean(dim=(2, 3)), atol=1e-5)
    np.testing.assert_allclose(answer.logits, eager(5), atol=1e-5)
    some = one.run(images, WITH_EMBEDDING)
    assert some.features is None
    np.testing.assert_allclose(some.embedding, answer.embedding, atol=1e-5)  # type: ignore[arg-type]
    assert one.run(images).embedding is None


def test_a_network_without_a_linear_layer_has_logits_alone() -> None:
    class Plain(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean(dim=(2, 3))

    one = TorchSession(Plain(), PREPROCESSING, CPU)
    assert one.outputs == LOGITS
    with pytest.raises(ModelError, match="no embedding"):
        one.run(pictures(1), WITH_EMBEDDING)
