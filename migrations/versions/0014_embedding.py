"""What models see in photos is kept beside what they say: embeddings, and which photos lack one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """An empty table: all that is tagged lacks one, and is filled in by and by."""
    op.create_table(
        "embedding",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("photo_id", sa.Integer, nullable=False),
        sa.Column("model_id", sa.Integer, nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_embedding"),
        sa.UniqueConstraint("photo_id", "model_id", name="uq_embedding_photo_id_model_id"),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photo.id"], name="fk_embedding_photo_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["model.id"], name="fk_embedding_model_id"),
    )
    op.create_index("ix_embedding_model_id", "embedding", ["model_id"])
    op.add_column("photo_tagger", sa.Column("embedded_id", sa.Integer))
    op.create_index(
        "ix_photo_tagger_unembedded",
        "photo_tagger",
        ["photo_id", "tagging_id", "embedded_id"],
        sqlite_where=sa.text(
            "tagger_id = 1 AND tagging_id IS NOT NULL AND embedded_id IS NOT tagging_id"
        ),
    )
