"""The tables of what tagd writes into photos and sidecars."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from tagd.catalogue.db.schema_base import metadata, one_of
from tagd.domain import Place

# Where tagd has written keywords: which of them it answers for there (`ours`, JSON by field), what
# it was to write (`wish`, a digest), and the signature of the photo or sidecar as it left it. It
# answers for nothing where a photo has no tags, or had their names from others already.
NOTHING_OURS = "{}"
inscription = Table(
    "inscription",
    metadata,
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("path_key", LargeBinary, nullable=False, index=True),
    Column("path", Text, nullable=False),
    Column("ours", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("ctime_ns", BigInteger, nullable=False),
    Column("inode", BigInteger, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    Column("written_at", REAL, nullable=False),
    one_of("place", Place),
    sqlite_with_rowid=False,
)

# Every write, the latest last, so that what one run wrote can be taken back: what tagd answered for
# before it (`ours`, `wish` and `before_id`, the run that had written that; none for nothing), the
# digest of the bytes that it left, and the way back to those before, where that takes little: empty
# for no file at all.
revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), nullable=False),
    Column("place", Text, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("way", LargeBinary),
    Column("ours", Text),
    Column("wish", Text),
    Column("before_id", ForeignKey("run.id")),
    # 1 where it was taken back, and later ones were not.
    Column("undone", Integer, nullable=False, server_default="0"),
    one_of("place", Place),
    Index("ix_revision_file_id_place", "file_id", "place"),
)

# Writes that were begun and are not settled, so that a kill at any step can be set right. `seen` is
# JSON of what was there before, none for a new file.
intent = Table(
    "intent",
    metadata,
    Column("token", Text, primary_key=True),
    Column("file_id", ForeignKey("file.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("place", Text, nullable=False),
    Column("path_key", LargeBinary, nullable=False),
    Column("seen", Text),
    Column("digest", Text, nullable=False),
    Column("ours", Text, nullable=False),
    Column("wish", Text, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("way", LargeBinary),  # see `revision`
    one_of("place", Place),
)
