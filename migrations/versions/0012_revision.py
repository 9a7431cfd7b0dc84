"""Every write into a file, so that what one run wrote can be taken back, byte for byte."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """An empty table: of what was written so far there is no way back to the very bytes."""
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("file_id", sa.Integer, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("way", sa.LargeBinary),
        sa.Column("ours", sa.Text),
        sa.Column("wish", sa.Text),
        sa.Column("before_id", sa.Integer),
        sa.Column("undone", sa.Integer, nullable=False, server_default="0"),
        sa.CheckConstraint("place IN ('embedded', 'sidecar')", name="place"),
        sa.PrimaryKeyConstraint("id", name="pk_revision"),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name="fk_revision_file_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_revision_run_id"),
        sa.ForeignKeyConstraint(["before_id"], ["run.id"], name="fk_revision_before_id"),
    )
    op.create_index("ix_revision_file_id_place", "revision", ["file_id", "place"])
    op.create_index("ix_revision_run_id", "revision", ["run_id"])
    op.add_column("intent", sa.Column("way", sa.LargeBinary))
