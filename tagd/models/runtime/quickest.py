"""Which session was measured to be the quickest for a model: a file beside the model's graph, since
it is as good as the libraries are the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagd.models.runtime.graph_cache import GraphFile
from tagd.models.runtime.processor import processor

if TYPE_CHECKING:
    from pathlib import Path

    from tagd.models.runtime.device import Device


@dataclass(frozen=True, slots=True)
class Quickest:
    """What is known of one model on one device."""

    path: Path
    hardware: str  # the GPU or the processor: what another one does says little

    @classmethod
    def of(cls, folder: Path, fingerprint: str, device: Device) -> Quickest:
        """Return the file for a model's fingerprint and a device, with the libraries of now."""
        kind = device.name.partition(":")[0]
        hardware = processor() if kind == "cpu" else device.reason
        graph = GraphFile.of(folder, fingerprint).path
        return cls(graph.with_suffix(f".{kind}.json"), hardware)

    def read(self) -> str | None:
        """Read the session's name; None where none was measured here."""
        try:
            said = json.loads(self.path.read_bytes())
            session: str | None = said["session"] if said["hardware"] == self.hardware else None
        except (OSError, ValueError, LookupError, TypeError):
            return None
        return session

    def write(self, session: str) -> None:
        """Keep the session's name. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.path.with_suffix(".new")
        unfinished.write_text(json.dumps({"hardware": self.hardware, "session": session}))
        unfinished.rename(self.path)
