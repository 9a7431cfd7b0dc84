"""The tables of personal tags: what was learnt of a person's examples, and what follows from it."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from tagd.catalogue.db.schema_base import metadata

# The labels that are learnt. `gives`: 1 where a person said that photos are to get the tag, and
# `told_at` when that was said last; what was taken back since then is not given again. `examples`
# is a digest of those that the heads follow from; another while they are being learnt, none where
# they were imported.
personal = Table(
    "personal",
    metadata,
    Column("label_id", ForeignKey("label.id"), primary_key=True),
    Column("gives", Integer, nullable=False, server_default="0"),
    Column("told_at", REAL, nullable=False),
    Column("examples", Text),
)

# What was learnt of a label on the embeddings of one model, with what leave-one-out says of it (see
# `learning/measure.py`) and of how many photos. `weights`: float32, little endian.
head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("label_id", ForeignKey("personal.label_id", ondelete="CASCADE"), nullable=False),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("given", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("background", Integer, nullable=False),
    Column("threshold", REAL, nullable=False),
    Column("precision", REAL, nullable=False),
    Column("recall", REAL, nullable=False),
    Column("slope", REAL, nullable=False),
    Column("middle", REAL, nullable=False),
    Column("bias", REAL, nullable=False),
    Column("learned_at", REAL, nullable=False),
    Column("weights", LargeBinary, nullable=False),
    UniqueConstraint("label_id", "model_id"),
)

# Photos that may show what is meant, for a person to confirm or reject.
suggestion = Table(
    "suggestion",
    metadata,
    Column("label_id", ForeignKey("personal.label_id", ondelete="CASCADE"), primary_key=True),
    Column("photo_id", ForeignKey("photo.id", ondelete="CASCADE"), primary_key=True),
    Column("model_id", ForeignKey("model.id"), nullable=False),
    Column("confidence", REAL, nullable=False),
    Column("suggested_at", REAL, nullable=False),
    Index("ix_suggestion_photo_id", "photo_id"),
    sqlite_with_rowid=False,
)
