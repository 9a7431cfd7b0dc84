"""What a pool finds on a real machine: its devices, and sessions on them. Imports torch only where
something runs on it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tagd.errors import ModelError
from tagd.models.runtime.cpu_session import ChangingSession, Graphs, no_gpu_here
from tagd.models.runtime.device import Device
from tagd.models.runtime.graph_cache import why_not_trusted
from tagd.models.runtime.modes import Way
from tagd.models.runtime.quickest import Quickest
from tagd.models.zoo.shelf import Shelf

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from tagd.models.runtime.device import Wanted
    from tagd.models.runtime.session import Session
    from tagd.models.runtime.torch_session import TorchSession
    from tagd.models.zoo.registry import ModelFacts


@dataclass(frozen=True, slots=True)
class Opening:
    """`threads`, `folder` and `graphs` as `PoolSettings` has them; `say` tells people. `exports`
    are the processes that were started to make graphs."""

    threads: int | None
    folder: Path | None
    graphs: Path | None
    say: Callable[[str], None]
    exports: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def find(self, wanted: Wanted) -> Device:
        """Find where to compute. Raises `DeviceUnavailable`."""
        if self.graphs is not None and wanted != "cuda":
            # With graphs a machine without a GPU needs no torch, and asking torch would import it.
            reason = "as asked" if wanted == "cpu" else no_gpu_here()
            if reason is not None:
                return Device("cpu", "fp32", reason)
        device: Device = self._torch().find_device(wanted)
        return device

    def works(self, device: Device) -> bool:
        """Return whether the device computes at this moment."""
        return bool(self._torch().works(device))

    def open(self, facts: ModelFacts, labels: tuple[str, ...], device: Device) -> Session:
        """Open the session that is used for a model. Raises as `backend.open_session` does."""
        on_cpu = device.name == "cpu"
        if self.graphs is None:
            way = Way.EAGER if on_cpu else Way.on_gpu(None)
            return self.open_torch(facts, labels, device, way)
        identity = Shelf(self.folder).fingerprint_of(facts)
        quickest = Quickest.of(self.graphs, identity, device).read()
        if not on_cpu:
            return self.open_torch(facts, labels, device, Way.on_gpu(quickest))
        if quickest == Way.EAGER.session:
            return self.open_torch(facts, labels, device)
        graphs = Graphs(self.graphs, self.folder, self.say)
        opened = partial(graphs.open, facts, identity, device, self.threads)
        if (session := opened()) is not None:
            return session
        if (reason := graphs.refused(identity)) is not None:
            self.say(f"{facts.id} stays with PyTorch: {reason}")
            return self.open_torch(facts, labels, device)
        exporting = graphs.export(facts)
        self.exports.append(exporting)
        instead = self.open_torch(facts, labels, device)
        return ChangingSession(instead, exporting, opened, self.say)

    def open_torch(
        self, facts: ModelFacts, labels: tuple[str, ...], device: Device, way: Way = Way.EAGER
    ) -> TorchSession:
        """PyTorch's session that runs in this way. Raises as `backend.open_session` does."""
        self._torch()
        from tagd.models.backends import base  # noqa: PLC0415  lazy: imports torch

        is_compiled = way is Way.COMPILED
        if is_compiled and self.graphs is not None and not why_not_trusted(self.graphs):
            # What was compiled once is there in seconds, as long as what was measured is kept.
            os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(self.graphs / "compiled"))
        return base.open_session(facts, labels, device, way, self.say)

    def _torch(self) -> ModuleType:
        """Import the module that knows torch, imported at the last moment: it takes seconds and
        hundreds of megabytes."""
        try:
            from tagd.models.runtime import torch_session  # noqa: PLC0415  lazy
        except (ImportError, OSError) as error:
            raise ModelError(
                f"PyTorch cannot be imported: {error}",
                hint="Reinstall torch, torchvision and timm, in versions that go together.",
            ) from error
        torch_session.use_threads(self.threads)
        return torch_session
