"""ONNX Runtime on the CPU as a `Session`: quicker than PyTorch there, and in a tenth of its memory.

Imports no torch.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort

from tagd.errors import ModelError
from tagd.models.runtime import memory
from tagd.models.runtime.outputs import LOGITS, Output, Outputs, in_order
from tagd.models.runtime.processor import processor
from tagd.models.runtime.session import require_images, require_outputs

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from numpy.typing import NDArray

    from tagd.models.runtime.device import Device
    from tagd.models.zoo.preprocessing import Preprocessing

INPUT = "images"  # uint8 (N, height, width, 3); the outputs go by their own names


class OnnxSession:
    """A graph that takes `uint8` pictures and normalises them itself; its outputs are named by
    `Output`.

    `threads` compute at a time, every core's where it is None. Passes run beside each other in any
    case; with `share_passes` a single pass is divided among the threads as well, which pays for
    large models alone: threads that wait for each other cost a small one a sixth of its rate.
    """

    precision = "fp32"
    device = "cpu"
    tolerance = 0.02  # as PyTorch's own kernels among each other

    def __init__(
        self,
        graph: bytes,
        preprocessing: Preprocessing,
        device: Device,
        threads: int | None,
        *,
        share_passes: bool = True,
    ) -> None:
        self._reason = device.reason
        self._size = preprocessing.geometry.crop
        self._threads = threads or len(os.sched_getaffinity(0))
        self.batch_limit: int | None = None
        threads_a_pass = self._threads if share_passes else 1
        runtime = _open(graph, threads_a_pass)
        self._runtime: ort.InferenceSession | None = runtime
        self._shapes = {Output(each.name): each.shape[1:] for each in runtime.get_outputs()}
        # Start when there is something for them, and end with the session.
        self._callers = ThreadPoolExecutor(self._threads, thread_name_prefix="forward")

    @property
    def hardware(self) -> str:
        """The processor's name."""
        return processor()

    @property
    def outputs(self) -> frozenset[Output]:
        """What the graph was exported with."""
        return frozenset(self._shapes)

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """See `Session`. A pass takes one picture: more are no quicker on a CPU, and take more
        memory."""
        require_images(images, self._size)
        require_outputs(outputs, self.outputs)
        if self._runtime is None:
            raise ModelError("this session has been closed")
        wanted = in_order(outputs)
        forward = partial(_forward, self._runtime, wanted)
        if len(images) > 1 and self._threads > 1:
            rows = list(self._callers.map(forward, images))
        else:
            rows = [forward(image) for image in images]
        columns = zip(*rows, strict=True) if rows else (() for _ in wanted)
        return Outputs(
            **{
                output.value: np.stack(column) if column else self._none_of(output)
                for output, column in zip(wanted, columns, strict=True)
            }
        )

    def describe(self) -> str:
        """Such as "cpu, fp32, ONNX Runtime, 2 threads: no GPU driver is loaded"."""
        threads = f"{self._threads} thread{'s' * (self._threads > 1)}"
        return f"cpu, fp32, ONNX Runtime, {threads}: {self._reason}"

    def close(self) -> None:
        """Give the memory back."""
        self._runtime = None
        self._callers.shutdown(wait=False)

    def _none_of(self, output: Output) -> NDArray[np.float32]:
        return np.empty((0, *self._shapes[output]), dtype=np.float32)


def _forward(
    runtime: ort.InferenceSession, outputs: Sequence[Output], image: NDArray[np.uint8]
) -> list[NDArray[np.float32]]:
    """Compute the outputs for one picture, without the dimension of pictures."""
    try:
        return [batch[0] for batch in runtime.run(outputs, {INPUT: image[None]})]
    except Exception as error:
        raise ModelError(f"the forward pass failed in ONNX Runtime: {error}") from error


def _open(graph: bytes, threads_a_pass: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads_a_pass
    options.log_severity_level = 3  # errors; they are raised as well
    # Planned in advance, a pass takes more memory and no less time (measured, Lite0 and Lite2).
    options.enable_mem_pattern = False
    # Threads that spin between two passes would take the cores from the decoders.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        runtime = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelError(f"ONNX Runtime cannot load the graph: {error}") from error
    # Half of what loading took is free now: the weights as the file has them.
    memory.trim()
    return runtime
