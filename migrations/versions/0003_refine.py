"""Taggings by a quicker model than the photo deserves, noted to be refined."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A column that is 0 for what has been tagged so far, and an index over the few that are 1."""
    op.add_column("tagging", sa.Column("refine", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "ix_tagging_refine", "tagging", ["photo_id"], sqlite_where=sa.text("refine = 1")
    )
