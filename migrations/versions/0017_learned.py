"""A person's own tags are learnt: heads on embeddings, and the photos that they suggest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_REALS = ("threshold", "precision", "recall", "slope", "middle", "bias", "learned_at")


def upgrade() -> None:
    """Three empty tables: nothing is learnt until a person asks for it."""
    op.create_table(
        "personal",
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("gives", sa.Integer, nullable=False, server_default="0"),
        sa.Column("told_at", sa.REAL, nullable=False),
        sa.Column("examples", sa.Text),
        sa.PrimaryKeyConstraint("label_id", name="pk_personal"),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name="fk_personal_label_id"),
    )
    op.create_table(
        "head",
        sa.Column("id", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("label_id", "model_id")),
        *(
            sa.Column(name, sa.Integer, nullable=False)
            for name in ("given", "rejected", "background")
        ),
        *(sa.Column(name, sa.REAL, nullable=False) for name in _REALS),
        sa.Column("weights", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        sa.UniqueConstraint("label_id", "model_id", name="uq_head_label_id_model_id"),
        sa.ForeignKeyConstraint(
            ["label_id"], ["personal.label_id"], name="fk_head_label_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_head_model_id"),
    )
    op.create_table(
        "suggestion",
        sa.Column("label_id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("confidence", sa.REAL, nullable=False),
        sa.Column("suggested_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("label_id", "photo_id", name="pk_suggestion"),
        sa.ForeignKeyConstraint(
            ["label_id"], ["personal.label_id"], name="fk_suggestion_label_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_suggestion_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_suggestion_model_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_suggestion_photo_id", "suggestion", ["photo_id"])
