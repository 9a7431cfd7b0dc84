"""What a choice goes by, as frozen values that someone else fills."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tagd.domain import PhotoFacts
    from tagd.policy.cascade import Calibration

COMMON_LABELS = "imagenet-1k"  # what the tree's models have in common


@dataclass(frozen=True, slots=True)
class ModelOption:
    """A model that can be named. Without a fingerprint it is not on this disk.

    `top1` is in % on ImageNet-1k's validation set. `memory_mb` is what it takes with a batch.
    `milliseconds` is what one photo takes: measured on this machine, else an estimate.
    """

    model: str
    memory_mb: int
    fingerprint: str | None = None
    top1: float | None = None
    milliseconds: float | None = None
    measured: bool = False
    label_set: str = COMMON_LABELS


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is at this moment. `free_mb` is what models may take together, those in memory
    included, and `whole_mb` what they could if nothing else took any; None where nobody says.
    `waiting` photos are queued besides those at work, and `batch` at most go into one pass."""

    options: tuple[ModelOption, ...]
    free_mb: int | None = None
    whole_mb: int | None = None
    batch: int = 1
    waiting: int = 0
    at: time = time(12)  # local time of day
    calibrations: tuple[Calibration, ...] = ()

    def at_rest(self) -> Machine:
        """Return the same machine with nothing in the queue."""
        return replace(self, waiting=0)

    def at_its_best(self) -> Machine:
        """Return the same machine with all its memory free, at no hour in particular."""
        return replace(self, waiting=0, free_mb=self.whole_mb, at=time(12))

    def find(self, model: str) -> ModelOption | None:
        """Return the option of this name, if there is one."""
        return next((option for option in self.options if option.model == model), None)


@dataclass(frozen=True, slots=True)
class PolicyContext:
    """A photo, and the machine that is to look at it: all that a choice goes by."""

    path: Path
    photo: PhotoFacts
    machine: Machine


def room_mb(budget_mb: float | None, machine: Machine) -> float | None:
    """Return what the models of a choice may take together, in MB; None for as much as they
    like."""
    known = [limit for limit in (budget_mb, machine.free_mb) if limit is not None]
    return min(known, default=None)


def needed_mb(options: Sequence[ModelOption]) -> int:
    """Return what these take together: every stage of a cascade stays in memory."""
    return sum(option.memory_mb for option in options)


def fits(options: Sequence[ModelOption], budget_mb: float | None, machine: Machine) -> bool:
    """Return whether these may be in memory together."""
    room = room_mb(budget_mb, machine)
    return room is None or needed_mb(options) <= room
