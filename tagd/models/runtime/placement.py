"""Where models are loaded, and what becomes of that when the GPU goes and comes back.

A GPU that was there and is not any more is never worked around silently: only where that is
allowed, and it is said. While it is away it is asked for again from time to time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.errors import DeviceUnavailable
from tagd.models.runtime.device import Device

if TYPE_CHECKING:
    from collections.abc import Callable

    from tagd.models.runtime.device import Wanted

PROBE_SECONDS = 60.0


class Placement:
    """Not to be shared by threads without a lock. `find` says where to compute, or raises
    `DeviceUnavailable`; `works` tries whether a GPU that is listed computes; `say` tells people."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        allow_cpu_fallback: bool,
        find: Callable[[Wanted], Device],
        works: Callable[[Device], bool],
        clock: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._wanted: Wanted = wanted
        self._allow_cpu_fallback = allow_cpu_fallback
        self._find = find
        self._works = works
        self._clock = clock
        self._say = say
        self._had_gpu = wanted == "cuda"
        self._lost = ""  # why the GPU is not used, while it is away
        self._probe_at = 0.0

    @property
    def probe_due(self) -> bool:
        """Return whether the GPU is away and it is time to ask for it again."""
        return bool(self._lost) and self._clock() >= self._probe_at

    def device(self) -> Device:
        """Return where to load a model now. Raises `DeviceUnavailable` while a GPU is away that may
        not be replaced."""
        if self._lost and not self.probe_due:
            return self._instead()
        try:
            device = self._find(self._wanted)
        except DeviceUnavailable as error:
            self.lost(error.message)
            return self._instead()
        if device.name == "cpu" and self._had_gpu:
            self.lost(device.reason)
            return self._instead()
        if self._lost and not self._works(device):
            self.lost(self._lost)
            return self._instead()
        if self._lost:
            self._say(f"{device.name} is back and used again")
            self._lost = ""
        self._had_gpu = device.name != "cpu"
        return device

    def lost(self, reason: str) -> None:
        """Note that the GPU does not answer any more."""
        if not self._lost:
            instead = "on the CPU meanwhile" if self._allow_cpu_fallback else "waiting for it"
            self._say(f"{reason}; {instead}, and trying it again every {PROBE_SECONDS:.0f} s")
        self._lost = reason
        self._probe_at = self._clock() + PROBE_SECONDS

    def _instead(self) -> Device:
        if self._allow_cpu_fallback:
            return Device("cpu", "fp32", f"in place of the GPU: {self._lost}")
        raise DeviceUnavailable(
            self._lost,
            hint="Fix that; or let the CPU stand in: [model] allow_cpu_fallback = true. Where the "
            "driver was restarted, restart tagd.",
        )
