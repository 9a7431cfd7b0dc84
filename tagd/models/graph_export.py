"""Exports a model as an ONNX graph, in a process of its own whose end takes PyTorch's memory along.

    python -m tagd.models.graph_export MODEL GRAPHS [MODELS]

`GRAPHS` is the folder for the graph (see `graph_cache`), `MODELS` where pulled and imported models
lie. The graph is put in place only when it answers as PyTorch does. Exit status 0 when it is there
in the end, 3 when another process is making it, 1 with the reason on standard error otherwise.
"""

from __future__ import annotations

import fcntl
import os
import sys
import warnings
from pathlib import Path

import numpy as np
import onnxruntime  # noqa: F401 - what is missing is noticed before the work
import torch

from tagd.errors import TagdError
from tagd.models.backends import base
from tagd.models.runtime import taps
from tagd.models.runtime.device import Device
from tagd.models.runtime.from_pixels import FromPixels
from tagd.models.runtime.graph_cache import GraphFile, make_private
from tagd.models.runtime.onnx_session import INPUT, OnnxSession
from tagd.models.runtime.outputs import in_order
from tagd.models.runtime.passes import is_out_of_memory
from tagd.models.runtime.torch_session import TorchSession
from tagd.models.selftest import rings
from tagd.models.zoo.preprocessing import Preprocessing
from tagd.models.zoo.shelf import Shelf

BUSY = 3
CLOSE_ENOUGH = 1e-3  # of an output's spread; seen of logits between the two: 5e-6 to 3e-5
_HERE = Device("cpu", "fp32", "for the export")


def export(network: torch.nn.Module, preprocessing: Preprocessing) -> bytes:
    """Export the graph of a network in evaluation mode, for one picture at a time, with all outputs
    that the network has. What nobody asks for costs nothing: it is computed on the way to the
    logits."""
    height, width = preprocessing.geometry.crop
    where = taps.find(network, torch.zeros((1, 3, height, width)))
    outputs = in_order(where.outputs)
    whole = FromPixels(taps.Tapped(network, where, outputs), preprocessing)
    example = torch.zeros((1, height, width, 3), dtype=torch.uint8)
    program = torch.onnx.export(
        whole.eval().requires_grad_(False),
        (example,),
        input_names=[INPUT],
        output_names=list(outputs),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    graph: bytes = program.model_proto.SerializeToString()
    return graph


class CannotExport(TagdError):
    """A model has no graph with these libraries, however often it is tried."""


def checked(network: torch.nn.Module, preprocessing: Preprocessing) -> bytes:
    """Return the graph of a network, which answers as the network does. Raises `CannotExport`, and
    what may be over another time as it is."""
    try:
        graph = export(network, preprocessing)
    except Exception as error:  # PyTorch's exporter raises anything
        if _may_pass(error):
            raise
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise CannotExport(f"PyTorch cannot export it: {words[0][:200]}") from error
    check(graph, network, preprocessing)
    return graph


def _may_pass(error: BaseException) -> bool:
    """Return whether this, or what it came of, is a disk's or the memory's trouble."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (OSError, MemoryError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return is_out_of_memory(error)


def check(graph: bytes, network: torch.nn.Module, preprocessing: Preprocessing) -> None:
    """Raise `CannotExport` unless the graph answers as the network does, to pictures with edges,
    with noise, and of one colour."""
    height, width = preprocessing.geometry.crop
    noise = np.random.default_rng(1).integers(0, 256, (2, height, width, 3), dtype=np.uint8)
    plain = np.full((1, height, width, 3), 128, dtype=np.uint8)
    pictures = np.concatenate([rings((height, width))[None], noise, plain])
    session = OnnxSession(graph, preprocessing, _HERE, threads=None)
    ours = session.run(pictures, session.outputs)
    theirs = TorchSession(network, preprocessing, _HERE).run(pictures, session.outputs)
    for output in in_order(session.outputs):
        mine, exact = getattr(ours, output), getattr(theirs, output)
        apart = float(np.abs(mine - exact).max() / max(exact.std(), 1e-6))
        if not apart <= CLOSE_ENOUGH:
            raise CannotExport(
                f"the graph's {output} differ from PyTorch's by {apart:.2g} of their spread"
            )


def main(arguments: list[str]) -> int:
    """See the module."""
    model, graphs = arguments[0], Path(arguments[1])
    shelf = Shelf(Path(arguments[2]) if len(arguments) > 2 else None)
    # It must not slow down what goes on meanwhile, on the same cores.
    os.nice(10)
    warnings.simplefilter("ignore")
    facts = shelf.find(model)
    file = GraphFile.of(graphs, shelf.fingerprint_of(facts))
    make_private(graphs)
    with file.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return BUSY
        if file.read() is None:
            network = base.network(facts, shelf.labels_of(facts), base.read(facts)).eval()
            try:
                file.write(checked(network, facts.preprocessing))
            except CannotExport as error:
                file.refuse(error.message)
                raise
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (TagdError, OSError) as failure:
        sys.exit(str(failure))
