"""Every session that this machine can open for a model, to be measured against each other.

On a CPU these are ONNX Runtime, PyTorch, and PyTorch in bf16 where the processor computes in it.
The quickest exact one is used from then on. bf16 is measured for information alone: its logits lie
up to half a unit from those that the model's figures were measured with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.errors import ModelError
from tagd.models.cpu_session import Graphs
from tagd.models.device import Device
from tagd.models.graph_cache import GraphFile
from tagd.models.pool import LoadedModel
from tagd.models.processor import computes_in_bf16

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tagd.models.device import Precision
    from tagd.models.pool import ModelPool
    from tagd.models.registry import ModelFacts
    from tagd.models.session import Session

ONNX_RUNTIME = "ONNX Runtime"
PYTORCH = "PyTorch"
PYTORCH_BF16 = "PyTorch, bf16"
EXACT = (ONNX_RUNTIME, PYTORCH)


def contestants(pool: ModelPool, model: str) -> Iterator[tuple[str, LoadedModel]]:
    """Each session with its name, open until the next one is asked for.

    Raises `ModelUnknown`, `WeightsMissing` and `WeightsRefused`.
    """
    folder = pool.settings.graphs
    if folder is None or pool.device().name != "cpu":
        yield PYTORCH, pool.get(model)
        return
    graphs = Graphs(folder, pool.settings.folder, pool.say)
    facts, labels, identity = (
        pool.facts_of(model),
        pool.labels_of(model),
        pool.fingerprint_of(model),
    )
    for name in (ONNX_RUNTIME, PYTORCH, PYTORCH_BF16):
        session = _open(
            name, facts, labels, identity=identity, graphs=graphs, threads=pool.settings.threads
        )
        if session is None:
            continue
        try:
            yield name, LoadedModel(facts, identity, labels, session)
        finally:
            session.close()


def prefer(pool: ModelPool, fingerprint: str, rates: Mapping[str, float]) -> str:
    """Have the quickest exact session used from now on, in this process and in others; returns its
    name. `rates` are images a second by the session's name."""
    best = max((name for name in EXACT if name in rates), key=lambda name: rates[name])
    if pool.settings.graphs is not None and len(rates) > 1:
        GraphFile.of(pool.settings.graphs, fingerprint).say_slower(best != ONNX_RUNTIME)
    return best


def _open(
    name: str,
    facts: ModelFacts,
    labels: tuple[str, ...],
    *,
    identity: str,
    graphs: Graphs,
    threads: int | None,
) -> Session | None:
    reason = "to be measured"
    if name == ONNX_RUNTIME:
        return graphs.made(facts, identity, Device("cpu", "fp32", reason), threads)
    if name == PYTORCH_BF16 and not computes_in_bf16():
        return None
    from tagd.models import backend  # noqa: PLC0415  lazy: imports torch

    precision: Precision = "bf16" if name == PYTORCH_BF16 else "fp32"
    try:
        return backend.open_session(facts, labels, Device("cpu", precision, reason))
    except ModelError as error:
        graphs.say(f"{facts.id} cannot be measured in {name}: {error.message}")
        return None
