"""Stars and places of each file, in the place of each photo; and which sidecars were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_RESCAN = 20  # the priority of what a scan finds: behind new photos


def upgrade() -> None:
    """What is known of a photo goes to its files, which are read again, once: it may stand in them
    no more. That costs no inference."""
    op.create_table(
        "said",
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("rating", sa.Integer),
        sa.Column("latitude", sa.REAL),
        sa.Column("longitude", sa.REAL),
        sa.PrimaryKeyConstraint("file_id", name="pk_said"),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name="fk_said_file_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "beside",
        sa.Column("path_key", sa.LargeBinary, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("path_key", "file_id", name="pk_beside"),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name="fk_beside_file_id", ondelete="CASCADE"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_beside_file_id", "beside", ["file_id"])
    told = "photo.rating IS NOT NULL OR photo.latitude IS NOT NULL"
    op.execute(
        f"""
        INSERT INTO said (file_id, rating, latitude, longitude)
        SELECT file.id, photo.rating, photo.latitude, photo.longitude
        FROM file JOIN photo ON photo.id = file.photo_id WHERE {told}"""
    )
    op.execute(
        f"""
        INSERT INTO job (kind, file_id, priority, state, created_at)
        SELECT 'tag', file.id, {_RESCAN}, 'waiting', CAST(strftime('%s', 'now') AS REAL)
        FROM file JOIN photo ON photo.id = file.photo_id
        WHERE file.state = 'tagged' AND ({told})
        ON CONFLICT DO NOTHING"""
    )
    for name in ("rating", "latitude", "longitude"):
        op.drop_column("photo", name)
