"""Says, once each, which files have been changing for long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagd.fs import display

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tagd.intake.settle import Settler
    from tagd.intake.trouble import Say

LONG_SECONDS = 60.0


class Growing:
    """For the thread that the settler belongs to."""

    def __init__(self, settler: Settler, say: Say, clock: Callable[[], float]) -> None:
        self._settler = settler
        self._say = say
        self._clock = clock
        self._said: set[Path] = set()
        self._next = 0.0

    def tell(self) -> None:
        """Say what is new; to be called often."""
        now = self._clock()
        if len(self._settler) == 0 or now < self._next:
            return
        self._next = now + LONG_SECONDS
        growing = self._settler.growing(LONG_SECONDS)
        for path, seconds in growing:
            if path not in self._said:
                message = f"{display(path)} has been changing for {seconds / 60:.0f} minutes"
                self._say("info", message, {"path": display(path)})
        self._said = {path for path, _ in growing}
