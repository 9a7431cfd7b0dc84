"""Whether the daemon tags, as a person last told it. Kept here, so that it outlives a restart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tagd.catalogue.db import settings

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Mode(StrEnum):
    """What a person wants of the daemon."""

    WORKING = "working"  # watch and tag
    PAUSED = "paused"  # watch, and tag nothing
    DRAINING = "draining"  # take nothing new, tag what waits, then end


@dataclass(frozen=True, slots=True)
class Standing:
    """The mode, and since when, in seconds since 1970; None where nobody ever said."""

    mode: Mode = Mode.WORKING
    since: float | None = None


def get(tx: Connection) -> Standing:
    """What was last said."""
    stored = settings.get(tx, settings.MODE)
    if stored is None:
        return Standing()
    fields = json.loads(stored)
    return Standing(Mode(fields["mode"]), fields["since"])


def put(tx: Connection, mode: Mode, now: float) -> None:
    """Keep it. Said again, it stands since the first time."""
    if get(tx).mode is not mode:
        settings.put(tx, settings.MODE, json.dumps({"mode": mode, "since": now}))
