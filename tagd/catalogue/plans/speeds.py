"""How quick models are on this machine, as `tagd models bench` measured it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from tagd.catalogue.db.schema import speed
from tagd.catalogue.db.statements import take_over, upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_KEY = ("fingerprint", "device", "batch_size")


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement of forward passes with pictures that are decoded already. Latency is that of
    a whole batch: the median, and what 95% stay under."""

    fingerprint: str  # of the model
    device: str  # cpu, cuda:0
    batch_size: int
    model: str
    hardware: str  # the processor or the GPU: a figure of another one says little
    precision: str  # fp32, bf16
    images_per_second: float
    latency_ms: float
    latency_p95_ms: float
    measured_at: float


def put(tx: Connection, measured: Sequence[Speed]) -> None:
    """Keep these in the place of earlier ones of the same model, device and batch size."""
    columns = [column.name for column in speed.c if column.name not in _KEY]
    upsert(tx, speed, [asdict(each) for each in measured], key=_KEY, changes=take_over(*columns))


def load(tx: Connection) -> list[Speed]:
    """Every measurement, by model, device and batch size."""
    rows = tx.execute(select(speed).order_by(speed.c.model, speed.c.device, speed.c.batch_size))
    return [Speed(**row._asdict()) for row in rows]


def forget(tx: Connection, fingerprint: str) -> None:
    """Drop what was measured of a model that is not there any more."""
    tx.execute(delete(speed).where(speed.c.fingerprint == fingerprint))
