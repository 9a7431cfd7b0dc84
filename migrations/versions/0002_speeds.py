"""How quick models are on this machine, as `tagd models bench` measured it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """One row a model, device and batch size."""
    op.create_table(
        "speed",
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("batch_size", sa.Integer, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("hardware", sa.Text, nullable=False),
        sa.Column("precision", sa.Text, nullable=False),
        sa.Column("images_per_second", sa.REAL, nullable=False),
        sa.Column("latency_ms", sa.REAL, nullable=False),
        sa.Column("latency_p95_ms", sa.REAL, nullable=False),
        sa.Column("measured_at", sa.REAL, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "device", "batch_size", name="pk_speed"),
    )
