"""Every session that this machine can open for a model, to be measured against each other.

On a CPU these are ONNX Runtime, PyTorch, and PyTorch in bf16 where the processor computes in it.
The quickest exact one is used from then on. bf16 is measured for information alone: its logits lie
up to half a unit from those that the model's figures were measured with. What torch.compile makes
for a CPU is left out: it takes minutes to make, and stays behind ONNX Runtime.

On a GPU they are PyTorch's ways of running a network, all in the precision that the GPU has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tagd.errors import DeviceUnavailable, ModelError
from tagd.models.pool import LoadedModel
from tagd.models.runtime.cpu_session import Graphs
from tagd.models.runtime.device import Device
from tagd.models.runtime.modes import Way
from tagd.models.runtime.processor import computes_in_bf16
from tagd.models.runtime.quickest import Quickest
from tagd.models.selftest import rings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tagd.models.opening import Opening
    from tagd.models.pool import ModelPool
    from tagd.models.runtime.session import Session
    from tagd.models.zoo.registry import ModelFacts

ONNX_RUNTIME = "ONNX Runtime"
PYTORCH = Way.EAGER.session
PYTORCH_BF16 = "PyTorch, bf16"


def contestants(pool: ModelPool, model: str) -> Iterator[tuple[str, LoadedModel]]:
    """Yield each session with its name, open until the next one is asked for.

    Raises `ModelUnknown`, `WeightsMissing`, `WeightsRefused` and `DeviceUnavailable`.
    """
    if pool.settings.graphs is None:
        yield PYTORCH, pool.get(model)
        return
    device = pool.device()
    stand = Stand(
        pool.opening, pool.facts_of(model), pool.labels_of(model), pool.fingerprint_of(model)
    )
    for name, session in stand.on_cpu() if device.name == "cpu" else stand.on_gpu(device):
        try:
            yield name, LoadedModel(stand.facts, stand.identity, stand.labels, session)
        finally:
            session.close()


def prefer(pool: ModelPool, fingerprint: str, rates: Mapping[str, float]) -> str:
    """Have the quickest exact session used from now on, in this process and in others; returns its
    name. `rates` are images a second by the session's name."""
    best = max((name for name in rates if name != PYTORCH_BF16), key=lambda name: rates[name])
    if pool.settings.graphs is not None and len(rates) > 1:
        Quickest.of(pool.settings.graphs, fingerprint, pool.device()).write(best)
    return best


@dataclass(frozen=True, slots=True)
class Stand:
    """Opens the sessions of one model; what cannot be opened is said, and left out."""

    opening: Opening
    facts: ModelFacts
    labels: tuple[str, ...]
    identity: str

    def on_cpu(self) -> Iterator[tuple[str, Session]]:
        """Yield each with its name."""
        where = Device("cpu", "fp32", "to be measured")
        opening = self.opening
        assert opening.graphs is not None
        graphs = Graphs(opening.graphs, opening.folder, opening.say)
        graph = graphs.made(self.facts, self.identity, where, opening.threads)
        if graph is not None:
            yield ONNX_RUNTIME, graph
        names = {PYTORCH: where}
        if computes_in_bf16():
            names[PYTORCH_BF16] = replace(where, precision="bf16")
        for name, device in names.items():
            if (session := self.in_way(Way.EAGER, device)) is not None:
                yield name, session

    def on_gpu(self, device: Device) -> Iterator[tuple[str, Session]]:
        """Yield each with its name."""
        for way in Way:
            if way is Way.COMPILED:
                self.opening.say(f"{self.facts.id} is being compiled, which takes minutes")
            if (session := self.in_way(way, device)) is not None:
                yield way.session, session

    def in_way(self, way: Way, device: Device) -> Session | None:
        """Return a session that has shown that it runs in this way; None where it does not. Raises
        `DeviceUnavailable`."""
        try:
            session = self.opening.open_torch(self.facts, self.labels, device, way)
            session.run(rings(self.facts.input_size)[None])
        except DeviceUnavailable:
            raise
        except ModelError as error:
            name = f"{way.session}, on {device.name} in {device.precision}"
            self.opening.say(f"{self.facts.id} cannot be measured in {name}: {error.message}")
            return None
        if session.way is way:
            return session
        session.close()
        return None
