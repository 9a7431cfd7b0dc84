"""What a search walks, and kept counts of tags; triggers fill both."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Two tables, when a file's photo was taken, and the indexes that a search walks."""
    op.create_table(
        "found",
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("taken", sa.BigInteger, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("confidence", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("label_id", "taken", "photo_id", name="pk_found"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tag_count",
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("label_id", name="pk_tag_count"),
    )
    op.add_column("file", sa.Column("taken", sa.BigInteger, nullable=False, server_default="0"))
    op.drop_index("ix_file_photo_id", "file")
    op.create_index("ix_file_photo_id", "file", ["photo_id", "path", "state", "taken"])
    op.create_index("ix_file_taken", "file", ["taken", "path", "state", "photo_id"])
    op.drop_index("ix_file_path", "file")
    op.create_index("ix_file_path", "file", ["path", "photo_id", "state", "taken"])
    op.create_index("ix_photo_camera", "photo", ["camera_make", "camera_model"])
    by_others = sa.text("source <> 'model'")
    op.create_index("ix_tag_source", "tag", ["source", "photo_id"], sqlite_where=by_others)
