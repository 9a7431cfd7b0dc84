"""What a person says about tags: who changed what in which run, and taggings that were undone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Runs, the history of single tags, and for each tagging which run made and which undid it."""
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("started_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("key", name="uq_run_key"),
    )
    with op.batch_alter_table("tagging") as tagging:
        for name in ("run_id", "undone_by"):
            tagging.add_column(sa.Column(name, sa.Integer))
            tagging.create_foreign_key(f"fk_tagging_{name}", "run", [name], ["id"])
    op.create_table(
        "history",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("after", sa.Text),
        sa.Column("at", sa.REAL, nullable=False),
        sa.Column("tagged_at", sa.REAL),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_history_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name="fk_history_label_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_history_run_id"),
        *(
            sa.CheckConstraint(
                f"{name} IN ('model', 'person', 'metadata')", name=op.f(f"ck_history_{name}")
            )
            for name in ("source", "who")
        ),
        *(
            sa.CheckConstraint(
                f"{name} IN ('active', 'confirmed', 'rejected')", name=op.f(f"ck_history_{name}")
            )
            for name in ("before", "after")
        ),
    )
    op.create_index("ix_history_photo_id", "history", ["photo_id"])
    op.create_index("ix_history_run_id", "history", ["run_id"])
