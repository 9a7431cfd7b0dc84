"""The tables that triggers keep, as `file.taken`, which no code path can forget: `triggers.py`."""

from __future__ import annotations

from sqlalchemy import REAL, BigInteger, Column, ForeignKey, Integer, Table

from tagd.catalogue.db.schema_base import metadata

# What a search walks: each label in force with its photos, the latest last, once however many say
# so, as sure as the surest of them.
found = Table(
    "found",
    metadata,
    Column("label_id", Integer, primary_key=True),
    Column("taken", BigInteger, primary_key=True),
    Column("photo_id", Integer, primary_key=True),
    Column("confidence", REAL, nullable=False),
    sqlite_with_rowid=False,
)

# How many files that are there have a label in force.
tag_count = Table(
    "tag_count",
    metadata,
    Column("label_id", Integer, primary_key=True),
    Column("files", Integer, nullable=False),
)

# The photos that have no label in force: few, and else not to be told from the many.
untagged = Table(
    "untagged",
    metadata,
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
)
