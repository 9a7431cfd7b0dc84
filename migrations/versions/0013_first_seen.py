"""When each file was first seen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """A column that is empty for what is known already."""
    op.add_column("file", sa.Column("first_seen_at", sa.REAL))
