"""Which photos have no tag, and indexes of stars and places; a trigger fills the table."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """A table that is filled when the triggers are made, after every migration."""
    op.create_table(
        "untagged",
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("photo_id", name="pk_untagged"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_untagged_photo_id", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_said_rating", "said", ["rating"], sqlite_where=sa.text("rating IS NOT NULL")
    )
    op.create_index(
        "ix_said_place",
        "said",
        ["latitude", "longitude"],
        sqlite_where=sa.text("latitude IS NOT NULL"),
    )
