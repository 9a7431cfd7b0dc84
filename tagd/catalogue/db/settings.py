"""Small facts about the catalogue itself, such as the rules that its tags were derived with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from tagd.catalogue.db.schema import fact
from tagd.catalogue.db.statements import take_over, upsert

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Which models the worker asks on which device, for `tagd status`: JSON {"model", "device"}.
WORKING_WITH = "working_with"
# How long each stage took the present worker, or else the last one, for `tagd status --verbose`.
STAGE_TIMES = "stage_times"
# A digest of the rules that the tags in force were derived by.
DERIVED_WITH = "derived_with"
# A digest of all that decides what photos are to be tagged by: configuration, models, speeds.
WANTED_WITH = "wanted_with"
# The same of taggers beside the classifier: JSON {key: plan}.
FURTHER_WITH = "further_with"
# What `tagd policy calibrate` fitted, by the models of the cascade: CALIBRATED + their names.
CALIBRATED = "calibrated:"
# Whether the daemon tags, as a person last told it: JSON {"mode", "since"}, see `mode.py`.
MODE = "mode"
# How many photos were queued to be tagged again in the past hour: JSON [[when, how many], …], in
# seconds since 1970, the oldest first.
RETAGGED = "retagged"
# Where the running daemon listens: the path of a socket.
CONTROL = "control"
# When a duty was last done, in seconds since 1970, by its name: CARED + name.
CARED = "cared:"
# A digest of what labels are called by: language, a person's own names, prefix.
NAMED_WITH = "named_with"


def get(tx: Connection, key: str) -> str | None:
    """What was last put under this key, None for nothing."""
    return tx.scalar(select(fact.c.value).where(fact.c.key == key))


def below(tx: Connection, prefix: str) -> list[str]:
    """The values under all keys that begin with this, in the order of the keys."""
    mine = fact.c.key.startswith(prefix, autoescape=True)
    return list(tx.scalars(select(fact.c.value).where(mine).order_by(fact.c.key)))


def put(tx: Connection, key: str, value: str) -> None:
    """Keep a value under this key in the place of the one before."""
    upsert(tx, fact, [{"key": key, "value": value}], key=["key"], changes=take_over("value"))


def drop(tx: Connection, key: str) -> bool:
    """Keep nothing under this key. False where there was nothing."""
    return tx.execute(delete(fact).where(fact.c.key == key)).rowcount > 0
