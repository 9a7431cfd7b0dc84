"""How far a piece of work is, for whoever waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """So many photos of so many."""

    done: int
    total: int
    failed: int
    rate: float  # photos a second
    eta_seconds: float | None
    current: str  # what is at work: a path, or what is being done with all photos


def after(seconds: float, done: int, total: int, *, failed: int = 0, current: str = "") -> Progress:
    """Return how far it is after so long."""
    rate = done / max(seconds, 0.001)
    return Progress(done, total, failed, rate, (total - done) / rate if done else None, current)
