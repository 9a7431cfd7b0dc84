"""The session on a CPU: ONNX Runtime as soon as there is a graph of the model, PyTorch until then.

The first load on a machine starts the export in a process of its own; PyTorch answers meanwhile.
With the graph in place PyTorch is never imported.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tagd.errors import ModelError
from tagd.models.runtime import memory
from tagd.models.runtime.graph_cache import GraphFile
from tagd.models.runtime.outputs import LOGITS

if TYPE_CHECKING:
    from collections.abc import Callable, Set
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from tagd.models.runtime.device import Device
    from tagd.models.runtime.onnx_session import OnnxSession
    from tagd.models.runtime.outputs import Output, Outputs
    from tagd.models.runtime.session import Session
    from tagd.models.zoo.registry import ModelFacts

SMALL_GMACS: Final = 2.0  # one core takes some 50 ms for a pass


@dataclass(frozen=True, slots=True)
class Graphs:
    """Where graphs are kept, and what the export has to know to find the models."""

    folder: Path
    models: Path | None
    say: Callable[[str], None]

    def open(
        self, facts: ModelFacts, fingerprint: str, device: Device, threads: int | None
    ) -> OnnxSession | None:
        """Open a session for the model's graph, None where there is none that can be used."""
        if (graph := GraphFile.of(self.folder, fingerprint).read()) is None:
            return None
        # Lazy: it brings NumPy, which asking a pool for facts does without.
        from tagd.models.runtime.onnx_session import OnnxSession  # noqa: PLC0415

        try:
            return OnnxSession(
                graph, facts.preprocessing, device, threads, share_passes=not _is_small(facts)
            )
        except ModelError as error:
            self.say(f"{facts.id} stays with PyTorch: {error.message}")
            return None

    def made(
        self, facts: ModelFacts, fingerprint: str, device: Device, threads: int | None
    ) -> OnnxSession | None:
        """Do what `open` does, after an export where there is no graph yet; that takes up to half a
        minute."""
        graph = GraphFile.of(self.folder, fingerprint)
        if graph.read() is None:
            exporting = self.export(facts)
            _, complaint = exporting.communicate()
            if exporting.returncode == 1:
                self.say(f"{facts.id} cannot be exported: {_last_line(complaint)}")
            graph.await_maker()
        return self.open(facts, fingerprint, device, threads)

    def refused(self, fingerprint: str) -> str | None:
        """Say why the model cannot be exported, where that was found out."""
        return GraphFile.of(self.folder, fingerprint).refused()

    def export(self, facts: ModelFacts) -> subprocess.Popen[bytes]:
        """Begin to make the model's graph. It goes on should we end, for whoever comes next."""
        command = [sys.executable, "-P", "-m", "tagd.models.graph_export", facts.id]
        return subprocess.Popen(  # noqa: S603 - our own module, by this very interpreter
            [*command, self.folder, *([self.models] if self.models else [])],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )


class ChangingSession:
    """PyTorch's session until the export has ended, and the graph's from then on."""

    def __init__(
        self,
        torch_session: Session,
        exporting: subprocess.Popen[bytes],
        opened: Callable[[], OnnxSession | None],
        say: Callable[[str], None],
    ) -> None:
        self._inner: Session = torch_session
        self._exporting: subprocess.Popen[bytes] | None = exporting
        self._opened = opened
        self._say = say

    @property
    def device(self) -> str:
        """The present one's, as the rest."""
        return self._inner.device

    @property
    def precision(self) -> str:
        """The present one's."""
        return self._inner.precision

    @property
    def hardware(self) -> str:
        """The present one's."""
        return self._inner.hardware

    @property
    def tolerance(self) -> float:
        """The present one's."""
        return self._inner.tolerance

    @property
    def batch_limit(self) -> int | None:
        """The present one's."""
        return self._inner.batch_limit

    @batch_limit.setter
    def batch_limit(self, most: int | None) -> None:
        self._inner.batch_limit = most

    @property
    def outputs(self) -> frozenset[Output]:
        """The present one's."""
        return self._inner.outputs

    def run(self, images: NDArray[np.uint8], outputs: Set[Output] = LOGITS) -> Outputs:
        """See `Session`."""
        self._change()
        return self._inner.run(images, outputs)

    def describe(self) -> str:
        """Describe the present one."""
        return self._inner.describe()

    def close(self) -> None:
        """Give the memory back. An export that is under way goes on."""
        self._inner.close()

    def _change(self) -> None:
        if self._exporting is None or self._exporting.poll() is None:
            return
        _, complaint = self._exporting.communicate()
        failed, self._exporting = self._exporting.returncode == 1, None
        if (session := self._opened()) is not None:
            self._inner.close()
            self._inner = session
            memory.reclaim()
        elif failed:
            self._say(f"PyTorch goes on in place of ONNX Runtime: {_last_line(complaint)}")


def _is_small(facts: ModelFacts) -> bool:
    """Return whether one core has soon done a pass; not where nobody knows."""
    return facts.gmacs is not None and facts.gmacs <= SMALL_GMACS


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def no_gpu_here() -> str | None:
    """Say why this machine has no GPU that PyTorch could use, where that can be told without
    importing it: on Linux a driver of any kind leaves one of these."""
    drivers = ("/proc/driver/nvidia", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    if not sys.platform.startswith("linux") or any(map(os.path.exists, drivers)):
        return None
    return "no GPU driver is loaded"
