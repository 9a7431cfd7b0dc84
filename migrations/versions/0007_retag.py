"""What models were asked for each photo and what is wanted of them now: tags that can catch up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Columns that are empty for what has been tagged so far: the next start looks into it."""
    op.create_table(
        "want",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("refine", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_want"),
        sa.UniqueConstraint("key", name="uq_want_key"),
    )
    op.add_column("tagging", sa.Column("want_id", sa.Integer))
    op.add_column("photo", sa.Column("asked_id", sa.Integer))
    op.add_column("photo", sa.Column("wanted_id", sa.Integer))
    op.create_index(
        "ix_photo_stale",
        "photo",
        ["asked_id", "wanted_id"],
        sqlite_where=sa.text(
            "tagging_id IS NOT NULL AND wanted_id IS NOT NULL AND wanted_id IS NOT asked_id"
        ),
    )
    op.create_index(
        "ix_photo_unwanted",
        "photo",
        ["tagging_id"],
        sqlite_where=sa.text("tagging_id IS NOT NULL AND wanted_id IS NULL"),
    )
