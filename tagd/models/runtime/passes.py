"""Forward passes of a network, run in one of the ways there are. Imports torch.

What is prepared for fixed sizes is prepared when it is first needed, and never trusted blindly: it
has to answer as an eager pass does, to the very pictures that it is wanted for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

import torch

from tagd.models.runtime.buckets import BUCKETS, bucket_of
from tagd.models.runtime.modes import Way

if TYPE_CHECKING:
    from tagd.models.runtime.from_pixels import FromPixels

Answer = tuple[torch.Tensor, ...]  # a network's outputs, in their order
Run = Callable[[torch.Tensor], Answer]
Launch = Callable[[], Answer]

WARM_UP_PASSES = 2  # before a recording: the first ones choose kernels and take workspaces
# For each model one compilation of a single picture and one of any number; PyTorch gives up at 8.
COMPILATIONS = 256


class Unusable(Exception):
    """A network cannot be run in this way here; the message says why."""


class Passes(Protocol):
    """Runs a network."""

    @property
    def buckets(self) -> tuple[int, ...]:
        """The sizes of its passes, ascending; none where any size will do."""

    def __call__(self, pixels: torch.Tensor) -> Answer:
        """Bring `uint8` pictures on the network's device to tensors of fp32 that nobody else writes
        to; they may not be computed yet. No more pictures than the largest of `buckets`.

        Raises `Unusable`, and `RuntimeError` as PyTorch does.
        """


PassesMaker = Callable[["Way", "FromPixels", torch.device, float], Passes]


class Eager:
    """One operation after the other."""

    buckets: tuple[int, ...] = ()

    def __init__(self, whole: FromPixels) -> None:
        self._whole = whole

    def __call__(self, pixels: torch.Tensor) -> Answer:
        """See `Passes`."""
        return tuple(output.float() for output in self._whole(pixels))


class Fixed:
    """Passes of a few sizes. `prepare` is given the memory where a pass will find its pictures, and
    returns what launches it; `tolerance` is how far its outputs may be from an eager pass's, in
    parts of their spread."""

    buckets = BUCKETS

    def __init__(
        self, whole: FromPixels, prepare: Callable[[torch.Tensor], Launch], tolerance: float
    ) -> None:
        self._whole = whole
        self._prepare = prepare
        self._tolerance = tolerance
        self._ready: dict[int, tuple[torch.Tensor, Launch]] = {}

    def __call__(self, pixels: torch.Tensor) -> Answer:
        """See `Passes`. What the pictures leave empty holds those of earlier passes."""
        size = bucket_of(len(pixels), self.buckets)
        if size not in self._ready:
            self._ready[size] = self._made(size, pixels)
        place, launch = self._ready[size]
        place[: len(pixels)].copy_(pixels)
        # A copy: the next pass of this size answers in the same memory.
        return tuple(output[: len(pixels)].to(torch.float32, copy=True) for output in launch())

    def _made(self, size: int, pixels: torch.Tensor) -> tuple[torch.Tensor, Launch]:
        place = pixels.new_zeros((size, *pixels.shape[1:]))
        place[: len(pixels)].copy_(pixels)
        expected = self._whole(place)
        try:
            launch = self._prepare(place)
            answer = launch()
        except Exception as error:
            if is_out_of_memory(error):
                raise
            raise Unusable(_in_words(error)) from error
        apart = max(map(_apart, answer, expected))
        if not apart <= self._tolerance:
            raise Unusable(
                f"its answers are {apart:.2g} of their spread apart from an eager pass's"
            )
        return place, launch


def _apart(answer: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference, in parts of the expected values' spread."""
    exact = expected.float()
    return float((answer.float() - exact).abs().max() / exact.std().clamp(min=1e-6))


def passes(way: Way, whole: FromPixels, device: torch.device, tolerance: float) -> Passes:
    """Return the network, to be run in this way."""
    match way:
        case Way.EAGER:
            return Eager(whole)
        case Way.GRAPHS:
            return Fixed(whole, partial(_recorded, whole), tolerance)
        case Way.COMPILED:
            launched = _recorded if device.type == "cuda" else partial
            compiled = cache(partial(_compiled, whole))
            return Fixed(whole, lambda place: launched(compiled(), place), tolerance)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether this, or what it came of, is memory that a device has not. On its way out of a
    recording or a compiler the error is another's context; on a CPU it is a plain RuntimeError of
    the allocator's, and a library on the GPU has words of its own."""
    while error is not None:
        said = str(error)
        if isinstance(error, torch.OutOfMemoryError) or any(word in said for word in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


_NO_MEMORY = ("DefaultCPUAllocator", "CUDA error: out of memory", "STATUS_ALLOC_FAILED")


def _recorded(run: Run, place: torch.Tensor) -> Launch:
    """Record a CUDA graph of one pass over what lies at `place`."""
    graph = torch.cuda.CUDAGraph()
    aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # PyTorch's own
    here = torch.cuda.current_stream()
    aside.wait_stream(here)
    # Each size is run often enough to try which convolutions are quickest, in the passes before.
    with torch.backends.cudnn.flags(enabled=True, benchmark=True):
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_PASSES):
                run(place)
        here.wait_stream(aside)
        # Other threads may ask the GPU for something meanwhile, as for how much memory is free.
        with torch.cuda.graph(graph, stream=aside, capture_error_mode="thread_local"):
            answer = run(place)

    def launch() -> Answer:
        graph.replay()
        return answer

    return launch


def _compiled(whole: FromPixels) -> Run:
    from torch._dynamo import config  # noqa: PLC0415  takes seconds

    config.recompile_limit = COMPILATIONS
    # The whole of it: what is compiled in part is no quicker, and cannot be recorded.
    compiled: Run = torch.compile(whole, fullgraph=True)
    return compiled


def _in_words(error: Exception) -> str:
    said = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {said}"[:200]
